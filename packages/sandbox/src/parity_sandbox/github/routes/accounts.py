"""Routes of the account itself, organisations and users."""

from __future__ import annotations

from parity_sandbox.github.calls import Answer, Call, endpoint, paged, rate_of
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import accounts, repositories
from parity_sandbox.github.state.collections import collection
from parity_sandbox.github.wire import accounts as wire
from parity_sandbox.routing import Route


def _viewer(call: Call) -> Answer:
    return Answer(200, wire.full_user(accounts.viewer(call.context)))


def _user(call: Call) -> Answer:
    login = call.path("username")
    found = accounts.owner(call.context, login)
    if found is None or found["type"] == "User":
        return Answer(200, wire.full_user(accounts.user(call.context, login)))
    return Answer(200, wire.full_user(found))


def _no_keys(call: Call) -> Answer:
    accounts.user(call.context, call.path("username"))
    return Answer(200, [])


def _organization(call: Call) -> Answer:
    found = named.organization(call)
    return Answer(200, wire.organization(found, len(repositories.owned_by(call.context, found["login"]))))


def _members(call: Call) -> Answer:
    named.organization(call)
    page = paged(call, [wire.account(each) for each in collection(call.context, "users").all()])
    return Answer(200, page.items, page.headers)


def _rate_limit(call: Call) -> Answer:
    rate = rate_of(call.request)
    resources = dict.fromkeys(("core", "search", "graphql"), rate)
    return Answer(200, {"resources": resources, "rate": rate})


def _meta(_call: Call) -> Answer:
    names = ("hooks", "web", "api", "git", "packages", "pages", "importer", "actions", "dependabot")
    return Answer(200, {"verifiable_password_authentication": False, **{name: list[str]() for name in names}})


ROUTES = (
    Route("GET", "/user", endpoint(_viewer), "users/get-authenticated"),
    Route("GET", "/users/{username}", endpoint(_user), "users/get-by-username"),
    Route(
        "GET",
        "/users/{username}/gpg_keys",
        endpoint(_no_keys),
        "users/list-gpg-keys-for-user",
        ("Always empty: the sandbox keeps no keys of users.",),
    ),
    Route(
        "GET",
        "/users/{username}/keys",
        endpoint(_no_keys),
        "users/list-public-keys-for-user",
        ("Always empty: the sandbox keeps no keys of users.",),
    ),
    Route(
        "GET",
        "/orgs/{org}",
        endpoint(_organization),
        "orgs/get",
        ("The plan is always `enterprise`, so no operation is refused for want of a paid plan.",),
    ),
    Route("GET", "/orgs/{org}/members", endpoint(_members), "orgs/list-members"),
    Route(
        "GET",
        "/rate_limit",
        endpoint(_rate_limit),
        "rate-limit/get",
        ("The limit is counted and never enforced; a fault gives 403 or 429.",),
    ),
    Route("GET", "/meta", endpoint(_meta), "meta/get", ("Lists no addresses.",)),
)
