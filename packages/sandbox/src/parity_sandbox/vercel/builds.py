"""Rules that make deployments fail, take longer, or be unhealthy; the control API writes them.

A rule is a document of the collection ("sandbox", "builds")::

    {"id": "...",                  # given by the control API
     "match": {"project": "shop-staging", "commit": "<40 hex>", "release": "r2", "deployment": "dpl_..."},
     "state": "ERROR",             # READY | ERROR | CANCELED: how the build ends; absent: READY
     "error_code": "BUILD_FAILED", "error_message": "...",
     "seconds": 4.0,               # QUEUED and BUILDING together; absent: the sandbox's own
     "healthy": false}             # what the edge answers: false gives 503

Every field of `match` is optional; what is given must be equal (a project's name or id). An empty match means every
deployment. Later rules win, field by field. `seconds` counts when the deployment is created, `state` when its build
ends, `healthy` on every request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.narrowing import part

if TYPE_CHECKING:
    from parity_sandbox.store import Document, Store

COLLECTION = ("sandbox", "builds")


def facts(deployment: Document) -> dict[str, tuple[object, ...]]:
    """What a rule's `match` is compared with: for each field, the values that count as equal."""
    variables: dict[str, str] = deployment.get("snapshot", {}).get("variables", {})
    meta: dict[str, str] = part(deployment, "meta")
    return {
        "project": (deployment.get("projectId"), deployment.get("name")),
        "commit": (deployment.get("sha"), meta.get("commit"), variables.get("PARITY_COMMIT")),
        "release": (meta.get("release"), variables.get("PARITY_RELEASE")),
        "deployment": (deployment.get("id"), deployment.get("url")),
    }


def rule_for(store: Store, deployment: Document) -> Document:
    """The rules that match, merged into one; empty where none does."""
    known = facts(deployment)
    merged: Document = {}
    for rule in store.collection(*COLLECTION).all():
        match: dict[str, str] = part(rule, "match")
        if all(value in known.get(name, ()) for name, value in match.items()):
            merged.update({name: value for name, value in rule.items() if name not in {"id", "match"}})
    return merged
