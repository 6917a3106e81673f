"""Deployment environments: protection (reviewers, wait, who may bypass) and which branches may deploy."""

from __future__ import annotations

from typing import Any

from parity_sandbox.context import Context
from parity_sandbox.github import ids
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import NotFound, SeeOther, ValidationFailed
from parity_sandbox.github.state import accounts
from parity_sandbox.github.state.collections import add, change, collection, held, remove, remove_of
from parity_sandbox.narrowing import part
from parity_sandbox.store import Document

POLICIES = "deployment_branch_policies"
_MOST_REVIEWERS = 6
_LONGEST_WAIT = 43_200
_LONGEST_NAME = 255

_FIELDS = {
    "wait_timer": Field(int, nullable=True),
    "prevent_self_review": Field(bool, nullable=True),
    "can_admins_bypass": Field(bool, nullable=True),
    "reviewers": Field(list, nullable=True, elements=(dict,)),
    "deployment_branch_policy": Field(dict, nullable=True),
}
_UNPROTECTED: Document = {
    "wait_timer": 0, "reviewers": [], "prevent_self_review": False, "can_admins_bypass": True,
    "deployment_branch_policy": None,
}  # fmt: skip
_POLICY_FIELDS = {"name": Field(str, required=True), "type": Field(str, choices=("branch", "tag"))}


def environment(context: Context, repository_id: int, name: str) -> Document:
    """The environment of that name, in any case. Raises NotFound."""
    found = _find(context, repository_id, name)
    if found is None:
        raise NotFound
    return found


def _find(context: Context, repository_id: int, name: str) -> Document | None:
    rows = held(context, "environments", repository_id)
    return next((each for each in rows if each["name"].lower() == name.lower()), None)


def put(context: Context, repository: Document, name: str, body: Document) -> Document:
    """Create or update an environment: a field that is not sent stays, null clears it.

    Raises:
        InvalidRequest: the body does not fit.
        ValidationFailed: too many reviewers, a wait out of range, a contradiction.
    """
    check(body, _FIELDS, closed=True)
    if len(name) > _LONGEST_NAME:
        raise ValidationFailed("Name is too long (maximum is 255 characters)")
    present = _find(context, repository["id"], name)
    if present is not None:
        return change(context, "environments", present, _protection(context, repository, present, body))
    gates = {rule: ids.fresh(context, "gates") for rule in ("wait_timer", "required_reviewers", "branch_policy")}
    own = {"repository_id": repository["id"], "name": name, "gates": gates}
    return add(context, "environments", own | _protection(context, repository, _UNPROTECTED, body))


def _protection(context: Context, repository: Document, present: Document, body: Document) -> Document:
    wait = body.get("wait_timer", present["wait_timer"]) or 0
    if not 0 <= wait <= _LONGEST_WAIT:
        raise ValidationFailed("Wait timer must be between 0 and 43200", message=_FAILED)
    reviewers = present["reviewers"]
    if "reviewers" in body:
        reviewers = _reviewers(context, repository["id"], body["reviewers"] or [])
    prevent = bool(body.get("prevent_self_review", present["prevent_self_review"]))
    if prevent and not reviewers and not (body.get("reviewers") or present["reviewers"]):
        raise ValidationFailed(
            message=f"{_FAILED} Required reviewers must have at least one reviewer to set prevent_self_review."
        )
    bypass = body.get("can_admins_bypass", present["can_admins_bypass"])
    policy = present["deployment_branch_policy"]
    if "deployment_branch_policy" in body:
        policy = _branch_policy(body["deployment_branch_policy"])
    return {
        "wait_timer": wait,
        "reviewers": reviewers,
        "prevent_self_review": prevent and bool(reviewers),
        "can_admins_bypass": True if bypass is None else bypass,
        "deployment_branch_policy": policy,
    }


_FAILED = "Failed to create or update the environment protection rule."


def _reviewers(context: Context, repository_id: int, asked: list[Any]) -> list[Document]:
    """The reviewers that stay. One without access to the repository is left out in silence, as GitHub does."""
    if len(asked) > _MOST_REVIEWERS:
        raise ValidationFailed(message=f"{_FAILED} reviewers can have at most {_MOST_REVIEWERS} reviewers.")
    return [{"type": each["type"], "id": each["id"]} for each in asked if _may_review(context, repository_id, each)]


def _may_review(context: Context, repository_id: int, reviewer: Document) -> bool:
    if not isinstance(reviewer.get("id"), int):
        raise ValidationFailed(message=f"{_FAILED} A reviewer's id is a number.")
    if reviewer.get("type") == "Team":
        return accounts.team_can_read(context, reviewer["id"], repository_id)
    if reviewer.get("type") == "User":
        return collection(context, "users").get(str(reviewer["id"])) is not None
    raise ValidationFailed(message=f"{_FAILED} A reviewer's type is User or Team.")


def _branch_policy(asked: Document | None) -> Document | None:
    if asked is None:
        return None
    policy = {name: asked.get(name) for name in ("protected_branches", "custom_branch_policies")}
    if any(not isinstance(value, bool) for value in policy.values()):
        raise ValidationFailed("Both protected_branches and custom_branch_policies must be booleans")
    if policy["protected_branches"] == policy["custom_branch_policies"]:
        raise ValidationFailed("protected_branches and custom_branch_policies cannot have the same value")
    return policy


def delete(context: Context, found: Document) -> None:
    """Delete the environment with its policies, secrets, variables and key."""
    remove_of(context, environment_id=found["id"])
    remove(context, "environments", found)


def policies(context: Context, environment_id: int) -> list[Document]:
    """The environment's deployment branch policies: those of branches first, oldest first."""
    return sorted(collection(context, POLICIES).find(environment_id=environment_id), key=lambda each: each["type"])


def create_policy(context: Context, found: Document, body: Document) -> Document:
    """A new deployment branch policy.

    Raises:
        NotFound: the environment does not take custom policies.
        SeeOther: there is one of this name and type.
    """
    check(body, _POLICY_FIELDS)
    if not part(found, "deployment_branch_policy").get("custom_branch_policies"):
        raise NotFound
    kind = body.get("type") or "branch"
    _policy_is_free(context, found["id"], body["name"], kind)
    owner = {"repository_id": found["repository_id"], "environment_id": found["id"]}
    return add(context, POLICIES, {**owner, "name": body["name"], "type": kind})


def rename_policy(context: Context, present: Document, body: Document) -> Document:
    """The policy with another pattern. Raises SeeOther where another policy has it."""
    check(body, {"name": _POLICY_FIELDS["name"]})
    if body["name"] != present["name"]:
        _policy_is_free(context, present["environment_id"], body["name"], present["type"])
    return change(context, POLICIES, present, {"name": body["name"]})


def _policy_is_free(context: Context, environment_id: int, name: str, kind: str) -> None:
    if any(each["name"] == name and each["type"] == kind for each in policies(context, environment_id)):
        raise SeeOther("Deployment branch policy already exists")
