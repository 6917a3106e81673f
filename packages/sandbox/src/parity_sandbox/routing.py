"""The table of a vendor's routes: one record a route, and the application that dispatches to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from parity_sandbox.context import Context

ROLL_BACK = "sandbox.roll_back"
"""Key in the ASGI scope: true where the handler raised, so that the request's transaction is rolled back."""

MATCHED_ROUTE = "sandbox.route"
"""Key in the ASGI scope: the `Route` that answered; missing where none did."""

_PARAMETER = re.compile(r"\{(?P<name>[^{}:]+)(?P<rest>:path)?\}")


@dataclass(frozen=True)
class Route:
    """One method and path of a vendor's API, and where its behaviour was read."""

    method: str
    """Upper case."""
    path: str
    """The template as in the vendor's API description: `/v9/projects/{idOrName}`.

    A parameter is one percent-encoded segment, given decoded in `request.path_params`. `{ref:path}` takes the rest of
    the path, slashes included; the description's own template is `template`.
    """
    handler: Callable[[Request], Awaitable[Response]]
    source: str
    """The description's operationId, or the provider's source file that calls it."""
    differences: tuple[str, ...] = ()
    """Known differences from the vendor, a sentence each, for the table in docs."""

    @property
    def template(self) -> str:
        """The path as the vendor's description writes it."""
        return self.path.replace(":path}", "}")

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches a raw, still percent-encoded path; groups are the parameters, in the order of `parameters`."""
        parts: list[str] = []
        end = 0
        for match in _PARAMETER.finditer(self.path):
            parts.append(re.escape(self.path[end : match.start()]))
            parts.append("(.+)" if match["rest"] else "([^/]+)")
            end = match.end()
        parts.append(re.escape(self.path[end:]))
        return re.compile("".join(parts))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters' names, from left to right."""
        return tuple(match["name"] for match in _PARAMETER.finditer(self.path))

    @property
    def specificity(self) -> tuple[int, ...]:
        """Sorts literal segments before parameters, and parameters before `:path`, from left to right."""
        return tuple(
            2 if segment.endswith(":path}") else 1 if "{" in segment else 0 for segment in self.path.split("/")
        )


_Patterns = list[tuple[Route, re.Pattern[str]]]


class _Table:
    """The ASGI application behind `build_app`: finds the route, calls its handler, turns errors into answers."""

    def __init__(
        self,
        routes: Sequence[Route],
        unknown: Callable[[Request], Response],
        on_error: Callable[[Request, Exception], Response | None],
        before: Callable[[Request], None] | None,
        *,
        any_version: bool,
    ) -> None:
        ordered = sorted(routes, key=lambda route: route.specificity)
        self._routes = [(route, route.pattern) for route in ordered]
        self._unversioned = _unversioned(ordered) if any_version else []
        self._unknown = unknown
        self._on_error = on_error
        self._before = before

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Exception as error:
            scope[ROLL_BACK] = True
            answer = self._on_error(request, error)
            if answer is None:
                raise
            response = answer
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self._before is not None:
            self._before(request)
        raw = request.scope.get("raw_path")
        path = raw.decode("latin-1").partition("?")[0] if raw else request.scope["path"]
        found = _find(self._routes, request.method, path)
        if found is None:
            found = _find(self._unversioned, request.method, _VERSION.sub("", path))
        if found is None:
            return self._unknown(request)
        route, values = found
        request.scope["path_params"] = dict(zip(route.parameters, values, strict=True))
        request.scope[MATCHED_ROUTE] = route
        return await route.handler(request)


_VERSION = re.compile(r"^/v(\d+)(?=/)(/now(?=/))?|^/now(?=/)")


def _find(routes: _Patterns, method: str, path: str) -> tuple[Route, list[str]] | None:
    """The first route of that method whose pattern matches, and its parameters, decoded."""
    for route, pattern in routes:
        match = pattern.fullmatch(path) if route.method == method else None
        if match:
            return route, [unquote(value) for value in match.groups()]
    return None


def _unversioned(ordered: Sequence[Route]) -> _Patterns:
    """The routes without the version in front of their paths; of several versions the newest."""
    newest = sorted(ordered, key=_version, reverse=True)
    without = [(route, replace(route, path=_VERSION.sub("", route.path)).pattern) for route in newest]
    return sorted(without, key=lambda each: replace(each[0], path=_VERSION.sub("", each[0].path)).specificity)


def _version(route: Route) -> int:
    found = _VERSION.match(route.path)
    return int(found[1] or 0) if found else 0


def context_of(request: Request) -> Context:
    """The running sandbox, as the vendor's application was given it."""
    return cast("Context", request.app.state.context)


def unknown_route(request: Request) -> str:
    """The sentence that a 501 carries; each vendor puts it into its own error document."""
    return (
        f"The sandbox has no route for {request.method} {request.url.path}. "
        "Nothing happened. Add the route to the sandbox, or do not call it."
    )


def build_app(
    routes: Sequence[Route],
    *,
    unknown: Callable[[Request], Response],
    on_error: Callable[[Request, Exception], Response | None],
    before: Callable[[Request], None] | None = None,
    any_version: bool = False,
) -> Starlette:
    """An application that answers `routes`, the most literal template first.

    Args:
        routes: The vendor's table; two routes with one method and pattern are a fault.
        unknown: Gives the answer for a method and path that no route has: status 501 and `unknown_route(request)` in
            the vendor's own error document. Never a 404, which a provider takes for "deleted".
        on_error: Turns what a handler raised into the vendor's error document. The request's transaction is rolled
            back either way. None: the error is not the vendor's; the sandbox answers 500 and logs the trace.
        before: Runs first, for every request, known or not; raises where the token is wrong.
        any_version: Whether a path that no route has is matched once more without its version (`/v3/now/aliases` as
            `/v4/aliases`): a vendor that keeps old versions alive has clients that call each of them.

    Raises:
        ValueError: where two routes have the same method and pattern.
    """
    seen: set[tuple[str, str]] = set()
    for route in routes:
        key = (route.method, route.pattern.pattern)
        if key in seen:
            raise ValueError(f"two routes answer {route.method} {route.path}: remove one of them")
        seen.add(key)
    app = Starlette()
    app.router.redirect_slashes = False
    app.router.default = _Table(routes, unknown, on_error, before, any_version=any_version)
    return app
