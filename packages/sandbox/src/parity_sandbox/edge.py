"""What users see: deployments' hosts and projects' domains, answered as the deployed application would answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from parity_sandbox import oidc
from parity_sandbox.errors import BadDocument
from parity_sandbox.narrowing import part
from parity_sandbox.ports import LOOPBACK
from parity_sandbox.vercel import domains, drains, protection, rolling, timeline
from parity_sandbox.vercel.builds import rule_for
from parity_sandbox.vercel.protection import Target
from parity_sandbox.vercel.world import World

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from parity_sandbox.context import Context
    from parity_sandbox.store import Document
    from parity_sandbox.traffic import Traffic

LOGIN_SECONDS = 3
"""How long a login to PostgreSQL may take, seconds; PostgreSQL's client takes integers, from 2."""

PERMANENT = 308
"""How a domain redirects whose status code was never set."""

_FAILED = "A server error has occurred\n\nFUNCTION_INVOCATION_FAILED\n"
_SCHEMES = ("postgres", "postgresql")


def owns(context: Context, host: str) -> bool:
    """Whether the edge answers for `host`.

    It does for any name under vercel.app, a verified domain of a project, an alias, and the host of a drain's endpoint,
    where it is the team's collector.
    """
    name = _name(host)
    if name.endswith(f".{domains.GENERATED}"):
        return True
    world = World(context)
    domain = world.domains.get(name)
    known = (domain is not None and domain["verified"]) or world.aliases.get(name) is not None
    return known or drains.collects(world, name)


def create_app(context: Context) -> ASGIApp:
    """The application for every host that `owns` says yes to."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await _answer(context, Request(scope, receive), context.traffic)
        await response(scope, receive, send)

    return app


async def _answer(context: Context, request: Request, traffic: Traffic) -> Response:
    timeline.settle(context)
    world = World(context)
    name = _name(request.headers.get("host", ""))
    domain = world.domains.get(name)
    if domain is not None and domain["redirect"] and world.aliases.get(name) is None:
        return _redirect(request, domain)
    target = _target(world, name, domain, traffic)
    if target is None:
        return _collector(world, request, traffic) if drains.collects(world, name) else _missing()
    bypass = request.headers.get("x-vercel-protection-bypass")
    if protection.keeps_out(target, bypass, trusted=_is_trusted(context, request, target)):
        return _protected(request)
    state = target.deployment["readyState"]
    if state in {"QUEUED", "BUILDING"}:
        return _not_ready(target.deployment)
    if state != "READY":
        return _missing()
    fails = traffic.strikes(target.deployment["id"], _share(context, request, target.deployment))
    response = PlainTextResponse(_FAILED, 500) if fails else await _application(context, target.deployment)
    traffic.count(target.deployment, context.clock(), response.status_code, name, request.url.path)
    return response


def _is_trusted(context: Context, request: Request, target: Target) -> bool:
    """Whether a trusted source asks: one that fits no rule is asked for a login."""
    token = request.headers.get("x-vercel-trusted-oidc-idp-token", "")
    custom = part(target.deployment, "customEnvironment").get("slug")
    return protection.let_in(
        target.project, custom or target.deployment["target"] or "preview", oidc.said(context, token) if token else {}
    )


def _share(context: Context, request: Request, deployment: Document) -> float:
    """The share of requests that a rule lets fail; a health page is none of them."""
    rule = rule_for(context.store, deployment)
    return 0.0 if request.url.path.endswith("/health") else float(rule.get("errors", 0.0))


def _collector(world: World, request: Request, traffic: Traffic) -> Response:
    """The collector that a team would have behind its drain, by GET: `/lines`, or counts by deployment."""
    if request.method != "GET":
        return Response(status_code=204)
    if request.url.path.endswith("/lines"):
        projects = drains.projects_of(world, _name(request.headers.get("host", "")))
        found = traffic.lines(projects, request.query_params.get("level", ""))
        return PlainTextResponse("".join(f"{json.dumps(each)}\n" for each in found), media_type="application/x-ndjson")
    try:
        return JSONResponse(traffic.window(request.query_params))
    except BadDocument as error:
        return JSONResponse({"error": str(error)}, status_code=400)


def _name(host: str) -> str:
    return host.partition(":")[0].lower().rstrip(".")


def _target(world: World, name: str, domain: Document | None, traffic: Traffic) -> Target | None:
    """The deployment that `name` means; an alias wins over a domain, a domain over a host of Vercel's own."""
    alias = world.aliases.get(name)
    if alias is not None:
        return _found(world, alias["deploymentId"], name=name)
    if domain is not None and domain["verified"]:
        return _of_domain(world, domain, traffic)
    host = world.hosts.get(name)
    return None if host is None else _found(world, host["deploymentId"], name=name)


def _of_domain(world: World, domain: Document, traffic: Traffic) -> Target | None:
    project = world.projects.get(domain["projectId"])
    if project is None:
        return None
    if not domain["gitBranch"] and not domain["customEnvironmentId"]:
        live = project["targets"].get("production")
        canary, share = rolling.share(project)
        if canary and traffic.strikes(project["id"], share):
            return _found(world, canary, name=domain["name"])
        return None if live is None else _found(world, live["id"], name=domain["name"])
    ready = [each for each in world.deployments.find(projectId=project["id"]) if _serves(domain, each)]
    if not ready:
        return None
    newest = max(ready, key=lambda each: each["createdAt"])
    return _found(world, newest["id"], name=domain["name"])


def _serves(domain: Document, deployment: Document) -> bool:
    if deployment["readyState"] != "READY" or deployment["target"] == "production":
        return False
    environment = part(deployment, "customEnvironment").get("id")
    if domain["customEnvironmentId"]:
        return environment == domain["customEnvironmentId"]
    return deployment["branch"] == domain["gitBranch"]


def _found(world: World, deployment_id: str, *, name: str) -> Target | None:
    deployment = world.deployments.get(deployment_id)
    project = None if deployment is None else world.projects.get(deployment["projectId"])
    if deployment is None or project is None:
        return None
    custom = not name.endswith(f".{domains.GENERATED}")
    production_domain = name != deployment["url"] and deployment["target"] == "production"
    return Target(project, deployment, production_domain=production_domain, custom=custom)


async def _application(context: Context, deployment: Document) -> Response:
    variables: dict[str, str] = deployment["snapshot"]["variables"]
    healthy = rule_for(context.store, deployment).get("healthy", True)
    urls = {name: value for name, value in variables.items() if value.partition("://")[0] in _SCHEMES}
    logins = await asyncio.gather(*(_login(context.postgres, name, url) for name, url in sorted(urls.items())))
    document: Document = {
        "application": deployment["name"],
        "release": variables.get("PARITY_RELEASE"),
        "commit": variables.get("PARITY_COMMIT"),
        "environment": variables.get("PARITY_ENVIRONMENT"),
        "deployment": deployment["id"],
        "variables": sorted(variables),
        "database": logins,
    }
    ok = healthy and all(login["ok"] for login in logins)
    if not healthy:
        document["error"] = "a rule of the sandbox says that this deployment is unhealthy"
    headers = {"server": "Vercel", "x-vercel-id": f"sfo1::{deployment['id'][4:12]}", "cache-control": "no-store"}
    return JSONResponse(document, status_code=200 if ok else 503, headers=headers)


async def _login(port: int | None, variable: str, url: str) -> Document:
    """Log in with the user, password and database of `url`, at the sandbox's own server whatever host it names."""
    result: Document = {"variable": variable, "ok": False, "role": None, "database": None, "error": None}
    if port is None:
        return {**result, "error": "the sandbox runs without PostgreSQL"}
    try:
        parts = conninfo_to_dict(url)
        async with await psycopg.AsyncConnection.connect(
            host=LOOPBACK,
            port=port,
            user=str(parts.get("user", "")),
            password=str(parts.get("password", "")),
            dbname=str(parts.get("dbname", "")),
            sslmode="disable",
            connect_timeout=LOGIN_SECONDS,
            application_name="sandbox-edge",
            autocommit=True,
        ) as connection:
            cursor = await connection.execute("SELECT current_user, current_database()")
            row = await cursor.fetchone()
    except psycopg.Error as error:
        return {**result, "error": _reason(error, url)}
    role, database = row if row is not None else (None, None)
    return {**result, "ok": True, "role": role, "database": database}


def _reason(error: psycopg.Error, url: str) -> str:
    """The client's words; a URL that cannot be parsed is quoted in them, so where it is, they are left out."""
    text = str(error).strip() or type(error).__name__
    password = url.partition("://")[2].partition("@")[0].partition(":")[2]
    if url in text or (password and (password in text or unquote(password) in text)):
        return "the URL cannot be parsed"
    return text


def _redirect(request: Request, domain: Document) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    location = f"https://{domain['redirect']}{quote(request.url.path)}{query}"
    return RedirectResponse(location, status_code=domain["redirectStatusCode"] or PERMANENT)


def _missing() -> Response:
    return PlainTextResponse(
        "The deployment could not be found on Vercel.\n\nDEPLOYMENT_NOT_FOUND\n",
        status_code=404,
        headers={"server": "Vercel", "x-vercel-error": "DEPLOYMENT_NOT_FOUND"},
    )


def _not_ready(deployment: Document) -> Response:
    """Vercel sends visitors to the page where they can watch the build: 303 DEPLOYMENT_NOT_READY_REDIRECTING."""
    return RedirectResponse(
        deployment["inspectorUrl"],
        status_code=303,
        headers={"server": "Vercel", "x-vercel-error": "DEPLOYMENT_NOT_READY_REDIRECTING"},
    )


def _protected(request: Request) -> Response:
    host = _name(request.headers.get("host", ""))
    return PlainTextResponse(
        f"Authentication Required\n\n{host} is protected by Vercel Authentication.\n",
        status_code=401,
        headers={"server": "Vercel", "cache-control": "no-store, max-age=0", "x-robots-tag": "noindex"},
    )
