"""Says at the end of an update what its deployments were built with, and keeps it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from parity import inventory
from parity.backend.built import Built
from parity.config import passwords
from parity.drift import remediation
from parity.errors import ParityError
from parity.inventory.keys import application_of, natural_key
from parity.resources import kinds
from parity.updates import built_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parity.config.settings import Settings
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.model import LiveObject, LiveState

_KEY = b"parity/built/1"


def of_update(stack: Stack, settings: Settings, graph: Graph, changes: Sequence[Sequence[str]]) -> list[Built]:
    """What the deployments of an update were built with; none where it made none.

    `changes` has operation and URN of each change of the plan; the secrets of the settings are open.
    """
    made = [urn for operation, urn in changes if operation in {"create", "replace"} and _is_deployment(graph, urn)]
    names = built_from.projects(graph, made)
    if not names:
        return []
    state = stack.recorded()
    there = [urn for urn in made if state.of(urn) is not None]
    part = built_from.only(graph, names)
    try:
        live = inventory.collect_live_state(part, environment=stack.pulumi.environment, passwords=False)
        context = remediation.Context.of(settings, live)
        found = built_from.differences(part, state, live, names, context)
    except ParityError as error:
        return [_unknown(graph, urn, cast("Any", state.of(urn)).id, error.what.splitlines()[0]) for urn in there]
    accepted = built_from.accepted(found, settings.exceptions)
    left = [each for each in found if each.finding.id not in accepted]
    key = passwords.expand(settings.secret, _KEY)
    read = [_Reading(graph, live, left, key).of(urn) for urn in there]
    return [each for each in read if each is not None]


def _is_deployment(graph: Graph, urn: str) -> bool:
    return urn in graph.resources and graph.resources[urn].type == kinds.DEPLOYMENT


def _names(graph: Graph, urn: str) -> tuple[str, str, str]:
    """The project, the application and the release of a deployment."""
    project, release = (str(each) for each in natural_key(graph.resources[urn], graph))
    return project, application_of(project, graph), release


def _unknown(graph: Graph, urn: str, deployment: str, why: str) -> Built:
    _, application, release = _names(graph, urn)
    return Built(deployment, application, release, "not known", [why], {})


@dataclass(frozen=True)
class _Reading:
    """What was read of the projects after the update."""

    graph: Graph
    live: LiveState
    left: Sequence[built_from.Differs]
    key: bytes

    def of(self, urn: str) -> Built | None:
        """One deployment's record; None where it is not there any more."""
        deployment = next(iter(self.live.under.get(urn, ())), None)
        if deployment is None:
            return None
        project, application, release = _names(self.graph, urn)
        variables = [each for each in self._objects() if each.type == kinds.VARIABLE and each.key[0] == project]
        ours = [each for each in variables if "production" in cast("list[str]", each.properties["targets"])]
        since = sorted({each.key[1] for each in ours if _is_later(each, deployment)})
        wrong = [each for each in self.left if each.finding.key[0] == project]
        otherwise = [each.finding.what for each in wrong if not self._came_later(each, deployment)]
        unknown = [f"{name} was written after the build began" for name in since]
        verdict = "otherwise" if otherwise else "not known" if unknown else "declared"
        table = {each.key[1]: self._fact(each) for each in ours}
        return Built(deployment.id, application, release, verdict, otherwise + unknown, table)

    def _objects(self) -> Iterable[LiveObject]:
        yield from self.live.unmanaged
        for under in self.live.under.values():
            yield from under

    def _came_later(self, found: built_from.Differs, deployment: LiveObject) -> bool:
        """Whether it is a variable that was written after the deployment took its own."""
        return any(each.id == found.finding.id_ and _is_later(each, deployment) for each in self._objects())

    def _fact(self, variable: LiveObject) -> dict[str, Any]:
        value = variable.properties.get("value")
        digest = None if value is None else hmac.new(self.key, str(value).encode(), hashlib.sha256).hexdigest()
        updated = variable.written_at.isoformat() if variable.written_at else None
        return {"id": variable.id, "updated": updated, "value": digest}


def _is_later(variable: LiveObject, deployment: LiveObject) -> bool:
    if variable.type != kinds.VARIABLE or variable.written_at is None or deployment.written_at is None:
        return False
    return variable.written_at > deployment.written_at
