"""vercel.VcrRepository: a repository of a project in Vercel's container registry."""

from __future__ import annotations

from parity_sandbox.narrowing import part
from parity_sandbox.standin.checks import matches
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.golang import flag, text
from parity_sandbox.standin.resources.shared import GET_PROJECT, ID, PROJECT_ID, TEAM_ID, Resource, failing, split
from parity_sandbox.standin.schema import Call, Document, Field

CREATE = Call("POST", "/v1/vcr/repository")
GET = Call("GET", "/v1/vcr/repository/{id}")
UPDATE = Call("PATCH", "/v1/vcr/repository/{id}")
DELETE = Call("DELETE", "/v1/vcr/repository/{id}")
_NOUN = "VCR Repository"

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
    with failing("creating", _NOUN, f"create {_NOUN}"):
        body = {"projectId": text(plan["projectId"]), "name": text(plan["name"])}
        made = await _state(client, await client.send(CREATE, plan, body=body), plan)
    if made["public"] == flag(plan["public"]):
        return made
    with failing("updating newly created", _NOUN, f"set visibility for newly created {_NOUN}"):
        return await _change(client, made, plan)


async def _update(client: Client, state: Document, plan: Document) -> Document:
    with failing("updating", _NOUN, _tried("update", state)):
        return await _change(client, state, plan)


async def _change(client: Client, state: Document, plan: Document) -> Document:
    answer = await client.send(UPDATE, state, query=_query(state), body={"public": flag(plan["public"])})
    return await _state(client, answer, state)


async def _read(client: Client, state: Document) -> Document:
    with failing("reading", _NOUN, _tried("read", state), gone=True):
        return await _state(client, await client.send(GET, state, query=_query(state)), state)


async def _find(client: Client, identifier: str) -> Document:
    team, project, name = split(identifier, 2, f"Error importing {_NOUN}", "project_id/repository_name")
    at: Document = {"teamId": team, "projectId": project, "name": name, "id": name}
    with failing("importing", _NOUN, _tried("import", at)):
        return await _state(client, await client.send(GET, at, query=_query(at)), at)


async def _delete(client: Client, state: Document) -> None:
    with failing("deleting", _NOUN, _tried("delete", state), gone=True):
        await client.send(DELETE, state, query=_query(state))


def _query(at: Document) -> dict[str, str]:
    return {"projectId": text(at["projectId"])}


def _tried(verb: str, at: Document) -> str:
    return f"{verb} {_NOUN} {' '.join(text(at[name]) for name in ('teamId', 'projectId', 'name'))}"


async def _state(client: Client, answer: Document, at: Document) -> Document:
    """What Vercel says, with the address, which the provider composes of the names of team and project."""
    said = part(answer, "repository")
    slug = (await client.find_team(at))["slug"]
    name = (await client.send(GET_PROJECT, at))["name"]
    return {
        "id": said["id"],
        "teamId": client.team_of(at),
        "projectId": said["projectId"],
        "name": said["name"],
        "public": said["public"],
        "url": f"vcr.vercel.com/{slug}/{name}/{said['name']}",
    }


RESOURCE = Resource(
    "vercel:index/vcrRepository:VcrRepository", FIELDS, _create, _read, _delete, update=_update, find=_find, named=True,
)  # fmt: skip
