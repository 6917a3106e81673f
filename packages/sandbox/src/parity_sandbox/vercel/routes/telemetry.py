"""Routes of what is logged, traced and alerted on: drains, the tracing of projects, alert rules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from parity_sandbox.routing import Route
from parity_sandbox.vercel import alerts, drains, wire
from parity_sandbox.vercel.errors import BadRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def _create_drain(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(drains.view(drains.create(world, await wire.body_of(request, drains.SHAPE))))


async def _list_drains(request: Request) -> Response:
    world = wire.world_of(request)
    project = request.query_params.get("projectId")
    found = [each for each in drains.of_owner(world) if project is None or project in each.get("projectIds", [project])]
    return wire.answer({"drains": [drains.view(each) for each in reversed(found)]})


async def _read_drain(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(drains.view(drains.find(world, request.path_params["id"])))


async def _update_drain(request: Request) -> Response:
    world = wire.world_of(request)
    drain = drains.find(world, request.path_params["id"])
    return wire.answer(drains.view(drains.update(world, drain, await wire.body_of(request, drains.SHAPE))))


async def _delete_drain(request: Request) -> Response:
    drains.delete(wire.world_of(request), request.path_params["id"])
    return wire.nothing(204)


async def _verification_code(request: Request) -> Response:
    world = wire.world_of(request)
    code = hashlib.sha1(world.owner.encode(), usedforsecurity=False).hexdigest()
    return wire.answer({"verificationCode": code})


async def _tracing(request: Request) -> Response:
    return wire.answer(drains.tracing(wire.world_of(request), _project(request)))


async def _trace(request: Request) -> Response:
    world, body = wire.world_of(request), await wire.body_of(request, drains.TRACING, required=drains.TRACING)
    return wire.answer(drains.trace(world, _project(request), body))


def _project(request: Request) -> str:
    found = request.query_params.get("projectId")
    if not found:
        raise BadRequest("Invalid request: missing required property `projectId`.")
    return found


async def _list_rules(request: Request) -> Response:
    query = request.query_params
    return wire.answer(
        alerts.page(wire.world_of(request), query.get("cursor"), wire.number(request, "limit"), query.get("projectId"))
    )


async def _create_rule(request: Request) -> Response:
    body = await wire.body_of(request, alerts.SHAPE, required=alerts.REQUIRED)
    return wire.answer({"rule": alerts.create(wire.world_of(request), body)}, 201)


async def _read_rule(request: Request) -> Response:
    return wire.answer({"rule": alerts.find(wire.world_of(request), request.path_params["id"])})


async def _update_rule(request: Request) -> Response:
    world = wire.world_of(request)
    rule = alerts.find(world, request.path_params["id"])
    return wire.answer({"rule": alerts.update(world, rule, await wire.body_of(request, alerts.CHANGE))})


async def _delete_rule(request: Request) -> Response:
    alerts.delete(wire.world_of(request), request.path_params["id"])
    return wire.answer({"success": True})


_RULES, _TRACING = "/alerts/v3/alert-rules", "/v1/drains/tracing/config"
_FITS = ("A filter is kept as it is given.", "Custom rules are refused.", "Nothing is detected, no one is notified.")

ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/drains", _list_drains, "getDrains"),
    Route(
        "POST", "/v1/drains", _create_drain, "createDrain; client/log_drain.go, client/trace_drain.go",
        ("Log lines can be read at the endpoint's host and are not posted; no trace is made.",),
    ),
    Route("GET", "/v1/drains/{id}", _read_drain, "getDrain; client/log_drain.go, client/trace_drain.go"),
    Route("PATCH", "/v1/drains/{id}", _update_drain, "updateDrain"),
    Route("DELETE", "/v1/drains/{id}", _delete_drain, "deleteDrain; client/log_drain.go, client/trace_drain.go"),
    Route("GET", "/v1/verify-endpoint", _verification_code, "client/log_drain.go"),
    Route("GET", _TRACING, _tracing, "client/project_tracing.go"),
    Route("PUT", _TRACING, _trace, "client/project_tracing.go", ("Kept and shown; no trace is made.",)),
    Route("GET", _RULES, _list_rules, "client/alert_rule.go"),
    Route("POST", _RULES, _create_rule, "client/alert_rule.go", _FITS),
    Route("GET", f"{_RULES}/{{id}}", _read_rule, "client/alert_rule.go"),
    Route("PATCH", f"{_RULES}/{{id}}", _update_rule, "client/alert_rule.go"),
    Route("DELETE", f"{_RULES}/{{id}}", _delete_rule, "client/alert_rule.go"),
)  # fmt: skip
