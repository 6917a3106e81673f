"""vercel.LogDrain: where a team's or some projects' logs go. Every change replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.standin.calls import Call
from parity_sandbox.standin.checks import between, each_of, length, one_of, size
from parity_sandbox.standin.errors import ResourceError, StandInError, not_found
from parity_sandbox.standin.golang import items, known, text, without_empty
from parity_sandbox.standin.resources.shared import ID, TEAM_ID, part, split
from parity_sandbox.standin.schema import Document, Field, Resource

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client

CREATE = Call("POST", "/v1/drains")
GET = Call("GET", "/v1/drains/{drain}")
DELETE = Call("DELETE", "/v1/drains/{drain}")

FIELDS: dict[str, Field] = {
    "id": ID,
    "teamId": TEAM_ID,
    "name": Field("string", required=True, replace="always"),
    "deliveryFormat": Field("string", required=True, replace="always", checks=(one_of("json", "ndjson"),)),
    "environments": Field("set", required=True, replace="always", checks=(each_of("production", "preview"), size(1))),
    "headers": Field("map", optional=True, replace="always", secret=True, checks=(size(0, 5),)),
    "projectIds": Field("set", optional=True, replace="always"),
    "samplingRate": Field("number", optional=True, replace="always", checks=(between(0, 1),)),
    "secret": Field(
        "string",
        optional=True,
        computed=True,
        replace="if configured",
        keep=True,
        secret=True,
        checks=(length(32),),
    ),
    "sources": Field(
        "set",
        required=True,
        replace="always",
        checks=(each_of("static", "edge", "external", "build", "lambda", "firewall", "redirect"), size(1)),
    ),
    "endpoint": Field("string", required=True, replace="always"),
}


async def _create(client: Client, plan: Document) -> Document:
    try:
        answer = await client.send(CREATE, owner=text(plan["teamId"]), body=_creation(plan))
    except StandInError as error:
        raise ResourceError(
            "Error creating Log Drain", f"Could not create Log Drain, unexpected error: {error}"
        ) from error
    return _state(answer, plan["secret"], plan["headers"])


def _creation(plan: Document) -> Document:
    projects = items(plan["projectIds"])
    headers: dict[str, str] = plan["headers"] if known(plan["headers"]) else {}
    rate = plan["samplingRate"] if known(plan["samplingRate"]) else 0
    filters: Document = {
        "type": "basic",
        "log": without_empty({"sources": items(plan["sources"])}),
        "deployment": without_empty({"environments": items(plan["environments"])}),
    }
    return {
        "name": text(plan["name"]),
        "projects": "some" if projects else "all",
        **without_empty({"projectIds": projects}),
        "filter": {"version": "v2", "filter": filters},
        "schemas": {"log": {"version": "v1"}},
        "delivery": {
            "type": "http",
            "endpoint": text(plan["endpoint"]),
            "encoding": text(plan["deliveryFormat"]),
            "headers": headers,
            **without_empty({"secret": text(plan["secret"])}),
        },
        **without_empty({"sampling": [{"type": "head_sampling", "rate": rate}] if rate > 0 else None}),
        "source": {"kind": "self-served"},
    }


async def _read(client: Client, state: Document) -> Document | None:
    team, identifier = text(state["teamId"]), text(state["id"])
    answer = await _get(client, identifier, team)
    return None if answer is None else _state(answer, state["secret"], state["headers"])


async def _find(client: Client, identifier: str) -> Document | None:
    team, drain = split(identifier, 1, "Error importing Log Drain", "log_drain_id")
    answer = await _get(client, drain, team)
    return None if answer is None else _state(answer, None, {})


async def _get(client: Client, identifier: str, team: str) -> Any:
    try:
        return await client.send(GET, owner=team, drain=identifier)
    except StandInError as error:
        if not_found(error):
            return None
        raise ResourceError(
            "Error reading Log Drain", f"Could not get Log Drain {team} {identifier}, unexpected error: {error}"
        ) from error


async def _delete(client: Client, state: Document) -> None:
    team, identifier = text(state["teamId"]), text(state["id"])
    try:
        await client.send(DELETE, owner=team, drain=identifier)
    except StandInError as error:
        if not not_found(error):
            raise ResourceError(
                "Error deleting log drain", f"Could not delete Log Drain {team} {identifier}, unexpected error: {error}"
            ) from error


def _state(answer: Document, secret: Any, headers: Any) -> Document:
    delivery = part(answer, "delivery")
    filters = part(part(answer, "filterV2"), "filter")
    sampling: list[Document] = answer.get("sampling") or []
    said: dict[str, str] | None = delivery.get("headers")
    return {
        "id": answer["id"],
        "teamId": answer.get("ownerId") or None,
        "name": answer.get("name", ""),
        "deliveryFormat": delivery.get("encoding", ""),
        "environments": part(filters, "deployment").get("environments"),
        "headers": said if known(headers) else None,
        "projectIds": answer.get("projectIds"),
        "samplingRate": sampling[0].get("rate", 0) if sampling else None,
        "secret": secret if known(secret) else delivery.get("secret", ""),
        "sources": part(filters, "log").get("sources"),
        "endpoint": delivery.get("endpoint", ""),
    }


RESOURCE = Resource(
    token="vercel:index/logDrain:LogDrain",  # noqa: S106 - a resource's token
    fields=FIELDS,
    calls=(CREATE, GET, DELETE),
    create=_create,
    read=_read,
    delete=_delete,
    find=_find,
    named=True,
)
