"""vercel.VcrRepository: a repository of a project in Vercel's container registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import matches
from parity_sandbox.standin.errors import explained
from parity_sandbox.standin.golang import flag, text
from parity_sandbox.standin.resources.shared import GET_PROJECT, ID, PROJECT_ID, TEAM_ID, get_project, part, split
from parity_sandbox.standin.schema import Document, Field, Resource

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

CREATE = Call("POST", "/v1/vcr/repository")
GET = Call("GET", "/v1/vcr/repository/{repository}")
UPDATE = Call("PATCH", "/v1/vcr/repository/{repository}")
DELETE = Call("DELETE", "/v1/vcr/repository/{repository}")

FIELDS: dict[str, Field] = {
    "id": ID,
    "teamId": TEAM_ID,
    "projectId": PROJECT_ID,
    "name": Field(
        "string",
        required=True,
        replace="always",
        checks=(
            matches(
                r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?",
                "The name of a VCR Repository can only contain lowercase letters, numbers, periods, underscores, and "
                "dashes, and cannot start or end with a period, underscore, or dash",
            ),
        ),
    ),
    "public": Field("boolean", optional=True, computed=True, default=False),
    "url": Field("string", computed=True, keep=True),
}


async def _create(client: Client, plan: Document) -> Document:
    project, team = text(plan["projectId"]), text(plan["teamId"])
    with explained("Error creating VCR Repository", "Could not create VCR Repository, unexpected error"):
        body = {"projectId": project, "name": text(plan["name"])}
        made = await _state(client, await client.send(CREATE, owner=team, body=body), project, team)
    if made["public"] == flag(plan["public"]):
        return made
    what = "Could not set visibility for newly created VCR Repository, unexpected error"
    with explained("Error updating newly created VCR Repository", what):
        return await _change(client, made, plan)


async def _update(client: Client, state: Document, plan: Document) -> Document:
    with explained(*_failing("updating", "update", state)):
        return await _change(client, state, plan)


async def _change(client: Client, state: Document, plan: Document) -> Document:
    project, team = text(state["projectId"]), text(state["teamId"])
    answer = await client.send(
        UPDATE,
        owner=team,
        query={"projectId": project},
        repository=text(state["id"]),
        body={"public": flag(plan["public"])},
    )
    return await _state(client, answer, project, team)


async def _read(client: Client, state: Document) -> Document:
    with explained(*_failing("reading", "read", state), gone=True):
        return await _get(client, text(state["projectId"]), text(state["id"]), text(state["teamId"]))


async def _find(client: Client, identifier: str) -> Document:
    team, project, name = split(identifier, 2, "Error importing VCR Repository", "project_id/repository_name")
    where = {"teamId": team, "projectId": project, "name": name}
    with explained(*_failing("importing", "import", where)):
        return await _get(client, project, name, team)


async def _get(client: Client, project: str, id_or_name: str, team: str) -> Document:
    answer = await client.send(GET, owner=team, query={"projectId": project}, repository=id_or_name)
    return await _state(client, answer, project, team)


async def _delete(client: Client, state: Document) -> None:
    query = {"projectId": text(state["projectId"])}
    with explained(*_failing("deleting", "delete", state), gone=True):
        await client.send(DELETE, owner=text(state["teamId"]), query=query, repository=text(state["id"]))


def _failing(doing: str, verb: str, place: Document) -> tuple[str, str]:
    where = " ".join(text(place[name]) for name in ("teamId", "projectId", "name"))
    return f"Error {doing} VCR Repository", f"Could not {verb} VCR Repository {where}, unexpected error"


async def _state(client: Client, answer: Document, project: str, team: str) -> Document:
    """What Vercel says, with the address, which the provider composes of the names of team and project."""
    said = part(answer, "repository")
    slug = (await client.find_team(team))["slug"]
    name = (await get_project(client, project, team))["name"]
    return {
        "id": said["id"],
        "teamId": client.team_id(team),
        "projectId": said["projectId"],
        "name": said["name"],
        "public": said["public"],
        "url": f"vcr.vercel.com/{slug}/{name}/{said['name']}",
    }


RESOURCE = Resource(
    token="vercel:index/vcrRepository:VcrRepository",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(CREATE, GET, UPDATE, DELETE, GET_PROJECT),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=_find,
    named=True,
)
