"""Documents of rulesets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.ids import node_id
from parity_sandbox.github.wire import repositories

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def summary(repository: Document, found: Document) -> Document:
    """A ruleset as lists give it: without rules, conditions and bypass."""
    return {
        "id": found["id"],
        "name": found["name"],
        "target": found["target"],
        "source_type": "Repository",
        "source": f"{repository['owner']}/{repository['name']}",
        "enforcement": found["enforcement"],
        "node_id": node_id("RRS", "Repository", repository["id"], found["id"]),
        "_links": {
            "self": {"href": f"{repositories.url(repository)}/rulesets/{found['id']}"},
            "html": {"href": f"{repositories.page(repository)}/rules/{found['id']}"},
        },
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
    }


def full(repository: Document, found: Document) -> Document:
    """A ruleset as it is read and written alone."""
    return summary(repository, found) | {
        "conditions": found["conditions"],
        "rules": found["rules"],
        "bypass_actors": found["bypass_actors"],
        "current_user_can_bypass": "never",
    }
