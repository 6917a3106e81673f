"""Routes of environments and their deployment branch policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import Answer, Call
from parity_sandbox.github.routes import named
from parity_sandbox.github.routes.table import counted, inside
from parity_sandbox.github.state import accounts, environments
from parity_sandbox.github.state.collections import collection, held, one, remove
from parity_sandbox.github.wire import accounts as account_wire
from parity_sandbox.github.wire import environments as wire

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _shown(call: Call, repository: Document, found: Document) -> Document:
    def reviewer(asked: Document) -> Document | None:
        kind = "teams" if asked["type"] == "Team" else "users"
        account = collection(call.context, kind).get(str(asked["id"]))
        if account is None or kind == "users":
            return None if account is None else account_wire.account(account)
        return account_wire.team(account, accounts.organization(call.context, repository["owner"]), None)

    return wire.environment(repository, found, reviewer)


def _list(call: Call, repository: Document) -> Answer:
    found = held(call.context, "environments", repository["id"])
    return counted(call, "environments", [_shown(call, repository, each) for each in found])


def _get(call: Call, repository: Document) -> Document:
    return _shown(call, repository, named.environment(call, repository))


def _put(call: Call, repository: Document) -> Document:
    found = environments.put(call.context, repository, call.path("environment_name"), call.body)
    return _shown(call, repository, found)


def _delete(call: Call, repository: Document) -> None:
    environments.delete(call.context, named.environment(call, repository))


def _policies(call: Call, repository: Document) -> Answer:
    found = environments.policies(call.context, named.environment(call, repository)["id"])
    return counted(call, "branch_policies", [wire.policy(repository, each) for each in found])


def _policy(call: Call, repository: Document) -> Document:
    environment = named.environment(call, repository)["id"]
    return one(call.context, environments.POLICIES, call.number("branch_policy_id"), environment_id=environment)


def _get_policy(call: Call, repository: Document) -> Document:
    return wire.policy(repository, _policy(call, repository))


def _create_policy(call: Call, repository: Document) -> Answer:
    made = environments.create_policy(call.context, named.environment(call, repository), call.body)
    return Answer(200, wire.policy(repository, made))


def _change_policy(call: Call, repository: Document) -> Document:
    return wire.policy(repository, environments.rename_policy(call.context, _policy(call, repository), call.body))


def _delete_policy(call: Call, repository: Document) -> None:
    remove(call.context, environments.POLICIES, _policy(call, repository))


_ONE = "/environments/{environment_name}"
_POLICIES = f"{_ONE}/deployment-branch-policies"
_POLICY = f"{_POLICIES}/{{branch_policy_id}}"

ROUTES = (
    inside("GET", "/environments", _list, "repos/get-all-environments"),
    inside("GET", _ONE, _get, "repos/get-environment"),
    inside(
        "PUT", _ONE, _put, "repos/create-or-update-environment",
        "A field that is not sent stays as it is; GitHub's description does not say.",
    ),
    inside("DELETE", _ONE, _delete, "repos/delete-an-environment"),
    inside(
        "GET", _POLICIES, _policies, "repos/list-deployment-branch-policies",
        "Those of branches come first: read from the provider's acceptance test, GitHub does not say.",
    ),
    inside(
        "POST", _POLICIES, _create_policy, "repos/create-deployment-branch-policy",
        "The 303 for a policy that exists carries no `Location`; GitHub's description does not say.",
    ),
    inside("GET", _POLICY, _get_policy, "repos/get-deployment-branch-policy"),
    inside("PUT", _POLICY, _change_policy, "repos/update-deployment-branch-policy"),
    inside("DELETE", _POLICY, _delete_policy, "repos/delete-deployment-branch-policy"),
)  # fmt: skip
