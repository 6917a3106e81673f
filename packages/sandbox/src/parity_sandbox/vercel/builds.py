"""Rules that make deployments fail, take longer, or be unhealthy, which the control API writes.

What is given of `match` must be equal; an empty match means every deployment. Later rules win, field by field.
`seconds` counts when the deployment is created, `state` when its build ends, `healthy` and `errors` on every request.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from parity_sandbox.context import random_id
from parity_sandbox.forms import LONGEST_SECONDS, Form, keep
from parity_sandbox.narrowing import part
from parity_sandbox.store import Document, Store


class _Match(Form):
    """Which deployments."""

    project: str | None = None
    """Name or id."""
    commit: str | None = None
    release: str | None = None
    deployment: str | None = None
    """Id or host."""


class _Rule(Form):
    """A rule; only what was given is kept."""

    id: str = ""
    match: _Match = _Match()
    state: Literal["READY", "ERROR", "CANCELED"] = "READY"
    """How the build ends."""
    error_code: str = ""
    error_message: str = ""
    seconds: Annotated[float, Field(ge=0, le=LONGEST_SECONDS)] = 0
    """QUEUED and BUILDING together; the sandbox's own where it is not given."""
    healthy: bool = True
    """Whether the edge answers; otherwise it gives 503."""
    errors: Annotated[float, Field(ge=0, le=1)] = 0
    """The share of requests that the edge answers with 500."""


def add_rule(store: Store, document: Document) -> Document:
    """Keep a rule and give it an id. Raises BadDocument that names the field that is wrong."""
    given = _Rule.read(document, "build rule").model_dump(exclude_unset=True)
    return keep(store.collection("sandbox", "builds"), {"id": random_id("rule_", 12), **given}, "build rule")


def rule_for(store: Store, deployment: Document) -> Document:
    """The rules that match, merged into one; empty where none does."""
    variables, meta = part(part(deployment, "snapshot"), "variables"), part(deployment, "meta")
    known = {
        "project": (deployment.get("projectId"), deployment.get("name")),
        "commit": (deployment.get("sha"), meta.get("commit"), variables.get("PARITY_COMMIT")),
        "release": (meta.get("release"), variables.get("PARITY_RELEASE")),
        "deployment": (deployment.get("id"), deployment.get("url")),
    }
    merged: Document = {}
    for rule in store.collection("sandbox", "builds").all():
        if all(value in known.get(name, ()) for name, value in part(rule, "match").items()):
            merged.update({name: value for name, value in rule.items() if name not in {"id", "match"}})
    return merged
