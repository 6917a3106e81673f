"""Vercel's API as an ASGI application: the token first, then the clock, then the route; errors in Vercel's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from parity_sandbox import tokens
from parity_sandbox.routing import build_app, unknown_route
from parity_sandbox.vercel import projects, scopes
from parity_sandbox.vercel.errors import Forbidden, Unsupported, VercelError
from parity_sandbox.vercel.routes import ROUTES, distribution
from parity_sandbox.vercel.timeline import settle
from parity_sandbox.vercel.world import SERVICE

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from parity_sandbox.context import Context

API = "api.vercel.com"
FRAMEWORKS = "api-frameworks.zeit.sh"
REGIONS = "dcs.vercel-infra.com"
HOSTS = (API, FRAMEWORKS, REGIONS, distribution.HOST)
"""The hosts that the application answers for."""


def create_app(context: Context, token: str) -> Starlette:
    """The application for `HOSTS`; every request to the API must carry a bearer, of which `token` may do all."""

    def before(request: Request) -> None:
        _authorize(context, request, token)
        settle(context)

    app = build_app(ROUTES, unknown=_unknown, on_error=_on_error, before=before, any_version=True)
    app.state.context = context
    table = app.router.default
    registry = build_app(
        distribution.ROUTES,
        unknown=distribution.unknown,
        on_error=distribution.on_error,
        before=lambda request: _before_registry(context, request, token),
    ).router.default

    async def by_host(scope: Scope, receive: Receive, send: Send) -> None:
        if (host := _host(scope)) == distribution.HOST:
            await registry(scope, receive, send)
            return
        public = {FRAMEWORKS: projects.LISTED_FRAMEWORKS, REGIONS: projects.LISTED_REGIONS}.get(host)
        answer = table if public is None or scope["path"] != "/" else JSONResponse(public)
        await answer(scope, receive, send)

    app.router.default = by_host
    return app


def _before_registry(context: Context, request: Request, token: str) -> None:
    distribution.authorize(context, request, token)
    settle(context)


def _host(scope: Scope) -> str:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"host", b"").decode("latin-1").partition(":")[0].lower()


def _authorize(context: Context, request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise Forbidden("The request is missing an authentication token", missingToken=True)
    if tokens.is_own(given, token):
        return
    found = tokens.find(context, SERVICE, given)
    if found is None:
        raise Forbidden("Not authorized", invalidToken=True)
    project = request.query_params.get("projectId", "")
    scopes.require(context, found, request.method, request.url.path, project)


def _unknown(request: Request) -> Response:
    error = Unsupported(unknown_route(request))
    return JSONResponse(error.document(), status_code=error.status)


def _on_error(_request: Request, error: Exception) -> Response | None:
    if not isinstance(error, VercelError):
        return None
    return JSONResponse(error.document(), status_code=error.status)
