"""Documents of rulesets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.ids import node_id
from parity_sandbox.github.wire import repositories
from parity_sandbox.narrowing import picked

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def summary(repository: Document, found: Document) -> Document:
    """A ruleset as lists give it: without rules, conditions and bypass."""
    return picked(found, "id", "name", "target", "enforcement", "created_at", "updated_at") | {
        "source_type": "Repository",
        "source": f"{repository['owner']}/{repository['name']}",
        "node_id": node_id("RRS", "Repository", repository["id"], found["id"]),
        "_links": {
            "self": {"href": f"{repositories.url(repository)}/rulesets/{found['id']}"},
            "html": {"href": f"{repositories.page(repository)}/rules/{found['id']}"},
        },
    }


def full(repository: Document, found: Document) -> Document:
    """A ruleset as it is read and written alone."""
    more = picked(found, "conditions", "rules", "bypass_actors")
    return summary(repository, found) | more | {"current_user_can_bypass": "never"}
