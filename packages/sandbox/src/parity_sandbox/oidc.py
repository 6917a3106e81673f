"""GitHub's OIDC issuer: what gives a workflow's job its token, and what a token says to who trusts the issuer.

A job's address names it: `repository` and `environment` in the query. The sandbox's own shell is no job of one
environment; its token claims what the projects that trust the issuer ask for.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse

from parity_sandbox import tokens
from parity_sandbox.narrowing import as_list, part
from parity_sandbox.vercel.protection import GITHUB
from parity_sandbox.vercel.world import World

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from parity_sandbox.context import Context
    from parity_sandbox.store import Document

SECONDS = 300
"""How long a token holds."""
_ALGORITHM = "RS256"


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048)


def issue(context: Context, claims: Document) -> str:
    """A signed token with these claims and the issuer's own."""
    now = int(context.clock())
    return jwt.encode({"alg": _ALGORITHM}, {"iss": GITHUB, "iat": now, "exp": now + SECONDS, **claims}, _key())


def said(context: Context, token: str) -> Document:
    """The claims of a token that the issuer signed and that still holds; nothing of another."""
    try:
        claims = jwt.decode(token, _key(), algorithms=[_ALGORITHM]).claims
    except (JoseError, ValueError):
        return {}
    return claims if claims["exp"] > context.clock() else {}


def create_app(context: Context, token: str) -> ASGIApp:
    """The application for the host `JOBS`; `token` is the one of every job."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if not tokens.is_own(tokens.given_in(request.headers.get("authorization", "")), token):
            refused = JSONResponse({"message": "The job's token is missing or wrong."}, status_code=401)
            await refused(scope, receive, send)
            return
        job = {
            name: request.query_params[name] for name in ("repository", "environment") if name in request.query_params
        }
        audience = request.query_params.get("audience", "https://github.com")
        claims = (job or _of_every_job(context)) | {"aud": audience}
        await JSONResponse({"value": issue(context, claims)})(scope, receive, send)

    return app


def _of_every_job(context: Context) -> Document:
    rules = [
        part(rule, "claims")
        for project in World(context).projects.find()
        for rule in as_list(part(part(project, "trustedSources"), "oidcProviders").get(GITHUB))
    ]
    names = {name for claims in rules for name in claims}
    return {name: sorted({each for claims in rules for each in claims.get(name, [])}) for name in sorted(names)}
