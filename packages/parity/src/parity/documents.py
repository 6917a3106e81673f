"""Typed access to documents that other programs write: JSON of the engine and its state, YAML of the stacks' files.

A document arrives as `Any`. These functions check the form of a part once, where it is read, so that its readers need
no casts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Document = dict[str, Any]


def is_mapping(value: object) -> TypeGuard[Document]:
    """Whether a part of a document is a mapping; its keys are texts in JSON and in the stacks' files."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a part of a document is a list."""
    return isinstance(value, list)


def mapping(value: object) -> Document:
    """The part as a mapping, itself and no copy; an empty one where it is none."""
    return value if is_mapping(value) else {}


def items(value: object) -> list[Any]:
    """The part as a list, itself and no copy; an empty one where it is none."""
    return value if is_list(value) else []


def at(value: object, *path: str | int) -> Any:
    """What stands at a path of keys; None where there is nothing."""
    for part in path:
        value = mapping(value).get(str(part))
    return value


def rows(value: object) -> list[Document]:
    """The mappings in a list; none where it is no list."""
    return [each for each in items(value) if is_mapping(each)]


def texts(value: object) -> list[str]:
    """The texts in a list; none where it is no list."""
    return [each for each in items(value) if isinstance(each, str)]


def mapped(value: Any, leaf: Callable[[Any], Any], is_leaf: Callable[[Document], bool] = lambda _: False) -> Any:
    """A value with each leaf changed: what is neither mapping nor list, and a mapping that `is_leaf` takes for one."""
    if is_mapping(value) and not is_leaf(value):
        return {name: mapped(each, leaf, is_leaf) for name, each in value.items()}
    return [mapped(each, leaf, is_leaf) for each in value] if is_list(value) else leaf(value)


def parse(text: str | bytes) -> Document:
    """A JSON document that is an object; raises ValueError where the text is none."""
    found: object = json.loads(text)
    if not is_mapping(found):
        raise ValueError(f"a JSON object is expected, and there is {type(found).__name__}")
    return found


def lacking(document: Mapping[str, Any], required: Iterable[str]) -> dict[str, str]:
    """What is wrong with required parts, by name; those that are not known yet are None and pass."""
    return {
        name: "is missing" if name not in document else "must not be empty"
        for name in required
        if name not in document or document[name] == ""
    }
