"""Keeps web pages and oversized bodies from the control API, before any handler runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.asgi import Answer, BodyRefused, read_body, send_answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MAXIMUM_BODY = 2**20
"""Bytes: the largest seed of the example has 4 kB."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of the control page itself, and of an address that a person typed."""
_FORBIDDEN = 403


class Guard:
    """The ASGI application in front of the control API.

    Browsers put `Origin` on every changing request and `Sec-Fetch-Site` on every request
    (https://fetch.spec.whatwg.org, https://www.w3.org/TR/fetch-metadata); the command line sends neither.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Pass what may pass on to `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a changing request of another site with 403, a body that is too long with 413; pass the rest on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = None if scope["method"] in _SAFE else _foreign_origin(scope)
        if origin is not None:
            await _refuse(_FORBIDDEN, f"The control API takes no changing request from the web page {origin}.", send)
            return
        try:
            body = await read_body(receive, _MAXIMUM_BODY)
        except BodyRefused as refusal:
            await _refuse(refusal.status, refusal.message, send)
            return
        await self._app(scope, _replayed(body, receive), send)


def _foreign_origin(scope: Scope) -> str | None:
    """The other site that the request comes from, or None."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if origin is not None and origin != f"http://{headers.get('host', '')}":
        return origin
    return None if site in _OWN_SITES else f"({site})"


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, and then what the connection says."""
    inbox: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return inbox.pop() if inbox else await receive()

    return replay


async def _refuse(status: int, message: str, send: Send) -> None:
    await send_answer(Answer.of_json(status, {"error": message}, {"connection": "close"}), send)
