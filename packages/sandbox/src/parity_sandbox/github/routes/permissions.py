"""Routes of a repository's Actions permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import Answer, Call
from parity_sandbox.github.routes.table import inside
from parity_sandbox.github.state import permissions
from parity_sandbox.github.wire.repositories import url

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _get(call: Call, repository: Document) -> Document:
    found = permissions.permissions(call.context, repository["id"])
    document: Document = {"enabled": found["enabled"]}
    if found["enabled"]:
        document["allowed_actions"] = found["allowed_actions"]
        document["selected_actions_url"] = f"{url(repository)}/actions/permissions/selected-actions"
    return document | {"sha_pinning_required": found["sha_pinning_required"]}


def _set(call: Call, repository: Document) -> None:
    permissions.set_actions(call.context, repository["id"], call.body)


def _get_selected(call: Call, repository: Document) -> Document:
    return permissions.selected(call.context, repository["id"])


def _set_selected(call: Call, repository: Document) -> None:
    permissions.set_selected(call.context, repository["id"], call.body)


def _get_workflow(call: Call, repository: Document) -> Document:
    return permissions.permissions(call.context, repository["id"])["workflow"]


def _set_workflow(call: Call, repository: Document) -> None:
    permissions.set_workflow(call.context, repository["id"], call.body)


def _get_access(call: Call, repository: Document) -> Document:
    return {"access_level": permissions.permissions(call.context, repository["id"])["access_level"]}


def _set_access(call: Call, repository: Document) -> None:
    permissions.set_access(call.context, repository["id"], call.body)


def _get_forks(call: Call, repository: Document) -> Document:
    return permissions.forks(call.context, repository)


def _set_forks(call: Call, repository: Document) -> None:
    permissions.set_forks(call.context, repository, call.body)


def _get_subject(call: Call, repository: Document) -> Document:
    return permissions.permissions(call.context, repository["id"])["subject"]


def _set_subject(call: Call, repository: Document) -> Answer:
    permissions.set_subject(call.context, repository["id"], call.body)
    return Answer(201, {})


_ALL = "/actions/permissions"
_SELECTED, _WORKFLOW, _ACCESS = f"{_ALL}/selected-actions", f"{_ALL}/workflow", f"{_ALL}/access"
_FORKS = f"{_ALL}/fork-pr-workflows-private-repos"
_SUBJECT = "/actions/oidc/customization/sub"
_DEFAULT = "github-actions-default-workflow-permissions-repository"

ROUTES = (
    inside("GET", _ALL, _get, "actions/get-github-actions-permissions-repository"),
    inside("PUT", _ALL, _set, "actions/set-github-actions-permissions-repository"),
    inside("GET", _SELECTED, _get_selected, "actions/get-allowed-actions-repository"),
    inside("PUT", _SELECTED, _set_selected, "actions/set-allowed-actions-repository"),
    inside("GET", _WORKFLOW, _get_workflow, f"actions/get-{_DEFAULT}"),
    inside("PUT", _WORKFLOW, _set_workflow, f"actions/set-{_DEFAULT}"),
    inside("GET", _ACCESS, _get_access, "actions/get-workflow-access-to-repository"),
    inside("PUT", _ACCESS, _set_access, "actions/set-workflow-access-to-repository"),
    inside("GET", _FORKS, _get_forks, "actions/get-private-repo-fork-pr-workflows-settings-repository"),
    inside("PUT", _FORKS, _set_forks, "actions/set-private-repo-fork-pr-workflows-settings-repository"),
    inside("GET", _SUBJECT, _get_subject, "actions/get-custom-oidc-sub-claim-for-repo"),
    inside("PUT", _SUBJECT, _set_subject, "actions/set-custom-oidc-sub-claim-for-repo"),
)
