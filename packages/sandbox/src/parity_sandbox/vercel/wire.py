"""Requests in and answers out: bodies, queries, paging, and Vercel's sentences for what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from starlette.responses import JSONResponse, Response

from parity_sandbox.jsontext import parse_json
from parity_sandbox.narrowing import is_object
from parity_sandbox.vercel.errors import BadRequest
from parity_sandbox.vercel.world import World, enter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from parity_sandbox.context import Context
    from parity_sandbox.store import Document

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "array": list,
    "object": dict,
}

Shape = dict[str, str]
"""Property name to JSON type; `?` at the end of the type allows null, `*` allows anything."""


def context_of(request: Request) -> Context:
    """The running sandbox's context."""
    return cast("Context", request.app.state.context)


def world_of(request: Request) -> World:
    """The world in the scope that the query's `teamId` or `slug` names."""
    return enter(context_of(request), request.query_params.get("teamId"), request.query_params.get("slug"))


async def body_of(request: Request, shape: Shape, required: Iterable[str] = ()) -> Document:
    """The request's JSON object, checked against `shape`; raises BadRequest in Vercel's words."""
    body = await json_of(request)
    if not is_object(body):
        raise BadRequest("Invalid request: should be object.")
    check(body, shape, required)
    return body


async def json_of(request: Request) -> Any:
    """The request's JSON, an empty object where there is no body."""
    raw = await request.body()
    if not raw:
        return {}
    try:
        return parse_json(raw)
    except ValueError as error:
        raise BadRequest(f"Invalid JSON: {error}.") from error


def check(document: Mapping[str, Any], shape: Shape, required: Iterable[str] = (), where: str = "") -> None:
    """Check property names and types; raises BadRequest for the first that does not fit."""
    for name in required:
        if name not in document:
            raise BadRequest(f"Invalid request: {where}missing required property `{name}`.")
    for name, value in document.items():
        kind = shape.get(name)
        if kind is None:
            raise BadRequest(f"Invalid request: {where}should NOT have additional property `{name}`.")
        if not _fits(value, kind):
            raise BadRequest(f"Invalid request: {where}`{name}` should be {kind.removesuffix('?')}.")


def _fits(value: Any, kind: str) -> bool:
    if kind == "*":
        return True
    if value is None:
        return kind.endswith("?")
    expected = kind.removesuffix("?")
    if isinstance(value, bool):
        return expected == "boolean"
    return isinstance(value, _TYPES[expected])


def one_of(name: str, value: object, allowed: Iterable[object]) -> None:
    """Check that a property's value is one of a few; raises BadRequest."""
    choices = tuple(allowed)
    if value not in choices:
        listed = ", ".join(f"`{choice}`" for choice in choices if choice is not None)
        raise BadRequest(f"Invalid request: `{name}` should be equal to one of the allowed values {listed}.")


def page(
    request: Request, items: list[Document], *, default: int = 20, at: str = "createdAt"
) -> tuple[list[Document], Document]:
    """One page, newest first, as Vercel pages: `limit`, `until` (older than), `since` (newer than), in milliseconds.

    Returns the page's documents and its `pagination` object. Documents made in the same millisecond stay on one page:
    the cursor is a time and would skip the rest; so a page can be longer than `limit`.
    """
    limit = number(request, "limit") or default
    until, since = number(request, "until"), number(request, "since")
    newest = [
        each
        for each in sorted(items, key=lambda item: item[at], reverse=True)
        if (until is None or each[at] < until) and (since is None or each[at] > since)
    ]
    chosen = newest[:limit]
    while len(chosen) < len(newest) and newest[len(chosen)][at] == chosen[-1][at]:
        chosen.append(newest[len(chosen)])
    following = chosen[-1][at] if len(chosen) < len(newest) else None
    previous = chosen[0][at] if chosen and until is not None else None
    return chosen, {"count": len(chosen), "next": following, "prev": previous}


def number(request: Request, name: str) -> int | None:
    """An integer of the query, None where it has none; raises BadRequest."""
    raw = request.query_params.get(name)
    if raw is None or raw == "":
        return None
    try:
        found = int(raw)
    except ValueError as error:
        raise BadRequest(f"Invalid request: `{name}` should be number.") from error
    if found < 0:
        raise BadRequest(f"Invalid request: `{name}` should be >= 0.")
    return found


def truthy(request: Request, name: str) -> bool:
    """Whether a query flag is on: `1` or `true`."""
    return request.query_params.get(name, "").lower() in {"1", "true"}


def answer(document: object, status: int = 200) -> Response:
    """A JSON answer."""
    return JSONResponse(document, status_code=status)


def nothing(status: int = 200) -> Response:
    """An answer without a body."""
    return Response(status_code=status)
