"""A proxy in front of PostgreSQL that sees each statement, tells which of them commit, and can hold one at its commit.

It reads PostgreSQL's protocol (https://www.postgresql.org/docs/current/protocol-message-formats.html) and changes
nothing in it. A statement is known by its text without literals, so no password is ever kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_SPACE = re.compile(r"\s+")
_ENDS = re.compile(r"^(COMMIT|END)\b", re.IGNORECASE)
_QUIET = ("BEGIN", "DISCARD", "FETCH", "RESET", "ROLLBACK", "SELECT", "SET", "SHOW", "START TRANSACTION")
"""Command tags of statements that leave nothing behind when they are no part of a transaction."""
_LIMIT_SECONDS = 30


@dataclass(frozen=True)
class Commit:
    """A statement that committed something: the `nth` execution, from 1, of this text."""

    text: str
    nth: int


@dataclass
class Hold:
    """A statement that is to be held, and whether it has come."""

    commit: Commit
    when: str
    """`before`: PostgreSQL has not got it; `after`: PostgreSQL has committed, and the client has no answer yet."""
    reached: threading.Event = field(default_factory=threading.Event)
    _decision: asyncio.Event = field(default_factory=asyncio.Event)
    _cut: bool = False

    def matches(self, text: str, nth: int) -> bool:
        """Whether this execution is the one."""
        return (text, nth) == (self.commit.text, self.commit.nth)


class Wire:
    """The proxy, on a thread of its own, on a free port of loopback."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.commits: list[Commit] = []
        """What was committed so far, in order."""
        self.port = 0
        self._seen: Counter[str] = Counter()
        self._hold: Hold | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def start(self) -> Wire:
        """Listen."""
        self._thread.start()
        self._run(self._listen())
        return self

    def close(self) -> None:
        """Cut every connection and stop."""
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def begin(self, hold: Hold | None = None) -> None:
        """Forget what was seen, and hold one statement from now on."""
        self.commits.clear()
        self._seen.clear()
        self._hold = hold

    def release(self, *, cut: bool = False) -> None:
        """Let the statement that is held go on, or cut its connection: at once, as a reset."""
        hold, self._hold = self._hold, None
        if hold is not None:
            hold._cut = cut
            self._loop.call_soon_threadsafe(hold._decision.set)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_LIMIT_SECONDS)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._links:
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        task.add_done_callback(self._links.discard)
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            _reset(writer)
            return
        link = _Link(self, reader, writer, *upstream)
        try:
            await link.run()
        finally:
            for each in (writer, upstream[1]):
                each.close()

    def _execution(self, text: str) -> tuple[int, Hold | None]:
        """Count an execution; gives its number and the hold where it is to be held."""
        self._seen[text] += 1
        nth = self._seen[text]
        hold = self._hold
        return nth, hold if hold is not None and hold.matches(text, nth) else None

    def _committed(self, text: str, nth: int) -> None:
        self.commits.append(Commit(text, nth))


class _Cut(Exception):
    """The connection is to be cut."""


@dataclass
class _Link:
    """One connection, both ways."""

    wire: Wire
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server_reader: asyncio.StreamReader
    server_writer: asyncio.StreamWriter
    _prepared: dict[bytes, str] = field(default_factory=dict[bytes, str])
    _portals: dict[bytes, str] = field(default_factory=dict[bytes, str])
    _transaction: list[str] = field(default_factory=list[str])
    """The texts of the transaction that is open."""
    _open: bool = False
    """Whether one is open, as the server last said."""
    _batch: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """What was sent since the server was last ready, with its number."""
    _tags: list[str] = field(default_factory=list[str])
    _failed: bool = False
    _held: Hold | None = None
    _kept_back: list[bytes] = field(default_factory=list[bytes])

    async def run(self) -> None:
        """Until either side is done."""
        tasks = [asyncio.create_task(self._from_client()), asyncio.create_task(self._from_server())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            if any(isinstance(each, _Cut) for each in ended):
                _reset(self.writer)

    async def _from_client(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._startup()
            while True:
                kind, body, raw = await _message(self.reader)
                text = self._executes(kind, body)
                if text is not None:
                    await self._execute(text)
                self.server_writer.write(raw)
                await self.server_writer.drain()

    async def _startup(self) -> None:
        """The first message has no kind; encryption is never asked for here."""
        length = await self.reader.readexactly(4)
        self.server_writer.write(length + await self.reader.readexactly(struct.unpack("!I", length)[0] - 4))

    def _executes(self, kind: bytes, body: bytes) -> str | None:
        """The text that a message executes, or None."""
        if kind == b"Q":
            return _plain(body.split(b"\0", 1)[0])
        if kind == b"P":
            name, text, *_ = body.split(b"\0", 2)
            self._prepared[name] = _plain(text)
        elif kind == b"B":
            portal, statement, *_ = body.split(b"\0", 2)
            self._portals[portal] = self._prepared.get(statement, "")
        elif kind == b"E":
            return self._portals.get(body.split(b"\0", 1)[0], "")
        return None

    async def _execute(self, text: str) -> None:
        if _ENDS.match(text):
            text = "COMMIT of " + "; ".join(self._transaction)
        elif self._open:
            self._transaction.append(text)
        nth, hold = self.wire._execution(text)
        self._batch.append((text, nth))
        if hold is None:
            return
        if hold.when == "before":
            await _decision(hold)
        else:
            self._held = hold

    async def _from_server(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, body, raw = await _message(self.server_reader)
                self._kept_back.append(raw)
                if kind == b"C":
                    self._tags.append(body.rstrip(b"\0").decode())
                elif kind == b"E":
                    self._failed = True
                elif kind == b"Z":
                    await self._ready(body)
                if self._held is None:
                    self.writer.write(b"".join(self._kept_back))
                    self._kept_back.clear()
                    await self.writer.drain()

    async def _ready(self, body: bytes) -> None:
        """The server has done all of the batch."""
        was_open, self._open = self._open, body == b"T"
        batch, tags, failed = self._batch, self._tags, self._failed
        self._batch, self._tags, self._failed = [], [], False
        if body == b"I" and batch and not failed:
            text, nth = batch[-1]
            if text.startswith("COMMIT of ") if was_open else any(not tag.startswith(_QUIET) for tag in tags):
                self.wire._committed(text, nth)
        if not self._open:
            self._transaction.clear()
        hold, self._held = self._held, None
        if hold is not None:
            await _decision(hold)


async def _decision(hold: Hold) -> None:
    hold.reached.set()
    await hold._decision.wait()
    if hold._cut:
        raise _Cut


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes, bytes]:
    head = await reader.readexactly(5)
    body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
    return head[:1], body, head + body


def _plain(text: bytes) -> str:
    """A statement without its literals, in one line."""
    return _SPACE.sub(" ", _LITERAL.sub("?", text.decode())).strip().rstrip(";")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, so that the other side sees a reset."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
