"""Routes of a repository's Actions permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import permissions
from parity_sandbox.github.wire.repositories import url
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _get(call: Call) -> Answer:
    repository = named.repository(call)
    found = permissions.permissions(call.context, repository["id"])
    document: Document = {"enabled": found["enabled"]}
    if found["enabled"]:
        document["allowed_actions"] = found["allowed_actions"]
        document["selected_actions_url"] = f"{url(repository)}/actions/permissions/selected-actions"
    return Answer(200, document | {"sha_pinning_required": found["sha_pinning_required"]})


def _set(call: Call) -> Answer:
    permissions.set_actions(call.context, named.repository(call, write=True)["id"], call.body)
    return NO_CONTENT


def _get_selected(call: Call) -> Answer:
    return Answer(200, permissions.selected(call.context, named.repository(call)["id"]))


def _set_selected(call: Call) -> Answer:
    permissions.set_selected(call.context, named.repository(call, write=True)["id"], call.body)
    return NO_CONTENT


def _get_workflow(call: Call) -> Answer:
    return Answer(200, permissions.permissions(call.context, named.repository(call)["id"])["workflow"])


def _set_workflow(call: Call) -> Answer:
    permissions.set_workflow(call.context, named.repository(call, write=True)["id"], call.body)
    return NO_CONTENT


def _get_access(call: Call) -> Answer:
    found = permissions.permissions(call.context, named.repository(call)["id"])
    return Answer(200, {"access_level": found["access_level"]})


def _set_access(call: Call) -> Answer:
    permissions.set_access(call.context, named.repository(call, write=True)["id"], call.body)
    return NO_CONTENT


def _get_forks(call: Call) -> Answer:
    return Answer(200, permissions.forks(call.context, named.repository(call)))


def _set_forks(call: Call) -> Answer:
    permissions.set_forks(call.context, named.repository(call, write=True), call.body)
    return NO_CONTENT


def _get_subject(call: Call) -> Answer:
    return Answer(200, permissions.permissions(call.context, named.repository(call)["id"])["subject"])


def _set_subject(call: Call) -> Answer:
    permissions.set_subject(call.context, named.repository(call, write=True)["id"], call.body)
    return Answer(201, {})


_BASE = "/repos/{owner}/{repo}/actions/permissions"
_FORKS = f"{_BASE}/fork-pr-workflows-private-repos"
_SUBJECT = "/repos/{owner}/{repo}/actions/oidc/customization/sub"

ROUTES = (
    Route("GET", _BASE, endpoint(_get), "actions/get-github-actions-permissions-repository"),
    Route("PUT", _BASE, endpoint(_set), "actions/set-github-actions-permissions-repository"),
    Route("GET", f"{_BASE}/selected-actions", endpoint(_get_selected), "actions/get-allowed-actions-repository"),
    Route("PUT", f"{_BASE}/selected-actions", endpoint(_set_selected), "actions/set-allowed-actions-repository"),
    Route(
        "GET",
        f"{_BASE}/workflow",
        endpoint(_get_workflow),
        "actions/get-github-actions-default-workflow-permissions-repository",
    ),
    Route(
        "PUT",
        f"{_BASE}/workflow",
        endpoint(_set_workflow),
        "actions/set-github-actions-default-workflow-permissions-repository",
    ),
    Route("GET", f"{_BASE}/access", endpoint(_get_access), "actions/get-workflow-access-to-repository"),
    Route("PUT", f"{_BASE}/access", endpoint(_set_access), "actions/set-workflow-access-to-repository"),
    Route("GET", _FORKS, endpoint(_get_forks), "actions/get-private-repo-fork-pr-workflows-settings-repository"),
    Route("PUT", _FORKS, endpoint(_set_forks), "actions/set-private-repo-fork-pr-workflows-settings-repository"),
    Route("GET", _SUBJECT, endpoint(_get_subject), "actions/get-custom-oidc-sub-claim-for-repo"),
    Route("PUT", _SUBJECT, endpoint(_set_subject), "actions/set-custom-oidc-sub-claim-for-repo"),
)
