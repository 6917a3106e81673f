"""Routes of teams, their members and their repositories."""

from __future__ import annotations

from dataclasses import replace

from parity_sandbox.github.calls import Call
from parity_sandbox.github.errors import NotFound
from parity_sandbox.github.routes import named
from parity_sandbox.github.routes.table import Result, route
from parity_sandbox.github.state import accounts, repositories
from parity_sandbox.github.state.collections import collection
from parity_sandbox.github.wire import accounts as wire
from parity_sandbox.github.wire.repositories import with_team_permission
from parity_sandbox.store import Document


def _parent(call: Call, team: Document) -> Document | None:
    return None if team["parent_id"] is None else collection(call.context, "teams").get(str(team["parent_id"]))


def _full(call: Call, organization: Document, team: Document) -> Document:
    count = len(collection(call.context, "team_repositories").find(team_id=team["id"]))
    return wire.full_team(team, organization, _parent(call, team), count)


def _team(call: Call) -> Document:
    return named.team(call, named.organization(call))


def _list(call: Call) -> Result:
    organization = named.organization(call)
    found = collection(call.context, "teams").find(organization_id=organization["id"])
    return [wire.team(each, organization, _parent(call, each)) for each in found]


def _create(call: Call) -> Document:
    organization = named.organization(call)
    return _full(call, organization, accounts.create_team(call.context, organization["id"], call.body))


def _get(call: Call) -> Document:
    organization = named.organization(call)
    return _full(call, organization, named.team(call, organization))


def _edit(call: Call) -> Document:
    organization = named.organization(call)
    changed = accounts.edit_team(call.context, named.team(call, organization), call.body)
    return _full(call, organization, changed)


def _members(call: Call) -> Result:
    found = accounts.members(call.context, _team(call), call.query("role", "all"))
    return [wire.account(each) for each in found]


def _add_member(call: Call) -> Document:
    organization = named.organization(call)
    team = named.team(call, organization)
    role = accounts.add_member(call.context, team, call.path("username"), call.body)
    url = f"{wire.team(team, organization, None)['url']}/memberships/{call.path('username')}"
    return {"url": url, "role": role, "state": "active"}


def _remove_member(call: Call) -> None:
    accounts.remove_member(call.context, _team(call), call.path("username"))


def _seen(call: Call, found: Document, permission: str) -> Document:
    return with_team_permission(found, accounts.owner_of(call.context, found), permission)


def _repositories(call: Call) -> Result:
    rows = collection(call.context, "team_repositories").find(team_id=_team(call)["id"])
    return [_seen(call, repositories.by_id(call.context, each["repository_id"]), each["permission"]) for each in rows]


def _repository(call: Call) -> Document | None:
    team, found = _team(call), named.repository(call)
    permission = accounts.team_permission(call.context, team["id"], found["id"])
    wanted = "application/vnd.github.v3.repository+json" in call.request.headers.get("accept", "")
    return _seen(call, found, permission) if wanted else None


def _grant(call: Call) -> None:
    organization = named.organization(call)
    team, found = named.team(call, organization), named.repository(call)
    if found["owner"].lower() != organization["login"].lower():
        raise NotFound
    accounts.grant_team(call.context, team["id"], found["id"], call.body.get("permission"))


def _revoke(call: Call) -> None:
    accounts.revoke_team(call.context, _team(call)["id"], named.repository(call)["id"])


_TEAM = "/orgs/{org}/teams/{team_slug}"
_BY_ID = "/organizations/{organization_id}/team/{team_id}"
_MEMBER, _REPOSITORY = f"{_TEAM}/memberships/{{username}}", f"{_TEAM}/repos/{{owner}}/{{repo}}"

_BY_SLUG = (
    route("GET", _TEAM, _get, "teams/get-by-name"),
    route("PATCH", _TEAM, _edit, "teams/update-in-org"),
    route("DELETE", _TEAM, lambda call: accounts.delete_team(call.context, _team(call)), "teams/delete-in-org"),
    route("GET", f"{_TEAM}/members", _members, "teams/list-members-in-org"),
    route(
        "PUT", _MEMBER, _add_member, "teams/add-or-update-membership-for-user-in-org",
        "The member is active at once: there are no invitations.",
    ),
    route("DELETE", _MEMBER, _remove_member, "teams/remove-membership-for-user-in-org"),
    route("GET", f"{_TEAM}/repos", _repositories, "teams/list-repos-in-org"),
    route("GET", _REPOSITORY, _repository, "teams/check-permissions-for-repo-in-org"),
    route("PUT", _REPOSITORY, _grant, "teams/add-or-update-repo-permissions-in-org"),
    route("DELETE", _REPOSITORY, _revoke, "teams/remove-repo-in-org"),
)  # fmt: skip

_NOT_DESCRIBED = "The path by ids is not in GitHub's description; its provider calls it, and GitHub's own links use it."

ROUTES = (
    route("GET", "/orgs/{org}/teams", _list, "teams/list"),
    route("POST", "/orgs/{org}/teams", _create, "teams/create"),
    *_BY_SLUG,
    *(
        replace(each, path=each.path.replace(_TEAM, _BY_ID), differences=(*each.differences, _NOT_DESCRIBED))
        for each in _BY_SLUG
    ),
)
