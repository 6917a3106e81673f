"""The parts of two stacks' configs that differ, each small enough to name and whole enough to exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.documents import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Unit = tuple[str, ...]
"""A path in a stack's config: `("parity:applications", "shop", "domains")`."""

STACK_NAME: Unit = ("the stack's name",)
"""Not a key but the stack's own name, in the engine and in `parity:environment`."""

ENVIRONMENT: Unit = ("parity:environment",)

_WHOLE = {"parity:releases": 2}
"""Keys below which a part is only whole: `live` means nothing without `kept`; the number is the path's length."""

_NOT_COMPARED = frozenset({"parity:exceptions", "parity:acknowledged"})
"""Keys that speak of this comparison and of a review; no resource is made from them."""

_MISSING = object()


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Unit, ...]:
    """The smallest parts in which the two configs differ; lists and the keys of `_WHOLE` are taken as a whole."""
    return tuple(_differing({k: v for k, v in one.items() if k not in _NOT_COMPARED}, dict(other), ()))


def _differing(one: Any, other: Any, path: Unit) -> Iterable[Unit]:
    whole = bool(path) and len(path) >= _WHOLE.get(path[0], 1_000)
    if whole or not (is_mapping(one) and is_mapping(other)):
        if path != ENVIRONMENT and not _same(one, other):
            yield path
        return
    for name in dict.fromkeys([*one, *other]):
        if not path and name in _NOT_COMPARED:
            continue
        yield from _differing(one.get(name, _MISSING), other.get(name, _MISSING), (*path, name))


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one kind, so that `1` and `true` are not."""
    return one.__class__ is other.__class__ and one == other


def exchange(one: Mapping[str, Any], other: Mapping[str, Any], units: Iterable[Unit]) -> dict[str, Any]:
    """The first config with the given parts taken from the second; a part that the second lacks is taken out."""
    result: dict[str, Any] = _copied(dict(one))
    for unit in units:
        value = look_up(other, unit)
        parent: dict[str, Any] = result
        for name in unit[:-1]:
            parent = parent.setdefault(name, {})
        if value is _MISSING:
            parent.pop(unit[-1], None)
        else:
            parent[unit[-1]] = _copied(value)
    return result


def _copied(value: Any) -> Any:
    """The value with mappings and lists of its own; what they hold (secrets, too) is never changed, so it is shared."""
    if is_mapping(value):
        return {name: _copied(each) for name, each in value.items()}
    if is_list(value):
        return [_copied(each) for each in value]
    return value


def look_up(config: Mapping[str, Any], unit: Unit) -> Any:
    """The value of a part, or an object that `is_missing` knows."""
    value: Any = config
    for name in unit:
        if not is_mapping(value) or name not in value:
            return _MISSING
        value = value[name]
    return value


def is_missing(value: object) -> bool:
    """Whether `look_up` found nothing."""
    return value is _MISSING


def spell(unit: Unit) -> str:
    """A part as people write it: `parity:applications.shop.domains`."""
    return ".".join(unit)
