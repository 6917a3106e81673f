"""Asks live URLs without pause, as users do: `python -m support.ask_urls OUT OFTEN URL...`.

Writes one JSON line an answer to OUT until its standard input ends. Loads the standard library alone, so that it starts
at once and takes little from what it watches.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_AT_ONCE = 6
"""Requests under way at once: what waits is sent later, so that no stall of this machine makes a burst
that PostgreSQL's connection limit of a role (20 in staging) would turn away. A session that was closed counts
until its server process has ended, which takes longest on a busy machine."""

_LIMIT_SECONDS = 30

Streams = "tuple[StreamReader, StreamWriter]"


class Client:
    """Asks through the proxy of the environment, and keeps connections."""

    def __init__(self, proxy: str, context: ssl.SSLContext) -> None:
        self._proxy, self._context = urlsplit(proxy), context
        self._idle: dict[str, list[Streams]] = {}

    async def get(self, url: str) -> tuple[int, bytes]:
        """Status and body of an answer.

        Raises:
            OSError, EOFError, ValueError, TimeoutError: there was none, or none that is complete.
        """
        async with asyncio.timeout(_LIMIT_SECONDS):
            host = urlsplit(url).netloc
            streams = await self._streams(host)
            try:
                answer = await _exchange(*streams, host, urlsplit(url).path or "/")
            except BaseException:
                streams[1].close()
                raise
            self._idle.setdefault(host, []).append(streams)
            return answer

    async def _streams(self, host: str) -> Streams:
        idle = self._idle.get(host, [])
        while idle:
            reader, writer = idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        reader, writer = await asyncio.open_connection(self._proxy.hostname, self._proxy.port)
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        status, _ = await _head(reader)
        if status != 200:
            raise ConnectionError(f"the proxy answered {status}")
        await writer.start_tls(self._context, server_hostname=host)
        return reader, writer


async def _exchange(reader: StreamReader, writer: StreamWriter, host: str, path: str) -> tuple[int, bytes]:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode())
    status, headers = await _head(reader)
    return status, await reader.readexactly(int(headers["content-length"]))


async def _head(reader: StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return int(lines[0].split()[1]), headers


async def _ask(client: Client, url: str) -> dict[str, object]:
    begun = time.time()
    status = body = error = None
    try:
        status, text = await client.get(url)
    except (OSError, EOFError, ValueError, LookupError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    else:
        try:
            body = json.loads(text)
        except ValueError:
            body = {"text": text[:200].decode(errors="replace")}
    return {"url": url, "begun": begun, "ended": time.time(), "status": status, "body": body, "error": error}


async def _run(out: Path, often: float, urls: list[str]) -> None:
    """`often` is how many requests a second are sent, to one URL after the other."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)))
    slots = asyncio.Semaphore(_AT_ONCE)
    client = Client(os.environ["HTTPS_PROXY"], ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]))
    async with asyncio.TaskGroup() as group:
        with out.open("w") as stream:

            async def one(url: str) -> None:
                async with slots:
                    if not ended.is_set():
                        stream.write(json.dumps(await _ask(client, url)) + "\n")

            await asyncio.gather(*(one(url) for url in urls))
            sys.stdout.write("asking\n")
            sys.stdout.flush()
            begun, tick = time.monotonic(), 0
            tasks: set[asyncio.Task[None]] = set()
            while not ended.is_set():
                # By the clock, not by the answers: a slow answer makes the next one no later.
                task = group.create_task(one(urls[tick % len(urls)]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                tick += 1
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), max(begun + tick / often - time.monotonic(), 0.0))
            await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
