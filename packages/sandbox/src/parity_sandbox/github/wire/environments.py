"""Documents of environments, their policies, secrets and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from parity_sandbox.github.ids import node_id
from parity_sandbox.github.wire import repositories
from parity_sandbox.narrowing import picked

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity_sandbox.store import Document


def address(repository: Document, found: Document) -> str:
    """The environment's address in the API."""
    return f"{repositories.url(repository)}/environments/{quote(found['name'], safe='')}"


def environment(repository: Document, found: Document, reviewer: Callable[[Document], Document | None]) -> Document:
    """An environment; `reviewer` gives the document of a user or team, or None where it is gone."""
    shown = ("id", "name", "created_at", "updated_at", "can_admins_bypass", "deployment_branch_policy")
    return picked(found, *shown) | {
        "node_id": node_id("EN", repository["id"], found["id"]),
        "url": address(repository, found),
        "html_url": f"{repositories.page(repository)}/deployments/activity_log?environments_filter="
        + quote(found["name"], safe=""),
        "protection_rules": _rules(repository, found, reviewer),
    }


def _rules(repository: Document, found: Document, reviewer: Callable[[Document], Document | None]) -> list[Document]:
    rules: list[Document] = []
    if found["wait_timer"]:
        rules.append(_rule(repository, found, "wait_timer") | {"wait_timer": found["wait_timer"]})
    if found["reviewers"]:
        shown = [(each["type"], reviewer(each)) for each in found["reviewers"]]
        rules.append(
            _rule(repository, found, "required_reviewers")
            | {
                "prevent_self_review": found["prevent_self_review"],
                "reviewers": [{"type": kind, "reviewer": who} for kind, who in shown if who is not None],
            }
        )
    if found["deployment_branch_policy"] is not None:
        rules.append(_rule(repository, found, "branch_policy"))
    return rules


def _rule(repository: Document, found: Document, kind: str) -> Document:
    number = found["gates"][kind]
    return {"id": number, "node_id": node_id("GA", repository["id"], number), "type": kind}


def policy(repository: Document, found: Document) -> Document:
    """A deployment branch policy."""
    return {**picked(found, "id", "name", "type"), "node_id": node_id("GBP", repository["id"], found["id"])}


def public_key(found: Document) -> Document:
    """The key that secrets are sealed with."""
    return {"key_id": found["key_id"], "key": found["public_key"]}


def secret(found: Document) -> Document:
    """A secret: never its value."""
    return picked(found, "name", "created_at", "updated_at")


def variable(found: Document) -> Document:
    """A variable."""
    return picked(found, "name", "value", "created_at", "updated_at")
