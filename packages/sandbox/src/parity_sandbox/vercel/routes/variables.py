"""Routes of a project's environment variables and custom environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.narrowing import is_list, is_object
from parity_sandbox.routing import Route
from parity_sandbox.vercel import custom_environments, variables, wire
from parity_sandbox.vercel.errors import BadRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from parity_sandbox.store import Document
    from parity_sandbox.vercel.world import World


def _here(request: Request) -> tuple[World, Document]:
    world = wire.world_of(request)
    return world, world.project(request.path_params["idOrName"])


async def _list(request: Request) -> Response:
    world, project = _here(request)
    found = variables.of_project(world, project)
    branch = request.query_params.get("gitBranch")
    if branch:
        found = [each for each in found if each["gitBranch"] in {None, branch}]
    environment = request.query_params.get("customEnvironmentId") or request.query_params.get("customEnvironmentSlug")
    if environment:
        chosen = custom_environments.find(project, environment)["id"]
        found = [each for each in found if chosen in each["customEnvironmentIds"]]
    decrypt = wire.truthy(request, "decrypt")
    paged = any(name in request.query_params for name in ("limit", "until", "since"))
    if not paged:
        return wire.answer({"envs": [variables.view(each, decrypt=decrypt) for each in reversed(found)]})
    shown, pagination = wire.page(request, found)
    return wire.answer({"envs": [variables.view(each, decrypt=decrypt) for each in shown], "pagination": pagination})


async def _create(request: Request) -> Response:
    world, project = _here(request)
    body: Any = await wire.json_of(request)
    many = is_list(body)
    given: list[Document] = body if many else [body]
    if not given or not all(is_object(each) for each in given):
        raise BadRequest("Invalid request: should be object or array of objects.")
    created, failed = variables.create_all(world, project, given, upsert=wire.truthy(request, "upsert"))
    if failed and not created:
        raise _refused(failed, given)
    shown = [variables.view(each, decrypt=False) for each in created]
    return wire.answer({"created": shown if many else shown[0], "failed": failed}, 201)


def _refused(failed: list[Document], given: list[Document]) -> BadRequest:
    first: Document = failed[0]["error"]
    details = {name: value for name, value in first.items() if name not in {"code", "message"}}
    if len(given) > 1:
        details = {}
    error = BadRequest(first["message"], code=first["code"], **details)
    error.siblings = {"created": [], "failed": failed}
    return error


async def _read(request: Request) -> Response:
    world, project = _here(request)
    found = variables.find(world, project, request.path_params["id"])
    return wire.answer(variables.view(found, decrypt=True))


async def _update(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, variables.SHAPE)
    changed = variables.update(world, project, request.path_params["id"], body)
    return wire.answer(variables.view(changed, decrypt=False))


async def _delete(request: Request) -> Response:
    world, project = _here(request)
    removed = variables.delete(world, project, request.path_params["id"])
    return wire.answer(variables.view(removed, decrypt=False))


async def _pull(request: Request) -> Response:
    world, project = _here(request)
    target = request.path_params.get("target", "development")
    custom = None
    if target not in variables.TARGETS:
        custom = custom_environments.find(project, target)["id"]
    given = variables.snapshot(
        variables.pulled(variables.of_project(world, project)),
        target=target,
        branch=request.path_params.get("gitBranch"),
        custom_environment=custom,
    )
    return wire.answer({"env": given, "buildEnv": given})


async def _list_environments(request: Request) -> Response:
    _, project = _here(request)
    found = [custom_environments.view(each) for each in project["customEnvironments"]]
    return wire.answer({"accountLimit": {"total": 10}, "environments": found})


async def _create_environment(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, custom_environments.SHAPE)
    return wire.answer(custom_environments.view(custom_environments.create(world, project, body)), 201)


async def _read_environment(request: Request) -> Response:
    _, project = _here(request)
    found = custom_environments.find(project, request.path_params["environmentSlugOrId"])
    return wire.answer(custom_environments.view(found))


async def _update_environment(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, custom_environments.SHAPE)
    slug = request.path_params["environmentSlugOrId"]
    return wire.answer(custom_environments.view(custom_environments.update(world, project, slug, body)))


async def _delete_environment(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, custom_environments.DELETE)
    removed = custom_environments.delete(
        world,
        project,
        request.path_params["environmentSlugOrId"],
        with_variables=bool(body.get("deleteUnassignedEnvironmentVariables")),
    )
    return wire.answer(custom_environments.view(removed))


_ENV = "/projects/{idOrName}/env"
_CUSTOM = "/projects/{idOrName}/custom-environments"
_HIDDEN = ("A sensitive value is given as an empty text, an encrypted one as a text that says nothing of it.",)

ROUTES: tuple[Route, ...] = (
    *(
        Route(
            "GET",
            f"/v3/env/pull/{{idOrName}}{rest}",
            _pull,
            "the command line's env pull",
            ("Vercel's own system variables are not among them; a sensitive value is empty.",),
        )
        for rest in ("", "/{target}", "/{target}/{gitBranch}")
    ),
    *(
        Route("GET", f"/{v}{_ENV}", _list, "filterProjectEnvs; client/environment_variable.go", _HIDDEN)
        for v in ("v8", "v9", "v10")
    ),
    *(
        Route(
            "POST",
            f"/{v}{_ENV}",
            _create,
            "createProjectEnv; client/environment_variable.go",
            ("A team's policy for sensitive variables is not enforced.",),
        )
        for v in ("v9", "v10")
    ),
    *(
        Route("GET", f"/{v}{_ENV}/{{id}}", _read, "getProjectEnv; client/environment_variable.go", _HIDDEN)
        for v in ("v1", "v10")
    ),
    *(
        Route("PATCH", f"/{v}{_ENV}/{{id}}", _update, "editProjectEnv; client/environment_variable.go")
        for v in ("v9", "v10")
    ),
    *(
        Route("DELETE", f"/{v}{_ENV}/{{id}}", _delete, "removeProjectEnv; client/environment_variable.go")
        for v in ("v8", "v9")
    ),
    *(
        route
        for v in ("v1", "v9")
        for route in (
            Route("GET", f"/{v}{_CUSTOM}", _list_environments, "GET custom-environments in the description"),
            Route(
                "POST", f"/{v}{_CUSTOM}", _create_environment, "createCustomEnvironment; client/custom_environment.go"
            ),
            Route(
                "GET",
                f"/{v}{_CUSTOM}/{{environmentSlugOrId}}",
                _read_environment,
                "getCustomEnvironment; client/custom_environment.go",
            ),
            Route(
                "PATCH",
                f"/{v}{_CUSTOM}/{{environmentSlugOrId}}",
                _update_environment,
                "updateCustomEnvironment; client/custom_environment.go",
            ),
            Route(
                "DELETE",
                f"/{v}{_CUSTOM}/{{environmentSlugOrId}}",
                _delete_environment,
                "removeCustomEnvironment; client/custom_environment.go",
            ),
        )
    ),
)
