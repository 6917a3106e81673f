"""The request log: one committed row for each request that reached the sandbox, in the store's own file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from parity_sandbox.store import Document, Store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    service TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER,
    request_id TEXT NOT NULL,
    duration_ms REAL NOT NULL,
    fault TEXT,
    applied INTEGER NOT NULL,
    body_digest TEXT,
    body TEXT
)
"""
_COLUMNS = "time, service, method, path, status, request_id, duration_ms, fault, applied, body_digest, body"


@dataclass(frozen=True)
class Entry:
    """One request."""

    time: float
    """When it came, seconds since 1970."""
    service: str
    """`vercel`, `github`, `edge`, `unknown`, or `proxy` for a request that the proxy refused."""
    method: str
    path: str
    """With its query, tokens as fingerprints; the host too for the edge and the proxy."""
    status: int | None
    """What the client was sent; None where the connection was dropped or is still held."""
    request_id: str = ""
    duration_ms: float = 0.0
    fault: str | None = None
    """The fault that struck it."""
    applied: bool = False
    """Whether the handler ran and its effect, if it has one, was committed."""
    body_digest: str | None = None
    """Keyed fingerprint of the body; None where there is none."""
    body: Any = None
    """The JSON body's shape, each text a keyed fingerprint."""


class RequestLog:
    """Adds rows and reads them back."""

    def __init__(self, store: Store) -> None:
        """Keep the log in `store`'s file."""
        self._connection = store.connection
        self._connection.execute(_SCHEMA)

    def add(self, entry: Entry) -> int:
        """Write a row, in the transaction that is open; gives its number."""
        values = asdict(entry) | {"applied": int(entry.applied), "body": _dump(entry.body)}
        cursor = self._connection.execute(
            f"INSERT INTO requests ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608 - constants
            tuple(values.values()),
        )
        return int(cursor.lastrowid or 0)

    def finish(self, row: int, status: int | None, duration_ms: float, fault: str | None) -> None:
        """Write what came of a request whose row was added with its effect."""
        self._connection.execute(
            "UPDATE requests SET status = ?, duration_ms = ?, fault = ? WHERE id = ?", (status, duration_ms, fault, row)
        )

    def rows(
        self, since: int = 0, limit: int = 1000, service: str | None = None, method: str | None = None
    ) -> list[Document]:
        """The rows after number `since`, oldest first, at most `limit`."""
        cursor = self._connection.execute(
            f"SELECT id, {_COLUMNS} FROM requests WHERE id > ? AND (? IS NULL OR service = ?) "  # noqa: S608 - constants
            "AND (? IS NULL OR method = ?) ORDER BY id LIMIT ?",
            (since, service, service, method, method, limit),
        )
        return [_row(row) for row in cursor]

    def clear(self) -> None:
        """Delete every row; numbers go on."""
        self._connection.execute("DELETE FROM requests")


def _dump(body: object) -> str | None:
    return None if body is None else json.dumps(body)


def _row(values: tuple[Any, ...]) -> Document:
    names = ("id", *(name.strip() for name in _COLUMNS.split(",")))
    row = dict(zip(names, values, strict=True))
    row["applied"] = bool(row["applied"])
    row["body"] = None if row["body"] is None else json.loads(row["body"])
    return row
