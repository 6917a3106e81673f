"""Routes of environments and their deployment branch policies."""

from __future__ import annotations

from urllib.parse import quote

from parity_sandbox.github.calls import Answer, Call, paged
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.routes import named
from parity_sandbox.github.routes.table import Kind, inside
from parity_sandbox.github.state import accounts, environments
from parity_sandbox.github.state.collections import collection, one
from parity_sandbox.github.wire import accounts as account_wire
from parity_sandbox.github.wire.repositories import page, url
from parity_sandbox.narrowing import picked
from parity_sandbox.store import Document


def _shown(call: Call, repository: Document, found: Document) -> Document:
    shown = ("id", "name", "created_at", "updated_at", "can_admins_bypass", "deployment_branch_policy")
    name = quote(found["name"], safe="")
    return picked(found, *shown) | {
        "node_id": node_id("EN", repository["id"], found["id"]),
        "url": f"{url(repository)}/environments/{name}",
        "html_url": f"{page(repository)}/deployments/activity_log?environments_filter={name}",
        "protection_rules": _rules(call, repository, found),
    }


def _rules(call: Call, repository: Document, found: Document) -> list[Document]:
    rules: Document = {}
    if found["wait_timer"]:
        rules["wait_timer"] = {"wait_timer": found["wait_timer"]}
    if found["reviewers"]:
        asked = [(each["type"], _reviewer(call, repository, each)) for each in found["reviewers"]]
        shown = [{"type": kind, "reviewer": who} for kind, who in asked if who is not None]
        rules["required_reviewers"] = {"prevent_self_review": found["prevent_self_review"], "reviewers": shown}
    if found["deployment_branch_policy"] is not None:
        rules["branch_policy"] = {}
    return [
        {"id": number, "node_id": node_id("GA", repository["id"], number), "type": kind, **rules[kind]}
        for kind, number in found["gates"].items()
        if kind in rules
    ]


def _reviewer(call: Call, repository: Document, asked: Document) -> Document | None:
    """The document of a user or team; None where it is gone."""
    kind = "teams" if asked["type"] == "Team" else "users"
    account = collection(call.context, kind).get(str(asked["id"]))
    if account is None or kind == "users":
        return None if account is None else account_wire.account(account)
    return account_wire.team(account, accounts.organization(call.context, repository["owner"]), None)


def _policy_shown(_call: Call, repository: Document, found: Document) -> Document:
    return {**picked(found, "id", "name", "type"), "node_id": node_id("GBP", repository["id"], found["id"])}


def _list(call: Call, repository: Document) -> Answer:
    return paged(call, _ENVIRONMENTS.every(call, repository), "environments")


def _put(call: Call, repository: Document) -> Document:
    found = environments.put(call.context, repository, call.path("environment_name"), call.body)
    return _shown(call, repository, found)


def _delete(call: Call, repository: Document) -> None:
    environments.delete(call.context, named.environment(call, repository))


def _policies(call: Call, repository: Document) -> Answer:
    found = environments.policies(call.context, named.environment(call, repository)["id"])
    return paged(call, [_policy_shown(call, repository, each) for each in found], "branch_policies")


def _policy(call: Call, repository: Document) -> Document:
    environment = named.environment(call, repository)["id"]
    return one(call.context, environments.POLICIES, call.number("branch_policy_id"), environment_id=environment)


def _create_policy(call: Call, repository: Document) -> Answer:
    made = environments.create_policy(call.context, named.environment(call, repository), call.body)
    return Answer(200, _policy_shown(call, repository, made))


_ONE = "/environments/{environment_name}"
_POLICIES = f"{_ONE}/deployment-branch-policies"
_POLICY = f"{_POLICIES}/{{branch_policy_id}}"
_ENVIRONMENTS = Kind("environments", named.environment, _shown)
_POLICY_KIND = Kind(environments.POLICIES, _policy, _policy_shown)

ROUTES = (
    inside("GET", "/environments", _list, "repos/get-all-environments"),
    inside("GET", _ONE, _ENVIRONMENTS.get, "repos/get-environment"),
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
    inside("GET", _POLICY, _POLICY_KIND.get, "repos/get-deployment-branch-policy"),
    inside("PUT", _POLICY, _POLICY_KIND.changed(environments.rename_policy), "repos/update-deployment-branch-policy"),
    inside("DELETE", _POLICY, _POLICY_KIND.delete, "repos/delete-deployment-branch-policy"),
)  # fmt: skip
