"""Compares everything that a deployment is built from with what is declared: before it is made, and after."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from parity import inventory
from parity.backend.built import Built
from parity.config import passwords
from parity.documents import texts
from parity.drift import compare, remediation, suppressions, unmanaged
from parity.errors import ParityError, RefusedError
from parity.inventory.keys import application_of, natural_key
from parity.resources import kinds
from parity.resources.kind import PROJECT_ID
from parity.resources.vercel_settings import BUILT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from parity.config.settings import Settings
    from parity.config.stack_models import ParityException
    from parity.drift.model import Finding
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.model import LiveObject, LiveState
    from parity.preview.plan import Change, Plan

_NOT_BUILT = frozenset({"comment"})
"""Properties of a variable that no build sees."""
_PRODUCTION = "production"
_BY_HAND = "not by an update"
_MAKES = frozenset({"create", "replace"})
_READS = (kinds.PROJECT, kinds.VARIABLE)


@dataclass(frozen=True)
class Differs:
    """One input of a build that is not as declared, with what puts it right."""

    finding: Finding
    step: remediation.Step

    @property
    def name(self) -> str:
        """The resource's type and name; of what is not declared, its natural key with slashes."""
        return self.finding.resource

    @property
    def urn(self) -> str:
        """The declared resource; of what is not declared, its natural key with slashes."""
        return self.finding.urn or self.finding.name

    @property
    def what(self) -> str:
        """One line: the input, both values without secrets, and the evidence."""
        finding = self.finding
        values = f"{finding.declared} -> {finding.live}" if finding.declared else finding.live or finding.kind
        return f"{finding.what}: {values}" + (f" ({finding.detail})" if finding.detail else "")


def deployments(plan: Plan) -> tuple[str, ...]:
    """The URNs of the deployments that the plan makes."""
    return tuple(each.urn for each in plan.changes if each.type == kinds.DEPLOYMENT and each.operation in _MAKES)


def projects(graph: Graph, urns: Iterable[str]) -> frozenset[str]:
    """The names of the projects that these deployments are in."""
    return frozenset(str(natural_key(graph.resources[urn], graph)[0]) for urn in urns if urn in graph.resources)


def only(graph: Graph, names: Collection[str]) -> Graph:
    """The graph with these projects, what is in them and the providers alone: what is read again after a build."""
    chosen = {
        urn: each
        for urn, each in graph.resources.items()
        if each.type.startswith("pulumi:providers:")
        or (each.type == kinds.PROJECT and each.inputs["name"] in names)
        or (PROJECT_ID in each.inputs and natural_key(each, graph)[:1] in {(name,) for name in names})
    }
    return replace(graph, resources=chosen)


def differences(
    graph: Graph, state: State, live: LiveState, names: Collection[str], context: remediation.Context
) -> list[Differs]:
    """Each input of a build in these projects that is not as declared.

    The state says when a sensitive value was last written by an update.

    Raises:
        RefusedError: an input could not be read, so what a build would get is not known.
    """
    chosen = _narrowed(graph, live, names)
    blind = [
        str(each)
        for urn, key in chosen.keys.items()
        for each in live.read_failures
        if each.covers(graph.resources[urn].type, key)
    ]
    if blind:
        raise RefusedError(
            "what a deployment would be built from could not be read; nothing was changed:\n"
            + "\n".join(f"  {each}" for each in dict.fromkeys(blind)),
            where=", ".join(sorted(names)),
            remedy="run the command again once Vercel answers; the token must be allowed to read variables",
        )
    sides = compare.Sides(graph, state, chosen, written=compare.write_times(state))
    found = [*compare.compare(sides), *unmanaged.compare(sides)]
    counted = [each for each in found if _gets_into_a_build(each, chosen)]
    return [Differs(step.finding, _that_helps(step, graph)) for step in remediation.plan(tuple(counted), context)]


def _that_helps(step: remediation.Step, graph: Graph) -> remediation.Step:
    """The step; where an exception leaves the property as it is, no update puts it right while that is there."""
    urn, top = step.finding.urn, step.finding.top
    if not urn or top not in (graph.resources[urn].options.get("ignoreChanges") or ()):
        return step
    why = f"an exception leaves it as it is: remove that from parity:exceptions in Pulumi.{graph.stack}.yaml, then"
    return replace(step, by=_BY_HAND, command=f"parity up {graph.stack}", why=why)


def _narrowed(graph: Graph, live: LiveState, names: Collection[str]) -> LiveState:
    keys = {
        urn: key
        for urn, key in live.keys.items()
        if urn in graph.resources and graph.resources[urn].type in _READS and str(key[0]) in names
    }
    loose = tuple(each for each in live.unmanaged if each.type == kinds.VARIABLE and each.key[0] in names)
    return replace(live, keys=keys, unmanaged=loose, things=(), logins=(), privileges=())


def _gets_into_a_build(finding: Finding, live: LiveState) -> bool:
    if finding.kind == "unknowable" or finding.cause == "not recorded":
        # What is not recorded stops the engine, which cannot make it a second time.
        return False
    if finding.type == kinds.PROJECT:
        return finding.kind == "missing" or finding.top in BUILT
    return finding.top not in _NOT_BUILT and _is_for_production(finding, live)


def _is_for_production(finding: Finding, live: LiveState) -> bool:
    """Whether a production build gets the variable, or should get it."""
    if not finding.urn:
        found = (each for each in (*live.unmanaged, *chain(*live.under.values())) if each.id == finding.id_)
        return any(_PRODUCTION in texts(each.properties.get("targets")) for each in found)
    every = (live.inputs[finding.urn], *(each.properties for each in live.under[finding.urn]))
    return any(_PRODUCTION in texts(each.get("targets")) for each in every)


def accepted(found: Iterable[Differs], written: Sequence[ParityException]) -> frozenset[str]:
    """The ids of those findings that an exception in the stack's file accepts: only of what is not declared.

    A declared value is put right whatever an exception says: a release is built from what is declared.
    """
    loose = [each.finding for each in found if not each.finding.urn or each.finding.undeclared]
    judged = suppressions.apply(loose, written, datetime.now(UTC).date())
    return frozenset(each.id for each in judged if not each.counts)


def left_by(plan: Plan, found: Iterable[Differs]) -> list[Differs]:
    """Those that the plan does not put right itself, before it makes the deployment."""
    changes = {each.urn: each for each in plan.changes}
    removed = {plan.resources[each.urn].id for each in plan.removed_first}
    return [
        each
        for each in found
        if not (each.finding.id_ in removed or _puts_right(changes.get(each.finding.urn), each.finding))
    ]


def _puts_right(change: Change | None, finding: Finding) -> bool:
    if change is None or change.operation == "delete":
        return False
    if change.operation in _MAKES:
        return True
    return finding.top in {re.split(r"[.\[ ]", each.path)[0] for each in change.properties}


def options_for(left: Sequence[Differs]) -> tuple[str, ...]:
    """The engine options with which its plan puts these right; empty where nothing would.

    A refresh shows it what it can read. Of a sensitive variable it reads nothing: replacing that writes it again.
    """
    if not left:
        return ()
    again = sorted({each.finding.urn for each in left if _is_written_again(each)})
    readable = any(each.step.by == "refresh and up" for each in left)
    replaced = [word for urn in again for word in ("--replace", urn)]
    return (*(("--refresh",) if readable else ()), *replaced)


def _is_written_again(found: Differs) -> bool:
    """Whether it is the value of a sensitive variable: what was declared is written again by replacing it."""
    finding = found.finding
    return bool(finding.urn) and (finding.type, finding.path) == (kinds.VARIABLE, "value") and found.step.by == _BY_HAND


def refusal(stack: str, left: Sequence[Differs]) -> RefusedError:
    """The error for what no plan puts right: each input, and its remedy."""
    return RefusedError(
        f"a deployment would be built from {len(left)} undeclared inputs; nothing was changed:\n"
        + "\n".join(f"  {each.what}\n    {each.step.why}:\n    {each.step.command}" for each in left),
        where=", ".join(dict.fromkeys(each.urn for each in left)),
        remedy=f"put each right, or declare it, then `parity up {stack}`; `parity drift {stack}` shows all of them",
    )


_KEY = b"parity/built/1"


def of_update(stack: Stack, settings: Settings, graph: Graph, changes: Sequence[Sequence[str]]) -> list[Built]:
    """What the deployments of an update were built with; none where it made none.

    `changes` has operation and URN of each change of the plan; the secrets of the settings are open.
    """
    built = (urn for operation, urn in changes if operation in _MAKES and urn in graph.resources)
    made = [urn for urn in built if graph.resources[urn].type == kinds.DEPLOYMENT]
    names = projects(graph, made)
    if not names:
        return []
    state = stack.recorded()
    there = [urn for urn in made if state.of(urn) is not None]
    part = only(graph, names)
    try:
        live = inventory.collect_live_state(part, environment=stack.pulumi.environment, passwords=False)
        context = remediation.Context.of(settings, live)
        found = differences(part, state, live, names, context)
    except ParityError as error:
        return [_unknown(graph, urn, cast("Any", state.of(urn)).id, error.what.splitlines()[0]) for urn in there]
    lets = accepted(found, settings.exceptions)
    left = [each for each in found if each.finding.id not in lets]
    key = passwords.expand(settings.secret, _KEY)
    read = [_Reading(graph, live, left, key).of(urn) for urn in there]
    return [each for each in read if each is not None]


def _names(graph: Graph, urn: str) -> tuple[str, str, str]:
    project, release = (str(each) for each in natural_key(graph.resources[urn], graph))
    return project, application_of(project, graph), release


def _unknown(graph: Graph, urn: str, deployment: str, why: str) -> Built:
    _, application, release = _names(graph, urn)
    return Built(deployment, application, release, "not known", [why], {})


@dataclass(frozen=True)
class _Reading:
    graph: Graph
    live: LiveState
    left: Sequence[Differs]
    key: bytes

    def of(self, urn: str) -> Built | None:
        """One deployment's record; None where it is not there any more."""
        deployment = next(iter(self.live.under.get(urn, ())), None)
        if deployment is None:
            return None
        project, application, release = _names(self.graph, urn)
        variables = [each for each in self._objects() if each.type == kinds.VARIABLE and each.key[0] == project]
        ours = [each for each in variables if _PRODUCTION in texts(each.properties["targets"])]
        since = sorted({each.key[1] for each in ours if _is_later(each, deployment)})
        wrong = [each for each in self.left if each.finding.key[0] == project]
        otherwise = [each.finding.what for each in wrong if not self._came_later(each, deployment)]
        unknown = [f"{name} was written after the build began" for name in since]
        verdict = "otherwise" if otherwise else "not known" if unknown else "declared"
        table = {each.key[1]: self._fact(each) for each in ours}
        return Built(deployment.id, application, release, verdict, otherwise + unknown, table)

    def _objects(self) -> Iterable[LiveObject]:
        return chain(self.live.unmanaged, *self.live.under.values())

    def _came_later(self, found: Differs, deployment: LiveObject) -> bool:
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
