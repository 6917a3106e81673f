"""vercel.LogDrain and vercel.TraceDrain: where logs and traces go. Every change replaces them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from parity_sandbox.narrowing import part
from parity_sandbox.standin.checks import between, each_of, length, one_of, size
from parity_sandbox.standin.client import Client
from parity_sandbox.standin.golang import items, known, text, without_empty
from parity_sandbox.standin.resources.shared import ID, TEAM_ID, Resource, failing, split
from parity_sandbox.standin.schema import Call, Document, Field

CREATE = Call("POST", "/v1/drains")
GET = Call("GET", "/v1/drains/{id}")
DELETE = Call("DELETE", "/v1/drains/{id}")

_SHARED: dict[str, Field] = {
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
RULE = Field(
    "object",
    fields={
        "rate": Field("number", required=True, checks=(between(0, 1),)),
        "environment": Field("string", optional=True, checks=(one_of("production", "preview"),)),
        "requestPath": Field("string", optional=True),
    },
)
"""A rule of sampling, of a trace drain or of a project's tracing."""
_LOGS: dict[str, Field] = {
    **_SHARED,
    "deliveryFormat": Field("string", required=True, replace="always", checks=(one_of("json", "ndjson"),)),
    "environments": Field("set", required=True, replace="always", checks=(each_of("production", "preview"), size(1))),
    "samplingRate": Field("number", optional=True, replace="always", checks=(between(0, 1),)),
    "sources": Field(
        "set",
        required=True,
        replace="always",
        checks=(each_of("static", "edge", "external", "build", "lambda", "firewall", "redirect"), size(1)),
    ),
}
_TRACES: dict[str, Field] = {
    **_SHARED,
    "deliveryFormat": Field("string", required=True, replace="always", checks=(one_of("json", "proto"),)),
    "samplingRules": Field("list", optional=True, replace="always", element=RULE),
}


def _delivery(plan: Document, kind: str, endpoint: object) -> Document:
    """Where and how a planned drain delivers, as Vercel takes it."""
    headers: dict[str, str] = plan["headers"] if known(plan["headers"]) else {}
    return {
        "type": kind,
        "endpoint": endpoint,
        "encoding": text(plan["deliveryFormat"]),
        "headers": headers,
        **without_empty({"secret": text(plan["secret"])}),
    }


def sampling(rules: Any) -> list[Document]:
    """Planned rules as Vercel takes them; none where they are null or unknown."""
    given: Sequence[Document] = rules if known(rules) else ()
    optional = {"environment": "env", "requestPath": "requestPath"}
    return [
        {
            "type": "head_sampling",
            "rate": each["rate"],
            **without_empty({wire: text(each[name]) for name, wire in optional.items()}),
        }
        for each in given
    ]


def sampled(answer: Document, before: Any) -> list[Document] | None:
    """Vercel's rules as state; none at all is null, or empty where it was so `before`."""
    rules: list[Document] = answer.get("sampling") or []
    if not rules:
        return [] if known(before) else None
    return [
        {"rate": each["rate"], "environment": each.get("env") or None, "requestPath": each.get("requestPath") or None}
        for each in rules
    ]


def _logs_body(plan: Document) -> Document:
    rate = plan["samplingRate"] if known(plan["samplingRate"]) else 0
    filters: Document = {
        "type": "basic",
        "log": without_empty({"sources": items(plan["sources"])}),
        "deployment": without_empty({"environments": items(plan["environments"])}),
    }
    return {
        "filter": {"version": "v2", "filter": filters},
        "schemas": {"log": {"version": "v1"}},
        "delivery": _delivery(plan, "http", text(plan["endpoint"])),
        **without_empty({"sampling": [{"type": "head_sampling", "rate": rate}] if rate > 0 else []}),
    }


def _logs_state(answer: Document, _before: Document) -> Document:
    filters = part(part(answer, "filterV2"), "filter")
    rules: list[Document] = answer.get("sampling") or []
    return {
        "environments": part(filters, "deployment").get("environments"),
        "samplingRate": rules[0].get("rate", 0) if rules else None,
        "sources": part(filters, "log").get("sources"),
        "endpoint": part(answer, "delivery").get("endpoint", ""),
    }


def _traces_body(plan: Document) -> Document:
    return {
        "schemas": {"trace": {"version": "v1"}},
        "delivery": _delivery(plan, "otlphttp", {"traces": text(plan["endpoint"])}),
        **without_empty({"sampling": sampling(plan["samplingRules"])}),
    }


def _traces_state(answer: Document, before: Document) -> Document:
    return {
        "samplingRules": sampled(answer, before["samplingRules"]),
        "endpoint": part(part(answer, "delivery"), "endpoint").get("traces", ""),
    }


def _drain(
    token: str,
    name: str,
    fields: Mapping[str, Field],
    body: Callable[[Document], Document],
    own: Callable[[Document, Document], Document],
) -> Resource:
    """A kind of drain.

    Args:
        token: The resource's.
        name: What the real provider's messages call it: `Log Drain`.
        fields: Its properties.
        body: What a plan sends besides name, projects and source.
        own: Vercel's answer as state, of the fields that the kinds do not share; takes the plan or state before too.
    """
    imported: Document = {"secret": None, "headers": {}, "samplingRules": None}

    def state(answer: Document, before: Document) -> Document:
        said = part(answer, "delivery")
        return {
            "id": answer["id"],
            "teamId": answer.get("ownerId") or None,
            "name": answer.get("name", ""),
            "deliveryFormat": said.get("encoding", ""),
            "headers": said.get("headers") if known(before["headers"]) else None,
            "projectIds": answer.get("projectIds"),
            "secret": before["secret"] if known(before["secret"]) else said.get("secret", ""),
            **own(answer, before),
        }

    async def create(client: Client, plan: Document) -> Document:
        projects = items(plan["projectIds"])
        sent = {
            "name": text(plan["name"]),
            "projects": "some" if projects else "all",
            **without_empty({"projectIds": projects}),
            **body(plan),
            "source": {"kind": "self-served"},
        }
        with failing("creating", name, f"create {name}"):
            return state(await client.send(CREATE, plan, body=sent), plan)

    def tried(verb: str, at: Document) -> str:
        return f"{verb} {name} {text(at['teamId'])} {text(at['id'])}"

    async def read(client: Client, before: Document) -> Document:
        with failing("reading", name, tried("get", before), gone=True):
            return state(await client.send(GET, before), before)

    async def find(client: Client, identifier: str) -> Document:
        form = f"{name.lower().replace(' ', '_')}_id"
        team, found = split(identifier, 1, f"Error importing {name}", form)
        return await read(client, {**imported, "id": found, "teamId": team})

    async def delete(client: Client, before: Document) -> None:
        with failing("deleting", name.lower(), tried("delete", before), gone=True):
            await client.send(DELETE, before)

    return Resource(token, fields, create, read, delete, find=find, named=True)


LOGS = _drain("vercel:index/logDrain:LogDrain", "Log Drain", _LOGS, _logs_body, _logs_state)
TRACES = _drain("vercel:index/traceDrain:TraceDrain", "Trace Drain", _TRACES, _traces_body, _traces_state)
