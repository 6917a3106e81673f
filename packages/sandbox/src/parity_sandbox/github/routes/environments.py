"""Routes of environments and their deployment branch policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import accounts, environments
from parity_sandbox.github.state.collections import collection
from parity_sandbox.github.wire import accounts as account_wire
from parity_sandbox.github.wire import environments as wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity_sandbox.store import Document


def _reviewer(call: Call, repository: Document) -> Callable[[Document], Document | None]:
    def show(reviewer: Document) -> Document | None:
        kind = "teams" if reviewer["type"] == "Team" else "users"
        found = collection(call.context, kind).get(str(reviewer["id"]))
        if found is None or kind == "users":
            return None if found is None else account_wire.account(found)
        return account_wire.team(found, accounts.organization(call.context, repository["owner"]), None)

    return show


def _shown(call: Call, repository: Document, found: Document) -> Document:
    return wire.environment(repository, found, _reviewer(call, repository))


def _list(call: Call) -> Answer:
    repository = named.repository(call)
    found = environments.environments(call.context, repository["id"])
    page = paged(call, [_shown(call, repository, each) for each in found])
    return Answer(200, {"total_count": page.total, "environments": page.items}, page.headers)


def _get(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, _shown(call, repository, named.environment(call, repository)))


def _put(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    found = environments.put(call.context, repository, call.path("environment_name"), call.body)
    return Answer(200, _shown(call, repository, found))


def _delete(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    environments.delete(call.context, named.environment(call, repository))
    return NO_CONTENT


def _policies(call: Call) -> Answer:
    repository = named.repository(call)
    found = environments.policies(call.context, named.environment(call, repository)["id"])
    page = paged(call, [wire.policy(repository, each) for each in found])
    return Answer(200, {"total_count": page.total, "branch_policies": page.items}, page.headers)


def _policy(call: Call, repository: Document) -> Document:
    environment = named.environment(call, repository)
    return environments.policy(call.context, environment["id"], call.number("branch_policy_id"))


def _get_policy(call: Call) -> Answer:
    repository = named.repository(call)
    return Answer(200, wire.policy(repository, _policy(call, repository)))


def _create_policy(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    made = environments.create_policy(call.context, named.environment(call, repository), call.body)
    return Answer(200, wire.policy(repository, made))


def _change_policy(call: Call) -> Answer:
    repository = named.repository(call, write=True)
    changed = environments.rename_policy(call.context, _policy(call, repository), call.body)
    return Answer(200, wire.policy(repository, changed))


def _delete_policy(call: Call) -> Answer:
    environments.delete_policy(call.context, _policy(call, named.repository(call, write=True)))
    return NO_CONTENT


_ALL = "/repos/{owner}/{repo}/environments"
_ONE = f"{_ALL}/{{environment_name}}"
_POLICIES = f"{_ONE}/deployment-branch-policies"
_POLICY = f"{_POLICIES}/{{branch_policy_id}}"

ROUTES = (
    Route("GET", _ALL, endpoint(_list), "repos/get-all-environments"),
    Route("GET", _ONE, endpoint(_get), "repos/get-environment"),
    Route(
        "PUT",
        _ONE,
        endpoint(_put),
        "repos/create-or-update-environment",
        ("A field that is not sent stays as it is; GitHub's description does not say.",),
    ),
    Route("DELETE", _ONE, endpoint(_delete), "repos/delete-an-environment"),
    Route(
        "GET",
        _POLICIES,
        endpoint(_policies),
        "repos/list-deployment-branch-policies",
        ("Those of branches come first: read from the provider's acceptance test, GitHub does not say.",),
    ),
    Route(
        "POST",
        _POLICIES,
        endpoint(_create_policy),
        "repos/create-deployment-branch-policy",
        ("The 303 for a policy that exists carries no `Location`; GitHub's description does not say.",),
    ),
    Route("GET", _POLICY, endpoint(_get_policy), "repos/get-deployment-branch-policy"),
    Route("PUT", _POLICY, endpoint(_change_policy), "repos/update-deployment-branch-policy"),
    Route("DELETE", _POLICY, endpoint(_delete_policy), "repos/delete-deployment-branch-policy"),
)
