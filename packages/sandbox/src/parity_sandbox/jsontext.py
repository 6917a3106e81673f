"""Reads JSON that a client sent: bounded in depth and numbers, every refusal a ValueError with a sentence."""

from __future__ import annotations

import json
import math

_MAXIMUM_DEPTH = 100
"""Objects and lists inside one another; the limit of Rails, and so of GitHub."""
_LARGEST = 2**63
"""Integers have at most 64 bits: SQLite and the vendors' own storage take no larger ones."""


def parse_json(raw: bytes) -> object:
    """The document in `raw`.

    Raises:
        ValueError: text that is not JSON (`NaN` and `Infinity` are not), is nested deeper than 100, or holds a number
            beyond 64 bits or half of a surrogate pair.
    """
    try:
        document = json.loads(raw, parse_constant=_no_constant, parse_int=_integer, parse_float=_float)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    _check(document)
    return document


_TOO_DEEP = f"it is nested deeper than {_MAXIMUM_DEPTH}"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _integer(text: str) -> int:
    if len(text) > len(str(-_LARGEST)) or not -_LARGEST <= int(text) < _LARGEST:
        raise ValueError("an integer has more than 64 bits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _check(document: object) -> None:
    """Check depth and texts without recursion."""
    level: list[object] = [document]
    for _ in range(_MAXIMUM_DEPTH + 1):
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                _check_text(each)
            elif isinstance(each, dict):
                below += [*each.keys(), *each.values()]
            elif isinstance(each, list):
                below += each
        if not below:
            return
        level = below
    raise ValueError(_TOO_DEEP)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half of a surrogate pair") from error
