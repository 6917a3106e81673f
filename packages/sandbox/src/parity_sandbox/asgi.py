"""Buffered calls of ASGI applications: the complete body in, the complete answer out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


MAXIMUM_BODY = 32 * 2**20
"""Bytes that a request's body may have; a file of a deployment is the largest that clients send."""
_BODY_SECONDS = 30.0
"""How long a request's body may take to arrive."""


class BodyRefused(Exception):
    """A request's body is too large (413) or did not arrive in time (408)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @staticmethod
    def of_json(status: int, document: object, headers: dict[str, str] | None = None) -> Answer:
        """An answer with a JSON body."""
        body = json.dumps(document).encode()
        named = {"content-type": "application/json; charset=utf-8", "content-length": str(len(body)), **(headers or {})}
        return Answer(status, tuple((key.lower().encode(), value.encode()) for key, value in named.items()), body)

    def with_header(self, name: str, value: str) -> Answer:
        """The same with one more header."""
        return replace(self, headers=(*self.headers, (name.encode(), value.encode())))


async def read_body(receive: Receive, limit: int = MAXIMUM_BODY, seconds: float = _BODY_SECONDS) -> bytes:
    """The request's body.

    Raises:
        BodyRefused: where it is longer than `limit` bytes, or takes longer than `seconds`.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limit:
                    raise BodyRefused(413, f"The request's body is longer than {limit} bytes.")
                if message["type"] != "http.request" or not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError as error:
        raise BodyRefused(408, f"The request's body did not arrive in {seconds:g} seconds.") from error


async def call(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """Call an application with the complete body; nothing in here gives way to other tasks."""
    inbox: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    outbox: list[Message] = []

    async def receive() -> Message:
        return inbox.pop() if inbox else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        outbox.append(message)

    await app(scope, receive, send)
    if not outbox:
        raise RuntimeError("the application sent no answer")
    start, *rest = outbox
    return Answer(start["status"], tuple(start.get("headers", ())), b"".join(part.get("body", b"") for part in rest))


async def send_answer(answer: Answer, send: Send) -> None:
    """Send a complete answer."""
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body})


async def send_cut(answer: Answer, send: Send) -> None:
    """Send an answer's head and the first half of its body."""
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
