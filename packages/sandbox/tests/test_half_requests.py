"""Heads that never end or cannot be read: the proxy answers them, and the server closes their connections."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from parity_sandbox import server
from parity_sandbox.ports import listen, port_of
from parity_sandbox.proxy import Proxy


async def sent_to_proxy(head: bytes) -> bytes:
    proxy = Proxy(1, lambda host: False, lambda method, target: None, head_seconds=0.1)
    serving = await asyncio.start_server(proxy.handle, "127.0.0.1", 0, limit=16_384)
    async with serving, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", serving.sockets[0].getsockname()[1])
        writer.write(head)
        answer = await reader.read()
        writer.close()
    return answer


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"CONNECT [::1:443 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT api.vercel.com:99999 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT api.vercel.com:443 HTTP/1.1\r\nhost:", b"408"),
        (b"CONNECT other.example:443 HTTP/1.1\r\n\r\n", b"403"),
    ],
)
def test_the_proxy_answers_a_head_that_it_cannot_serve(head, status):
    assert asyncio.run(sent_to_proxy(head)).startswith(b"HTTP/1.1 " + status)


def test_the_server_closes_a_connection_whose_head_does_not_end(monkeypatch):
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.1)

    async def app(scope, receive, send):
        raise AssertionError

    async def sent() -> bytes:
        async with AsyncExitStack() as stack, asyncio.timeout(10):
            listener = listen("test", None, None)
            await server._serve_http(stack, app, listener, None)
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listener))
            writer.write(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n")
            answer = await reader.read()
            writer.close()
        return answer

    assert asyncio.run(sent()) == b""
