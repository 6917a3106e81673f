"""Routes of a repository's rulesets."""

from __future__ import annotations

from dataclasses import replace

from parity_sandbox.github.calls import Call
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.routes.table import Kind, Result, inside
from parity_sandbox.github.state import rulesets
from parity_sandbox.github.state.collections import held
from parity_sandbox.github.wire.repositories import page, url
from parity_sandbox.narrowing import picked
from parity_sandbox.store import Document


def _summary(_call: Call, repository: Document, found: Document) -> Document:
    """A ruleset as lists give it: without rules, conditions and bypass."""
    return picked(found, "id", "name", "target", "enforcement", "created_at", "updated_at") | {
        "source_type": "Repository",
        "source": f"{repository['owner']}/{repository['name']}",
        "node_id": node_id("RRS", "Repository", repository["id"], found["id"]),
        "_links": {
            "self": {"href": f"{url(repository)}/rulesets/{found['id']}"},
            "html": {"href": f"{page(repository)}/rules/{found['id']}"},
        },
    }


def _full(call: Call, repository: Document, found: Document) -> Document:
    more = picked(found, "conditions", "rules", "bypass_actors")
    return _summary(call, repository, found) | more | {"current_user_can_bypass": "never"}


def _of_branch(call: Call, repository: Document) -> Result:
    source = f"{repository['owner']}/{repository['name']}"
    return [
        rule | {"ruleset_source_type": "Repository", "ruleset_source": source, "ruleset_id": each["id"]}
        for each in held(call.context, "rulesets", repository["id"])
        if rulesets.guards(each, repository, call.path("branch"))
        for rule in each["rules"]
    ]


_ONE, _RULESET = "/rulesets/{ruleset_id}", Kind.by_id("rulesets", "ruleset_id", _full)
_LIST = replace(_RULESET, shown=_summary).every
_KEPT = "Rules are kept and given back; no push or merge is held to them."

ROUTES = (
    inside("GET", "/rulesets", _LIST, "repos/get-repo-rulesets", "An organisation's own rulesets do not exist."),
    inside("POST", "/rulesets", _RULESET.made(rulesets.create), "repos/create-repo-ruleset", _KEPT),
    inside("GET", _ONE, _RULESET.get, "repos/get-repo-ruleset"),
    inside("PUT", _ONE, _RULESET.changed(rulesets.change), "repos/update-repo-ruleset", _KEPT),
    inside("DELETE", _ONE, _RULESET.delete, "repos/delete-repo-ruleset"),
    inside("GET", "/rules/branches/{branch}", _of_branch, "repos/get-branch-rules"),
)
