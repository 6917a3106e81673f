"""Buffered calls of ASGI applications: a whole body in, a whole answer out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

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


async def read_body(receive: Receive) -> bytes:
    """The request's whole body."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(parts)


async def call(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """Call an application with the whole body at hand; nothing in here gives way to other tasks."""
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
    """Send an answer whole."""
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body})


async def send_cut(answer: Answer, send: Send) -> None:
    """Send an answer's head and the first half of its body."""
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
