"""Inputs: names made up, values checked, ignored changes undone, and read back from a resource's state."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi.provider.experimental.property_value import PropertyValue

from parity_sandbox.narrowing import as_object, is_object
from parity_sandbox.standin.errors import UnknownToStandInError
from parity_sandbox.standin.schema import UNKNOWN, Document, Failure, Field

_SUFFIX_DIGITS = 7


def with_name(
    given: dict[str, PropertyValue], earlier: Mapping[str, PropertyValue], name: str, seed: bytes
) -> dict[str, PropertyValue]:
    """The inputs with a `name`: the program's, else the one before, else the resource's and random hex digits."""
    if given.get("name", PropertyValue(None)).value is not None:
        return given
    if isinstance(earlier.get("name", PropertyValue(None)).value, str):
        return {**given, "name": earlier["name"]}
    digits = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(_SUFFIX_DIGITS)
    return {**given, "name": PropertyValue(f"{name}-{digits[:_SUFFIX_DIGITS]}")}


def check_values(fields: Mapping[str, Field], inputs: Document, where: str = "") -> list[Failure]:
    """What the fields' own rules refuse; a value that is not known yet passes."""
    failures: list[Failure] = []
    for name, each in fields.items():
        path, value = f"{where}{name}", inputs.get(name)
        if value is None:
            if each.required:
                failures.append(Failure(path, f"Missing required argument. The argument `{path}` is required."))
        elif not each.is_input:
            failures.append(Failure(path, f"`{path}` is an output: the program cannot give it."))
        else:
            failures += _check_value(each, value, path)
    return failures


def _check_value(kind: Field, value: Any, path: str) -> list[Failure]:
    if value is UNKNOWN:
        return []
    reasons = (check(value) for check in kind.checks)
    failures = [Failure(path, f"Invalid Attribute Value. {path} {reason}") for reason in reasons if reason is not None]
    if kind.kind == "object":
        return failures + check_values(kind.fields, value, f"{path}.")
    if kind.element is not None and kind.kind in {"list", "set"}:
        for index, each in enumerate(cast("list[Any]", value)):
            failures += _check_value(kind.element, each, f"{path}[{index}]")
    return failures


def ignore_changes(state: Document, inputs: Document, ignored: list[str]) -> Document:
    """The inputs with every ignored property as it stands in the state."""
    result = dict(inputs)
    for path in ignored:
        parts = [part for part in re.split(r"[.\[\]\"]+", path) if part]
        if parts:
            result = _restore(state, result, parts, path)
    return result


def _restore(source: Any, target: Any, parts: list[str], path: str) -> Any:
    head, *rest = parts
    if head == "*" or not is_object(target):
        raise UnknownToStandInError(f"`ignoreChanges` with the path `{path}`: name top-level properties")
    before: Any = as_object(source).get(head)
    result = dict(target)
    result[head] = _restore(before, result.get(head), rest, path) if rest else before
    return result


def after_refresh(
    fields: Mapping[str, Field], earlier: Mapping[str, PropertyValue], outputs: Mapping[str, PropertyValue]
) -> dict[str, PropertyValue]:
    """The inputs that the program gave, with the values that were found; those that are gone are left out."""
    return {
        name: _extract(fields.get(name), value, outputs[name]) for name, value in earlier.items() if name in outputs
    }


def _extract(kind: Field | None, earlier: PropertyValue, found: PropertyValue) -> PropertyValue:
    old, new = earlier.value, found.value
    secret = earlier.is_secret or found.is_secret
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        inner: Mapping[str, Field] = kind.fields if kind is not None and kind.kind == "object" else {}
        value = {name: _extract(inner.get(name), each, new[name]) for name, each in old.items() if name in new}
        return PropertyValue(value, is_secret=secret)
    if _is_list(old) and _is_list(new):
        pairs = zip(cast("Sequence[PropertyValue]", old), cast("Sequence[PropertyValue]", new), strict=False)
        element = kind.element if kind is not None else None
        return PropertyValue([_extract(element, one, other) for one, other in pairs], is_secret=secret)
    return PropertyValue(new, is_secret=secret)


def after_import(fields: Mapping[str, Field], outputs: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    """The inputs that a program would have to give: what is required, and what is neither empty, zero nor false."""
    result: dict[str, PropertyValue] = {}
    for name, value in outputs.items():
        each = fields[name]
        if not each.is_input:
            continue
        inner = _as_input(each, value)
        if each.required or inner.value not in (False, 0.0, "", (), {}):
            result[name] = inner
    return result


def _as_input(kind: Field, value: PropertyValue) -> PropertyValue:
    inner = value.value
    if kind.kind == "object" and isinstance(inner, Mapping):
        return PropertyValue(after_import(kind.fields, inner), is_secret=value.is_secret)
    if kind.element is not None and _is_list(inner):
        items = [_as_input(kind.element, each) for each in cast("Sequence[PropertyValue]", inner)]
        return PropertyValue(items, is_secret=value.is_secret)
    return value


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
