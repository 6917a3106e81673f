"""Checks of single values, as the real provider's schema has them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

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
    return _within(len, "string length must be {}, got {}", least, most)


def size(least: int, most: int | None = None) -> Check:
    """Refuses a collection with fewer than `least` elements or more than `most`."""
    return _within(len, "must hold {} elements, got {}", least, most)


def between(least: float, most: float | None = None) -> Check:
    """Refuses a number below `least` or above `most`."""
    return _within(lambda value: value, "value must be {}, got {}", least, most)


def _within(measure: Callable[[Any], float], words: str, least: float, most: float | None) -> Check:
    def check(value: Any) -> str | None:
        found = measure(value)
        if found < least or (most is not None and found > most):
            return words.format(f"at least {least}" if most is None else f"between {least} and {most}", found)
        return None

    return check


def matches(pattern: str, message: str) -> Check:
    """Refuses a string that the pattern does not match from start to end, with the provider's own message."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str | None:
        return None if compiled.fullmatch(value) else message

    return check
