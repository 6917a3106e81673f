"""Compares desired, recorded and live state, resource by resource."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from parity.documents import is_list, mapping
from parity.drift.model import UNSET, Cause, Finding, said_of
from parity.drift.values import leaves, plain, shown
from parity.evaluate.resource import SecretInput, is_computed
from parity.inventory import vercel_project
from parity.inventory.keys import opened
from parity.inventory.model import moment
from parity.masked import MASK
from parity.resources import kinds
from parity.resources.equality import flat, same, unset
from parity.resources.kind import PROJECT_ID, vendor
from parity.resources.vercel import COMPARED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.engine.state import Recorded, State
    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource
    from parity.inventory.model import LiveObject, LiveState
    from parity.resources.kind import Key, Kind

TOLERANCE = timedelta(seconds=5)
"""How far a vendor's clock may be ahead of the engine's. The engine notes a write after the vendor does, so a vendor's
clock that is behind does not matter."""

_SOMETIMES = {kinds.PROJECT: vercel_project.NAMES}
"""Names that the inventory leaves out if they are not set."""

_LABELS = {"environment": "environment (names)"}
"""Properties that the API shows in part."""


@dataclass(frozen=True)
class Sides:
    """The three sides of one audit."""

    graph: Graph
    state: State
    live_state: LiveState
    foreign: frozenset[str] = frozenset()
    """Names of the other stacks, and of their environments."""
    expected: frozenset[str] = frozenset()
    """Names of the secrets and variables that the project's own workflows read; a person sets their values."""
    sslmodes: frozenset[str] = frozenset()
    """How the stack's applications reach its databases."""
    written: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """By URN: the vendor's own time of our last write, which counts before the engine's."""


def environments(graph: Graph) -> set[str]:
    """The names of a stack and of the environment that it declares."""
    declared = [each for each in graph.resources.values() if each.type == kinds.ENVIRONMENT]
    return {graph.stack, *(str(each.inputs["environment"]) for each in declared)}


@dataclass(frozen=True)
class Pair:
    """A declared resource with its record and its live object."""

    resource: Resource
    recorded: Recorded | None
    found: LiveObject | None
    twins: tuple[LiveObject, ...]


def pairs(sides: Sides) -> dict[str, Pair]:
    """Pair each inventoried resource, by URN, with its live object; of several objects the recorded one is taken."""
    found: dict[str, Pair] = {}
    for urn in sides.live_state.keys:
        resource = sides.graph.resources[urn]
        recorded = sides.state.of(urn)
        under = list(sides.live_state.under[urn])
        if resource.type == kinds.BYPASS:
            secret = opened(resource.inputs.get("secret"))
            under = [each for each in under if each.properties["secret"] == secret]
        if resource.type == kinds.IMAGE:
            if recorded and not under and not recorded.outputs.get("digest"):
                continue  # A release that was built without a container has no image that could be missing.
            found[urn] = Pair(resource, recorded, _stored(recorded, under), ())
            continue
        chosen = next((each for each in under if recorded and each.id == recorded.id), under[0] if under else None)
        twins = tuple(each for each in sides.live_state.under[urn] if each is not chosen)
        found[urn] = Pair(resource, recorded, chosen, twins)
    return found


def _stored(recorded: Recorded | None, under: list[LiveObject]) -> LiveObject | None:
    """A release's image where the one that it was recorded with is there; of one that is not known no tag is wrong."""
    if recorded is None or not under:
        return None
    digest, found = recorded.outputs.get("digest"), under[0]
    if not digest:
        return replace(found, properties={name: each for name, each in found.properties.items() if name != "digest"})
    return found if digest in found.properties["stored"] else None


def compare(sides: Sides) -> list[Finding]:
    """Report declared resources that are missing, changed, not recorded or unknowable."""
    every = pairs(sides)
    findings: list[Finding] = []
    gone: set[tuple[str, Key]] = set()
    for urn, pair in every.items():
        if kinds.of(pair.resource.type).in_access_lists:
            continue
        if not sides.live_state.was_read(urn, pair.resource.type):
            continue
        if pair.found is None:
            missing = _missing(sides, urn, pair)
            if _in(gone, missing):
                continue
            gone.add((missing.type, missing.key))
            findings.append(missing)
        else:
            findings += _Compared(sides, urn, pair, pair.found).findings()
    return findings


# --- Missing ----------------------------------------------------------------------------------------------------------


def _in(gone: set[tuple[str, Key]], finding: Finding) -> bool:
    """Whether its container is missing too, so that it needs no finding of its own."""
    container = kinds.of(finding.type).container
    return any(type_ == container and finding.key[: len(key)] == key for type_, key in gone)


def _missing(sides: Sides, urn: str, pair: Pair) -> Finding:
    recorded = pair.recorded
    cause: Cause
    if recorded is not None:
        detail, cause = f"it was recorded as {recorded.id or 'nothing'}", "outside"
    elif any(each.resource.urn == urn for each in sides.state.pending):
        detail, cause = "an update that did not end was making it", "not applied"
    else:
        detail, cause = "it was never recorded: the last update did not make it", "not applied"
    place = (pair.resource.type, pair.resource.name, "", sides.live_state.keys[urn], urn)
    return Finding("missing", *place, detail=detail, cause=cause)


# --- One resource -----------------------------------------------------------------------------------------------------


def _same_id(type_: str, recorded: str, live: str) -> bool:
    """Whether two ids are of one object: GitHub's provider leaves the repository's old name in those that it wrote."""
    if vendor(type_) == "GitHub":
        return recorded.split(":")[1:] == live.split(":")[1:]
    return recorded == live


@dataclass(frozen=True)
class _Compared:
    sides: Sides
    urn: str
    pair: Pair
    found: LiveObject

    def findings(self) -> list[Finding]:
        """Report a missing record, each property that differs, and each property that no API shows."""
        return [*self._recorded(), *self._changed(), *self._beyond(), *self._hidden()]

    @property
    def type(self) -> str:
        return self.pair.resource.type

    @property
    def kind(self) -> Kind:
        return kinds.of(self.type)

    def _finding(self, property_: str, *, kind: Any = "changed", **more: Any) -> Finding:
        place = (self.type, self.pair.resource.name, property_, self.sides.live_state.keys[self.urn], self.urn)
        return Finding(kind, *place, **said_of(self.found), **more)

    def _recorded(self) -> list[Finding]:
        recorded = self.pair.recorded
        if recorded is None:
            said = "declared and there, but not recorded: an update would make it again, or be refused"
            more = {"cause": "not recorded", "import_id": self.found.import_id}
            return [self._finding("", kind="unmanaged", detail=said, **more)]
        if _same_id(self.type, recorded.id, self.found.id):
            return []
        ids = {"declared": recorded.id, "live": self.found.id}
        said = "the recorded object is gone; another one has its name"
        return [self._finding("id", **ids, cause="outside", detail=said)]

    def _changed(self) -> list[Finding]:
        declared = flat(opened(dict(self.sides.live_state.inputs[self.urn])), self.kind.ordered)
        marked = {
            path for path, value in leaves(self.sides.live_state.inputs[self.urn]) if isinstance(value, SecretInput)
        }
        recorded = flat(plain(self.pair.recorded.outputs), self.kind.ordered) if self.pair.recorded else {}
        live = flat(dict(self.found.properties), self.kind.ordered)
        names = {path.partition(".")[0] for path in live} | _SOMETIMES.get(self.type, frozenset())
        names |= {path.partition(".")[0] for path in declared}
        names -= set(self.kind.not_real) | {each for each in self.found.hidden if "." not in each}
        if "environment" in self.found.hidden:
            names |= {"environment"}
            declared = _names_of(declared, "environment")
            recorded = {path: value for path, value in recorded.items() if not path.startswith("environment")}
        paths = sorted(path for path in {*declared, *recorded, *live} if path.partition(".")[0] in names)
        found = (self._property(path, declared, recorded, live, marked) for path in paths)
        return [each for each in found if each is not None]

    def _property(
        self,
        path: str,
        declared: Mapping[str, Any],
        recorded: Mapping[str, Any],
        live: Mapping[str, Any],
        marked: set[str],
    ) -> Finding | None:
        now, usual = live.get(path), flat(self.kind.usual).get(path)
        undeclared = path not in declared
        if not undeclared:
            wanted = declared[path]
        elif not unset(recorded.get(path)):
            wanted = recorded[path]
        else:
            wanted = usual
            if self.pair.recorded is None and usual is None:
                return None  # Neither declared nor recorded, so its right value is unknown.
        if isinstance(wanted, SecretInput) or _holds_marker(wanted) or same(wanted, now, usual):
            return None
        secret = self._is_secret(path, marked)
        before = recorded.get(path)
        applied = self.pair.recorded is None or (not undeclared and _was_applied(self.pair.recorded, path, wanted))
        cause: Cause = "outside" if applied or undeclared else "not applied"
        detail = ""
        if cause == "not applied":
            detail = "the program was changed since the last update, and that is not applied yet"
        elif undeclared:
            detail = "the program does not declare it; before is what the last update recorded, or what is usual"
        return self._finding(
            _LABELS.get(path, path),
            declared=shown(wanted, secret=secret),
            live=shown(now, secret=secret),
            detail=detail,
            cause=cause,
            undeclared=undeclared,
            facts={} if secret else {"wanted": wanted, "now": now, "recorded": before, **self._declared()},
        )

    def _declared(self) -> dict[str, Any]:
        return {"inputs": self.sides.live_state.inputs[self.urn]} if self.kind.written_together else {}

    def _is_secret(self, path: str, marked: set[str]) -> bool:
        """Whether a value must not be shown. A variable that is not sensitive may be shown, whatever the SDK marks."""
        top = path.partition(".")[0]
        if self.type == kinds.VARIABLE and top == "value":
            return opened(self.pair.resource.inputs.get("sensitive")) is not False
        return bool({top, path} & self.found.secret) or path in marked or top in marked

    def _beyond(self) -> list[Finding]:
        recorded: Mapping[str, Any] = self.pair.recorded.outputs if self.pair.recorded else dict[str, Any]()
        return [
            self._finding(
                name,
                declared=UNSET if recorded.get(name) is None else shown(plain(recorded[name])),
                live=shown(value),
                cause="outside",
                undeclared=True,
                detail="no provider has a name for it, so no update touches it",
                facts={
                    "beyond": True,
                    "now": value,
                    "wanted": recorded.get(name),
                    "deploymentId": self.found.properties.get("deploymentId"),
                    **self._declared(),
                },
            )
            for name, value in sorted(self.found.beyond.items())
            if recorded.get(name) != value
        ]

    def _hidden(self) -> list[Finding]:
        declared = self.sides.live_state.inputs[self.urn]
        shown_names = [name for name in self.found.hidden if name in declared and name != "password"]
        return [self._unknowable(name) for name in shown_names]

    def _unknowable(self, name: str) -> Finding:
        """Report an unreadable value: `changed` if written after our last write, otherwise `unknowable`."""
        exact = self.sides.written.get(self.urn)
        written, ours = self.found.written_at, (exact, exact) if exact else _last_write(self.pair.recorded)
        why = self.found.hidden[name]
        if self.type == kinds.DEPLOYMENT:
            why = f"{why}; they are fixed when it is made"
        elif written and ours and written > ours[1]:
            detail = f"{why}, but it was written at {_time(written)}, after our last write at {_time(ours[0])}"
            return self._finding(name, declared=MASK, live=MASK, cause="outside", detail=detail)
        evidence = f"last written {_time(written)}" if written else "the vendor gives no time of its last write"
        if ours:
            evidence += f"; our last write was noted at {_time(ours[0])}"
        return self._finding(name, kind="unknowable", declared=MASK, live="(not shown)", detail=f"{why}; {evidence}")


def _names_of(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Replace an object's values by one sorted list of its keys."""
    keys = sorted(path.partition(".")[2] for path in given if path.startswith(f"{name}."))
    rest = {path: value for path, value in given.items() if path.partition(".")[0] != name}
    return {**rest, name: keys} if keys else rest


def _holds_marker(value: Any) -> bool:
    """Whether the value depends on an object that was not found: that object has a finding of its own."""
    if is_list(value):
        return any(_holds_marker(each) for each in value)
    return is_computed(value)


def _was_applied(recorded: Recorded, path: str, wanted: Any) -> bool:
    """Whether the last update applied the declared value. A secret whose record is sealed counts as applied."""
    before = flat(plain(recorded.inputs), kinds.of(recorded.type).ordered).get(path)
    return isinstance(before, SecretInput) or same(before, wanted)


def _last_write(recorded: Recorded | None) -> tuple[datetime, datetime] | None:
    """When we wrote it last, and the latest date of the vendor's that may be of that write.

    It is GitHub's own time if its provider records it, otherwise the engine's.
    """
    if recorded is None:
        return None
    exact = moment(recorded.outputs.get("updatedAt"))
    if exact is not None:
        return exact, exact
    noted = moment(recorded.document.get("modified"))
    return None if noted is None else (noted, noted + TOLERANCE)


def _time(moment_: datetime | None) -> str:
    return f"{moment_:%Y-%m-%d %H:%M:%S} UTC" if moment_ else "never"


# --- Vercel's own time ------------------------------------------------------------------------------------------------


def write_times(state: State) -> dict[str, datetime]:
    """By URN of the variable's resource: only of those that no update has written since a release passed the switch.

    The switch records Vercel's time of each. It refuses a release whose variable has another one, by the same rule.
    """
    every = [each for each in state.resources if each.type == kinds.VARIABLE]
    variables = {(str(each.inputs.get(PROJECT_ID)), str(each.inputs.get("key"))): each for each in every}
    lives = [each for each in state.resources if each.type == kinds.LIVE]
    return {urn: when for live in lives for urn, when in _of(live, variables)}


def _of(live: Recorded, variables: dict[tuple[str, str], Recorded]) -> Iterator[tuple[str, datetime]]:
    for name, declared in mapping(live.inputs.get("sensitiveWrites")).items():
        compared = mapping(mapping(live.outputs.get(COMPARED)).get(name))
        variable = variables.get((str(live.inputs.get(PROJECT_ID)), name))
        if variable and variable.id == compared.get("id") and mapping(declared).get("value") == compared.get("value"):
            yield variable.urn, datetime.fromtimestamp(float(compared["updatedAt"]) / 1000, UTC)
