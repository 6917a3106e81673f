"""Types of JSON values: what an object or a list from outside is, for the type checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether the value is a JSON list."""
    return isinstance(value, list)


def as_object(value: object) -> dict[str, Any]:
    """The value where it is an object, otherwise an empty one."""
    return value if is_object(value) else {}


def as_list(value: object) -> list[Any]:
    """The value where it is a list, otherwise an empty one."""
    return value if is_list(value) else []


def part(document: object, name: str) -> dict[str, Any]:
    """The object under `name`, empty where there is none, or no document."""
    return as_object(as_object(document).get(name))


def items(document: object, name: str) -> list[Any]:
    """The list under `name`, empty where there is none, or no document."""
    return as_list(as_object(document).get(name))


def picked(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The fields of those names; raises KeyError where one is missing."""
    return {name: document[name] for name in names}
