"""Routes of rolling releases: their configuration, and the one under way."""

from __future__ import annotations

from parity_sandbox.store import Document
from parity_sandbox.vercel import rolling, wire
from parity_sandbox.vercel.wire import Call, route


def _configure(call: Call) -> Document:
    return rolling.configure(call.world, call.project, call.body())


def _remove(call: Call) -> Document:
    return rolling.remove(call.world, call.project)


def _read(call: Call) -> Document:
    state = call.query("state") or None
    wire.one_of("state", state, (None, *rolling.STATES))
    return rolling.view(call.world, call.project, state)


def _start(call: Call) -> Document:
    project, body = call.project, call.body(rolling.CANARY, rolling.CANARY)
    return rolling.start(call.world, project, body["canaryDeploymentId"])


def _approve(call: Call) -> Document:
    project, body = call.project, call.body(rolling.APPROVE, ("nextStageIndex", "canaryDeploymentId"))
    return rolling.approve(call.world, project, body)


def _complete(call: Call) -> Document:
    project, body = call.project, call.body(rolling.CANARY, rolling.CANARY)
    return rolling.complete(call.world, project, body["canaryDeploymentId"])


_AT = "/v1/projects/{idOrName}/rolling-release"

ROUTES = (
    route("GET", f"{_AT}/config", lambda call: rolling.config(call.project), "getRollingReleaseConfig"),
    route("PATCH", f"{_AT}/config", _configure, "updateRollingReleaseConfig"),
    route("DELETE", f"{_AT}/config", _remove, "deleteRollingReleaseConfig"),
    route("GET", _AT, _read, "getRollingRelease"),
    route(
        "POST", f"{_AT}/start", _start, "startRollingRelease",
        "Meanwhile `targets.production` stays the deployment before; what Vercel's is, the description does not say.",
        "Each request is one user's: no cookie keeps a user at one deployment.",
        "No stage ends by itself.",
    ),
    route(
        "POST", f"{_AT}/approve-stage", _approve, "approveRollingReleaseStage",
        "Any index but the next one is refused with 400.",
    ),
    route("POST", f"{_AT}/complete", _complete, "completeRollingRelease", "Takes no time."),
)  # fmt: skip
