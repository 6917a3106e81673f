"""Routes of teams, their members and their repositories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.errors import NotFound
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import access, accounts, repositories
from parity_sandbox.github.state.collections import collection
from parity_sandbox.github.wire import accounts as wire
from parity_sandbox.github.wire.repositories import with_team_permission
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _parent(call: Call, team: Document) -> Document | None:
    return None if team["parent_id"] is None else collection(call.context, "teams").get(str(team["parent_id"]))


def _short(call: Call, organization: Document, team: Document) -> Document:
    return wire.team(team, organization, _parent(call, team))


def _full(call: Call, organization: Document, team: Document) -> Document:
    count = len(collection(call.context, "team_repositories").find(team_id=team["id"]))
    return wire.full_team(team, organization, _parent(call, team), count)


def _list(call: Call) -> Answer:
    organization = named.organization(call)
    page = paged(call, [_short(call, organization, each) for each in accounts.teams(call.context, organization["id"])])
    return Answer(200, page.items, page.headers)


def _create(call: Call) -> Answer:
    organization = named.organization(call)
    made = accounts.create_team(call.context, organization["id"], call.body)
    return Answer(201, _full(call, organization, made))


def _get(call: Call) -> Answer:
    organization = named.organization(call)
    return Answer(200, _full(call, organization, named.team(call, organization)))


def _edit(call: Call) -> Answer:
    organization = named.organization(call)
    changed = accounts.edit_team(call.context, named.team(call, organization), call.body)
    return Answer(200, _full(call, organization, changed))


def _delete(call: Call) -> Answer:
    accounts.delete_team(call.context, named.team(call, named.organization(call)))
    return NO_CONTENT


def _members(call: Call) -> Answer:
    team = named.team(call, named.organization(call))
    page = paged(call, [wire.account(each) for each in accounts.members(call.context, team, call.query("role", "all"))])
    return Answer(200, page.items, page.headers)


def _add_member(call: Call) -> Answer:
    organization = named.organization(call)
    team = named.team(call, organization)
    role = accounts.add_member(call.context, team, call.path("username"), call.body)
    url = f"{_short(call, organization, team)['url']}/memberships/{call.path('username')}"
    return Answer(200, {"url": url, "role": role, "state": "active"})


def _remove_member(call: Call) -> Answer:
    team = named.team(call, named.organization(call))
    accounts.remove_member(call.context, team, call.path("username"))
    return NO_CONTENT


def _repositories(call: Call) -> Answer:
    team = named.team(call, named.organization(call))
    rows = collection(call.context, "team_repositories").find(team_id=team["id"])
    documents = [_seen_by_team(call, repositories.by_id(call.context, each["repository_id"]), each) for each in rows]
    page = paged(call, documents)
    return Answer(200, page.items, page.headers)


def _seen_by_team(call: Call, found: Document, row: Document) -> Document:
    return with_team_permission(found, named.owner_of(call, found), row["permission"])


def _repository(call: Call) -> Answer:
    team = named.team(call, named.organization(call))
    found = named.repository(call)
    permission = access.team_permission(call.context, team["id"], found["id"])
    if "application/vnd.github.v3.repository+json" not in call.request.headers.get("accept", ""):
        return NO_CONTENT
    return Answer(200, with_team_permission(found, named.owner_of(call, found), permission))


def _grant(call: Call) -> Answer:
    organization = named.organization(call)
    team = named.team(call, organization)
    found = named.repository(call)
    if found["owner"].lower() != organization["login"].lower():
        raise NotFound
    access.grant_team(call.context, team["id"], found["id"], call.body.get("permission"))
    return NO_CONTENT


def _revoke(call: Call) -> Answer:
    team = named.team(call, named.organization(call))
    access.revoke_team(call.context, team["id"], named.repository(call)["id"])
    return NO_CONTENT


_TEAM = "/orgs/{org}/teams/{team_slug}"
_BY_ID = "/organizations/{organization_id}/team/{team_id}"

_BY_SLUG = (
    Route("GET", _TEAM, endpoint(_get), "teams/get-by-name"),
    Route("PATCH", _TEAM, endpoint(_edit), "teams/update-in-org"),
    Route("DELETE", _TEAM, endpoint(_delete), "teams/delete-in-org"),
    Route("GET", f"{_TEAM}/members", endpoint(_members), "teams/list-members-in-org"),
    Route(
        "PUT",
        f"{_TEAM}/memberships/{{username}}",
        endpoint(_add_member),
        "teams/add-or-update-membership-for-user-in-org",
        ("The member is active at once: there are no invitations.",),
    ),
    Route(
        "DELETE",
        f"{_TEAM}/memberships/{{username}}",
        endpoint(_remove_member),
        "teams/remove-membership-for-user-in-org",
    ),
    Route("GET", f"{_TEAM}/repos", endpoint(_repositories), "teams/list-repos-in-org"),
    Route("GET", f"{_TEAM}/repos/{{owner}}/{{repo}}", endpoint(_repository), "teams/check-permissions-for-repo-in-org"),
    Route("PUT", f"{_TEAM}/repos/{{owner}}/{{repo}}", endpoint(_grant), "teams/add-or-update-repo-permissions-in-org"),
    Route("DELETE", f"{_TEAM}/repos/{{owner}}/{{repo}}", endpoint(_revoke), "teams/remove-repo-in-org"),
)

_NOT_DESCRIBED = "The path by ids is not in GitHub's description; its provider calls it, and GitHub's own links use it."

ROUTES = (
    Route("GET", "/orgs/{org}/teams", endpoint(_list), "teams/list"),
    Route("POST", "/orgs/{org}/teams", endpoint(_create), "teams/create"),
    *_BY_SLUG,
    *(
        replace(each, path=each.path.replace(_TEAM, _BY_ID), differences=(*each.differences, _NOT_DESCRIBED))
        for each in _BY_SLUG
    ),
)
