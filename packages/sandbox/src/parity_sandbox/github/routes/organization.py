"""Routes of an organization's Actions secrets and variables, and of those that a repository gets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import accounts, keys, organization, secrets, variables
from parity_sandbox.github.wire import environments as wire
from parity_sandbox.github.wire import repositories as repository_wire
from parity_sandbox.routing import Route

if TYPE_CHECKING:
    from parity_sandbox.github.state.organization import Kind
    from parity_sandbox.store import Document

_VARIABLES_PAGE, _MOST_VARIABLES = 10, 30
_NAMES = {"secrets": "secret_name", "variables": "name"}
"""The path's parameter, as the description has it."""


def _one(kind: Kind, found: Document) -> Document:
    return wire.secret(found) if kind == "secrets" else wire.variable(found)


def _full(call: Call, kind: Kind, found: Document) -> Document:
    shown = {**_one(kind, found), "visibility": found["visibility"]}
    if found["visibility"] == "selected":
        at = f"{call.request.url.path.partition('/actions/')[0]}/actions/{kind}/{found['name']}/repositories"
        shown["selected_repositories_url"] = f"https://api.github.com{at}"
    return shown


def _paged(call: Call, kind: Kind, rows: list[Document]) -> Answer:
    sizes = {"default": _VARIABLES_PAGE, "maximum": _MOST_VARIABLES} if kind == "variables" else {}
    page = paged(call, rows, **sizes)
    return Answer(200, {"total_count": page.total, kind: page.items}, page.headers)


def _scope(call: Call) -> int:
    return organization.with_key(call.context, named.organization(call))


def _found(call: Call, kind: Kind) -> Document:
    get = secrets.secret if kind == "secrets" else variables.variable
    return get(call.context, _scope(call), None, call.path(_NAMES[kind]))


def _list(kind: Kind, call: Call) -> Answer:
    rows = secrets.secrets if kind == "secrets" else variables.variables
    return _paged(call, kind, [_full(call, kind, each) for each in rows(call.context, _scope(call), None)])


def _get(kind: Kind, call: Call) -> Answer:
    return Answer(200, _full(call, kind, _found(call, kind)))


def _delete(kind: Kind, call: Call) -> Answer:
    found = _found(call, kind)
    (secrets if kind == "secrets" else variables).delete(call.context, found)
    return NO_CONTENT


def _public_key(call: Call) -> Answer:
    return Answer(200, wire.public_key(keys.public(call.context, _scope(call), None)))


def _put_secret(call: Call) -> Answer:
    organization.check_sharing(call.body)
    found, new = secrets.put(call.context, _scope(call), None, call.path("secret_name"), call.body)
    organization.share(call.context, "secrets", found, call.body)
    return Answer(201, {}) if new else NO_CONTENT


def _create_variable(call: Call) -> Answer:
    organization.check_sharing(call.body)
    made = variables.create(call.context, _scope(call), None, call.body)
    organization.share(call.context, "variables", made, call.body)
    return Answer(201, {})


def _change_variable(call: Call) -> Answer:
    changed = variables.change(call.context, _found(call, "variables"), call.body)
    if "visibility" in call.body:
        organization.share(call.context, "variables", changed, call.body)
    return NO_CONTENT


def _selected(kind: Kind, call: Call) -> Answer:
    owner = named.organization(call)
    rows = organization.selected(call.context, _found(call, kind))
    page = paged(call, [repository_wire.minimal(each, owner) for each in rows])
    return Answer(200, {"total_count": page.total, "repositories": page.items}, page.headers)


def _unshare(kind: Kind, call: Call) -> Answer:
    organization.unshare(call.context, kind, _found(call, kind), call.number("repository_id"))
    return NO_CONTENT


def _of_repository(kind: Kind, call: Call) -> Answer:
    found = named.repository(call)
    owner = accounts.owner(call.context, found["owner"])
    rows = organization.shared_with(call.context, kind, owner, found) if owner else []
    return _paged(call, kind, [_one(kind, each) for each in rows])


def _both(kind: Kind, noun: str) -> tuple[Route, ...]:
    base = f"/orgs/{{org}}/actions/{kind}"
    one = f"{base}/{{{_NAMES[kind]}}}"
    shared = f"{one}/repositories"
    return (
        Route("GET", base, endpoint(partial(_list, kind)), f"actions/list-org-{kind}"),
        Route("GET", one, endpoint(partial(_get, kind)), f"actions/get-org-{noun}"),
        Route("DELETE", one, endpoint(partial(_delete, kind)), f"actions/delete-org-{noun}"),
        Route("GET", shared, endpoint(partial(_selected, kind)), f"actions/list-selected-repos-for-org-{noun}"),
        Route(
            "DELETE", f"{shared}/{{repository_id}}", endpoint(partial(_unshare, kind)),
            f"actions/remove-selected-repo-from-org-{noun}",
        ),
        Route(
            "GET", f"/repos/{{owner}}/{{repo}}/actions/organization-{kind}", endpoint(partial(_of_repository, kind)),
            f"actions/list-repo-organization-{kind}",
        ),
    )  # fmt: skip


ROUTES = (
    *_both("secrets", "secret"),
    Route("GET", "/orgs/{org}/actions/secrets/public-key", endpoint(_public_key), "actions/get-org-public-key"),
    Route(
        "PUT", "/orgs/{org}/actions/secrets/{secret_name}", endpoint(_put_secret),
        "actions/create-or-update-org-secret",
    ),
    *_both("variables", "variable"),
    Route("POST", "/orgs/{org}/actions/variables", endpoint(_create_variable), "actions/create-org-variable"),
    Route("PATCH", "/orgs/{org}/actions/variables/{name}", endpoint(_change_variable), "actions/update-org-variable"),
)  # fmt: skip
