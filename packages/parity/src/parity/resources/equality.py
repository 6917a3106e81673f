"""Decides whether declared, recorded and live values are the same, for drift, check and recover alike.

Lists are sets, but for those whose order decides, which the kind's descriptor names (`ordered`). What is unset is
unset, however a vendor writes it: null, false, 0, an empty text, list or object, or nothing at all. If a vendor's own
default is another value, the descriptor gives it (`usual`), and it replaces missing values. Types count: `"20"` is not
20, and 1 is not true.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parity.documents import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class _Ordered(list[Any]):
    """A list whose order counts."""


def unset(value: Any) -> bool:
    """Whether a value is what a vendor gives for a property that is not set."""
    return value in (None, "", False, 0, [], {})


def normal(value: Any) -> Any:
    """The form in which values are compared: sets sorted, integral floats as integers, unset parts left out."""
    if is_mapping(value):
        return {
            name: inner
            for name, each in sorted(value.items())
            if not name.startswith("__") and not unset(inner := normal(each))
        }
    if isinstance(value, tuple):
        value = list(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, _Ordered):
        return _Ordered(map(normal, value))
    if is_list(value):
        return sorted((normal(each) for each in value), key=_text)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def same(one: Any, other: Any, usual: Any = None) -> bool:
    """Whether two values are the same; `usual` replaces a missing value (None)."""
    mine, theirs = (normal(usual if each is None else each) for each in (one, other))
    return (unset(mine) and unset(theirs)) or _text(mine) == _text(theirs)


def same_object(
    one: Mapping[str, Any], other: Mapping[str, Any], usual: Mapping[str, Any], ordered: Collection[str] = ()
) -> bool:
    """Whether two objects are the same in every property; `usual` gives defaults by path, `ordered` as in `flat`."""
    mine, theirs = flat(one, ordered), flat(other, ordered)
    return all(same(mine.get(path), theirs.get(path), usual.get(path)) for path in mine.keys() | theirs.keys())


def flat(value: Any, ordered: Collection[str] = (), path: str = "") -> dict[str, Any]:
    """A value's leaves in normal form by dotted path; a list is one leaf, an empty object none.

    `ordered` has the paths of lists whose order decides.
    """
    if is_mapping(value):
        found: dict[str, Any] = {}
        for name, each in value.items():
            if not name.startswith("__"):
                found |= flat(each, ordered, f"{path}.{name}" if path else name)
        return found
    return {path: normal(_Ordered(value) if path in ordered and is_list(value) else value)}


def _text(value: Any) -> str:
    """A normal value as JSON, where true is not 1. What JSON has no form for (a sealed secret) equals only itself."""
    return json.dumps(value, sort_keys=True, default=lambda each: f"{type(each).__name__} {id(each)}")
