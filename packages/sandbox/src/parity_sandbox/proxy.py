"""The CONNECT proxy: tunnels known hosts to the sandbox's TLS port, refuses and names every other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from parity_sandbox.logs import warn
from parity_sandbox.ports import LOOPBACK

HEAD_SECONDS = 10.0
"""How long a client may take to send a request's head."""

_HTTPS = 443
_CHUNK = 65_536


@dataclass
class Proxy:
    """One asyncio protocol handler for each connection; `handle` is what `asyncio.start_server` calls."""

    tls_port: int
    allows: Callable[[str], bool]
    """Says whether the sandbox answers for a host."""
    refused: Callable[[str, str], None]
    """Takes the method and target of each request that was refused."""
    head_seconds: float = HEAD_SECONDS
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client, until either side closes."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, so no answer can reach it
        finally:
            writer.close()

    def close(self) -> None:
        """Cut every tunnel."""
        for task in tuple(self._tasks):
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self.head_seconds):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            await _answer(writer, "408 Request Timeout", f"No request arrived in {self.head_seconds:g} seconds.\n")
            return
        except asyncio.LimitOverrunError:
            await _answer(writer, "431 Request Header Fields Too Large", "The request's head is too long.\n")
            return
        method, target, *_ = [*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", ""]
        try:
            host, port = _destination(method, target)
        except ValueError:
            self.refused(method, target)
            await _answer(writer, "400 Bad Request", "The request line's target is not a host with a port.\n")
            return
        if method != "CONNECT" or port != _HTTPS or not self.allows(host):
            self.refused(method, f"{host}:{port}")
            warn("proxy refused a request", method=method, host=host, port=port)
            await _answer(writer, "403 Forbidden", _refusal(method, host, port))
            return
        upstream_reader, upstream = await asyncio.open_connection(LOOPBACK, self.tls_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await _both_ways((reader, writer), (upstream_reader, upstream))
        finally:
            upstream.close()


def _destination(method: str, target: str) -> tuple[str, int]:
    """Host, lower case, and port of a request line's target; raises ValueError where it cannot be read."""
    parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
    return (parts.hostname or "").lower(), parts.port or (_HTTPS if parts.scheme == "https" else 80)


def _refusal(method: str, host: str, port: int) -> str:
    return (
        f"The sandbox's proxy refuses {method} {host}:{port}: it answers only for the vendors' hosts and for the "
        "deployments' own, by CONNECT to port 443, and passes nothing on to the network.\n"
    )


async def _answer(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = text.encode("latin-1", "replace")
    fields = (f"HTTP/1.1 {status}", "content-type: text/plain", f"content-length: {len(body)}", "connection: close")
    writer.write("\r\n".join((*fields, "", "")).encode() + body)
    await writer.drain()


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(client: _Stream, server: _Stream) -> None:
    """Pass bytes on until one side ends; a side that ends cuts the other, so a dropped connection is seen at once."""
    tasks = {asyncio.create_task(_pass_on(client[0], server[1])), asyncio.create_task(_pass_on(server[0], client[1]))}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
