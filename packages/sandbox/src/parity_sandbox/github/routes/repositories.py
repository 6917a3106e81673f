"""Routes of repositories: the repository itself, topics, alerts, who has access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.github.bodies import Field, check, items
from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.errors import NotFound
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import access, accounts, repositories
from parity_sandbox.github.state.collections import collection
from parity_sandbox.github.wire import accounts as account_wire
from parity_sandbox.github.wire import repositories as wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.store import Document


def _full(call: Call, found: Document) -> Document:
    return wire.full(found, named.owner_of(call, found))


def _list_of_organization(call: Call) -> Answer:
    login = named.organization(call)["login"]
    return _list(call, repositories.owned_by(call.context, login))


def _list_of_user(call: Call) -> Answer:
    return _list(call, repositories.owned_by(call.context, call.path("username")))


def _list(call: Call, found: list[Document]) -> Answer:
    page = paged(call, [wire.minimal(each, named.owner_of(call, each)) for each in found])
    return Answer(200, page.items, page.headers)


def _create_in_organization(call: Call) -> Answer:
    made = repositories.create(call.context, named.organization(call)["login"], call.body)
    return Answer(201, _full(call, made))


def _create_for_user(call: Call) -> Answer:
    made = repositories.create(call.context, accounts.viewer(call.context)["login"], call.body)
    return Answer(201, _full(call, made))


def _get(call: Call) -> Answer:
    return Answer(200, _full(call, named.repository(call)))


def _edit(call: Call) -> Answer:
    return Answer(200, _full(call, repositories.edit(call.context, named.repository(call), call.body)))


def _delete(call: Call) -> Answer:
    repositories.delete(call.context, named.repository(call))
    return NO_CONTENT


def _topics(call: Call) -> Answer:
    return Answer(200, {"names": named.repository(call)["topics"]})


def _set_topics(call: Call) -> Answer:
    check(call.body, {"names": Field(list, required=True, elements=(str,))})
    names = [str(each).lower() for each in items(call.body, "names")]
    found = repositories.update(call.context, named.repository(call, write=True), topics=names)
    return Answer(200, {"names": found["topics"]})


def _alerts(call: Call) -> Answer:
    if not named.repository(call)["vulnerability_alerts"]:
        raise NotFound("Vulnerability alerts are disabled.")
    return NO_CONTENT


def _enable_alerts(call: Call) -> Answer:
    repositories.update(call.context, named.repository(call, write=True), vulnerability_alerts=True)
    return NO_CONTENT


def _disable_alerts(call: Call) -> Answer:
    repositories.update(call.context, named.repository(call, write=True), vulnerability_alerts=False)
    return NO_CONTENT


def _teams(call: Call) -> Answer:
    found = named.repository(call)
    organization = accounts.organization(call.context, found["owner"])
    rows = access.teams_of(call.context, found["id"])
    teams = [(collection(call.context, "teams").get(str(each["team_id"])), each["permission"]) for each in rows]
    shown = [
        account_wire.team(team, organization, None) | {"permission": permission}
        for team, permission in teams
        if team is not None
    ]
    page = paged(call, shown)
    return Answer(200, page.items, page.headers)


def _collaborators(call: Call) -> Answer:
    found = named.repository(call)
    order = accounts.PERMISSIONS
    shown = [
        account_wire.account(user)
        | {
            "permissions": {name: order.index(name) <= order.index(permission) for name in order},
            "role_name": {"pull": "read", "push": "write"}.get(permission, permission),
        }
        for user, permission in access.collaborators(call.context, found["id"])
    ]
    page = paged(call, shown)
    return Answer(200, page.items, page.headers)


def _add_collaborator(call: Call) -> Answer:
    found = named.repository(call)
    access.grant_user(call.context, found["id"], call.path("username"), call.body.get("permission"))
    return NO_CONTENT


def _remove_collaborator(call: Call) -> Answer:
    access.revoke_user(call.context, named.repository(call)["id"], call.path("username"))
    return NO_CONTENT


def _no_invitations(call: Call) -> Answer:
    named.repository(call)
    return Answer(200, [])


_REPO = "/repos/{owner}/{repo}"
_COLLABORATOR = f"{_REPO}/collaborators/{{username}}"

ROUTES = (
    Route("GET", "/orgs/{org}/repos", endpoint(_list_of_organization), "repos/list-for-org"),
    Route("POST", "/orgs/{org}/repos", endpoint(_create_in_organization), "repos/create-in-org"),
    Route("POST", "/user/repos", endpoint(_create_for_user), "repos/create-for-authenticated-user"),
    Route("GET", "/users/{username}/repos", endpoint(_list_of_user), "repos/list-for-user"),
    Route(
        "GET",
        _REPO,
        endpoint(_get),
        "repos/get",
        ("Counts (stars, forks, size) are always 0.", "The caller always administers the repository."),
    ),
    Route("PATCH", _REPO, endpoint(_edit), "repos/update"),
    Route("DELETE", _REPO, endpoint(_delete), "repos/delete"),
    Route("GET", f"{_REPO}/topics", endpoint(_topics), "repos/get-all-topics"),
    Route("PUT", f"{_REPO}/topics", endpoint(_set_topics), "repos/replace-all-topics"),
    Route("GET", f"{_REPO}/vulnerability-alerts", endpoint(_alerts), "repos/check-vulnerability-alerts"),
    Route("PUT", f"{_REPO}/vulnerability-alerts", endpoint(_enable_alerts), "repos/enable-vulnerability-alerts"),
    Route("DELETE", f"{_REPO}/vulnerability-alerts", endpoint(_disable_alerts), "repos/disable-vulnerability-alerts"),
    Route("GET", f"{_REPO}/teams", endpoint(_teams), "repos/list-teams"),
    Route("GET", f"{_REPO}/collaborators", endpoint(_collaborators), "repos/list-collaborators"),
    Route(
        "PUT",
        _COLLABORATOR,
        endpoint(_add_collaborator),
        "repos/add-collaborator",
        ("The user has access at once (204): there are no invitations.",),
    ),
    Route("DELETE", _COLLABORATOR, endpoint(_remove_collaborator), "repos/remove-collaborator"),
    Route("GET", f"{_REPO}/invitations", endpoint(_no_invitations), "repos/list-invitations", ("Always empty.",)),
)
