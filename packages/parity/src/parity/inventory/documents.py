"""Reads parts of JSON documents whose forms no vendor promises."""

from __future__ import annotations

from typing import Any

from parity import documents
from parity.documents import Document, is_list, is_mapping


def part(document: object, name: str) -> Document:
    """Read an object inside a document; empty if it or the document is missing, null or no object."""
    return documents.mapping(documents.mapping(document).get(name))


def rows(document: object, name: str) -> list[Document]:
    """Read the objects of a list inside a document; none if the list is missing, null or no list."""
    return documents.rows(documents.mapping(document).get(name))


def objects(value: object) -> list[Document]:
    """Read a list of objects; raises ValueError if it is no list or an item is no object."""
    if not is_list(value):
        raise ValueError("the answer is no list")
    found = [each for each in value if is_mapping(each)]
    if len(found) < len(value):
        raise ValueError("an item of the list is no object")
    return found


def texts(value: Any) -> list[str]:
    """Read a list or a single text as a sorted list of texts."""
    return [value] if isinstance(value, str) else sorted(str(each) for each in documents.items(value))
