"""Splits two stacks' configs into the smallest differing parts that can be exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.documents import is_mapping, mapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Unit = tuple[str, ...]
"""A path in a stack's config: `("parity:applications", "shop", "domains")`."""

STACK_NAME: Unit = ("the stack's name",)
"""Not a key but the stack's own name, in the engine and in `parity:environment`."""

ENVIRONMENT: Unit = ("parity:environment",)

_ATOMIC = {"parity:releases": 2}
"""Path length at which a key's parts are exchanged in one: `live` means nothing without `kept`."""

_NOT_COMPARED = frozenset({"parity:acknowledged", "parity:fingerprints", "parity:promotesFrom"})
"""Keys about the review, secrets' values and the order of promotion; no resource is made from them.

So a program that read the order, which names stacks, would make a difference that no key explains.
"""

_MISSING = object()


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Unit, ...]:
    """The smallest parts in which the two configs differ; lists and the keys of `_ATOMIC` are not split."""
    return tuple(_differing({k: v for k, v in one.items() if k not in _NOT_COMPARED}, dict(other), ()))


def _differing(one: Any, other: Any, path: Unit) -> Iterable[Unit]:
    atomic = bool(path) and len(path) >= _ATOMIC.get(path[0], 1_000)
    if atomic or not (is_mapping(one) and is_mapping(other)):
        if path != ENVIRONMENT and not _same(one, other):
            yield path
        return
    for name in dict.fromkeys([*one, *other]):
        if not path and name in _NOT_COMPARED:
            continue
        yield from _differing(one.get(name, _MISSING), other.get(name, _MISSING), (*path, name))


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one type, so that `1` and `true` are not."""
    return one.__class__ is other.__class__ and one == other


def exchange(one: Mapping[str, Any], other: Mapping[str, Any], units: Iterable[Unit]) -> dict[str, Any]:
    """Replace the given parts of the first config by the second's; a part that the second lacks is removed."""
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
    """Copy a value's mappings and lists; scalars and secrets are never changed, so they are shared."""
    return mapped(value, lambda each: each)


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
