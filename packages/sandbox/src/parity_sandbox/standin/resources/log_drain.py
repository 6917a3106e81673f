"""vercel.LogDrain: where a team's or some projects' logs go. Every change replaces it."""

from __future__ import annotations

from parity_sandbox.standin.checks import between, each_of, one_of, size
from parity_sandbox.standin.golang import items, known, text, without_empty
from parity_sandbox.standin.resources.drains import SHARED, delivery, drain, sampling, shared
from parity_sandbox.standin.resources.shared import part
from parity_sandbox.standin.schema import Document, Field

FIELDS: dict[str, Field] = {
    **SHARED,
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


def _body(plan: Document) -> Document:
    rate = plan["samplingRate"] if known(plan["samplingRate"]) else 0
    filters: Document = {
        "type": "basic",
        "log": without_empty({"sources": items(plan["sources"])}),
        "deployment": without_empty({"environments": items(plan["environments"])}),
    }
    return {
        "filter": {"version": "v2", "filter": filters},
        "schemas": {"log": {"version": "v1"}},
        "delivery": delivery(plan, "http", text(plan["endpoint"])),
        **sampling([{"rate": rate}] if rate > 0 else []),
    }


def _state(answer: Document, before: Document) -> Document:
    filters = part(part(answer, "filterV2"), "filter")
    rules: list[Document] = answer.get("sampling") or []
    return {
        **shared(answer, before),
        "environments": part(filters, "deployment").get("environments"),
        "samplingRate": rules[0].get("rate", 0) if rules else None,
        "sources": part(filters, "log").get("sources"),
        "endpoint": part(answer, "delivery").get("endpoint", ""),
    }


RESOURCE = drain("vercel:index/logDrain:LogDrain", "Log Drain", FIELDS, _body, _state)
