"""Parts of JSON documents, with a type: an object or a list that may be missing or null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.narrowing import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity_sandbox.store import Document


def part(document: Mapping[str, Any], name: str) -> Document:
    """The object under `name`, empty where there is none or null."""
    return as_object(document.get(name))


def items(document: Mapping[str, Any], name: str) -> list[Any]:
    """The list under `name`, empty where there is none or null."""
    return as_list(document.get(name))
