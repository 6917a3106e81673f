"""Routes of deployments, their files, and aliases."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from parity_sandbox.routing import Route
from parity_sandbox.vercel import aliases, deployments, wire
from parity_sandbox.vercel.errors import BadRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from parity_sandbox.store import Document


async def _create(request: Request) -> Response:
    world = wire.world_of(request)
    body = await wire.body_of(request, deployments.CREATE)
    return wire.answer(deployments.view(world, deployments.create(world, body)))


async def _read(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(deployments.view(world, deployments.find(world, request.path_params["idOrUrl"])))


async def _list(request: Request) -> Response:
    world = wire.world_of(request)
    wanted = request.query_params.get("projectId") or request.query_params.get("app")
    project = None if wanted is None else world.project(wanted)["id"]
    found = [
        each
        for each in world.deployments.find(ownerId=world.owner)
        if project in {None, each["projectId"]} and _wanted(request, each)
    ]
    shown, pagination = wire.page(request, found)
    return wire.answer({"deployments": [deployments.listed(each) for each in shown], "pagination": pagination})


def _wanted(request: Request, deployment: Document) -> bool:
    query = request.query_params
    states = query.get("state")
    if states is not None and deployment["readyState"] not in states.upper().split(","):
        return False
    target = query.get("target")
    if target is not None and target != (deployment["target"] or "preview"):
        return False
    if "rollbackCandidate" in query and wire.truthy(request, "rollbackCandidate") != ("promotedAt" in deployment):
        return False
    return query.get("sha") in {None, deployment["sha"]} and query.get("branch") in {None, deployment["branch"]}


async def _delete(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(deployments.delete(world, deployments.find(world, request.path_params["id"])))


async def _cancel(request: Request) -> Response:
    world = wire.world_of(request)
    stopped = deployments.cancel(world, deployments.find(world, request.path_params["id"]))
    return wire.answer(deployments.view(world, stopped))


async def _upload(request: Request) -> Response:
    world = wire.world_of(request)
    digest = request.headers.get("x-vercel-digest") or request.headers.get("x-now-digest")
    content = await request.body()
    if digest is None:
        raise BadRequest("Invalid request: missing required header `x-vercel-digest`.")
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != digest:
        raise BadRequest("The digest of the file does not match `x-vercel-digest`.", code="invalid_digest")
    files = world.collection("files")
    if files.get(digest) is None:
        files.insert(digest, {"sha": digest, "size": len(content), "createdAt": world.now})
    return wire.answer({"urls": []})


async def _assign(request: Request) -> Response:
    world = wire.world_of(request)
    deployment = deployments.find(world, request.path_params["id"])
    return wire.answer(aliases.assign(world, deployment, await wire.body_of(request, aliases.SHAPE)))


async def _of_deployment(request: Request) -> Response:
    world = wire.world_of(request)
    deployment = deployments.find(world, request.path_params["id"])
    found = world.aliases.find(deploymentId=deployment["id"])
    named = ("uid", "alias", "created", "redirect")
    return wire.answer({"aliases": [{name: each[name] for name in named} for each in found]})


async def _list_aliases(request: Request) -> Response:
    world = wire.world_of(request)
    shown, pagination = wire.page(request, aliases.of_owner(world, request.query_params.get("projectId")))
    return wire.answer({"aliases": [aliases.view(each) for each in shown], "pagination": pagination})


async def _read_alias(request: Request) -> Response:
    world = wire.world_of(request)
    return wire.answer(aliases.view(aliases.find(world, request.path_params["idOrAlias"])))


async def _delete_alias(request: Request) -> Response:
    world = wire.world_of(request)
    aliases.delete(world, request.path_params["aliasId"])
    return wire.answer({"status": "SUCCESS"})


async def _builds(request: Request) -> Response:
    deployments.find(wire.world_of(request), request.path_params["id"])
    return wire.answer({"builds": []})


_CREATE = (
    "Nothing is built: a build ends after `build_seconds`, READY unless a rule of `builds` says otherwise.",
    "A project that does not exist is an error; Vercel makes one from `name`.",
    "Any commit of 40 hex digits is taken; a branch must be one of the sandbox repository's.",
    "With automatic assignment off, the first production deployment is staged too: no exception is documented.",
)

ROUTES: tuple[Route, ...] = (
    *(
        Route("POST", path, _create, "createDeployment; client/deployment.go", _CREATE)
        for path in ("/v12/now/deployments", "/v12/deployments", "/v13/deployments")
    ),
    Route("GET", "/v13/deployments/{idOrUrl}", _read, "getDeployment; client/deployment.go"),
    Route("GET", "/v11/deployments/{id}/builds", _builds, "the command line's inspect", ("Always empty.",)),
    Route("GET", "/v6/deployments", _list, "getDeployments"),
    Route("DELETE", "/v13/deployments/{id}", _delete, "deleteDeployment; client/deployment.go"),
    Route("PATCH", "/v12/deployments/{id}/cancel", _cancel, "cancelDeployment"),
    *(
        Route("POST", path, _upload, "uploadFile; client/file.go", ("Contents are not kept, only their digests.",))
        for path in ("/v2/files", "/v2/now/files")
    ),
    Route("POST", "/v2/deployments/{id}/aliases", _assign, "assignAlias; client/alias.go"),
    Route("GET", "/v2/deployments/{id}/aliases", _of_deployment, "listDeploymentAliases"),
    Route("GET", "/v4/aliases", _list_aliases, "listAliases"),
    Route("GET", "/v4/aliases/{idOrAlias}", _read_alias, "getAlias; client/alias.go"),
    Route("DELETE", "/v2/aliases/{aliasId}", _delete_alias, "deleteAlias; client/alias.go"),
)
