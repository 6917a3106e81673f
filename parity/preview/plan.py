"""What an update would do, change by change with both values of each property, from what `pulumi preview` says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Document = dict[str, Any]
Operation = Literal["create", "update", "replace", "delete", "import", "forget", "option"]
"""`forget`: it leaves the state and stays in the world. `option`: nothing in the world, only the engine's own flags."""

SECRET = "[secret]"  # noqa: S105 - what stands for one
"""What the engine writes where a secret is."""

UNKNOWN = "[known after the update]"
_UNKNOWN_MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes where a value is not known yet (pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go)."""


class Absent:
    """Stands for a property that is not there."""

    def __repr__(self) -> str:
        return "[absent]"


ABSENT = Absent()

_INTERNAL = re.compile(r"^__")
"""Properties that the engine and the bridges keep for themselves."""

_ORDER: tuple[Operation, ...] = ("create", "update", "replace", "delete", "import", "forget", "option")

_OPERATIONS: Mapping[str, Operation] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import": "import",
    "import-replacement": "replace",
    "discard": "forget",
    "discard-replaced": "forget",
    "remove-pending-replace": "forget",
}
"""The engine's step kinds (pulumi/pulumi, pkg/resource/deploy/step.go); `same`, `read` and `refresh` change nothing."""


@dataclass(frozen=True)
class Property:
    """One property that will not be what it is, or of a new or deleted resource."""

    path: str
    """`health.path`, `domains[0]`; an engine's option is `option protect`."""
    before: Any
    """Plain JSON, `[secret]`, or ABSENT."""
    after: Any
    """Plain JSON, `[secret]`, `[known after the update]`, or ABSENT."""
    forces: bool = False
    """Whether this property forces the replacement."""

    @property
    def secret(self) -> bool:
        """Whether either side is a secret."""
        return SECRET in (self.before, self.after)

    def document(self) -> Document:
        """As JSON; what is absent is left out."""
        found: Document = {"path": self.path, "forces_replacement": self.forces}
        for name, value in (("before", self.before), ("after", self.after)):
            if not isinstance(value, Absent):
                found[name] = value
        return found


@dataclass(frozen=True)
class Change:
    """What happens to one resource."""

    urn: str
    type: str
    operation: Operation
    properties: tuple[Property, ...] = ()
    deletes_first: bool = False
    """Of a replacement: whether the old one goes before the new one is made."""
    leftover: bool = False
    """Of a deletion: whether it is what an earlier, unfinished replacement left behind."""
    protected: tuple[bool, bool] = (False, False)
    """Whether the engine refuses to delete it: before and after."""
    before: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs now."""
    after: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs then."""

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """The last part of its type: `ProjectDomain`."""
        return self.type.rpartition(":")[2]

    @property
    def provider(self) -> str:
        """The package that it belongs to: `vercel`."""
        return self.type.partition(":")[0]

    @property
    def forced_by(self) -> tuple[str, ...]:
        """The properties that force the replacement."""
        return tuple(each.path for each in self.properties if each.forces)

    def of(self, path: str) -> Property | None:
        """The property with that path, where it changes."""
        return next((each for each in self.properties if each.path == path), None)


@dataclass(frozen=True)
class Violation:
    """What a policy has against a resource."""

    urn: str
    policy: str
    level: str
    """`mandatory` or `advisory`."""
    message: str


@dataclass(frozen=True)
class Resource:
    """A resource that the plan knows, changed or not."""

    urn: str
    parent: str
    depends_before: frozenset[str]
    depends_after: frozenset[str]
    operation: Operation | Literal["same"]
    id: str = ""
    """The provider's id, where it exists already."""
    before: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs now; empty where it does not exist yet."""
    after: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Its inputs then; empty where it goes."""


@dataclass(frozen=True)
class Plan:
    """What an update of a stack would do."""

    stack: str
    changes: tuple[Change, ...]
    resources: Mapping[str, Resource]
    """Every resource that the engine came to, by URN."""
    unchanged: int
    violations: tuple[Violation, ...] = ()
    errors: tuple[str, ...] = ()
    """Why the preview did not come to its end; empty where it did."""
    warnings: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the preview came to its end."""
        return not self.errors

    def counts(self) -> dict[Operation, int]:
        """How many changes there are of each operation, in a fixed order, without zeroes."""
        found: dict[Operation, int] = {
            each: sum(change.operation == each for change in self.changes) for each in _ORDER
        }
        return {each: count for each, count in found.items() if count}


def parse(stack: str, digest: Mapping[str, Any], events: Iterable[Mapping[str, Any]] = (), *, failed: bool) -> Plan:
    """The plan in what `pulumi preview --json --event-log` wrote.

    Args:
        stack: the stack's name.
        digest: the JSON document on standard output: `steps` with the whole old and new state of each resource.
        events: the engine's events, which alone name the policies' findings and whose error it is.
        failed: whether the command ended with an error.
    """
    steps = [each for each in cast("list[Document]", digest.get("steps") or []) if not _is_root(each)]
    grouped: dict[tuple[str, bool], list[Document]] = {}
    for step in steps:
        grouped.setdefault((str(step["urn"]), _is_leftover(step)), []).append(step)
    changes = [change for (urn, left), rows in grouped.items() if (change := _change(urn, rows, leftover=left))]
    violations, errors, warnings = _said(events)
    if failed and not errors:
        errors = [*_diagnostics(digest, "error")] or ["the engine gave no reason"]
    return Plan(
        stack=stack,
        changes=tuple(changes),
        resources={urn: _resource(urn, rows) for (urn, left), rows in grouped.items() if not left},
        unchanged=len(grouped) - len(changes),
        violations=tuple(violations),
        errors=tuple(errors) if failed else (),
        warnings=tuple(warnings),
    )


def _is_root(step: Document) -> bool:
    return "::pulumi:pulumi:Stack::" in str(step["urn"])


def _is_leftover(step: Document) -> bool:
    """Whether a step deletes what was replaced by an earlier update already."""
    return step["op"] == "delete" and bool(_state(step, "oldState").get("delete"))


def _state(step: Document, name: str) -> Document:
    return cast("Document", step.get(name) or {})


def _inputs(state: Document) -> Document:
    return cast("Document", plain(state.get("inputs") or {}))


def _defaults(state: Document) -> set[str]:
    """The inputs that a bridge filled in by itself."""
    return set(cast("list[str]", cast("Document", state.get("inputs") or {}).get("__defaults") or []))


def _last(steps: Sequence[Document], name: str) -> Document:
    """The state of that name in the last step that has one."""
    return next((state for step in reversed(steps) if (state := _state(step, name))), dict[str, Any]())


def _resource(urn: str, steps: Sequence[Document]) -> Resource:
    old, new = _last(steps, "oldState"), _last(steps, "newState")
    gone = steps[-1]["op"] in {"delete", "discard"}
    return Resource(
        urn=urn,
        parent=str(new.get("parent") or old.get("parent") or ""),
        depends_before=_dependencies(old),
        depends_after=frozenset() if gone else _dependencies(new),
        operation=_operation(steps) or "same",
        id=str(old.get("id") or ""),
        before=_inputs(old),
        after={} if gone else _inputs(new),
    )


def _dependencies(state: Document) -> frozenset[str]:
    return frozenset(cast("list[str]", state.get("dependencies") or []))


def _operation(steps: Sequence[Document]) -> Operation | None:
    """What the steps of one resource come to."""
    found: Operation | None = None
    for step in steps:
        kind = _OPERATIONS.get(str(step["op"]))
        if kind is not None and found != "replace":
            found = kind
    return found


def _change(urn: str, steps: Sequence[Document], *, leftover: bool) -> Change | None:
    operation = _operation(steps)
    old, new = _last(steps, "oldState"), _last(steps, "newState")
    if operation in {"delete", "forget"}:
        new = {}
    if operation == "create":
        old = {}
    protected = bool(old.get("protect")), bool(new.get("protect"))
    if operation is None:
        if not (old and new) or protected[0] == protected[1]:
            return None
        operation = "option"
    kinds = [str(step["op"]) for step in steps]
    return Change(
        urn=urn,
        type=str((new or old).get("type") or urn.split("::")[2].rpartition("$")[2]),
        operation=operation,
        properties=tuple(_properties(operation, steps, old, new)),
        deletes_first=_deletes_first(kinds),
        leftover=leftover,
        protected=protected,
        before=_inputs(old),
        after=_inputs(new),
    )


def _deletes_first(kinds: Sequence[str]) -> bool:
    if "delete-replaced" not in kinds:
        return False
    made = [place for place, kind in enumerate(kinds) if kind in {"create-replacement", "import-replacement"}]
    return not made or kinds.index("delete-replaced") < made[0]


# --- Properties -------------------------------------------------------------------------------------------------------


def _properties(operation: Operation, steps: Sequence[Document], old: Document, new: Document) -> Iterator[Property]:
    before, after = _inputs(old), _inputs(new)
    named, forcing = _named_by_the_engine(steps)
    seen: set[str] = set()
    if operation != "option":
        # What a new or deleted resource has by default says nothing of it.
        usual = _defaults(old) | _defaults(new) if not (old and new) else set[str]()
        for path, one, other in differences(before, after):
            if path in usual:
                continue
            seen.add(path)
            yield Property(path, one, other, forces=_touches(path, forcing))
    if operation in {"update", "replace"}:
        outputs = cast("Document", plain(old.get("outputs") or {}))
        for path in sorted(named):
            if any(_overlap(path, each) for each in seen):
                continue
            one, other = look_up(before, path), look_up(after, path)
            if isinstance(one, Absent):
                # Reality moved away from what was declared: what the provider read last says so.
                one = look_up(outputs, path)
            if _empty(one) and _empty(other):
                continue
            yield Property(path, one, other, forces=_touches(path, forcing))
    if old and new and bool(old.get("protect")) != bool(new.get("protect")):
        yield Property("option protect", bool(old.get("protect")), bool(new.get("protect")))


def _named_by_the_engine(steps: Sequence[Document]) -> tuple[set[str], set[str]]:
    """The paths that the engine says differ, and those that force a replacement."""
    named: set[str] = set()
    forcing: set[str] = set()
    for step in steps:
        named |= set(cast("list[str]", step.get("diffReasons") or []))
        forcing |= set(cast("list[str]", step.get("replaceReasons") or []))
        for path, detail in cast("dict[str, Document]", step.get("detailedDiff") or {}).items():
            named.add(path)
            if str(detail.get("kind")).endswith("-replace"):
                forcing.add(path)
    internal = {path for path in named if _INTERNAL.match(path)}
    return (named | forcing) - internal, forcing - internal


def _overlap(one: str, other: str) -> bool:
    return _below(one, other) or _below(other, one)


def _below(path: str, top: str) -> bool:
    return path == top or (path.startswith(top) and path[len(top)] in ".[")


def _touches(path: str, forcing: set[str]) -> bool:
    return any(_overlap(path, each) for each in forcing)


def differences(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The smallest parts in which two plain values differ: path, and both sides."""
    if isinstance(one, dict) and isinstance(other, dict):
        mine, theirs = cast("Document", one), cast("Document", other)
        for name in dict.fromkeys([*mine, *theirs]):
            below = f"{path}.{name}" if path else name
            yield from differences(mine.get(name, ABSENT), theirs.get(name, ABSENT), below)
    elif isinstance(one, list) and isinstance(other, list) and _alike(one, other):  # pyright: ignore[reportUnknownArgumentType]
        pairs = zip(cast("list[Any]", one), cast("list[Any]", other), strict=True)
        for index, (mine, theirs) in enumerate(pairs):
            yield from differences(mine, theirs, f"{path}[{index}]")
    elif type(one) is not type(other) or one != other:  # pyright: ignore[reportUnknownArgumentType]
        yield path, one, other


def _alike(one: list[Any], other: list[Any]) -> bool:
    """Whether two lists are better compared item by item: as long, and of mappings."""
    return len(one) == len(other) and all(isinstance(each, dict) for each in [*one, *other])


_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[\"([^\"]*)\"\]")


def look_up(value: Any, path: str) -> Any:
    """The part of a plain value at a path in the engine's form, or ABSENT."""
    for match in _STEP.finditer(path):
        name, index, quoted = match.groups()
        key = name if name is not None else quoted
        if isinstance(value, dict) and key is not None and key in value:
            value = cast("Document", value)[key]
        elif isinstance(value, list) and index is not None and int(index) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(index)]
        else:
            return SECRET if value == SECRET else ABSENT
    return value


def _empty(value: Any) -> bool:
    return isinstance(value, Absent) or value is None or value in ("", [], {})


def plain(value: Any) -> Any:
    """A value of the engine's as it may be shown: secrets and unknown values named, its own bookkeeping left out."""
    if isinstance(value, dict):
        wire = cast("Document", value)
        if "ciphertext" in wire or "4dabf18193072939515e22adb298388d" in wire:
            return SECRET
        return {name: plain(each) for name, each in wire.items() if not _INTERNAL.match(name)}
    if isinstance(value, list):
        return [plain(each) for each in cast("list[Any]", value)]
    return UNKNOWN if value == _UNKNOWN_MARK else value


# --- What was said ----------------------------------------------------------------------------------------------------


def _said(events: Iterable[Mapping[str, Any]]) -> tuple[list[Violation], list[str], list[str]]:
    """The policies' findings, the errors and the warnings in the engine's events."""
    violations: dict[Violation, None] = {}
    errors: dict[str, None] = {}
    warnings: dict[str, None] = {}
    for event in events:
        policy = cast("Document", event.get("policyEvent") or {})
        if policy:
            violations[_violation(policy)] = None
        diagnostic = cast("Document", event.get("diagnosticEvent") or {})
        severity, text = diagnostic.get("severity"), str(diagnostic.get("message") or "").strip()
        if severity not in {"error", "warning"} or not text or _EPILOGUE.search(text):
            continue
        urn = str(diagnostic.get("urn") or "")
        named = text if not urn or "pulumi:pulumi:Stack" in urn else f"{urn.rpartition('::')[2]}: {text}"
        (errors if severity == "error" else warnings)[named] = None
    return list(violations), list(errors), list(warnings)


_EPILOGUE = re.compile(r"program exited with non-zero exit code|^preview failed$|^update failed$")
"""Says only that something failed, which the other errors say better."""


def _violation(event: Document) -> Violation:
    return Violation(
        urn=str(event.get("resourceUrn") or ""),
        policy=str(event.get("policyName") or ""),
        level=str(event.get("enforcementLevel") or ""),
        message=_COLOUR.sub("", str(event.get("message") or "")).strip(),
    )


_COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")


def _diagnostics(digest: Mapping[str, Any], severity: str) -> Iterator[str]:
    for each in cast("list[Document]", digest.get("diagnostics") or []):
        text = str(each.get("message") or "").removeprefix("error: ").strip()
        if each.get("severity") == severity and not _EPILOGUE.search(text):
            yield text
