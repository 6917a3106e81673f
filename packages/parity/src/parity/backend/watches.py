"""Watches: which release of which application is, was or should have been watched after its switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.backend.notes import Notes

if TYPE_CHECKING:
    from parity.backend.notes import Note
    from parity.engine.store import Store


def notes(store: Store, project: str, stack: str) -> Notes:
    """The watches of a stack.

    One begins with `application`, `release`, `before` (the release that was live; null where there was none) and
    `update` (its record's id in the ledger), and ends with `result`, `why` and `who`.
    """
    return Notes(store, f".parity/watches/{project}/{stack}")


def name_of(note: Note) -> str:
    """`r8 of shop`."""
    return f"{note.begin['release']} of {note.begin['application']}"
