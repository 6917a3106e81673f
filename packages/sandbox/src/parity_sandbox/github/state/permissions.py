"""What Actions may do in a repository: whether they run, which are allowed, what the workflow's token may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import Conflict, NotFound
from parity_sandbox.github.state.collections import collection, put

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


_DEFAULTS: Document = {
    "enabled": True,
    "allowed_actions": "all",
    "sha_pinning_required": False,
    "selected": {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": []},
    "workflow": {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
    "access_level": "none",
    "forks": {
        "run_workflows_from_fork_pull_requests": False,
        "send_write_tokens_to_workflows": False,
        "send_secrets_and_variables": False,
        "require_approval_for_fork_pr_workflows": False,
    },
    "subject": {"use_default": True},
}
_ACTIONS = {
    "enabled": Field(bool, required=True),
    "allowed_actions": Field(str, choices=("all", "local_only", "selected")),
    "sha_pinning_required": Field(bool),
}
_SELECTED = {
    "github_owned_allowed": Field(bool),
    "verified_allowed": Field(bool),
    "patterns_allowed": Field(list),
}
_WORKFLOW = {
    "default_workflow_permissions": Field(str, choices=("read", "write")),
    "can_approve_pull_request_reviews": Field(bool),
}
_ACCESS = {"access_level": Field(str, required=True, choices=("none", "user", "organization"))}
_FORKS = {
    **dict.fromkeys(_DEFAULTS["forks"], Field(bool)),
    "run_workflows_from_fork_pull_requests": Field(bool, required=True),
}
_SUBJECT = {"use_default": Field(bool, required=True), "include_claim_keys": Field(list, elements=(str,))}


def permissions(context: Context, repository_id: int) -> Document:
    """All of the repository's settings; GitHub's defaults until someone sets them."""
    return _DEFAULTS | (collection(context, "permissions").get(str(repository_id)) or {})


def set_actions(context: Context, repository_id: int, body: Document) -> None:
    """Turn Actions on or off and say which may run."""
    check(body, _ACTIONS)
    _put(context, repository_id, {name: body[name] for name in _ACTIONS if name in body})


def selected(context: Context, repository_id: int) -> Document:
    """The selected actions. Raises Conflict where not only selected ones may run."""
    found = permissions(context, repository_id)
    if not found["enabled"] or found["allowed_actions"] != "selected":
        raise Conflict("Conflict - allowed_actions is not set to selected")
    return dict(found["selected"])


def set_selected(context: Context, repository_id: int, body: Document) -> None:
    """Say which actions are the selected ones. Raises Conflict as `selected` does."""
    check(body, _SELECTED)
    present = selected(context, repository_id)
    _put(context, repository_id, {"selected": present | {name: body[name] for name in _SELECTED if name in body}})


def set_workflow(context: Context, repository_id: int, body: Document) -> None:
    """Say what the token of a workflow may do by default."""
    check(body, _WORKFLOW)
    present = permissions(context, repository_id)["workflow"]
    _put(context, repository_id, {"workflow": present | {name: body[name] for name in _WORKFLOW if name in body}})


def set_access(context: Context, repository_id: int, body: Document) -> None:
    """Say which other repositories may use this one's actions."""
    check(body, _ACCESS)
    _put(context, repository_id, {"access_level": body["access_level"]})


def forks(context: Context, repository: Document) -> Document:
    """What pull requests from forks of a private repository may run. Raises NotFound for a public one."""
    if not repository["private"]:
        raise NotFound
    return dict(permissions(context, repository["id"])["forks"])


def set_forks(context: Context, repository: Document, body: Document) -> None:
    """Say what pull requests from forks may run. Raises NotFound for a public repository."""
    present = forks(context, repository)
    check(body, _FORKS)
    _put(context, repository["id"], {"forks": present | {name: body[name] for name in _FORKS if name in body}})


def set_subject(context: Context, repository_id: int, body: Document) -> None:
    """Say which claims the subject of a workflow's OIDC token is made of."""
    check(body, _SUBJECT)
    _put(context, repository_id, {"subject": {name: body[name] for name in _SUBJECT if name in body}})


def _put(context: Context, repository_id: int, fields: Document) -> None:
    present = collection(context, "permissions").get(str(repository_id)) or {}
    put(context, "permissions", str(repository_id), {**present, "repository_id": repository_id, **fields})
