"""vercel.ProjectTracing: whether Vercel collects a project's traces, and which. Destroying it switches them off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import size
from parity_sandbox.standin.errors import explained
from parity_sandbox.standin.golang import text
from parity_sandbox.standin.resources.drains import sampling
from parity_sandbox.standin.resources.sampling import RULE, read, sent
from parity_sandbox.standin.resources.shared import PROJECT_ID, TEAM_ID, split
from parity_sandbox.standin.schema import Document, Field, Resource

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

GET = Call("GET", "/v1/drains/tracing/config")
PUT = Call("PUT", "/v1/drains/tracing/config")

FIELDS: dict[str, Field] = {
    "id": Field("string", computed=True),
    "projectId": PROJECT_ID,
    "teamId": TEAM_ID,
    "samplingRules": Field("list", optional=True, element=RULE, checks=(size(0, 10),)),
}


async def _create(client: Client, plan: Document) -> Document:
    rules: Any = sampling(sent(plan["samplingRules"])).get("sampling", [])
    with explained("Error updating Project Tracing", "Could not update Project Tracing, unexpected error"):
        answer = await _put(client, plan, {"enabled": True, "sampling": rules})
    return _state(client, answer, plan)


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    return await _create(client, plan)


async def _put(client: Client, at: Document, body: Document) -> Document:
    return await client.send(PUT, owner=text(at["teamId"]), body=body, query={"projectId": text(at["projectId"])})


async def _read(client: Client, state: Document) -> Document | None:
    team, project = text(state["teamId"]), text(state["projectId"])
    what = f"Could not get Project Tracing {team} {project}, unexpected error"
    with explained("Error reading Project Tracing", what, gone=True):
        answer = await client.send(GET, owner=team, query={"projectId": project})
    return _state(client, answer, state) if answer["enabled"] else None


async def _find(client: Client, identifier: str) -> Document | None:
    team, project = split(identifier, 1, "Error importing Project Tracing", "project_id")
    return await _read(client, {"projectId": project, "teamId": team, "samplingRules": None})


async def _delete(client: Client, state: Document) -> None:
    where = f"{text(state['teamId'])} {text(state['projectId'])}"
    what = f"Could not delete Project Tracing {where}, unexpected error"
    with explained("Error deleting Project Tracing", what, gone=True):
        await _put(client, state, {"enabled": False, "sampling": []})


def _state(client: Client, answer: Document, before: Document) -> Document:
    project = text(before["projectId"])
    return {
        "id": project,
        "projectId": project,
        "teamId": client.team_id(text(before["teamId"])) or None,
        "samplingRules": read(answer, before["samplingRules"]),
    }


RESOURCE = Resource(
    token="vercel:index/projectTracing:ProjectTracing",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(PUT, GET),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    find=_find,
)
