"""Routes of what is logged, traced and alerted on: drains, the tracing of projects, alert rules."""

from __future__ import annotations

import hashlib

from parity_sandbox.store import Document
from parity_sandbox.vercel import alerts, drains
from parity_sandbox.vercel.wire import Answer, Call, route


def _create_drain(call: Call) -> Document:
    return drains.create(call.world, call.body())


def _list_drains(call: Call) -> Document:
    found, project = call.world.collection("drains").find(ownerId=call.world.owner), call.query("projectId")
    kept = [each for each in found if project is None or project in each.get("projectIds", [project])]
    return {"drains": list(reversed(kept))}


def _found(call: Call) -> Document:
    return call.world.owned("drains", call.path("id"), "Drain not found.")


def _delete_drain(call: Call) -> None:
    call.world.collection("drains").delete(_found(call)["id"])


def _verification_code(call: Call) -> Document:
    return {"verificationCode": hashlib.sha1(call.world.owner.encode(), usedforsecurity=False).hexdigest()}


def _tracing(call: Call) -> Document:
    return drains.tracing(call.world, call.required("projectId"))


def _trace(call: Call) -> Document:
    body = call.body(drains.TRACING, required=drains.TRACING)
    return drains.trace(call.world, call.required("projectId"), body)


def _list_rules(call: Call) -> Document:
    return alerts.page(call.world, call.query("cursor"), call.number("limit"), call.query("projectId"))


def _create_rule(call: Call) -> Answer:
    return Answer({"rule": alerts.create(call.world, call.body(alerts.SHAPE, required=alerts.REQUIRED))}, 201)


def _rule(call: Call) -> Document:
    return alerts.find(call.world, call.path("id"))


def _delete_rule(call: Call) -> Document:
    alerts.delete(call.world, call.path("id"))
    return {"success": True}


_ONE, _RULES, _TRACING = "/v1/drains/{id}", "/alerts/v3/alert-rules", "/v1/drains/tracing/config"
_RULE, _GO = f"{_RULES}/{{id}}", "client/alert_rule.go"

ROUTES = (
    route("GET", "/v1/drains", _list_drains, "getDrains"),
    route(
        "POST", "/v1/drains", _create_drain, "createDrain; client/log_drain.go, client/trace_drain.go",
        "Log lines can be read at the endpoint's host and are not posted; no trace is made.",
    ),
    route("GET", _ONE, _found, "getDrain; client/log_drain.go, client/trace_drain.go"),
    route("PATCH", _ONE, lambda call: drains.update(call.world, _found(call), call.body()), "updateDrain"),
    route("DELETE", _ONE, _delete_drain, "deleteDrain; client/log_drain.go, client/trace_drain.go"),
    route("GET", "/v1/verify-endpoint", _verification_code, "client/log_drain.go"),
    route("GET", _TRACING, _tracing, "client/project_tracing.go"),
    route("PUT", _TRACING, _trace, "client/project_tracing.go", "Kept and shown; no trace is made."),
    route("GET", _RULES, _list_rules, _GO),
    route(
        "POST", _RULES, _create_rule, _GO, "A filter is kept as it is given.", "Custom rules are refused.",
        "Nothing is detected, no one is notified.",
    ),
    route("GET", _RULE, lambda call: {"rule": _rule(call)}, _GO),
    route("PATCH", _RULE, lambda call: {"rule": alerts.update(call.world, _rule(call), call.body(alerts.CHANGE))}, _GO),
    route("DELETE", _RULE, _delete_rule, _GO),
)  # fmt: skip
