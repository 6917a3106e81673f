"""Routes of projects: settings, Git link, protection, retention, rolling release, crons, function resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.routing import Route
from parity_sandbox.vercel import delivery, links, projects, promotion, protection, wire
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
    world = wire.world_of(request)
    search = request.query_params.get("search", "")
    mine = [each for each in world.projects.find(accountId=world.owner) if search in each["name"]]
    shown, pagination = wire.page(request, mine)
    return wire.answer({"projects": [projects.view(world, each) for each in shown], "pagination": pagination})


async def _create(request: Request) -> Response:
    world = wire.world_of(request)
    body = await wire.body_of(request, projects.CREATE)
    return wire.answer(projects.view(world, projects.create(world, body)))


async def _read(request: Request) -> Response:
    world, project = _here(request)
    return wire.answer(projects.view(world, project))


async def _update(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, projects.SETTINGS)
    return wire.answer(projects.view(world, projects.update(world, project, body)))


async def _delete(request: Request) -> Response:
    world, project = _here(request)
    projects.delete(world, project)
    return wire.nothing(204)


async def _link(request: Request) -> Response:
    world, project = _here(request)
    links.link(world, project, await wire.body_of(request, links.SHAPE))
    return wire.answer(projects.view(world, world.save(project)))


async def _unlink(request: Request) -> Response:
    world, project = _here(request)
    project.pop("link", None)
    return wire.answer(projects.view(world, world.save(project)))


async def _branch(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, {"branch": "string"}, required=("branch",))
    links.set_production_branch(project, body["branch"])
    return wire.answer(projects.view(world, world.save(project)))


async def _add_hook(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, {"name": "string", "ref": "string"}, required=("name", "ref"))
    links.add_hook(world, project, body["name"], body["ref"])
    return wire.answer(projects.view(world, world.save(project)), 201)


async def _remove_hook(request: Request) -> Response:
    world, project = _here(request)
    links.remove_hook(project, request.path_params["hookId"])
    return wire.answer(projects.view(world, world.save(project)))


async def _bypass(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, protection.SHAPE)
    return wire.answer(protection.change(world, project, body))


async def _retention(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, delivery.RETENTION)
    return wire.answer(delivery.set_retention(world, project, body))


async def _rolling(request: Request) -> Response:
    _, project = _here(request)
    return wire.answer(delivery.rolling_release(project))


async def _set_rolling(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, delivery.ROLLING)
    return wire.answer(delivery.set_rolling_release(world, project, body))


async def _clear_rolling(request: Request) -> Response:
    world, project = _here(request)
    return wire.answer(delivery.clear_rolling_release(world, project))


async def _crons(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, {"enabled": "boolean"}, required=("enabled",))
    delivery.set_crons(world, project, enabled=body["enabled"])
    return wire.answer(projects.view(world, project))


async def _function_cpu(request: Request) -> Response:
    _, project = _here(request)
    return wire.answer(delivery.function_cpu(project))


async def _set_function_cpu(request: Request) -> Response:
    world, project = _here(request)
    body = await wire.body_of(request, {"defaultMemoryType": "string"}, required=("defaultMemoryType",))
    return wire.answer(delivery.set_function_cpu(world, project, body["defaultMemoryType"]))


async def _promote(request: Request) -> Response:
    return await _alias_request(request, "promote")


async def _rollback(request: Request) -> Response:
    return await _alias_request(request, "rollback")


async def _alias_request(request: Request, kind: str) -> Response:
    world, project = _here(request)
    if not isinstance(await wire.json_of(request), dict):
        raise BadRequest("Invalid request: should be object.")
    promotion.request(world, project, request.path_params["deploymentId"], kind)
    return wire.nothing(201)


async def _alias_status(request: Request) -> Response:
    world, project = _here(request)
    found = promotion.aliases(world, project)
    if wire.truthy(request, "failedOnly"):
        found = [each for each in found if each["status"] == "failed"]
    shown, pagination = wire.page(request, found)
    listed = [{name: value for name, value in each.items() if name != "createdAt"} for each in shown]
    return wire.answer({"aliases": listed, "pagination": pagination})


_PROMOTE = (
    "Answers 201 with an empty body and switches after the sandbox's `promote_seconds`; Vercel gives no time.",
    "A promotion is refused with 409 while another is under way or where the deployment is live already.",
)
_ID = "/projects/{idOrName}"

ROUTES: tuple[Route, ...] = (
    *(Route("GET", f"/{v}/projects", _list, "getProjects") for v in ("v8", "v9", "v10")),
    *(Route("POST", f"/{v}/projects", _create, "createProject; client/project.go") for v in ("v8", "v9", "v10", "v11")),
    *(Route("GET", f"/{v}{_ID}", _read, "getProject; client/project.go") for v in ("v2", "v8", "v9", "v10")),
    *(
        Route(
            "PATCH", f"/{v}{_ID}", _update, "updateProject; client/project.go",
            ("Passwords and trusted addresses are kept or dropped, but no visitor is asked for them.",),
        )
        for v in ("v8", "v9", "v10")
    ),
    *(Route("DELETE", f"/{v}{_ID}", _delete, "deleteProject; client/project.go") for v in ("v8", "v9")),
    Route(
        "POST", f"/v9{_ID}/link", _link, "client/project.go",
        ("A GitHub repository must be one of the sandbox's; any GitLab or Bitbucket repository is taken.",),
    ),
    Route("DELETE", f"/v9{_ID}/link", _unlink, "client/project.go"),
    Route("PATCH", f"/v9{_ID}/branch", _branch, "client/project.go", ("The branch need not exist.",)),
    Route("POST", f"/v2{_ID}/deploy-hooks", _add_hook, "client/deploy_hooks.go", ("The hook's URL deploys nothing.",)),
    Route("DELETE", f"/v2{_ID}/deploy-hooks/{{hookId}}", _remove_hook, "client/deploy_hooks.go"),
    *(
        Route(
            "PATCH", f"/{v}{_ID}/protection-bypass", _bypass,
            "updateProjectProtectionBypass; client/project_protection_bypass.go",
        )
        for v in ("v1", "v10")
    ),
    Route("PATCH", f"/v9{_ID}/deployment-expiration", _retention, "client/project_deployment_retention.go",
          ("Nothing is deleted when its time has come.",)),
    Route("GET", f"/v1{_ID}/rolling-release/config", _rolling, "getRollingReleaseConfig"),
    Route("PATCH", f"/v1{_ID}/rolling-release/config", _set_rolling, "updateRollingReleaseConfig",
          ("Kept and shown; a promotion still switches at once.",)),
    Route("DELETE", f"/v1{_ID}/rolling-release/config", _clear_rolling, "deleteRollingReleaseConfig"),
    Route("PATCH", f"/v1{_ID}/crons", _crons, "client/project_crons.go", ("No cron runs.",)),
    Route("GET", f"/v1{_ID}/resource-config", _function_cpu, "client/project_function_cpu.go"),
    Route("PATCH", f"/v1{_ID}/resource-config", _set_function_cpu, "client/project_function_cpu.go"),
    *(
        Route("POST", f"/{v}{_ID}/promote/{{deploymentId}}", _promote, "requestPromote", _PROMOTE)
        for v in ("v9", "v10")
    ),
    *(
        Route(
            "POST", f"/{v}{_ID}/rollback/{{deploymentId}}", _rollback, "the CLI's request-rollback.ts",
            ("Only a deployment that was live before is taken; automatic assignment is off until the next promotion.",),
        )
        for v in ("v1", "v9")
    ),
    *(
        Route("GET", f"/{v}{_ID}/{kind}/aliases", _alias_status, "listPromoteAliases; the CLI's status.ts",
              ("`alias` is the name, as in the description; the CLI's types have an object there.",))
        for v in ("v1", "v9")
        for kind in ("promote", "rollback")
    ),
)  # fmt: skip
