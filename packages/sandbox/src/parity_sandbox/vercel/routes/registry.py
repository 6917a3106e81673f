"""Routes of the container registry in the API: repositories, who may pull from them, tags, images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.routing import Route
from parity_sandbox.vercel import images, registry, wire
from parity_sandbox.vercel.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from parity_sandbox.store import Document

_MOST = 100


async def _create_repository(request: Request) -> Response:
    world = wire.world_of(request)
    made = registry.create(world, await wire.body_of(request, registry.CREATE))
    return wire.answer({"repository": registry.view(made)})


def _project_of(request: Request) -> str:
    project = request.query_params.get("projectId")
    if not project:
        raise BadRequest("Invalid request: missing required property `projectId`.")
    return project


async def _read_repository(request: Request) -> Response:
    return wire.answer({"repository": registry.view(_found(request))})


async def _update_repository(request: Request) -> Response:
    world = wire.world_of(request)
    found = _found(request)
    found.update(await wire.body_of(request, registry.UPDATE))
    return wire.answer({"repository": registry.view(registry.save(world, found))})


async def _delete_repository(request: Request) -> Response:
    world = wire.world_of(request)
    registry.delete(world, _found(request))
    return wire.answer({}, 202)


async def _permissions(request: Request) -> Response:
    return _page(request, "permissions", _found(request)["permissions"])


async def _grant(request: Request) -> Response:
    world = wire.world_of(request)
    found = _found(request)
    body = await wire.body_of(request, registry.PERMISSION)
    return wire.answer({"permission": registry.grant(world, found, body)})


async def _revoke(request: Request) -> Response:
    world = wire.world_of(request)
    found = _found(request)
    body = await wire.body_of(request, registry.PERMISSION)
    registry.revoke(world, found, body)
    return wire.nothing(204)


async def _revoke_all(request: Request) -> Response:
    world = wire.world_of(request)
    found = _found(request)
    found["permissions"] = []
    registry.save(world, found)
    return wire.nothing(204)


def _found(request: Request) -> Document:
    return registry.find(wire.world_of(request), request.path_params["idOrName"], _project_of(request))


def _page(request: Request, name: str, every: list[Document]) -> Response:
    """One page of a list; the cursor, opaque to clients, is the number of what came before."""
    limit, cursor = request.query_params.get("limit", str(_MOST)), request.query_params.get("cursor", "0")
    if not (limit.isdigit() and cursor.isdigit() and int(limit)):
        raise BadRequest("Invalid request: `limit` and `cursor` should be those of a list.")
    begin = int(cursor)
    end = begin + int(limit)
    more = {"nextCursor": str(end)} if end < len(every) else {}
    return wire.answer({name: every[begin:end], **more})


async def _repositories(request: Request) -> Response:
    world = wire.world_of(request)
    project = world.project(_project_of(request))
    return _page(request, "repositories", [registry.view(each) for each in registry.of_project(world, project["id"])])


async def _tags(request: Request) -> Response:
    world, repository = wire.world_of(request), _found(request)
    by = request.query_params.get("sortBy", "updatedAt")
    wire.one_of("sortBy", by, ("updatedAt", "tag"))
    down = request.query_params.get("sortOrder", "desc") == "desc"
    found = sorted(images.tags(world, repository), key=lambda each: each[by], reverse=down)
    return _page(request, "tags", [images.view_tag(world, each) for each in found])


async def _tag(request: Request) -> Response:
    world, repository = wire.world_of(request), _found(request)
    found = next((each for each in images.tags(world, repository) if each["tag"] == request.path_params["tag"]), None)
    if found is None:
        raise NotFound("Tag not found.")
    return wire.answer({"tag": images.view_tag(world, found)})


async def _images(request: Request) -> Response:
    world, repository = wire.world_of(request), _found(request)
    shown = [images.view(world, repository, each) for each in reversed(images.of(world, repository))]
    if wire.truthy(request, "untagged"):
        shown = [each for each in shown if not each["tags"]]
    return _page(request, "images", shown)


def _image_of(request: Request, name: str) -> Document:
    given = request.path_params[name]
    found = images.find(wire.world_of(request), _found(request), given)
    if found is None or given not in {found["id"], found["manifestDigest"]}:
        raise NotFound("Image not found.")
    return found


async def _image(request: Request) -> Response:
    found = _image_of(request, "imageIdOrDigest")
    return wire.answer({"image": {**images.view(wire.world_of(request), _found(request), found), "layers": []}})


async def _delete_image(request: Request) -> Response:
    images.delete(wire.world_of(request), _image_of(request, "imageId"))
    return wire.answer({}, 202)


_VCR = "/v1/vcr/repository"
_REPOSITORY, _PERMISSIONS = "client/vcr_repository.go", "client/vcr_repository_permission.go"

ROUTES: tuple[Route, ...] = (
    Route("GET", _VCR, _repositories, "listRepositories"),
    Route("POST", _VCR, _create_repository, f"createRepository; {_REPOSITORY}"),
    Route("GET", f"{_VCR}/{{idOrName}}", _read_repository, f"getRepository; {_REPOSITORY}"),
    Route("PATCH", f"{_VCR}/{{idOrName}}", _update_repository, _REPOSITORY),
    Route("DELETE", f"{_VCR}/{{idOrName}}", _delete_repository, f"deleteRepository; {_REPOSITORY}", ("At once.",)),
    Route("GET", f"{_VCR}/{{idOrName}}/permissions", _permissions, f"listRepositoryPermissions; {_PERMISSIONS}"),
    Route("POST", f"{_VCR}/{{idOrName}}/permissions", _grant, f"addRepositoryPermission; {_PERMISSIONS}"),
    Route("DELETE", f"{_VCR}/{{idOrName}}/permissions", _revoke, f"removeRepositoryPermission; {_PERMISSIONS}"),
    Route("DELETE", f"{_VCR}/{{idOrName}}/permissions/all", _revoke_all, f"clearRepositoryPermissions; {_PERMISSIONS}"),
    Route("GET", f"{_VCR}/{{idOrName}}/tags", _tags, "listRepositoryTags"),
    Route("GET", f"{_VCR}/{{idOrName}}/tags/{{tag}}", _tag, "getRepositoryTag"),
    Route("GET", f"{_VCR}/{{idOrName}}/images", _images, "listRepositoryImages"),
    Route(
        "GET", f"{_VCR}/{{idOrName}}/images/{{imageIdOrDigest}}", _image, "getRepositoryImage", ("Shows no layers.",)
    ),
    Route("DELETE", f"{_VCR}/{{idOrName}}/images/{{imageId}}", _delete_image, "deleteRepositoryImage", ("At once.",)),
)
