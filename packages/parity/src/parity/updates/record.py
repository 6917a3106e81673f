"""What the ledger keeps of an update besides its course: who approved it, its pull request, and what caused it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from parity.backend import this_host
from parity.backend.blame import MERGED
from parity.backend.ledger import NEWEST
from parity.config import passwords
from parity.drift.values import plain
from parity.engine.events import is_component
from parity.errors import ParityError
from parity.evaluate.resource import is_computed
from parity.git import Repository
from parity.inventory.keys import opened
from parity.masked import MASK
from parity.preview import origin
from parity.preview.make import event
from parity.preview.parse import look_up
from parity.preview.plan import ABSENT, UNCOVERED, UNKNOWN, Absent, Change, Plan, Property
from parity.resources import kinds
from parity.resources.urn import Urn
from parity.updates import world_guard
from parity.updates.conditions import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from parity.backend.ledger import Ledger
    from parity.config.parameters import Catalog
    from parity.config.project import Project
    from parity.config.secret import Secret
    from parity.config.settings import Settings
    from parity.documents import Document
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.updates.saved_plan import SavedPlan

_FINGERPRINT = b"parity/record/1"
"""What the key of the record's fingerprints is derived for; a new number where the form changes."""
_DIGITS = 16
_LONGEST = 200
"""Bytes of a value as JSON that are kept as they are."""
_MOST = 200
"""Changed properties whose origin is recorded; a plan with more of them has few causes, which these have too."""


def of_run(root: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Who approves, and the pull request that brought the program's commit in, known before anything is done.

    GitHub Actions names its event and actor in the environment.

    Raises:
        ProjectError: the workflow's event cannot be read.
    """
    return {"approver": this_host.actor(environment), "pull_request": pull_request(root, environment)}


def pull_request(root: Path, environment: Mapping[str, str]) -> int | None:
    """The number of the pull request: of the workflow's event, else as the checked out commit's subject names it."""
    number = event(environment).get("pull_request", {}).get("number")
    if isinstance(number, int):
        return number
    head = Repository(root).head()
    found = MERGED.search(head.subject) if head else None
    return int(found[1] or found[2]) if found else None


def differences(
    changes: Iterable[Change], graph: Graph, secret: Secret, opened_state: Callable[[], State]
) -> list[Document]:
    """What each change of a plan does, as it is recorded: `urn`, `operation`, and `properties` with both values.

    A value is `{"value": ...}`; `{"secret": F}`, where F is its fingerprint, 16 hex digits keyed by the stack secret,
    or None where it is not at hand; `{"sha256": D, "length": N}` of a long text; `{"unknown": true}` until the update.
    What is absent is left out, and so are components and providers, which are in no world. `opened_state` gives what is
    recorded, secrets in the clear: it is asked for where Vercel's SDK alone marks a variable's value as secret.
    """
    key, state = passwords.expand(secret, _FINGERPRINT), cache(opened_state)
    found: list[Document] = []
    for change in changes:
        if only_recorded(change.urn):
            continue
        resource = graph.resources.get(change.urn)
        values = _Values(key, change, opened(dict(resource.inputs)) if resource else {}, state)
        properties = [values.row(each) for each in change.properties]
        found.append({"urn": change.urn, "operation": change.operation, "properties": properties})
    return found


@dataclass(frozen=True)
class _Values:
    key: bytes = field(repr=False)
    change: Change
    declared: Any = field(repr=False)
    """The resource's inputs, secrets open."""
    state: Callable[[], State] = field(repr=False)

    def row(self, each: Property) -> Document:
        # Vercel's SDK marks the value of each variable as secret; of a plain one the catalog says otherwise.
        was_plain, is_plain = (
            self.change.type == kinds.VARIABLE and side.get("sensitive") is False
            for side in (self.change.before, self.change.after)
        )
        before, after = kept(each.before), kept(each.after)
        if each.before == MASK and was_plain and (recorded := self.state().of(self.change.urn)):
            before = kept(look_up(plain(recorded.inputs), each.path))
        if each.after == MASK and (now := look_up(self.declared, each.path)) is not ABSENT and not is_computed(now):
            after = kept(now) if is_plain else {"secret": self._fingerprint(each.path, now)}
        return row(each.path, before, after)

    def _fingerprint(self, path: str, value: Any) -> str:
        text = b"\0".join((Urn.parse(self.change.urn).key.encode(), path.encode(), canonical(value)))
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()[:_DIGITS]


def only_recorded(urn: str) -> bool:
    """Whether it stands for nothing outside the engine's record: a component, a provider, the stack's own resource."""
    return is_component(urn) or Urn.parse(urn).type.startswith("pulumi:providers:")


def row(path: str, before: Document, after: Document) -> Document:
    """A property as the record has it."""
    return {"path": path, **{name: side for name, side in (("before", before), ("after", after)) if side}}


def kept(value: Any) -> Document:
    """A value of a plan as the record has it; empty where it is absent."""
    if isinstance(value, Absent):
        return {}
    if value == UNKNOWN:
        return {"unknown": True}
    if value in (MASK, UNCOVERED):
        return {"secret": None}
    text = canonical(value)
    if len(text) > _LONGEST:
        return {"sha256": hashlib.sha256(text).hexdigest(), "length": len(text)}
    return {"value": value}


def of_plan(plan: SavedPlan) -> Document:
    """What the record has of the plan that is applied."""
    removed = [urn for urn, *_ in plan.removed]
    return {
        world_guard.FACT: world_guard.recorded(plan.conditions),
        "plan": plan.digest,
        "dangers": plan.dangers,
        "differences": plan.differences,
        **({"removed": removed} if removed else {}),
    }


def changes_of(recorded: Iterable[Document]) -> tuple[Change, ...]:
    """The changes of a saved plan, from what it keeps for the record; without values."""
    return tuple(
        Change(
            each["urn"],
            Urn.parse(each["urn"]).type,
            each["operation"],
            tuple(Property(row["path"], None, None) for row in each["properties"]),
        )
        for each in recorded
    )


def causes(project: Project, stack: str, ledger: Ledger | None, changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    """The keys and commits that each change follows, counted from the last update that succeeded; plain JSON.

    Nothing where there is no such update: everything is made for the first time, and all of the file is why. Where that
    one applied files that were not committed, what follows no key since its commit may follow those. It takes some
    tenths of a second, so it is called once the update is over.
    """
    applied, _, uncommitted = (_last_commit(ledger) or "").partition("+")
    if not changes or not applied:
        return []
    base = Repository(project.root).base(None, applied)
    traced = origin.origins(project, stack, base, Plan(stack, changes, {}, 0))
    found: list[dict[str, Any]] = []
    for change, path in _parts(changes):
        origins = [each.document() for each in traced.of(change) if not (uncommitted and each.kind == "world")]
        if origins:
            found.append({"urn": change.urn, "property": path, "origins": origins})
    return found[:_MOST]


def _parts(changes: tuple[Change, ...]) -> Iterator[tuple[Change, str | None]]:
    """Each changed property of an update alone; of any other change the resource."""
    for change in changes:
        if change.operation == "update":
            for each in change.properties:
                yield replace(change, properties=(each,)), each.path
        else:
            yield change, None


def _last_commit(ledger: Ledger | None) -> str | None:
    """The program's commit at the last update that succeeded, with `+changes` where files differed from it."""
    for record in itertools.islice(ledger.newest(), NEWEST) if ledger else ():
        if record.result == "succeeded" and "intent" in record.begin:
            return str(record.begin.get("commit") or "") or None
    return None


def end(ledger: Ledger, identity: str, facts: Mapping[str, Any]) -> list[str]:
    """Record the end of an update, and put old records into segments; gives what a person should know, a line each."""
    ledger.end(identity, facts)
    try:
        ledger.compact()
    except ParityError as error:
        # The update is done and recorded: readers take more requests, and the next update tries again.
        return [f"Old records are not put into segments: {error.what}"]
    return []


def recorded_live(state: State, catalog: Catalog) -> dict[str, Any]:
    """By application, the release that the state has as live."""
    renamed = catalog.renamed
    return {
        renamed.get(first := kinds.application_of(each.name), first): {
            "live": each.outputs.get("release"),
            "commit": each.outputs.get("commit"),
            "deployment": each.outputs.get("deploymentId"),
        }
        for each in state.resources
        if each.type == kinds.LIVE and not each.delete
    }


def intent(settings: Settings) -> dict[str, Any]:
    """By application, the release that is to be live with its commit, and the kept ones."""
    found: dict[str, Any] = {}
    for name, releases in settings.releases.items():
        commit = releases.kept[releases.live].commit if releases.live else None
        found[name] = {"live": releases.live, "commit": commit, "kept": [each for each, _ in releases.in_order]}
    return found
