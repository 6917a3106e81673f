"""vercel.TraceDrain: where a team's or some projects' traces go, by OTLP over HTTP. Every change replaces it."""

from __future__ import annotations

from parity_sandbox.standin.checks import one_of
from parity_sandbox.standin.golang import text
from parity_sandbox.standin.resources.drains import SHARED, delivery, drain, sampling, shared
from parity_sandbox.standin.resources.sampling import RULE, read, sent
from parity_sandbox.standin.resources.shared import part
from parity_sandbox.standin.schema import Document, Field

FIELDS: dict[str, Field] = {
    **SHARED,
    "deliveryFormat": Field("string", required=True, replace="always", checks=(one_of("json", "proto"),)),
    "samplingRules": Field("list", optional=True, replace="always", element=RULE),
}


def _body(plan: Document) -> Document:
    return {
        "schemas": {"trace": {"version": "v1"}},
        "delivery": delivery(plan, "otlphttp", {"traces": text(plan["endpoint"])}),
        **sampling(sent(plan["samplingRules"])),
    }


def _state(answer: Document, before: Document) -> Document:
    return {
        **shared(answer, before),
        "samplingRules": read(answer, before["samplingRules"]),
        "endpoint": part(part(answer, "delivery"), "endpoint").get("traces", ""),
    }


RESOURCE = drain("vercel:index/traceDrain:TraceDrain", "Trace Drain", FIELDS, _body, _state)
