"""Routes of the container registry in the API: repositories, who may pull from them, tags, images."""

from __future__ import annotations

from parity_sandbox.store import Document
from parity_sandbox.vercel import images, registry, wire
from parity_sandbox.vercel.errors import BadRequest, NotFound
from parity_sandbox.vercel.wire import Answer, Call, route

_MOST = 100


def _create_repository(call: Call) -> Document:
    return {"repository": registry.view(registry.create(call.world, call.body()))}


def _found(call: Call) -> Document:
    return registry.find(call.world, call.path("idOrName"), call.required("projectId"))


def _update_repository(call: Call) -> Document:
    changed = {**_found(call), **call.body(registry.UPDATE)}
    return {"repository": registry.view(registry.save(call.world, changed))}


def _delete_repository(call: Call) -> Answer:
    registry.delete(call.world, _found(call))
    return Answer({}, 202)


def _permissions(call: Call) -> Document:
    return _page(call, "permissions", _found(call)["permissions"])


def _grant(call: Call) -> Document:
    return {"permission": registry.grant(call.world, _found(call), call.body())}


def _revoke(call: Call) -> None:
    registry.revoke(call.world, _found(call), call.body())


def _revoke_all(call: Call) -> None:
    registry.save(call.world, {**_found(call), "permissions": []})


def _page(call: Call, name: str, every: list[Document]) -> Document:
    """One page of a list; the cursor, opaque to clients, is the number of what came before."""
    limit, cursor = call.request.query_params.get("limit", str(_MOST)), call.request.query_params.get("cursor", "0")
    if not (limit.isdigit() and cursor.isdigit() and int(limit)):
        raise BadRequest("Invalid request: `limit` and `cursor` should be those of a list.")
    begin = int(cursor)
    end = begin + int(limit)
    more = {"nextCursor": str(end)} if end < len(every) else {}
    return {name: every[begin:end], **more}


def _repositories(call: Call) -> Document:
    project = call.world.project(call.required("projectId"))
    found = registry.of_project(call.world, project["id"])
    return _page(call, "repositories", [registry.view(each) for each in found])


def _tags(call: Call) -> Document:
    repository, by = _found(call), call.query("sortBy") or "updatedAt"
    wire.one_of("sortBy", by, ("updatedAt", "tag"))
    down = (call.query("sortOrder") or "desc") == "desc"
    found = sorted(images.tags(call.world, repository), key=lambda each: each[by], reverse=down)
    return _page(call, "tags", [images.view_tag(call.world, each) for each in found])


def _tag(call: Call) -> Document:
    found = next((each for each in images.tags(call.world, _found(call)) if each["tag"] == call.path("tag")), None)
    if found is None:
        raise NotFound("Tag not found.")
    return {"tag": images.view_tag(call.world, found)}


def _images(call: Call) -> Document:
    repository = _found(call)
    shown = [images.view(call.world, repository, each) for each in reversed(images.of(call.world, repository))]
    if call.truthy("untagged"):
        shown = [each for each in shown if not each["tags"]]
    return _page(call, "images", shown)


def _image_of(call: Call, name: str) -> Document:
    given = call.path(name)
    found = images.find(call.world, _found(call), given)
    if found is None or given not in {found["id"], found["manifestDigest"]}:
        raise NotFound("Image not found.")
    return found


def _image(call: Call) -> Document:
    found = _image_of(call, "imageIdOrDigest")
    return {"image": {**images.view(call.world, _found(call), found), "layers": []}}


def _delete_image(call: Call) -> Answer:
    images.delete(call.world, _image_of(call, "imageId"))
    return Answer({}, 202)


_ALL = "/v1/vcr/repository"
_ONE = f"{_ALL}/{{idOrName}}"
_SHARED = f"{_ONE}/permissions"
_REPOSITORY, _PERMISSIONS = "client/vcr_repository.go", "client/vcr_repository_permission.go"

ROUTES = (
    route("GET", _ALL, _repositories, "listRepositories"),
    route("POST", _ALL, _create_repository, f"createRepository; {_REPOSITORY}"),
    route("GET", _ONE, lambda call: {"repository": registry.view(_found(call))}, f"getRepository; {_REPOSITORY}"),
    route("PATCH", _ONE, _update_repository, _REPOSITORY),
    route("DELETE", _ONE, _delete_repository, f"deleteRepository; {_REPOSITORY}", "At once."),
    route("GET", _SHARED, _permissions, f"listRepositoryPermissions; {_PERMISSIONS}"),
    route("POST", _SHARED, _grant, f"addRepositoryPermission; {_PERMISSIONS}"),
    route("DELETE", _SHARED, _revoke, f"removeRepositoryPermission; {_PERMISSIONS}"),
    route("DELETE", f"{_SHARED}/all", _revoke_all, f"clearRepositoryPermissions; {_PERMISSIONS}"),
    route("GET", f"{_ONE}/tags", _tags, "listRepositoryTags"),
    route("GET", f"{_ONE}/tags/{{tag}}", _tag, "getRepositoryTag"),
    route("GET", f"{_ONE}/images", _images, "listRepositoryImages"),
    route("GET", f"{_ONE}/images/{{imageIdOrDigest}}", _image, "getRepositoryImage", "Shows no layers."),
    route("DELETE", f"{_ONE}/images/{{imageId}}", _delete_image, "deleteRepositoryImage", "At once."),
)
