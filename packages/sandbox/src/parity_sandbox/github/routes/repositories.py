"""Routes of repositories: the repository itself, topics, alerts, who has access."""

from __future__ import annotations

from parity_sandbox.github.bodies import Field, check
from parity_sandbox.github.calls import Call
from parity_sandbox.github.errors import NotFound
from parity_sandbox.github.routes import named
from parity_sandbox.github.routes.table import REPOSITORY, Result, inside, route
from parity_sandbox.github.state import accounts, repositories
from parity_sandbox.github.state.collections import collection, held
from parity_sandbox.github.wire import accounts as account_wire
from parity_sandbox.github.wire import repositories as wire
from parity_sandbox.narrowing import items
from parity_sandbox.store import Document


def _full(call: Call, found: Document) -> Document:
    return wire.full(found, accounts.owner_of(call.context, found))


def _list_of_organization(call: Call) -> Result:
    return _owned(call, named.organization(call)["login"])


def _owned(call: Call, login: str) -> Result:
    found = repositories.owned_by(call.context, login)
    return [wire.minimal(each, accounts.owner_of(call.context, each)) for each in found]


def _create_in_organization(call: Call) -> Document:
    return _full(call, repositories.create(call.context, named.organization(call)["login"], call.body))


def _create_for_user(call: Call) -> Document:
    return _full(call, repositories.create(call.context, accounts.viewer(call.context)["login"], call.body))


def _edit(call: Call) -> Document:
    return _full(call, repositories.edit(call.context, named.repository(call), call.body))


def _set_topics(call: Call, repository: Document) -> Document:
    check(call.body, {"names": Field(list, required=True, elements=(str,))})
    names = [str(each).lower() for each in items(call.body, "names")]
    return {"names": repositories.update(call.context, repository, topics=names)["topics"]}


def _alerts(_call: Call, repository: Document) -> None:
    if not repository["vulnerability_alerts"]:
        raise NotFound("Vulnerability alerts are disabled.")


def _enable_alerts(call: Call, repository: Document) -> None:
    repositories.update(call.context, repository, vulnerability_alerts=True)


def _disable_alerts(call: Call, repository: Document) -> None:
    repositories.update(call.context, repository, vulnerability_alerts=False)


def _teams(call: Call, repository: Document) -> Result:
    organization = accounts.organization(call.context, repository["owner"])
    rows = held(call.context, "team_repositories", repository["id"])
    teams = [(collection(call.context, "teams").get(str(each["team_id"])), each["permission"]) for each in rows]
    return [
        account_wire.team(team, organization, None) | {"permission": permission}
        for team, permission in teams
        if team is not None
    ]


def _collaborators(call: Call, repository: Document) -> Result:
    return [
        account_wire.account(user) | {"permissions": wire.permissions(permission), "role_name": wire.role(permission)}
        for user, permission in accounts.collaborators(call.context, repository["id"])
    ]


def _add_collaborator(call: Call) -> None:
    found = named.repository(call)
    accounts.grant_user(call.context, found["id"], call.path("username"), call.body.get("permission"))


def _remove_collaborator(call: Call) -> None:
    accounts.revoke_user(call.context, named.repository(call)["id"], call.path("username"))


_COLLABORATOR = f"{REPOSITORY}/collaborators/{{username}}"
_ALERTS = "/vulnerability-alerts"

ROUTES = (
    route("GET", "/orgs/{org}/repos", _list_of_organization, "repos/list-for-org"),
    route("POST", "/orgs/{org}/repos", _create_in_organization, "repos/create-in-org"),
    route("POST", "/user/repos", _create_for_user, "repos/create-for-authenticated-user"),
    route("GET", "/users/{username}/repos", lambda call: _owned(call, call.path("username")), "repos/list-for-user"),
    route(
        "GET", REPOSITORY, lambda call: _full(call, named.repository(call)), "repos/get",
        "Counts (stars, forks, size) are always 0.", "The caller always administers the repository.",
    ),
    route("PATCH", REPOSITORY, _edit, "repos/update"),
    route("DELETE", REPOSITORY, lambda call: repositories.delete(call.context, named.repository(call)), "repos/delete"),
    inside("GET", "/topics", lambda _call, repository: {"names": repository["topics"]}, "repos/get-all-topics"),
    inside("PUT", "/topics", _set_topics, "repos/replace-all-topics"),
    inside("GET", _ALERTS, _alerts, "repos/check-vulnerability-alerts"),
    inside("PUT", _ALERTS, _enable_alerts, "repos/enable-vulnerability-alerts"),
    inside("DELETE", _ALERTS, _disable_alerts, "repos/disable-vulnerability-alerts"),
    inside("GET", "/teams", _teams, "repos/list-teams"),
    inside("GET", "/collaborators", _collaborators, "repos/list-collaborators"),
    route(
        "PUT", _COLLABORATOR, _add_collaborator, "repos/add-collaborator",
        "The user has access at once (204): there are no invitations.",
    ),
    route("DELETE", _COLLABORATOR, _remove_collaborator, "repos/remove-collaborator"),
    inside("GET", "/invitations", lambda _call, _repository: [], "repos/list-invitations", "Always empty."),
)  # fmt: skip
