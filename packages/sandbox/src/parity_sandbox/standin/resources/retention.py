"""vercel.ProjectDeploymentRetention: how long a project's deployments are kept. Destroying it changes nothing."""

from __future__ import annotations

from parity_sandbox.standin.checks import one_of
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.errors import StandInError
from parity_sandbox.standin.golang import text, without_empty
from parity_sandbox.standin.resources.shared import PROJECT_ID, TEAM_ID, Resource, failing, require_project, split
from parity_sandbox.standin.schema import Call, Document, Field

UPDATE = Call("PATCH", "/v9/projects/{projectId}/deployment-expiration")
GET = Call("GET", "/v2/projects/{projectId}")
_DAYS = {1: "1d", 7: "1w", 30: "1m", 60: "2m", 90: "3m", 180: "6m", 365: "1y", 36500: "unlimited"}
_UNLIMITED = 36500


def _period(default: str) -> Field:
    return Field("string", optional=True, computed=True, default=default, checks=(one_of(*_DAYS.values()),))


FIELDS: dict[str, Field] = {
    "id": Field("string", computed=True),
    "projectId": PROJECT_ID,
    "teamId": TEAM_ID,
    "expirationPreview": _period("6m"),
    "expirationProduction": _period("1y"),
    "expirationCanceled": _period("1m"),
    "expirationErrored": _period("3m"),
}
_SENT = {
    "expirationPreview": "expiration",
    **{name: name for name in ("expirationProduction", "expirationCanceled", "expirationErrored")},
}
_FOUND = {name: wire.replace("expiration", "expirationDays") for name, wire in _SENT.items()}
_NOUN = "project deployment retention"


async def _create(client: Client, plan: Document) -> Document:
    await require_project(client, plan, f"Error creating {_NOUN}")
    return await _change(client, plan, "creating", "create")


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    return await _change(client, plan, "updating", "update")


async def _change(client: Client, plan: Document, doing: str, verb: str) -> Document:
    with failing(doing, _NOUN, f"{verb} {_NOUN}"):
        body = without_empty({wire: text(plan[name]) for name, wire in _SENT.items()})
        answer = await client.send(UPDATE, plan, body=body)
    said: Document = answer["deploymentExpiration"]
    return _state(client, plan, {name: said.get(wire) for name, wire in _SENT.items()})


async def _read(client: Client, state: Document) -> Document:
    """What Vercel says. The real provider loses any error here, and so reads a project that is gone as `unlimited`."""
    try:
        answer: Document = await client.send(GET, state)
    except StandInError:
        answer = {}
    said: dict[str, int] | None = answer.get("deploymentExpiration")
    days = {name: _UNLIMITED if said is None else int(said.get(wire) or 0) for name, wire in _FOUND.items()}
    return _state(client, state, {name: _DAYS.get(each) for name, each in days.items()})


async def _find(client: Client, identifier: str) -> Document:
    team, project = split(identifier, 1, f"Error importing {_NOUN}", "project_id")
    return await _read(client, {"projectId": project, "teamId": team})


def _state(client: Client, at: Document, periods: Document) -> Document:
    project, owner = text(at["projectId"]), client.team_of(at)
    known = {name: each if each in _DAYS.values() else "" for name, each in periods.items()}
    return {"id": f"{owner}/{project}", "projectId": project, "teamId": owner, **known}


async def _delete(client: Client, state: Document) -> None:
    """Do nothing, as the real provider."""
    del client, state


RESOURCE = Resource(
    "vercel:index/projectDeploymentRetention:ProjectDeploymentRetention", FIELDS, _create, _read, _delete,
    update=_update, find=_find,
)  # fmt: skip
