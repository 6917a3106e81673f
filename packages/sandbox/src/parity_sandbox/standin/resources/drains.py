"""What the drains of logs and of traces have in common: their calls, most of their fields, and no update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import length, size
from parity_sandbox.standin.errors import explained
from parity_sandbox.standin.golang import items, known, text, without_empty
from parity_sandbox.standin.resources.shared import ID, TEAM_ID, part, split
from parity_sandbox.standin.schema import Document, Field, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity_sandbox.standin.client import Client

CREATE = Call("POST", "/v1/drains")
GET = Call("GET", "/v1/drains/{drain}")
DELETE = Call("DELETE", "/v1/drains/{drain}")

SHARED: dict[str, Field] = {
    "id": ID,
    "teamId": TEAM_ID,
    "name": Field("string", required=True, replace="always"),
    "headers": Field("map", optional=True, replace="always", secret=True, checks=(size(0, 5),)),
    "projectIds": Field("set", optional=True, replace="always"),
    "secret": Field(
        "string",
        optional=True,
        computed=True,
        replace="if configured",
        keep=True,
        secret=True,
        checks=(length(32),),
    ),
    "endpoint": Field("string", required=True, replace="always"),
}


def delivery(plan: Document, kind: str, endpoint: object) -> Document:
    """Where and how a planned drain delivers, as Vercel takes it."""
    headers: dict[str, str] = plan["headers"] if known(plan["headers"]) else {}
    return {
        "type": kind,
        "endpoint": endpoint,
        "encoding": text(plan["deliveryFormat"]),
        "headers": headers,
        **without_empty({"secret": text(plan["secret"])}),
    }


def sampling(rules: Sequence[Document]) -> Document:
    """Rules of sampling as Vercel takes them; nothing where there is none."""
    return without_empty({"sampling": [{"type": "head_sampling", **each} for each in rules]})


def shared(answer: Document, before: Document) -> Document:
    """The state of the shared fields but the address; `before` is the plan or the state, whose own secret is kept."""
    said = part(answer, "delivery")
    return {
        "id": answer["id"],
        "teamId": answer.get("ownerId") or None,
        "name": answer.get("name", ""),
        "deliveryFormat": said.get("encoding", ""),
        "headers": said.get("headers") if known(before["headers"]) else None,
        "projectIds": answer.get("projectIds"),
        "secret": before["secret"] if known(before["secret"]) else said.get("secret", ""),
    }


def drain(
    token: str,
    name: str,
    fields: Mapping[str, Field],
    body: Callable[[Document], Document],
    state: Callable[[Document, Document], Document],
) -> Resource:
    """A kind of drain.

    Args:
        token: The resource's.
        name: What the real provider's messages call it: `Log Drain`.
        fields: Its properties.
        body: What a plan sends besides name, projects and source.
        state: Vercel's answer as state; takes the plan or the state before too.
    """
    imported: Document = {"secret": None, "headers": {}, "samplingRules": None}

    async def create(client: Client, plan: Document) -> Document:
        projects = items(plan["projectIds"])
        sent = {
            "name": text(plan["name"]),
            "projects": "some" if projects else "all",
            **without_empty({"projectIds": projects}),
            **body(plan),
            "source": {"kind": "self-served"},
        }
        with explained(f"Error creating {name}", f"Could not create {name}, unexpected error"):
            return state(await client.send(CREATE, owner=text(plan["teamId"]), body=sent), plan)

    async def read(client: Client, before: Document) -> Document:
        team, identifier = text(before["teamId"]), text(before["id"])
        what = f"Could not get {name} {team} {identifier}, unexpected error"
        with explained(f"Error reading {name}", what, gone=True):
            return state(await client.send(GET, owner=team, drain=identifier), before)

    async def find(client: Client, identifier: str) -> Document:
        form = f"{name.lower().replace(' ', '_')}_id"
        team, found = split(identifier, 1, f"Error importing {name}", form)
        return await read(client, {**imported, "id": found, "teamId": team})

    async def delete(client: Client, before: Document) -> None:
        team, identifier = text(before["teamId"]), text(before["id"])
        what = f"Could not delete {name} {team} {identifier}, unexpected error"
        with explained(f"Error deleting {name.lower()}", what, gone=True):
            await client.send(DELETE, owner=team, drain=identifier)

    return Resource(token, fields, (CREATE, GET, DELETE), create, read, delete, find=find, named=True)
