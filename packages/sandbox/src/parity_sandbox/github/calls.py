"""One call of the API: the request as the handlers see it, and the answer as GitHub sends it."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from starlette.responses import Response

from parity_sandbox.github.errors import HOUR, LIMIT, BadRequest
from parity_sandbox.jsontext import parse_json
from parity_sandbox.narrowing import is_object
from parity_sandbox.routing import context_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from parity_sandbox.context import Context
    from parity_sandbox.store import Document

API = "https://api.github.com"
HTML = "https://github.com"
VERSIONS = ("2022-11-28", "2026-03-10")
"""The API versions that are answered; the first is the default. They differ in nothing that is served here."""

_MAXIMUM_PAGE = 100
_DIGITS = 18
"""A number with more digits is no id and no page."""


@dataclass(frozen=True)
class Call:
    """A request, parsed: the sandbox, the path's and the query's parameters, the body."""

    request: Request
    context: Context
    body: Document
    """The JSON object that was sent; empty where there was none."""

    def path(self, name: str) -> str:
        """A parameter of the path, decoded."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int | None:
        """A parameter of the path that is a number; None where it is not, which no object has for an id."""
        text = self.path(name)
        return int(text) if _is_number(text) else None

    def query(self, name: str, default: str = "") -> str:
        """A parameter of the query, or `default`."""
        return self.request.query_params.get(name, default)


@dataclass(frozen=True)
class Answer:
    """What a handler gives back."""

    status: int = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


NO_CONTENT = Answer(204)

Handler = Callable[[Call], Answer]


def endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The ASGI side of a handler: reads the body before it, writes the answer after it."""

    async def run(request: Request) -> Response:
        call = Call(request, context_of(request), _parse(request, await request.body()))
        answer = handler(call)
        return respond(request, answer.status, answer.document, answer.headers)

    return run


def _parse(request: Request, raw: bytes) -> Document:
    if not raw.strip() or request.method == "GET":
        return {}
    try:
        body = parse_json(raw)
    except ValueError as error:
        raise BadRequest("Problems parsing JSON") from error
    if body is None:
        return {}
    if not is_object(body):
        raise BadRequest("Body should be a JSON object")
    return body


def respond(request: Request, status: int, document: Any, headers: dict[str, str]) -> Response:
    """The answer on the wire: the headers that GitHub always sends, an ETag, and 304 where the caller has it."""
    sent = _headers(request) | headers
    if document is None:
        return Response(status_code=status, headers=sent)
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    if status in {200, 201}:
        sent["etag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
        sent["cache-control"] = "private, max-age=60, s-maxage=60"
        sent["vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With"
        if request.method == "GET" and _known(request, sent["etag"]):
            return Response(status_code=304, headers=sent)
    return Response(body, status, sent, media_type="application/json; charset=utf-8")


def _known(request: Request, etag: str) -> bool:
    sent = request.headers.get("if-none-match", "")
    return any(each.strip().removeprefix("W/") == etag.removeprefix("W/") for each in sent.split(","))


def _headers(request: Request) -> dict[str, str]:
    rate = rate_of(request)
    return {
        "x-github-media-type": "github.v3; format=json",
        "x-github-api-version-selected": request.headers.get("x-github-api-version", VERSIONS[0]),
        "x-github-request-id": request_id(request),
        "x-ratelimit-limit": str(rate["limit"]),
        "x-ratelimit-remaining": str(rate["remaining"]),
        "x-ratelimit-reset": str(rate["reset"]),
        "x-ratelimit-used": str(rate["used"]),
        "x-ratelimit-resource": "core",
        "x-oauth-scopes": "admin:org, delete_repo, repo, workflow",
    }


def request_id(request: Request) -> str:
    """An id in GitHub's form, five groups of hex digits: those of the sandbox's own id of the request, if it has one.

    So a request that a log names by either id is found.
    """
    given = str(request.scope.get("sandbox.request_id", ""))
    digits = given.replace("-", "").upper() if given else secrets.token_hex(16).upper()
    return ":".join(digits[start:end] for start, end in pairwise((0, 4, 10, 16, 24, 32)))


def rate_of(request: Request) -> dict[str, int]:
    """The primary rate limit as `GET /rate_limit` gives it; it is counted and never enforced."""
    now = context_of(request).clock()
    window = int(now // HOUR)
    state = request.app.state
    if getattr(state, "rate_window", None) != window:
        state.rate_window, state.rate_used = window, 0
    state.rate_used = cast("int", state.rate_used) + 1
    used = min(state.rate_used, LIMIT - 1)
    return {"limit": LIMIT, "used": used, "remaining": LIMIT - used, "reset": (window + 1) * HOUR}


def paged(
    call: Call, items: Sequence[Document], name: str = "", *, default: int = 30, maximum: int = _MAXIMUM_PAGE
) -> Answer:
    """The page that the query's `page` and `per_page` ask for, with the `Link` header that leads to the others.

    A list that GitHub gives under a `name` stands next to its `total_count`. Sizes out of range fall back to the
    nearest allowed one, as GitHub does.
    """
    size = min(max(_positive(call.query("per_page"), default), 1), maximum)
    number = max(_positive(call.query("page"), 1), 1)
    last = max(math.ceil(len(items) / size), 1)
    chosen = items[(number - 1) * size : number * size]
    document = {"total_count": len(items), name: chosen} if name else chosen
    return Answer(200, document, _link(call, number, last))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _positive(text: str, default: int) -> int:
    return int(text) if _is_number(text) and int(text) else default


def _link(call: Call, number: int, last: int) -> dict[str, str]:
    if last == 1:
        return {}
    targets: list[tuple[int, str]] = []
    if number > 1:
        targets.append((min(number - 1, last), "prev"))
    if number < last:
        targets += [(number + 1, "next"), (last, "last")]
    if number > 1:
        targets.append((1, "first"))
    return {"link": ", ".join(f'<{_address(call, page)}>; rel="{name}"' for page, name in targets)}


def _address(call: Call, page: int) -> str:
    query = [(name, value) for name, value in call.request.query_params.multi_items() if name != "page"]
    return f"{API}{call.request.url.path}?{urlencode([*query, ('page', str(page))])}"
