"""Routes of Actions secrets and of the keys they are sealed with, for repositories and environments."""

from __future__ import annotations

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import keys, secrets
from parity_sandbox.github.wire import environments as wire
from parity_sandbox.routing import Route


def _public_key(call: Call) -> Answer:
    return Answer(200, wire.public_key(keys.public(call.context, *named.scope(call))))


def _list(call: Call) -> Answer:
    page = paged(call, [wire.secret(each) for each in secrets.secrets(call.context, *named.scope(call))])
    return Answer(200, {"total_count": page.total, "secrets": page.items}, page.headers)


def _get(call: Call) -> Answer:
    return Answer(200, wire.secret(secrets.secret(call.context, *named.scope(call), call.path("secret_name"))))


def _put(call: Call) -> Answer:
    _, new = secrets.put(call.context, *named.scope(call, write=True), call.path("secret_name"), call.body)
    return Answer(201, {}) if new else NO_CONTENT


def _delete(call: Call) -> Answer:
    found = secrets.secret(call.context, *named.scope(call, write=True), call.path("secret_name"))
    secrets.delete(call.context, found)
    return NO_CONTENT


_REPOSITORY = "/repos/{owner}/{repo}/actions/secrets"
_ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment_name}/secrets"
_WRITING = (
    "`updated_at` moves by at least one second at each write, even within one second.",
    "A value that the key does not open is kept and never read: GitHub finds out when a workflow runs.",
)

ROUTES = tuple(
    route
    for base, noun in ((_REPOSITORY, "repo"), (_ENVIRONMENT, "environment"))
    for route in (
        Route("GET", f"{base}/public-key", endpoint(_public_key), f"actions/get-{noun}-public-key"),
        Route("GET", base, endpoint(_list), f"actions/list-{noun}-secrets"),
        Route("GET", f"{base}/{{secret_name}}", endpoint(_get), f"actions/get-{noun}-secret"),
        Route("PUT", f"{base}/{{secret_name}}", endpoint(_put), f"actions/create-or-update-{noun}-secret", _WRITING),
        Route("DELETE", f"{base}/{{secret_name}}", endpoint(_delete), f"actions/delete-{noun}-secret"),
    )
)
