"""Snapshots as folders: the store (SQLite's own backup), PostgreSQL's data and Pulumi's state, of one moment.

PostgreSQL must be stopped while its files are copied; who calls this sees to it.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from parity_sandbox.copies import copy_folder
from parity_sandbox.errors import SnapshotError
from parity_sandbox.layout import Layout, read_json, write_json
from parity_sandbox.store import Document

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STORE = "store.db"
_ABOUT = "snapshot.json"
_UNFINISHED = ".part"


def _checked(layout: Layout, name: object) -> Path:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith(_UNFINISHED):
        raise SnapshotError(
            f"{name!r} cannot name a snapshot: take letters, digits, `.`, `_` and `-`, 64 at most, "
            "a letter or digit first."
        )
    return layout.snapshots / name


def new_place(layout: Layout, name: object) -> Path:
    """Where a snapshot of this name will lie; raises SnapshotError where there is one or the name will not do."""
    place = _checked(layout, name)
    if place.exists():
        raise SnapshotError(f"There is already a snapshot {name!r}: delete it, or choose another name.")
    return place


def known_place(layout: Layout, name: object) -> Path:
    """Where the snapshot of this name lies; raises SnapshotError where there is none."""
    place = _checked(layout, name)
    if not (place / _ABOUT).exists():
        names = ", ".join(each["name"] for each in listing(layout)) or "none"
        raise SnapshotError(f"There is no snapshot {name!r}. There are: {names}.")
    return place


def _folders(layout: Layout) -> tuple[tuple[str, Path], ...]:
    return (("postgres", layout.postgres / "data"), ("backend", layout.backend))


def save(layout: Layout, store: Path, place: Path) -> None:
    """Write a snapshot to `place` atomically."""
    part = place.with_name(place.name + _UNFINISHED)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(part / _STORE)) as target:
        source.backup(target)
    (part / _STORE).chmod(0o600)
    for name, folder in _folders(layout):
        copy_folder(folder, part / name)
    write_json(part / _ABOUT, {"name": place.name, "saved": time.time()})
    part.rename(place)


def load_folders(layout: Layout, place: Path) -> None:
    """Put PostgreSQL's data and Pulumi's state back; each folder is replaced once its copy is complete."""
    for name, folder in _folders(layout):
        fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        copy_folder(place / name, fresh, before=folder)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def load_store(connection: sqlite3.Connection, place: Path) -> None:
    """Put the store back into an open connection."""
    with closing(sqlite3.connect(place / _STORE)) as source:
        source.backup(connection)


def listing(layout: Layout) -> list[Document]:
    """Name and time, seconds since 1970, of each snapshot, oldest first."""
    known = [
        read_json(path) for path in layout.snapshots.glob(f"*/{_ABOUT}") if not path.parent.name.endswith(_UNFINISHED)
    ]
    return sorted((each for each in known if each), key=lambda each: each["saved"])


def delete(layout: Layout, name: object) -> None:
    """Delete a snapshot; raises SnapshotError where there is none."""
    shutil.rmtree(known_place(layout, name))
