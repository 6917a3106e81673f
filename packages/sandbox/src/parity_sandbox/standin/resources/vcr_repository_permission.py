"""vercel.VcrRepositoryPermission: a team that may pull a repository's images. Every change replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.errors import explained
from parity_sandbox.standin.golang import text, without_empty
from parity_sandbox.standin.resources.shared import ID, PROJECT_ID, TEAM_ID, split
from parity_sandbox.standin.schema import Document, Failure, Field, Resource

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

LIST = Call("GET", "/v1/vcr/repository/{repository}/permissions")
CREATE = Call("POST", "/v1/vcr/repository/{repository}/permissions")
DELETE = Call("DELETE", "/v1/vcr/repository/{repository}/permissions")
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
    query, repository = {"projectId": text(plan["projectId"])}, text(plan["repository"])
    what = "Could not create VCR Repository Permission, unexpected error"
    with explained("Error creating VCR Repository Permission", what):
        answer = await client.send(CREATE, owner=text(plan["teamId"]), query=query, repository=repository, body=body)
    return _state(client, answer["permission"], plan)


async def _read(client: Client, state: Document) -> Document | None:
    with explained(*_failing("reading", "read", state), gone=True):
        found = await _granted(client, state)
    return None if found is None else _state(client, found, state)


async def _find(client: Client, identifier: str) -> Document | None:
    form = "project_id/repository/granted_team_id"
    team, project, repository, granted = split(identifier, 3, "Error importing VCR Repository Permission", form)
    place: Document = {
        "teamId": team, "projectId": project, "repository": repository, "repositoryId": None,
        "grantedTeamId": granted, "grantedTeamSlug": granted,
    }  # fmt: skip
    with explained(*_failing("importing", "import", place)):
        found = await _granted(client, place)
    return None if found is None else _state(client, found, place)


async def _granted(client: Client, place: Document) -> Document | None:
    """The grant, out of all the repository's: the API has no request for one of them."""
    query = {"projectId": text(place["projectId"]), "limit": "100"}
    while True:
        answer = await client.send(LIST, owner=text(place["teamId"]), query=query, repository=_repository(place))
        for each in answer["permissions"]:
            if text(place["grantedTeamId"]) == each["teamId"] or text(place["grantedTeamSlug"]) == each["teamSlug"]:
                return each
        if not answer.get("nextCursor"):
            return None
        query["cursor"] = answer["nextCursor"]


async def _delete(client: Client, state: Document) -> None:
    given = text(state["grantedTeamId"])
    body = {"teamId": given} if given else {"teamSlug": text(state["grantedTeamSlug"])}
    query = {"projectId": text(state["projectId"])}
    with explained(*_failing("deleting", "delete", state), gone=True):
        await client.send(DELETE, owner=text(state["teamId"]), query=query, repository=_repository(state), body=body)


def _repository(place: Document) -> str:
    return text(place["repositoryId"]) or text(place["repository"])


def _failing(doing: str, verb: str, place: Document) -> tuple[str, str]:
    noun = "VCR Repository Permission"
    where = " ".join(text(place[name]) for name in ("teamId", "projectId", "repository", "grantedTeamId"))
    return f"Error {doing} {noun}", f"Could not {verb} {noun} {where}, unexpected error"


def _state(client: Client, said: Document, place: Document) -> Document:
    return {
        "id": f"{said['repositoryId']}/{said['teamId']}",
        "teamId": client.team_id(text(place["teamId"])),
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
    token="vercel:index/vcrRepositoryPermission:VcrRepositoryPermission",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(CREATE, LIST, DELETE),
    create=_create,
    read=_read,
    delete=_delete,
    find=_find,
    validate=_validate,
)
