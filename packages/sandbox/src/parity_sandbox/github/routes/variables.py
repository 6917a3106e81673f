"""Routes of Actions variables, for repositories and environments."""

from __future__ import annotations

from parity_sandbox.github.calls import NO_CONTENT, Answer, Call, endpoint, paged
from parity_sandbox.github.routes import named
from parity_sandbox.github.state import variables
from parity_sandbox.github.wire import environments as wire
from parity_sandbox.routing import Route

_DEFAULT_PAGE = 10
_MAXIMUM_PAGE = 30


def _list(call: Call) -> Answer:
    found = [wire.variable(each) for each in variables.variables(call.context, *named.scope(call))]
    page = paged(call, found, default=_DEFAULT_PAGE, maximum=_MAXIMUM_PAGE)
    return Answer(200, {"total_count": page.total, "variables": page.items}, page.headers)


def _get(call: Call) -> Answer:
    return Answer(200, wire.variable(variables.variable(call.context, *named.scope(call), call.path("name"))))


def _create(call: Call) -> Answer:
    variables.create(call.context, *named.scope(call, write=True), call.body)
    return Answer(201, {})


def _change(call: Call) -> Answer:
    found = variables.variable(call.context, *named.scope(call, write=True), call.path("name"))
    variables.change(call.context, found, call.body)
    return NO_CONTENT


def _delete(call: Call) -> Answer:
    found = variables.variable(call.context, *named.scope(call, write=True), call.path("name"))
    variables.delete(call.context, found)
    return NO_CONTENT


_REPOSITORY = "/repos/{owner}/{repo}/actions/variables"
_ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment_name}/variables"

ROUTES = tuple(
    route
    for base, noun in ((_REPOSITORY, "repo"), (_ENVIRONMENT, "environment"))
    for route in (
        Route("GET", base, endpoint(_list), f"actions/list-{noun}-variables"),
        Route("POST", base, endpoint(_create), f"actions/create-{noun}-variable"),
        Route("GET", f"{base}/{{name}}", endpoint(_get), f"actions/get-{noun}-variable"),
        Route("PATCH", f"{base}/{{name}}", endpoint(_change), f"actions/update-{noun}-variable"),
        Route("DELETE", f"{base}/{{name}}", endpoint(_delete), f"actions/delete-{noun}-variable"),
    )
)
