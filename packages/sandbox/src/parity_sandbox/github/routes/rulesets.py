"""Routes of a repository's rulesets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import rulesets
from parity_sandbox.github.wire import rulesets as wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _one(call: Call, repository: Document) -> Document:
    return rulesets.ruleset(call.context, repository["id"], call.number("ruleset_id"))


def _list(call: Call) -> Answer:
    repository = named.repository(call)
    found = rulesets.rulesets(call.context, repository["id"])
    page = paged(call, [wire.summary(repository, each) for each in found])
    return Answer(200, page.items, page.headers)


def _create(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    return Answer(201, wire.full(repository, rulesets.create(call.context, repository["id"], call.body)))


def _get(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, wire.full(repository, _one(call, repository)))


def _change(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    changed = rulesets.change(call.context, _one(call, repository), call.body)
    return Answer(200, wire.full(repository, changed))


def _delete(call: Call) -> Answer:
    rulesets.delete(call.context, _one(call, named.repository(call, write=True)))
    return NO_CONTENT


def _of_branch(call: Call) -> Answer:
    repository = named.repository(call)
    found = [
        rule | {"ruleset_source_type": "Repository", "ruleset_source": source, "ruleset_id": each["id"]}
        for each in rulesets.rulesets(call.context, repository["id"])
        if rulesets.guards(each, repository, call.path("branch"))
        for source in (f"{repository['owner']}/{repository['name']}",)
        for rule in each["rules"]
    ]
    page = paged(call, found)
    return Answer(200, page.items, page.headers)


_ALL = "/repos/{owner}/{repo}/rulesets"
_ONE = f"{_ALL}/{{ruleset_id}}"
_KEPT = ("Rules are kept and given back; no push or merge is held to them.",)

ROUTES = (
    Route("GET", _ALL, endpoint(_list), "repos/get-repo-rulesets", ("An organisation's own rulesets do not exist.",)),
    Route("POST", _ALL, endpoint(_create), "repos/create-repo-ruleset", _KEPT),
    Route("GET", _ONE, endpoint(_get), "repos/get-repo-ruleset"),
    Route("PUT", _ONE, endpoint(_change), "repos/update-repo-ruleset", _KEPT),
    Route("DELETE", _ONE, endpoint(_delete), "repos/delete-repo-ruleset"),
    Route("GET", "/repos/{owner}/{repo}/rules/branches/{branch}", endpoint(_of_branch), "repos/get-branch-rules"),
)
