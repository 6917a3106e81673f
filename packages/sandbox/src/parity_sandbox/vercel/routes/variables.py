"""Routes of a project's environment variables and custom environments."""

from __future__ import annotations

from functools import partial
from typing import Any

from parity_sandbox.narrowing import is_list, is_object
from parity_sandbox.store import Document
from parity_sandbox.vercel import custom_environments, variables, wire
from parity_sandbox.vercel.errors import BadRequest
from parity_sandbox.vercel.wire import Answer, Call, route


def _list(call: Call) -> Document:
    found = variables.of_project(call.world, call.project)
    branch = call.query("gitBranch")
    if branch:
        found = [each for each in found if each["gitBranch"] in {None, branch}]
    environment = call.query("customEnvironmentId") or call.query("customEnvironmentSlug")
    if environment:
        chosen = custom_environments.find(call.project, environment)["id"]
        found = [each for each in found if chosen in each["customEnvironmentIds"]]
    view = partial(variables.view, decrypt=call.truthy("decrypt"))
    if all(call.query(name) is None for name in ("limit", "until", "since")):
        return {"envs": [view(each) for each in reversed(found)]}
    return wire.paged(call, "envs", found, view)


def _create(call: Call) -> Answer:
    project, body = call.project, call.json()
    given: list[Any] = body if is_list(body) else [body]
    if not given or not all(is_object(each) for each in given):
        raise BadRequest("Invalid request: should be object or array of objects.")
    created, failed = variables.create_all(call.world, project, given, upsert=call.truthy("upsert"))
    if failed and not created:
        raise _refused(failed, given)
    shown = [variables.view(each, decrypt=False) for each in created]
    return Answer({"created": shown if is_list(body) else shown[0], "failed": failed}, 201)


def _refused(failed: list[Document], given: list[Document]) -> BadRequest:
    first: Document = dict(failed[0]["error"])
    message, code = first.pop("message"), first.pop("code")
    error = BadRequest(message, code=code, **(first if len(given) == 1 else {}))
    error.siblings = {"created": [], "failed": failed}
    return error


def _read(call: Call) -> Document:
    return variables.view(variables.find(call.world, call.project, call.path("id")), decrypt=True)


def _update(call: Call) -> Document:
    return variables.view(variables.update(call.world, call.project, call.path("id"), call.body()), decrypt=False)


def _delete(call: Call) -> Document:
    removed = variables.find(call.world, call.project, call.path("id"))
    call.world.env.delete(removed["id"])
    return variables.view(removed, decrypt=False)


def _pull(call: Call) -> Document:
    named = call.request.path_params
    target = named.get("target", "development")
    custom = None if target in variables.TARGETS else custom_environments.find(call.project, target)["id"]
    given = variables.snapshot(
        variables.pulled(variables.of_project(call.world, call.project)),
        target=target,
        branch=named.get("gitBranch"),
        custom_environment=custom,
    )
    return {"env": given, "buildEnv": given}


def _list_environments(call: Call) -> Document:
    found = [custom_environments.view(each) for each in call.project["customEnvironments"]]
    return {"accountLimit": {"total": 10}, "environments": found}


def _create_environment(call: Call) -> Answer:
    made = custom_environments.create(call.world, call.project, call.body())
    return Answer(custom_environments.view(made), 201)


def _read_environment(call: Call) -> Document:
    return custom_environments.view(custom_environments.find(call.project, call.path("environmentSlugOrId")))


def _update_environment(call: Call) -> Document:
    slug = call.path("environmentSlugOrId")
    return custom_environments.view(custom_environments.update(call.world, call.project, slug, call.body()))


def _delete_environment(call: Call) -> Document:
    project, body = call.project, call.body(custom_environments.DELETE)
    with_variables = bool(body.get("deleteUnassignedEnvironmentVariables"))
    slug = call.path("environmentSlugOrId")
    removed = custom_environments.delete(call.world, project, slug, with_variables=with_variables)
    return custom_environments.view(removed)


_ALL, _CUSTOM = "/projects/{idOrName}/env", "/v9/projects/{idOrName}/custom-environments"
_ONE, _ENVIRONMENT = f"{_ALL}/{{id}}", f"{_CUSTOM}/{{environmentSlugOrId}}"
_GO, _CUSTOM_GO = "client/environment_variable.go", "client/custom_environment.go"
_HIDDEN = "A sensitive value is given as an empty text, an encrypted one as a text that says nothing of it."
_PULLED = "Vercel's own system variables are not among them; a sensitive value is empty."

ROUTES = (
    *(
        route("GET", f"/v3/env/pull/{{idOrName}}{rest}", _pull, "the command line's env pull", _PULLED)
        for rest in ("", "/{target}", "/{target}/{gitBranch}")
    ),
    route("GET", f"/v10{_ALL}", _list, f"filterProjectEnvs; {_GO}", _HIDDEN),
    route(
        "POST", f"/v10{_ALL}", _create, f"createProjectEnv; {_GO}",
        "A team's policy for sensitive variables is not enforced.",
    ),
    route("GET", f"/v10{_ONE}", _read, f"getProjectEnv; {_GO}", _HIDDEN),
    route("PATCH", f"/v10{_ONE}", _update, f"editProjectEnv; {_GO}"),
    route("DELETE", f"/v9{_ONE}", _delete, f"removeProjectEnv; {_GO}"),
    route("GET", _CUSTOM, _list_environments, "GET custom-environments in the description"),
    route("POST", _CUSTOM, _create_environment, f"createCustomEnvironment; {_CUSTOM_GO}"),
    route("GET", _ENVIRONMENT, _read_environment, f"getCustomEnvironment; {_CUSTOM_GO}"),
    route("PATCH", _ENVIRONMENT, _update_environment, f"updateCustomEnvironment; {_CUSTOM_GO}"),
    route("DELETE", _ENVIRONMENT, _delete_environment, f"removeCustomEnvironment; {_CUSTOM_GO}"),
)  # fmt: skip
