"""Rules of sampling, which trace drains and the tracing of a project have in the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.standin.checks import between, one_of
from parity_sandbox.standin.golang import known, text, without_empty
from parity_sandbox.standin.schema import Document, Field

if TYPE_CHECKING:
    from collections.abc import Sequence

RULE = Field(
    "object",
    fields={
        "rate": Field("number", required=True, checks=(between(0, 1),)),
        "environment": Field("string", optional=True, checks=(one_of("production", "preview"),)),
        "requestPath": Field("string", optional=True),
    },
)


def sent(rules: Any) -> list[Document]:
    """Planned rules as Vercel takes them; none where they are null or unknown."""
    given: Sequence[Document] = rules if known(rules) else ()
    optional = {"environment": "env", "requestPath": "requestPath"}
    return [
        {"rate": each["rate"], **without_empty({wire: text(each[name]) for name, wire in optional.items()})}
        for each in given
    ]


def read(answer: Document, before: Any) -> list[Document] | None:
    """Vercel's rules as state; none at all is null, or empty where it was so `before`."""
    rules: list[Document] = answer.get("sampling") or []
    if not rules:
        return [] if known(before) else None
    return [
        {"rate": each["rate"], "environment": each.get("env") or None, "requestPath": each.get("requestPath") or None}
        for each in rules
    ]
