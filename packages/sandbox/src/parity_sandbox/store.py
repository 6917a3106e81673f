"""The sandbox's storage: indexed documents in SQLite, one transaction a request."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    service TEXT NOT NULL,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (service, kind, id)
);
CREATE INDEX IF NOT EXISTS documents_in_order ON documents (service, kind, seq);
CREATE INDEX IF NOT EXISTS documents_by_name ON documents (service, kind, json_extract(body, '$.name'));
CREATE INDEX IF NOT EXISTS documents_by_project ON documents (service, kind, json_extract(body, '$.projectId'));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Store:
    """Documents by service, kind and id, kept in one SQLite file.

    Journal mode WAL with `synchronous=NORMAL`: a write that was committed survives a SIGKILL of the process
    (https://sqlite.org/wal.html); the loss of power is out of scope.
    """

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, making it where it is missing."""
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.executescript(_SCHEMA)
        self._depth = 0

    def close(self) -> None:
        """Close the file. Nothing is buffered, so nothing is lost without it."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what happens inside as one; roll all of it back where it raises. Nested use joins the outer one."""
        if self._depth:
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        else:
            self.connection.execute("COMMIT")
        finally:
            self._depth -= 1

    def collection(self, service: str, kind: str) -> Collection:
        """The documents of one kind, for example `("vercel", "projects")`."""
        return Collection(self, service, kind)

    def next_number(self, name: str) -> int:
        """The next value of the counter `name`, from 1, never given twice."""
        row = self.connection.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        ).fetchone()
        return int(row[0])

    def everything(self) -> dict[str, dict[str, list[Document]]]:
        """All documents as `{service: {kind: [document, ...]}}`, oldest first."""
        result: dict[str, dict[str, list[Document]]] = {}
        rows = self.connection.execute("SELECT service, kind, body FROM documents ORDER BY service, kind, seq")
        for service, kind, body in rows:
            result.setdefault(service, {}).setdefault(kind, []).append(json.loads(body))
        return result

    def remove(self, service: str, **equal: object) -> None:
        """Delete the documents of a service, of every kind, whose top-level fields equal what is given."""
        self.connection.execute(f"DELETE FROM documents WHERE service = ?{_same(equal)}", (service, *equal.values()))  # noqa: S608 - names of code

    def clear(self) -> None:
        """Delete every document; counters go on, so no id comes twice."""
        self.connection.execute("DELETE FROM documents")


def _same(equal: dict[str, object]) -> str:
    return "".join(f" AND json_extract(body, '$.{name}') IS ?" for name in equal)


@dataclass(frozen=True)
class Collection:
    """The documents of one service and kind, in the order in which they were added."""

    store: Store
    service: str
    kind: str

    def insert(self, key: str, document: Document) -> Document:
        """Add a document; raises KeyError where the key is taken."""
        try:
            self.store.connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
                (self.service, self.kind, key, self.store.next_number("sequence"), json.dumps(document)),
            )
        except sqlite3.IntegrityError as error:
            raise KeyError(key) from error
        return document

    def put(self, key: str, document: Document) -> Document:
        """Replace the document under `key`, keeping its place in the order; raises KeyError where there is none."""
        changed = self.store.connection.execute(
            "UPDATE documents SET body = ? WHERE service = ? AND kind = ? AND id = ?",
            (json.dumps(document), self.service, self.kind, key),
        ).rowcount
        if not changed:
            raise KeyError(key)
        return document

    def keep(self, key: str, document: Document) -> Document:
        """Put the document under `key`, in place of the one that is there, if any."""
        return self.insert(key, document) if self.get(key) is None else self.put(key, document)

    def get(self, key: str) -> Document | None:
        """The document under `key`, a copy of its own, or None."""
        row = self.store.connection.execute(
            "SELECT body FROM documents WHERE service = ? AND kind = ? AND id = ?",
            (self.service, self.kind, key),
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def delete(self, key: str) -> bool:
        """Delete the document under `key`; says whether there was one."""
        return bool(
            self.store.connection.execute(
                "DELETE FROM documents WHERE service = ? AND kind = ? AND id = ?",
                (self.service, self.kind, key),
            ).rowcount
        )

    def all(self) -> list[Document]:
        """Every document, oldest first."""
        rows = self.store.connection.execute(
            "SELECT body FROM documents WHERE service = ? AND kind = ? ORDER BY seq", (self.service, self.kind)
        )
        return [json.loads(row[0]) for row in rows]

    def find(self, **equal: object) -> list[Document]:
        """The documents whose top-level fields equal what is given (texts, numbers, None), oldest first.

        A field that is missing equals None.
        """
        rows = self.store.connection.execute(
            f"SELECT body FROM documents WHERE service = ? AND kind = ?{_same(equal)} ORDER BY seq",  # noqa: S608 - names of code
            (self.service, self.kind, *equal.values()),
        )
        return [json.loads(row[0]) for row in rows]

    def first(self, **equal: object) -> Document | None:
        """The oldest document whose top-level fields equal what is given, or None."""
        return next(iter(self.find(**equal)), None)
