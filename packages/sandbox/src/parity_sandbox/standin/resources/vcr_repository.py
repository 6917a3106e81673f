"""vercel.VcrRepository: a repository of a project in Vercel's container registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import matches
from parity_sandbox.standin.errors import ResourceError, StandInError, not_found
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
    try:
        body = {"projectId": project, "name": text(plan["name"])}
        made = await _state(client, await client.send(CREATE, owner=team, body=body), project, team)
    except StandInError as error:
        raise ResourceError(
            "Error creating VCR Repository", f"Could not create VCR Repository, unexpected error: {error}"
        ) from error
    if made["public"] == flag(plan["public"]):
        return made
    try:
        return await _change(client, made, plan)
    except StandInError as error:
        raise ResourceError(
            "Error updating newly created VCR Repository",
            f"Could not set visibility for newly created VCR Repository, unexpected error: {error}",
        ) from error


async def _update(client: Client, state: Document, plan: Document) -> Document:
    try:
        return await _change(client, state, plan)
    except StandInError as error:
        raise _failed("updating", "update", state, error) from error


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


async def _read(client: Client, state: Document) -> Document | None:
    try:
        return await _get(client, text(state["projectId"]), text(state["id"]), text(state["teamId"]))
    except StandInError as error:
        if not_found(error):
            return None
        raise _failed("reading", "read", state, error) from error


async def _find(client: Client, identifier: str) -> Document | None:
    team, project, name = split(identifier, 2, "Error importing VCR Repository", "project_id/repository_name")
    try:
        return await _get(client, project, name, team)
    except StandInError as error:
        where = {"teamId": team, "projectId": project, "name": name}
        raise _failed("importing", "import", where, error) from error


async def _get(client: Client, project: str, id_or_name: str, team: str) -> Document:
    answer = await client.send(GET, owner=team, query={"projectId": project}, repository=id_or_name)
    return await _state(client, answer, project, team)


async def _delete(client: Client, state: Document) -> None:
    query = {"projectId": text(state["projectId"])}
    try:
        await client.send(DELETE, owner=text(state["teamId"]), query=query, repository=text(state["id"]))
    except StandInError as error:
        if not not_found(error):
            raise _failed("deleting", "delete", state, error) from error


def _failed(doing: str, verb: str, place: Document, error: StandInError) -> ResourceError:
    where = " ".join(text(place[name]) for name in ("teamId", "projectId", "name"))
    return ResourceError(
        f"Error {doing} VCR Repository", f"Could not {verb} VCR Repository {where}, unexpected error: {error}"
    )


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
