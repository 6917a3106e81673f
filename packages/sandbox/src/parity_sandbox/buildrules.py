"""Keeps the rules by which tests make deployments fail, last or be unhealthy; vercel.builds reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from parity_sandbox.context import random_id
from parity_sandbox.forms import LONGEST_SECONDS, Form, keep

if TYPE_CHECKING:
    from parity_sandbox.store import Document, Store


class _Match(Form):
    """Which deployments."""

    project: str | None = None
    commit: str | None = None
    release: str | None = None
    deployment: str | None = None


class _Rule(Form):
    """A rule as `vercel.builds` describes it; only what was given is kept."""

    id: str = ""
    match: _Match = _Match()
    state: Literal["READY", "ERROR", "CANCELED"] = "READY"
    error_code: str = ""
    error_message: str = ""
    seconds: Annotated[float, Field(ge=0, le=LONGEST_SECONDS)] = 0
    healthy: bool = True
    errors: Annotated[float, Field(ge=0, le=1)] = 0


def add_rule(store: Store, document: Document) -> Document:
    """Keep a rule and give it an id. Raises BadDocument that names the field that is wrong."""
    given = _Rule.read(document, "build rule").model_dump(exclude_unset=True)
    return keep(store.collection("sandbox", "builds"), {"id": random_id("rule_", 12), **given}, "build rule")
