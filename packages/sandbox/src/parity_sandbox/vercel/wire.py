"""Requests in and answers out: routes, bodies, queries, paging, and Vercel's sentences for what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from parity_sandbox.jsontext import parse_json
from parity_sandbox.narrowing import is_object
from parity_sandbox.routing import Route, context_of
from parity_sandbox.vercel.errors import BadRequest
from parity_sandbox.vercel.world import World, enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.requests import Request

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


@dataclass(frozen=True)
class Call:
    """A request as the handlers see it."""

    request: Request
    raw: bytes
    """Its body."""

    @cached_property
    def world(self) -> World:
        """The world in the scope that the query's `teamId` or `slug` names; raises Forbidden."""
        return enter(context_of(self.request), self.query("teamId"), self.query("slug"))

    @cached_property
    def project(self) -> Document:
        """The project that the path names as `idOrName`; raises NotFound."""
        return self.world.project(self.path("idOrName"))

    def path(self, name: str) -> str:
        """A parameter of the path, decoded."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A parameter of the query."""
        return self.request.query_params.get(name)

    def truthy(self, name: str) -> bool:
        """Whether a query flag is on: `1` or `true`."""
        return (self.query(name) or "").lower() in {"1", "true"}

    def number(self, name: str) -> int | None:
        """An integer of the query, None where it has none; raises BadRequest."""
        raw = self.query(name)
        if not raw:
            return None
        try:
            found = int(raw)
        except ValueError as error:
            raise BadRequest(f"Invalid request: `{name}` should be number.") from error
        if found < 0:
            raise BadRequest(f"Invalid request: `{name}` should be >= 0.")
        return found

    def required(self, name: str) -> str:
        """A parameter of the query that must be there; raises BadRequest."""
        found = self.query(name)
        if not found:
            raise BadRequest(f"Invalid request: missing required property `{name}`.")
        return found

    def json(self) -> Any:
        """The request's JSON, an empty object where there is no body; raises BadRequest."""
        try:
            return parse_json(self.raw) if self.raw else {}
        except ValueError as error:
            raise BadRequest(f"Invalid JSON: {error}.") from error

    def body(self, shape: Shape | None = None, required: Iterable[str] = ()) -> Document:
        """The request's JSON object, checked against `shape` where it is given; raises BadRequest in Vercel's words."""
        body = self.json()
        if not is_object(body):
            raise BadRequest("Invalid request: should be object.")
        if shape is not None:
            check(body, shape, required)
        return body


@dataclass(frozen=True)
class Answer:
    """A document with a status of its own; None for no body."""

    document: object
    status: int


def route(method: str, path: str, handler: Callable[[Call], object], source: str, *differences: str) -> Route:
    """A route whose handler gives the answer's document, an `Answer`, or None for 204.

    Where Vercel keeps several versions of a path alive, the newest one stands for all of them.
    """

    async def run(request: Request) -> Response:
        result = handler(Call(request, await request.body()))
        answer = result if isinstance(result, Answer) else Answer(result, 204 if result is None else 200)
        if answer.document is None:
            return Response(status_code=answer.status)
        return JSONResponse(answer.document, answer.status)

    return Route(method, path, run, source, differences)


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


def page(call: Call, items: list[Document]) -> tuple[list[Document], Document]:
    """One page, newest first, as Vercel pages: `limit`, `until` (older than), `since` (newer than), in milliseconds.

    Returns the page's documents and its `pagination` object. Documents made in the same millisecond stay on one page:
    the cursor is a time and would skip the rest; so a page can be longer than `limit`.
    """
    limit, until, since, at = call.number("limit") or 20, call.number("until"), call.number("since"), "createdAt"
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


def paged(
    call: Call, name: str, items: list[Document], view: Callable[[Document], Document] = lambda each: each
) -> Document:
    """The page that a request asks for, with its `pagination`; `view` gives a document as the API shows it."""
    shown, pagination = page(call, items)
    return {name: [view(each) for each in shown], "pagination": pagination}
