"""How the real provider, in Go, turns planned values into JSON: null and unknown each have their own zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity_sandbox.standin.schema import UNKNOWN, Document


def known(value: Any) -> bool:
    """Whether a value is neither null nor unknown."""
    return value is not None and value is not UNKNOWN


def text(value: Any) -> str:
    """`ValueString`: empty where null or unknown."""
    return value if isinstance(value, str) else ""


def text_pointer(value: Any) -> str | None:
    """`ValueStringPointer`: null stays null, unknown becomes empty."""
    return None if value is None else text(value)


def flag(value: Any) -> bool:
    """`ValueBool`: false where null or unknown."""
    return value is True


def flag_pointer(value: Any) -> bool | None:
    """`ValueBoolPointer`: null stays null, unknown becomes false."""
    return None if value is None else flag(value)


def items(value: Any) -> list[str]:
    """A collection's elements; empty where null or unknown."""
    return list(value) if known(value) else []


def without_empty(values: Mapping[str, Any]) -> Document:
    """`omitempty`: what is null, empty, zero or false is left out."""
    return {name: value for name, value in values.items() if value or (isinstance(value, bool) and value)}


def without_null(values: Mapping[str, Any]) -> Document:
    """`omitempty` on pointers: only null is left out."""
    return {name: value for name, value in values.items() if value is not None}
