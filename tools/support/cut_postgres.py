"""A way to PostgreSQL that is cut at a message: what a client's death at any moment leaves is seen with it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Side = Literal["before", "after"]
_LENGTH = 4
_STARTUP = -1


@dataclass
class Cut:
    """Where the way is cut: at the client's message of that number, before it arrives or after."""

    at: int = 0
    """From 1; 0 for nowhere."""
    side: Side = "before"
    messages: list[bytes] = field(default_factory=list)
    """The client's messages of the first connection, as far as they came."""


@contextlib.asynccontextmanager
async def way(host: str, port: int, cut: Cut) -> AsyncIterator[int]:
    """The port of a way to a server; its first connection is cut, and so is every later one once that is."""
    gone = asyncio.Event()
    first = True
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        mine, first = first, False
        serving.add(asyncio.current_task())
        if gone.is_set():
            writer.close()
            return
        to_reader, to_writer = await asyncio.open_connection(host, port)
        back = asyncio.ensure_future(_copy(to_reader, writer))
        try:
            await _forward(reader, to_writer, cut if mine else Cut())
        finally:
            if mine and len(cut.messages) == cut.at:
                gone.set()
                back.cancel()
                to_writer.transport.abort()
                writer.transport.abort()
            to_writer.close()
            await asyncio.wait({back})
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*(each for each in serving if each))  # the client has closed what it opened


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: Cut) -> None:
    """Forward message by message; the first has no type (PostgreSQL's protocol, "Message Formats")."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        kind = b""
        while True:
            head = await reader.readexactly(_LENGTH)
            body = await reader.readexactly(int.from_bytes(head) - _LENGTH)
            cut.messages.append(kind + body)
            ends = len(cut.messages) == cut.at
            if ends and cut.side == "before":
                return
            writer.write(kind + head + body)
            await writer.drain()
            if ends:
                return
            kind = await reader.readexactly(1)
