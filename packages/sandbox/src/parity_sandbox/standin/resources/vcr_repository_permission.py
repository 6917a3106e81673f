"""vercel.VcrRepositoryPermission: a team that may pull a repository's images. Every change replaces it."""

from __future__ import annotations

from parity_sandbox.standin.client import Client
from parity_sandbox.standin.golang import text, without_empty
from parity_sandbox.standin.resources.shared import ID, PROJECT_ID, TEAM_ID, Resource, failing, split
from parity_sandbox.standin.schema import Call, Document, Failure, Field

LIST = Call("GET", "/v1/vcr/repository/{repository}/permissions")
CREATE = Call("POST", "/v1/vcr/repository/{repository}/permissions")
DELETE = Call("DELETE", "/v1/vcr/repository/{repository}/permissions")
_NOUN = "VCR Repository Permission"
_GRANTED = Field("string", optional=True, computed=True, replace="if configured", keep=True)

FIELDS: dict[str, Field] = {
    "id": ID,
    "teamId": TEAM_ID,
    "projectId": PROJECT_ID,
    "repository": Field("string", required=True, replace="always"),
    "repositoryId": Field("string", computed=True, keep=True),
    "grantedTeamId": _GRANTED,
    "grantedTeamSlug": _GRANTED,
}


async def _create(client: Client, plan: Document) -> Document:
    body = without_empty({"teamId": text(plan["grantedTeamId"]), "teamSlug": text(plan["grantedTeamSlug"])})
    with failing("creating", _NOUN, f"create {_NOUN}"):
        answer = await client.send(CREATE, plan, query={"projectId": text(plan["projectId"])}, body=body)
    return _state(client, answer["permission"], plan)


async def _read(client: Client, state: Document) -> Document | None:
    with failing("reading", _NOUN, _tried("read", state), gone=True):
        found = await _granted(client, state)
    return None if found is None else _state(client, found, state)


async def _find(client: Client, identifier: str) -> Document | None:
    form = "project_id/repository/granted_team_id"
    team, project, repository, granted = split(identifier, 3, f"Error importing {_NOUN}", form)
    place: Document = {
        "teamId": team, "projectId": project, "repository": repository, "repositoryId": None,
        "grantedTeamId": granted, "grantedTeamSlug": granted,
    }  # fmt: skip
    with failing("importing", _NOUN, _tried("import", place)):
        found = await _granted(client, place)
    return None if found is None else _state(client, found, place)


async def _granted(client: Client, place: Document) -> Document | None:
    """The grant, out of all the repository's: the API has no request for one of them."""
    query = {"projectId": text(place["projectId"]), "limit": "100"}
    while True:
        answer = await client.send(LIST, _by_id(place), query=query)
        for each in answer["permissions"]:
            if text(place["grantedTeamId"]) == each["teamId"] or text(place["grantedTeamSlug"]) == each["teamSlug"]:
                return each
        if not answer.get("nextCursor"):
            return None
        query["cursor"] = answer["nextCursor"]


async def _delete(client: Client, state: Document) -> None:
    given = text(state["grantedTeamId"])
    body = {"teamId": given} if given else {"teamSlug": text(state["grantedTeamSlug"])}
    with failing("deleting", _NOUN, _tried("delete", state), gone=True):
        await client.send(DELETE, _by_id(state), query={"projectId": text(state["projectId"])}, body=body)


def _by_id(place: Document) -> Document:
    return {**place, "repository": text(place["repositoryId"]) or text(place["repository"])}


def _tried(verb: str, place: Document) -> str:
    where = " ".join(text(place[name]) for name in ("teamId", "projectId", "repository", "grantedTeamId"))
    return f"{verb} {_NOUN} {where}"


def _state(client: Client, said: Document, place: Document) -> Document:
    return {
        "id": f"{said['repositoryId']}/{said['teamId']}",
        "teamId": client.team_of(place),
        "projectId": text(place["projectId"]),
        "repository": text(place["repository"]),
        "repositoryId": said["repositoryId"],
        "grantedTeamId": said["teamId"],
        "grantedTeamSlug": said["teamSlug"],
    }


async def _validate(_client: Client, inputs: Document) -> list[Failure]:
    given = [name for name in ("grantedTeamId", "grantedTeamSlug") if inputs[name] is not None]
    if len(given) == 1:
        return []
    return [Failure("grantedTeamId", "give exactly one of grantedTeamId and grantedTeamSlug")]


RESOURCE = Resource(
    "vercel:index/vcrRepositoryPermission:VcrRepositoryPermission", FIELDS, _create, _read, _delete,
    find=_find, validate=_validate,
)  # fmt: skip
