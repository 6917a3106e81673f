"""The ASGI application of api.github.com: credentials, dispatch, errors in GitHub's own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox import tokens
from parity_sandbox.github import scopes
from parity_sandbox.github.calls import VERSIONS, respond
from parity_sandbox.github.errors import BadCredentials, BadRequest, GitHubError, MissingUserAgent
from parity_sandbox.github.routes import ANSWERED
from parity_sandbox.github.state import accounts
from parity_sandbox.github.state.collections import SERVICE
from parity_sandbox.routing import build_app, unknown_route

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from parity_sandbox.context import Context

_NOT_IMPLEMENTED = 501


def create_app(context: Context, token: str) -> Starlette:
    """The API over `context`'s storage; `token` is the one that may do all, as `Bearer` or `token`."""

    def before(request: Request) -> None:
        if not request.headers.get("user-agent"):
            raise MissingUserAgent
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"}:
            raise BadCredentials("Requires authentication")
        own = tokens.is_own(given.strip(), token)
        accounts.acting.set(accounts.VIEWER if own else accounts.BOT)
        if not own:
            found = tokens.find(context, SERVICE, given.strip())
            if found is None:
                raise BadCredentials
            scopes.require(found, request.method, request.url.path)
        version = request.headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            raise BadRequest(f'"{version}" is not a supported version. See https://docs.github.com/rest')

    app = build_app(ANSWERED, unknown=_unknown, on_error=_refused, before=before)
    app.state.context = context
    return app


def _unknown(request: Request) -> Response:
    return respond(request, _NOT_IMPLEMENTED, {"message": unknown_route(request), "status": str(_NOT_IMPLEMENTED)}, {})


def _refused(request: Request, error: Exception) -> Response | None:
    if not isinstance(error, GitHubError):
        return None
    return respond(request, error.status, error.document(), error.headers)
