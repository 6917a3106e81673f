"""Routes of the account itself, organisations and users."""

from __future__ import annotations

from parity_sandbox.github.calls import Answer, Call, rate_of
from parity_sandbox.github.routes import named
from parity_sandbox.github.routes.table import Result, route
from parity_sandbox.github.state import accounts, repositories
from parity_sandbox.github.state.collections import collection
from parity_sandbox.github.wire import accounts as wire
from parity_sandbox.store import Document


def _user(call: Call) -> Document:
    login = call.path("username")
    found = accounts.owner(call.context, login)
    if found is None or found["type"] == "User":
        return wire.full_user(accounts.user(call.context, login))
    return wire.full_user(found)


def _no_keys(call: Call) -> Answer:
    accounts.user(call.context, call.path("username"))
    return Answer(200, [])


def _organization(call: Call) -> Document:
    found = named.organization(call)
    return wire.organization(found, len(repositories.owned_by(call.context, found["login"])))


def _members(call: Call) -> Result:
    named.organization(call)
    return [wire.account(each) for each in collection(call.context, "users").all()]


def _rate_limit(call: Call) -> Document:
    rate = rate_of(call.request)
    return {"resources": dict.fromkeys(("core", "search", "graphql"), rate), "rate": rate}


def _meta(_call: Call) -> Document:
    names = ("hooks", "web", "api", "git", "packages", "pages", "importer", "actions", "dependabot")
    return {"verifiable_password_authentication": False, **{name: list[str]() for name in names}}


_NO_KEYS = "Always empty: the sandbox keeps no keys of users."

ROUTES = (
    route("GET", "/user", lambda call: wire.full_user(accounts.viewer(call.context)), "users/get-authenticated"),
    route("GET", "/users/{username}", _user, "users/get-by-username"),
    route("GET", "/users/{username}/gpg_keys", _no_keys, "users/list-gpg-keys-for-user", _NO_KEYS),
    route("GET", "/users/{username}/keys", _no_keys, "users/list-public-keys-for-user", _NO_KEYS),
    route(
        "GET", "/orgs/{org}", _organization, "orgs/get",
        "The plan is always `enterprise`, so no operation is refused for want of a paid plan.",
    ),
    route("GET", "/orgs/{org}/members", _members, "orgs/list-members"),
    route(
        "GET", "/rate_limit", _rate_limit, "rate-limit/get",
        "The limit is counted and never enforced; a fault gives 403 or 429.",
    ),
    route("GET", "/meta", _meta, "meta/get", "Lists no addresses."),
)  # fmt: skip
