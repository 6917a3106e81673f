"""Parts of JSON documents whose forms nobody promises."""

from __future__ import annotations

from typing import Any, cast

Document = dict[str, Any]


def part(document: object, name: str) -> Document:
    """An object inside a document; empty where it, or the document, is missing, null or no object."""
    inner = cast("Document", document).get(name) if isinstance(document, dict) else None
    return cast("Document", inner) if isinstance(inner, dict) else {}


def rows(document: object, name: str) -> list[Document]:
    """A list of objects inside a document; empty where it is missing, null or no list."""
    inner = cast("Document", document).get(name) if isinstance(document, dict) else None
    return cast("list[Document]", inner) if isinstance(inner, list) else []


def texts(value: Any) -> list[str]:
    """A list of texts, of a list or of one text, sorted."""
    if isinstance(value, str):
        return [value]
    return sorted(str(each) for each in cast("list[Any]", value)) if isinstance(value, list) else []
