"""Routes of a repository's Actions permissions."""

from __future__ import annotations

from functools import partial

from parity_sandbox.github.calls import Answer, Call
from parity_sandbox.github.routes.table import inside
from parity_sandbox.github.state import permissions
from parity_sandbox.github.wire.repositories import url
from parity_sandbox.store import Document


def _get(call: Call, repository: Document) -> Document:
    found = permissions.permissions(call.context, repository)
    document: Document = {"enabled": found["enabled"]}
    if found["enabled"]:
        document["allowed_actions"] = found["allowed_actions"]
        document["selected_actions_url"] = f"{url(repository)}/actions/permissions/selected-actions"
    return document | {"sha_pinning_required": found["sha_pinning_required"]}


def _set(call: Call, repository: Document) -> None:
    permissions.set_actions(call.context, repository, call.body)


def _part(name: str, call: Call, repository: Document) -> Document:
    return permissions.part(call.context, repository, name)


def _set_part(name: str, call: Call, repository: Document) -> None:
    permissions.set_part(call.context, repository, name, call.body)


def _get_access(call: Call, repository: Document) -> Document:
    return {"access_level": permissions.permissions(call.context, repository)["access_level"]}


def _set_access(call: Call, repository: Document) -> None:
    permissions.set_access(call.context, repository, call.body)


def _get_subject(call: Call, repository: Document) -> Document:
    return permissions.permissions(call.context, repository)["subject"]


def _set_subject(call: Call, repository: Document) -> Answer:
    permissions.set_subject(call.context, repository, call.body)
    return Answer(201, {})


_ALL, _SUBJECT = "/actions/permissions", "/actions/oidc/customization/sub"
_PARTS = {
    "selected": ("selected-actions", "allowed-actions-repository"),
    "workflow": ("workflow", "github-actions-default-workflow-permissions-repository"),
    "forks": ("fork-pr-workflows-private-repos", "private-repo-fork-pr-workflows-settings-repository"),
}
"""Paths, and the operations' names after the verb."""

ROUTES = (
    inside("GET", _ALL, _get, "actions/get-github-actions-permissions-repository"),
    inside("PUT", _ALL, _set, "actions/set-github-actions-permissions-repository"),
    *(
        inside(method, f"{_ALL}/{path}", partial(handler, name), f"actions/{verb}-{source}")
        for name, (path, source) in _PARTS.items()
        for method, handler, verb in (("GET", _part, "get"), ("PUT", _set_part, "set"))
    ),
    inside("GET", f"{_ALL}/access", _get_access, "actions/get-workflow-access-to-repository"),
    inside("PUT", f"{_ALL}/access", _set_access, "actions/set-workflow-access-to-repository"),
    inside("GET", _SUBJECT, _get_subject, "actions/get-custom-oidc-sub-claim-for-repo"),
    inside("PUT", _SUBJECT, _set_subject, "actions/set-custom-oidc-sub-claim-for-repo"),
)
