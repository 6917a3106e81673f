"""Plans a resource's next state from its state and inputs, by Terraform's plugin framework's rules.

The steps are the framework's own (terraform-plugin-framework v1.17, `PlanResourceChange`, after Terraform's
`ProposedNew`): inputs over state; defaults; where anything differs, every computed field without an input becomes
unknown; then the fields' modifiers keep known values and ask for replacement.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from parity_sandbox.narrowing import is_list, is_object
from parity_sandbox.standin.schema import UNKNOWN, Document, Field, blank


@dataclass(frozen=True)
class Plan:
    """What an update would leave behind, and how it gets there."""

    planned: Document
    replaces: tuple[str, ...]
    """Properties whose change replaces the resource, sorted."""
    changes: tuple[str, ...]
    """Properties that change, sorted."""


def plan(fields: Mapping[str, Field], state: Document | None, inputs: Document) -> Plan:
    """Plan an update, or a creation where `state` is None. `inputs` holds every field, null where not given."""
    before = state if state is not None else blank(fields)
    planned = _propose(fields, before, inputs)
    _fill_defaults(fields, planned, inputs)
    if state is None or differing(fields, before, planned):
        _mark_unknown(fields, planned, inputs)
    asked = _modify(fields, planned, state, inputs)
    changes = differing(fields, before, planned)
    replaces = () if state is None else tuple(sorted(name for name in asked if name in changes))
    return Plan(planned, replaces, changes)


def differing(fields: Mapping[str, Field], one: Document, other: Document) -> tuple[str, ...]:
    """The names of the fields that differ, sorted; the order in a set does not matter."""
    return tuple(sorted(name for name, each in fields.items() if not same(each, one[name], other[name])))


def same(kind: Field, one: Any, other: Any) -> bool:
    """Whether two values of a field are equal; unknown equals nothing but unknown."""
    return _canonical(kind, one) == _canonical(kind, other)


def contains_unknown(value: Any) -> bool:
    """Whether any part of a value is unknown."""
    if isinstance(value, Mapping):
        return any(contains_unknown(each) for each in cast("Mapping[str, Any]", value).values())
    if is_list(value):
        return any(contains_unknown(each) for each in value)
    return value is UNKNOWN


def _canonical(kind: Field, value: Any) -> Any:
    if value is None or value is UNKNOWN:
        return value
    if kind.kind == "object":
        return {name: _canonical(each, value.get(name)) for name, each in kind.fields.items()}
    element = kind.element or Field("string")
    if kind.kind == "map":
        return {name: _canonical(element, each) for name, each in value.items()}
    if kind.kind in {"list", "set"}:
        items = [_canonical(element, each) for each in value]
        return sorted(items, key=_order) if kind.kind == "set" else items
    return value


def _order(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _propose(fields: Mapping[str, Field], before: Document | None, inputs: Document) -> Document:
    proposed: Document = {}
    for name, each in fields.items():
        earlier = before[name] if isinstance(before, dict) else None
        given = inputs[name]
        if each.computed and given is None:
            proposed[name] = None if _was_given(each, earlier) else copy.deepcopy(earlier)
        elif each.kind == "object" and is_object(given):
            proposed[name] = _propose(each.fields, earlier, given)
        else:
            proposed[name] = _ordered(each, copy.deepcopy(given))
    return proposed


def _ordered(kind: Field, given: Any) -> Any:
    """A set's elements in the order in which Terraform keeps them, each once; anything else as it is."""
    if kind.kind != "set" or not isinstance(given, list):
        return given
    by_order = {_order(_canonical(kind.element or Field("string"), each)): each for each in cast("list[Any]", given)}
    return [by_order[each] for each in sorted(by_order)]


def _was_given(each: Field, earlier: Any) -> bool:
    """Whether an object in state must have come from a program: it holds something that is never computed."""
    if not each.optional or each.kind != "object" or not isinstance(earlier, dict):
        return False
    value = cast("Document", earlier)
    return any(
        value.get(name) is not None and (not inner.computed or _was_given(inner, value.get(name)))
        for name, inner in each.fields.items()
    )


def _fill_defaults(fields: Mapping[str, Field], planned: Document, inputs: Document) -> None:
    for name, each in fields.items():
        if each.default is not None and inputs[name] is None:
            planned[name] = copy.deepcopy(each.default)
        elif each.kind == "object" and isinstance(planned[name], dict) and isinstance(inputs[name], dict):
            _fill_defaults(each.fields, planned[name], inputs[name])


def _mark_unknown(fields: Mapping[str, Field], planned: Document, inputs: Document) -> None:
    for name, each in fields.items():
        if inputs[name] is None:
            if each.computed and each.default is None:
                planned[name] = UNKNOWN
        elif each.kind == "object" and isinstance(planned[name], dict) and isinstance(inputs[name], dict):
            _mark_unknown(each.fields, planned[name], inputs[name])


def _modify(fields: Mapping[str, Field], planned: Document, state: Document | None, inputs: Any) -> set[str]:
    asked: set[str] = set()
    for name, each in fields.items():
        earlier = state[name] if state is not None else None
        given: Any = inputs[name] if is_object(inputs) else None
        changed = state is not None and not same(each, earlier, planned[name])
        if changed and (each.replace == "always" or (each.replace == "if configured" and given is not None)):
            asked.add(name)
        if each.keep and earlier is not None and planned[name] is UNKNOWN and given is not UNKNOWN:
            planned[name] = copy.deepcopy(earlier)
        if each.kind == "object" and isinstance(planned[name], dict):
            inner = earlier if is_object(earlier) else blank(each.fields)
            if _modify(each.fields, planned[name], None if state is None else inner, given):
                asked.add(name)
    return asked
