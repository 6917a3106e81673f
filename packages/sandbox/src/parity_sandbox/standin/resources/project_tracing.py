"""vercel.ProjectTracing: whether Vercel collects a project's traces, and which. Destroying it switches them off."""

from __future__ import annotations

from typing import Any

from parity_sandbox.standin.checks import size
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.golang import text
from parity_sandbox.standin.resources.drains import RULE, sampled, sampling
from parity_sandbox.standin.resources.shared import PROJECT_ID, TEAM_ID, Resource, failing, split
from parity_sandbox.standin.schema import Call, Document, Field

GET = Call("GET", "/v1/drains/tracing/config")
PUT = Call("PUT", "/v1/drains/tracing/config")
_NOUN = "Project Tracing"

FIELDS: dict[str, Field] = {
    "id": Field("string", computed=True),
    "projectId": PROJECT_ID,
    "teamId": TEAM_ID,
    "samplingRules": Field("list", optional=True, element=RULE, checks=(size(0, 10),)),
}


async def _create(client: Client, plan: Document) -> Document:
    with failing("updating", _NOUN, f"update {_NOUN}"):
        answer = await _send(client, PUT, plan, body={"enabled": True, "sampling": sampling(plan["samplingRules"])})
    return _state(client, answer, plan)


async def _update(client: Client, state: Document, plan: Document) -> Document:
    del state
    return await _create(client, plan)


async def _send(client: Client, call: Call, at: Document, **body: Any) -> Document:
    return await client.send(call, at, query={"projectId": text(at["projectId"])}, **body)


async def _read(client: Client, state: Document) -> Document | None:
    with failing("reading", _NOUN, _tried("get", state), gone=True):
        answer = await _send(client, GET, state)
    return _state(client, answer, state) if answer["enabled"] else None


async def _find(client: Client, identifier: str) -> Document | None:
    team, project = split(identifier, 1, f"Error importing {_NOUN}", "project_id")
    return await _read(client, {"projectId": project, "teamId": team, "samplingRules": None})


async def _delete(client: Client, state: Document) -> None:
    with failing("deleting", _NOUN, _tried("delete", state), gone=True):
        await _send(client, PUT, state, body={"enabled": False, "sampling": []})


def _tried(verb: str, at: Document) -> str:
    return f"{verb} {_NOUN} {text(at['teamId'])} {text(at['projectId'])}"


def _state(client: Client, answer: Document, before: Document) -> Document:
    project = text(before["projectId"])
    return {
        "id": project,
        "projectId": project,
        "teamId": client.team_of(before) or None,
        "samplingRules": sampled(answer, before["samplingRules"]),
    }


RESOURCE = Resource(
    "vercel:index/projectTracing:ProjectTracing", FIELDS, _create, _read, _delete, update=_update, find=_find,
)  # fmt: skip
