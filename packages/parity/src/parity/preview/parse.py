"""Reads a plan from what `pulumi preview --json --event-log` wrote."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parity.documents import is_list, is_mapping, mapping, texts
from parity.documents import rows as rows_of
from parity.masked import MASK, is_sealed
from parity.preview.plan import ABSENT, UNCOVERED, UNKNOWN, Absent, Change, Plan, Property, Resource, Violation
from parity.resources import kinds
from parity.resources.github import in_capitals
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from parity.preview.plan import Document, Operation

_UNKNOWN_MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes where a value is not known yet (pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go)."""


_INTERNAL = re.compile(r"^__")
"""Properties that the engine and the bridges keep for themselves."""

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


def parse(stack: str, digest: Mapping[str, Any], events: Iterable[Mapping[str, Any]] = (), *, failed: bool) -> Plan:
    """The plan in what `pulumi preview --json --event-log` wrote.

    Args:
        stack: the stack's name.
        digest: the JSON document on standard output: `steps` with the full old and new state of each resource.
        events: the engine's events, which alone say in which order a replacement goes, what the policies found and
            whose an error is.
        failed: whether the command ended with an error.
    """
    steps = [each for each in rows_of(digest.get("steps")) if not Urn.parse(str(each["urn"])).is_stack]
    grouped: dict[tuple[str, bool], list[Document]] = {}
    for step in steps:
        grouped.setdefault((str(step["urn"]), _is_leftover(step)), []).append(step)
    seen = list(events)
    order = _order(seen)
    changes = [
        change
        for (urn, left), rows in grouped.items()
        if (change := _change(urn, rows, order.get(urn, ()), leftover=left))
    ]
    violations, errors, warnings = _said(seen)
    # A policy's refusal fails the command too, and is no error of the preview: the plan is complete.
    refused = any(each.level == "mandatory" for each in violations)
    if failed and not errors and not refused:
        errors = [*_diagnosed(digest)] or ["the engine gave no reason"]
    return Plan(
        stack=stack,
        changes=tuple(_covered(changes)),
        resources={urn: _resource(urn, rows) for (urn, left), rows in grouped.items() if not left},
        unchanged=len(grouped) - len(changes),
        violations=tuple(violations),
        errors=tuple(errors) if failed else (),
        warnings=tuple(warnings),
    )


def _covered(changes: Sequence[Change]) -> Iterator[Change]:
    """The changes without the values that were secrets until now."""
    gone = {
        in_capitals(each.before.get("secretName"))
        for each in changes
        if each.type == kinds.SECRET and each.operation == "delete"
    }
    for change in changes:
        names = change.type == kinds.GITHUB_VARIABLE and in_capitals(change.after.get("variableName")) in gone
        yield replace(change, properties=tuple(_cover(each, all_of_it=names) for each in change.properties))


def _cover(each: Property, *, all_of_it: bool) -> Property:
    shown = not isinstance(each.after, Absent) and each.after not in (MASK, UNKNOWN, None)
    if shown and (each.before == MASK or (all_of_it and each.path == "value")):
        return replace(each, after=UNCOVERED)
    return each


def _is_leftover(step: Document) -> bool:
    """Whether a step deletes what an earlier update already replaced."""
    return step["op"] == "delete" and bool(_state(step, "oldState").get("delete"))


def _state(step: Document, name: str) -> Document:
    return mapping(step.get(name))


def _inputs(state: Document) -> Document:
    return mapping(plain(state.get("inputs")))


def _defaults(state: Document) -> set[str]:
    """The inputs that a bridge filled in by itself."""
    return set(texts(mapping(state.get("inputs")).get("__defaults")))


def _last(steps: Sequence[Document], name: str) -> Document:
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
    return frozenset(texts(state.get("dependencies")))


def _operation(steps: Sequence[Document]) -> Operation | None:
    found: list[Operation] = [kind for step in steps if (kind := _OPERATIONS.get(str(step["op"])))]
    return "replace" if "replace" in found else next(reversed(found), None)


def _order(events: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The kinds of each resource's steps as they will be taken: the digest has one `replace` for the three of them."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        metadata = mapping(mapping(event.get("resourcePreEvent")).get("metadata"))
        if metadata:
            found[str(metadata["urn"])].append(str(metadata["op"]))
    return found


def _change(urn: str, steps: Sequence[Document], order: Sequence[str], *, leftover: bool) -> Change | None:
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
    return Change(
        urn=urn,
        type=str((new or old).get("type") or Urn.parse(urn).type),
        operation=operation,
        properties=tuple(_properties(operation, steps, old, new)),
        deletes_first=_deletes_first(order),
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
    removed = {
        path for step in steps for path, detail in _detailed(step) if str(detail.get("kind")).startswith("delete")
    }
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
        outputs = mapping(plain(old.get("outputs")))
        for path in sorted(named):
            if any(overlap(path, each) for each in seen):
                continue
            one, other = look_up(before, path), look_up(after, path)
            if isinstance(one, Absent) and isinstance(other, Absent) and path not in removed:
                continue  # the provider computes it again
            if isinstance(one, Absent):
                # Live state moved away from what was declared: what the provider read last says so.
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
        named |= set(texts(step.get("diffReasons")))
        forcing |= set(texts(step.get("replaceReasons")))
        for path, detail in _detailed(step):
            named.add(path)
            if str(detail.get("kind")).endswith("-replace"):
                forcing.add(path)
    internal = {path for path in named if _INTERNAL.match(path)}
    return (named | forcing) - internal, forcing - internal


def _detailed(step: Document) -> Iterable[tuple[str, Document]]:
    return mapping(step.get("detailedDiff")).items()


def overlap(one: str, other: str) -> bool:
    """Whether one of two paths is the other, or a part of it."""
    return _below(one, other) or _below(other, one)


def _below(path: str, top: str) -> bool:
    return path == top or (path.startswith(top) and path[len(top)] in ".[")


def _touches(path: str, forcing: set[str]) -> bool:
    return any(overlap(path, each) for each in forcing)


def differences(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The smallest parts in which two plain values differ: path, and both sides."""
    if is_mapping(one) and is_mapping(other):
        for name in dict.fromkeys([*one, *other]):
            below = f"{path}.{name}" if path else name
            yield from differences(one.get(name, ABSENT), other.get(name, ABSENT), below)
    elif is_list(one) and is_list(other) and _alike(one, other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from differences(mine, theirs, f"{path}[{index}]")
    elif one.__class__ is not other.__class__ or one != other:
        yield path, one, other


def _alike(one: list[Any], other: list[Any]) -> bool:
    """Whether two lists are compared item by item: both are equally long and hold mappings."""
    return len(one) == len(other) and all(is_mapping(each) for each in [*one, *other])


_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[\"([^\"]*)\"\]")


def look_up(value: Any, path: str) -> Any:
    """The part of a plain value at a path in the engine's form, or ABSENT."""
    for match in _STEP.finditer(path):
        name, index, quoted = match.groups()
        key = name if name is not None else quoted
        if is_mapping(value) and key is not None and key in value:
            value = value[key]
        elif is_list(value) and index is not None and int(index) < len(value):
            value = value[int(index)]
        else:
            return MASK if value == MASK else ABSENT
    return value


def _empty(value: Any) -> bool:
    return isinstance(value, Absent) or value is None or value in ("", [], {})


def plain(value: Any) -> Any:
    """A value of the engine's as it may be shown: secrets and unknown values named, its own bookkeeping left out."""
    if is_mapping(value):
        if is_sealed(value):
            return MASK
        return {name: plain(each) for name, each in value.items() if not _INTERNAL.match(name)}
    if is_list(value):
        return [plain(each) for each in value]
    return UNKNOWN if value == _UNKNOWN_MARK else value


# --- What was said ----------------------------------------------------------------------------------------------------


def _said(events: Iterable[Mapping[str, Any]]) -> tuple[list[Violation], list[str], list[str]]:
    """The policies' findings, the errors and the warnings in the engine's events."""
    violations: dict[Violation, None] = {}
    errors: dict[str, None] = {}
    warnings: dict[str, None] = {}
    for event in events:
        policy = mapping(event.get("policyEvent"))
        if policy:
            violations[_violation(policy)] = None
        diagnostic = mapping(event.get("diagnosticEvent"))
        severity, text = diagnostic.get("severity"), str(diagnostic.get("message") or "").strip()
        if severity not in {"error", "warning"} or not text or _EPILOGUE.search(text):
            continue
        urn = str(diagnostic.get("urn") or "")
        named = text if not urn or Urn.parse(urn).is_stack else f"{Urn.parse(urn).name}: {text}"
        (errors if severity == "error" else warnings)[named] = None
    return list(violations), list(errors), list(warnings)


_EPILOGUE = re.compile(r"program exited with non-zero exit code|^preview failed$|^update failed$")
"""A general message of failure, which the other errors make superfluous."""


def _violation(event: Document) -> Violation:
    return Violation(
        urn=str(event.get("resourceUrn") or ""),
        policy=str(event.get("policyName") or ""),
        level=str(event.get("enforcementLevel") or ""),
        message=_finding(_COLOUR.sub("", str(event.get("message") or "")).strip()),
    )


def _finding(message: str) -> str:
    """What a policy found; the engine puts the policy's description on a line before it."""
    return message.partition("\n")[2].strip() or message


_COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")


def _diagnosed(digest: Mapping[str, Any]) -> Iterator[str]:
    for each in rows_of(digest.get("diagnostics")):
        text = str(each.get("message") or "").removeprefix("error: ").strip()
        if each.get("severity") == "error" and not _EPILOGUE.search(text):
            yield text
