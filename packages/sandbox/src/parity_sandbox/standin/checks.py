"""Checks of single values, as the real provider's schema has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity_sandbox.standin.schema import Check


def one_of(*allowed: Any) -> Check:
    """Refuses every value but these."""

    def check(value: Any) -> str | None:
        return None if value in allowed else f"value must be one of {list(allowed)}, got {value!r}"

    return check


def each_of(*allowed: str) -> Check:
    """Refuses a collection that holds anything but these."""

    def check(value: Any) -> str | None:
        wrong = [each for each in value if isinstance(each, str) and each not in allowed]
        return f"values must be among {list(allowed)}, got {wrong}" if wrong else None

    return check


def length(least: int, most: int | None = None) -> Check:
    """Refuses a string that is shorter than `least` characters or longer than `most`."""

    def check(value: Any) -> str | None:
        if len(value) < least or (most is not None and len(value) > most):
            limit = f"at least {least}" if most is None else f"between {least} and {most}"
            return f"string length must be {limit}, got {len(value)}"
        return None

    return check


def size(least: int, most: int | None = None) -> Check:
    """Refuses a collection with fewer than `least` elements or more than `most`."""

    def check(value: Any) -> str | None:
        if len(value) < least or (most is not None and len(value) > most):
            limit = f"at least {least}" if most is None else f"between {least} and {most}"
            return f"must hold {limit} elements, got {len(value)}"
        return None

    return check


def matches(pattern: str, message: str) -> Check:
    """Refuses a string that the pattern does not match from start to end, with the provider's own message."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str | None:
        return None if compiled.fullmatch(value) else message

    return check


def between(least: float, most: float | None = None) -> Check:
    """Refuses a number below `least` or above `most`."""

    def check(value: Any) -> str | None:
        if value < least or (most is not None and value > most):
            limit = f"at least {least}" if most is None else f"between {least} and {most}"
            return f"value must be {limit}, got {value}"
        return None

    return check
