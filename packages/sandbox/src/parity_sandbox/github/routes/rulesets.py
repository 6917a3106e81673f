"""Routes of a repository's rulesets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.routes.table import Result, inside
from parity_sandbox.github.state import rulesets
from parity_sandbox.github.state.collections import held, one, remove
from parity_sandbox.github.wire import rulesets as wire

if TYPE_CHECKING:
    from parity_sandbox.github.calls import Call
    from parity_sandbox.store import Document


def _one(call: Call, repository: Document) -> Document:
    return one(call.context, "rulesets", call.number("ruleset_id"), repository_id=repository["id"])


def _list(call: Call, repository: Document) -> Result:
    return [wire.summary(repository, each) for each in held(call.context, "rulesets", repository["id"])]


def _create(call: Call, repository: Document) -> Document:
    return wire.full(repository, rulesets.create(call.context, repository["id"], call.body))


def _get(call: Call, repository: Document) -> Document:
    return wire.full(repository, _one(call, repository))


def _change(call: Call, repository: Document) -> Document:
    return wire.full(repository, rulesets.change(call.context, _one(call, repository), call.body))


def _delete(call: Call, repository: Document) -> None:
    remove(call.context, "rulesets", _one(call, repository))


def _of_branch(call: Call, repository: Document) -> Result:
    source = f"{repository['owner']}/{repository['name']}"
    return [
        rule | {"ruleset_source_type": "Repository", "ruleset_source": source, "ruleset_id": each["id"]}
        for each in held(call.context, "rulesets", repository["id"])
        if rulesets.guards(each, repository, call.path("branch"))
        for rule in each["rules"]
    ]


_ONE = "/rulesets/{ruleset_id}"
_KEPT = "Rules are kept and given back; no push or merge is held to them."

ROUTES = (
    inside("GET", "/rulesets", _list, "repos/get-repo-rulesets", "An organisation's own rulesets do not exist."),
    inside("POST", "/rulesets", _create, "repos/create-repo-ruleset", _KEPT),
    inside("GET", _ONE, _get, "repos/get-repo-ruleset"),
    inside("PUT", _ONE, _change, "repos/update-repo-ruleset", _KEPT),
    inside("DELETE", _ONE, _delete, "repos/delete-repo-ruleset"),
    inside("GET", "/rules/branches/{branch}", _of_branch, "repos/get-branch-rules"),
)
