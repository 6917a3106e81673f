"""What Actions may do in a repository: whether they run, which are allowed, what the workflow's token may."""

from __future__ import annotations

from parity_sandbox.context import Context
from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.errors import Conflict, NotFound
from parity_sandbox.github.state.collections import collection, put
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


_PARTS = {"selected": _SELECTED, "workflow": _WORKFLOW, "forks": _FORKS}


def permissions(context: Context, repository: Document) -> Document:
    """All of the repository's settings; GitHub's defaults until someone sets them."""
    return _DEFAULTS | (collection(context, "permissions").get(str(repository["id"])) or {})


def set_actions(context: Context, repository: Document, body: Document) -> None:
    """Turn Actions on or off and say which may run."""
    check(body, _ACTIONS)
    _put(context, repository, {name: body[name] for name in _ACTIONS if name in body})


def part(context: Context, repository: Document, name: str) -> Document:
    """Which actions are `selected`, what `forks` may run, or what the token of a `workflow` may.

    Raises:
        Conflict: not only selected actions may run.
        NotFound: forks of a public repository.
    """
    found = permissions(context, repository)
    if name == "selected" and (not found["enabled"] or found["allowed_actions"] != "selected"):
        raise Conflict("Conflict - allowed_actions is not set to selected")
    if name == "forks" and not repository["private"]:
        raise NotFound
    return dict(found[name])


def set_part(context: Context, repository: Document, name: str, body: Document) -> None:
    """Change one of the parts; what is not sent stays. Raises as `part` does."""
    present = part(context, repository, name)
    check(body, _PARTS[name])
    _put(context, repository, {name: present | {field: body[field] for field in _PARTS[name] if field in body}})


def set_access(context: Context, repository: Document, body: Document) -> None:
    """Say which other repositories may use this one's actions."""
    check(body, _ACCESS)
    _put(context, repository, {"access_level": body["access_level"]})


def set_subject(context: Context, repository: Document, body: Document) -> None:
    """Say which claims the subject of a workflow's OIDC token is made of."""
    check(body, _SUBJECT)
    _put(context, repository, {"subject": {name: body[name] for name in _SUBJECT if name in body}})


def _put(context: Context, repository: Document, fields: Document) -> None:
    key = str(repository["id"])
    present = collection(context, "permissions").get(key) or {"repository_id": repository["id"]}
    put(context, "permissions", key, present | fields)
