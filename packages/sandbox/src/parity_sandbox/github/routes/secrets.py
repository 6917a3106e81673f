"""Routes of Actions secrets and variables, of repositories, environments and organizations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.routes.table import REPOSITORY, inside, route
from parity_sandbox.github.state import accounts, secrets
from parity_sandbox.github.state.collections import remove
from parity_sandbox.github.state.secrets import Kind, Scope
from parity_sandbox.github.wire import repositories as repository_wire
from parity_sandbox.narrowing import picked
from parity_sandbox.routing import Route
from parity_sandbox.store import Document

_NAMES = {"secrets": "secret_name", "variables": "name"}
"""The path's parameter, as the description has it."""
_SIZES = {"secrets": {}, "variables": {"default": 10, "maximum": 30}}
_SHOWN = {"secrets": ("name", "created_at", "updated_at"), "variables": ("name", "value", "created_at", "updated_at")}
"""A secret's value is never shown."""


def _of_organization(call: Call) -> bool:
    return "org" in call.request.path_params


def _scope(call: Call) -> Scope:
    """Whose they are; raises NotFound, and ReadOnly where an archived repository's would be written."""
    if _of_organization(call):
        return named.organization(call)["id"], None
    found = named.repository(call, write=call.request.method != "GET")
    return found["id"], named.environment(call, found)["id"] if "environment_name" in call.request.path_params else None


def _full(call: Call, kind: Kind, found: Document) -> Document:
    shown = picked(found, *_SHOWN[kind])
    if _of_organization(call):
        shown["visibility"] = found["visibility"]
        if found["visibility"] == "selected":
            at = f"{call.request.url.path.partition('/actions/')[0]}/actions/{kind}/{found['name']}/repositories"
            shown["selected_repositories_url"] = f"https://api.github.com{at}"
    return shown


def _found(kind: Kind, call: Call) -> Document:
    return secrets.row(call.context, kind, _scope(call), call.path(_NAMES[kind]))


def _list(kind: Kind, call: Call) -> Answer:
    found = secrets.rows(call.context, kind, _scope(call))
    return paged(call, [_full(call, kind, each) for each in found], kind, **_SIZES[kind])


def _get(kind: Kind, call: Call) -> Document:
    return _full(call, kind, _found(kind, call))


def _delete(kind: Kind, call: Call) -> None:
    remove(call.context, kind, _found(kind, call))


def _public_key(call: Call) -> Document:
    found = secrets.public_key(call.context, _scope(call))
    return {"key_id": found["key_id"], "key": found["public_key"]}


def _put_secret(call: Call) -> Answer:
    found, new = secrets.put_secret(call.context, _scope(call), call.path("secret_name"), call.body)
    if _of_organization(call):
        secrets.share(call.context, "secrets", found, call.body)
    return Answer(201, {}) if new else NO_CONTENT


def _create_variable(call: Call) -> Document:
    made = secrets.create_variable(call.context, _scope(call), call.body)
    if _of_organization(call):
        secrets.share(call.context, "variables", made, call.body)
    return {}


def _change_variable(call: Call) -> None:
    changed = secrets.change_variable(call.context, _found("variables", call), call.body)
    if _of_organization(call) and "visibility" in call.body:
        secrets.share(call.context, "variables", changed, call.body)


def _selected(kind: Kind, call: Call) -> Answer:
    owner = named.organization(call)
    found = secrets.selected(call.context, _found(kind, call))
    return paged(call, [repository_wire.minimal(each, owner) for each in found], "repositories")


def _unshare(kind: Kind, call: Call) -> None:
    secrets.unshare(call.context, kind, _found(kind, call), call.number("repository_id"))


def _shared(kind: Kind, call: Call, repository: Document) -> Answer:
    owner = accounts.owner(call.context, repository["owner"])
    found = secrets.shared_with(call.context, kind, owner, repository) if owner else []
    return paged(call, [picked(each, *_SHOWN[kind]) for each in found], kind, **_SIZES[kind])


_WRITING = (
    "`updated_at` moves by at least one second at each write, even within one second.",
    "A value that the key does not open is kept and never read: GitHub finds out when a workflow runs.",
)
_BASES = {
    "repo": f"{REPOSITORY}/actions", "environment": f"{REPOSITORY}/environments/{{environment_name}}",
    "org": "/orgs/{org}/actions",
}  # fmt: skip


def _both(kind: Kind, noun: str, owner: str) -> Iterator[Route]:
    """What secrets and variables have of one owner, and of an organization's those that say who has them."""
    base = f"{_BASES[owner]}/{kind}"
    one = f"{base}/{{{_NAMES[kind]}}}"
    yield route("GET", base, partial(_list, kind), f"actions/list-{owner}-{kind}")
    yield route("GET", one, partial(_get, kind), f"actions/get-{owner}-{noun}")
    yield route("DELETE", one, partial(_delete, kind), f"actions/delete-{owner}-{noun}")
    if owner == "org":
        at, name = f"{one}/repositories", f"for-org-{noun}"
        yield route("GET", at, partial(_selected, kind), f"actions/list-selected-repos-{name}")
        source = f"actions/remove-selected-repo-from-org-{noun}"
        yield route("DELETE", f"{at}/{{repository_id}}", partial(_unshare, kind), source)
        source = f"actions/list-repo-organization-{kind}"
        yield inside("GET", f"/actions/organization-{kind}", partial(_shared, kind), source)


def _all() -> Iterator[Route]:
    for owner, base in _BASES.items():
        yield from _both("secrets", "secret", owner)
        yield route("GET", f"{base}/secrets/public-key", _public_key, f"actions/get-{owner}-public-key")
        differences = () if owner == "org" else _WRITING
        source = f"actions/create-or-update-{owner}-secret"
        yield route("PUT", f"{base}/secrets/{{secret_name}}", _put_secret, source, *differences)
        yield from _both("variables", "variable", owner)
        yield route("POST", f"{base}/variables", _create_variable, f"actions/create-{owner}-variable")
        yield route("PATCH", f"{base}/variables/{{name}}", _change_variable, f"actions/update-{owner}-variable")


ROUTES = tuple(_all())
