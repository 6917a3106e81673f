"""vercel.ProjectDeploymentRetention: how long a project's deployments are kept. Destroying it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import one_of
from parity_sandbox.standin.errors import StandInError, explained
from parity_sandbox.standin.golang import text, without_empty
from parity_sandbox.standin.resources.shared import GET_PROJECT, PROJECT_ID, TEAM_ID, require_project, split
from parity_sandbox.standin.schema import Document, Field, Resource

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

UPDATE = Call("PATCH", "/v9/projects/{project}/deployment-expiration")
GET = Call("GET", "/v2/projects/{project}")
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
    "expirationProduction": "expirationProduction",
    "expirationCanceled": "expirationCanceled",
    "expirationErrored": "expirationErrored",
}
_FOUND = {
    "expirationPreview": "expirationDays",
    "expirationProduction": "expirationDaysProduction",
    "expirationCanceled": "expirationDaysCanceled",
    "expirationErrored": "expirationDaysErrored",
}


async def _create(client: Client, plan: Document) -> Document:
    await require_project(client, plan, "Error creating project deployment retention")
    return await _change(client, plan, "creating", "create")


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    return await _change(client, plan, "updating", "update")


async def _change(client: Client, plan: Document, doing: str, verb: str) -> Document:
    project, team = text(plan["projectId"]), text(plan["teamId"])
    body = without_empty({wire: text(plan[name]) for name, wire in _SENT.items()})
    what = f"Could not {verb} project deployment retention, unexpected error"
    with explained(f"Error {doing} project deployment retention", what):
        answer = await client.send(UPDATE, owner=team, project=project, body=body)
    said: Document = answer["deploymentExpiration"]
    periods = {name: said.get(wire) if said.get(wire) in _DAYS.values() else "" for name, wire in _SENT.items()}
    return {**_identity(client, project, team), **periods}


async def _read(client: Client, state: Document) -> Document | None:
    return await _get(client, text(state["projectId"]), text(state["teamId"]))


async def _find(client: Client, identifier: str) -> Document | None:
    team, project = split(identifier, 1, "Error importing project deployment retention", "project_id")
    return await _get(client, project, team)


async def _get(client: Client, project: str, team: str) -> Document:
    """What Vercel says. The real provider loses any error here, and so reads a project that is gone as `unlimited`."""
    try:
        answer: Document = await client.send(GET, owner=team, project=project)
    except StandInError:
        answer = {}
    said: dict[str, int] | None = answer.get("deploymentExpiration")
    days = {name: _UNLIMITED if said is None else int(said.get(wire) or 0) for name, wire in _FOUND.items()}
    return {**_identity(client, project, team), **{name: _DAYS.get(each, "") for name, each in days.items()}}


def _identity(client: Client, project: str, team: str) -> Document:
    owner = client.team_id(team)
    return {"id": f"{owner}/{project}", "projectId": project, "teamId": owner}


async def _delete(client: Client, state: Document) -> None:
    """Do nothing, as the real provider."""
    del client, state


RESOURCE = Resource(
    token="vercel:index/projectDeploymentRetention:ProjectDeploymentRetention",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(GET_PROJECT, UPDATE, GET),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=_find,
)
