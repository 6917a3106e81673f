"""Checks a body against the fields an operation takes, and refuses it with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parity_sandbox.github.errors import InvalidRequest

_NAMES = {str: "a string", int: "an integer", bool: "a boolean", list: "an array", dict: "an object"}


@dataclass(frozen=True)
class Field:
    """What one field of a body may be."""

    kind: type
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    elements: tuple[type, ...] = ()
    """What the elements of a list may be; empty for anything."""


def check(body: Mapping[str, Any], fields: Mapping[str, Field], *, closed: bool = False) -> None:
    """Check `body` against `fields`; with `closed`, a field that is not among them is a fault.

    Raises:
        InvalidRequest: 422 with one sentence for each fault, in GitHub's words.
    """
    faults = _missing(body, fields)
    for name, value in body.items():
        known = fields.get(name)
        if known is not None:
            faults += _wrong(name, value, known)
        elif closed:
            faults.append(f'"{name}" is not a permitted key.')
    if faults:
        raise InvalidRequest(faults)


def _missing(body: Mapping[str, Any], fields: Mapping[str, Field]) -> list[str]:
    names = [f'"{name}"' for name, known in fields.items() if known.required and name not in body]
    if not names:
        return []
    return [f"{', '.join(names)} {'wasn' if len(names) == 1 else 'weren'}'t supplied."]


def _wrong(name: str, value: Any, known: Field) -> list[str]:
    if value is None:
        return [] if known.nullable else [f"Invalid property /{name}: data cannot be null."]
    if not isinstance(value, known.kind) or (known.kind is int and isinstance(value, bool)):
        return [f"For 'properties/{name}', {value!r} is not {_NAMES[known.kind]}."]
    if known.choices and value not in known.choices:
        return [f'"{value}" is not a member of {list(known.choices)}.']
    if known.elements:
        return [
            f"For 'items/{name}', {each!r} is not {' or '.join(_NAMES[kind] for kind in known.elements)}."
            for each in value
            if not isinstance(each, known.elements) or isinstance(each, bool)
        ]
    return []
