"""Routes of deployments, their files, and aliases."""

from __future__ import annotations

import hashlib

from parity_sandbox.store import Document
from parity_sandbox.vercel import aliases, deployments, wire
from parity_sandbox.vercel.errors import BadRequest
from parity_sandbox.vercel.wire import Call, route


def _create(call: Call) -> Document:
    return deployments.view(call.world, deployments.create(call.world, call.body()))


def _read(call: Call) -> Document:
    return deployments.view(call.world, deployments.find(call.world, call.path("idOrUrl")))


def _list(call: Call) -> Document:
    wanted = call.query("projectId") or call.query("app")
    project = None if wanted is None else call.world.project(wanted)["id"]
    found = [
        each
        for each in call.world.deployments.find(ownerId=call.world.owner)
        if project in {None, each["projectId"]} and _wanted(call, each)
    ]
    return wire.paged(call, "deployments", found, deployments.listed)


def _wanted(call: Call, deployment: Document) -> bool:
    states, target = call.query("state"), call.query("target")
    if states is not None and deployment["readyState"] not in states.upper().split(","):
        return False
    if target is not None and target != (deployment["target"] or "preview"):
        return False
    if call.query("rollbackCandidate") is not None and call.truthy("rollbackCandidate") != ("promotedAt" in deployment):
        return False
    return call.query("sha") in {None, deployment["sha"]} and call.query("branch") in {None, deployment["branch"]}


def _found(call: Call) -> Document:
    return deployments.find(call.world, call.path("id"))


def _delete(call: Call) -> Document:
    return deployments.delete(call.world, _found(call))


def _cancel(call: Call) -> Document:
    return deployments.view(call.world, deployments.cancel(call.world, _found(call)))


def _upload(call: Call) -> Document:
    digest = call.request.headers.get("x-vercel-digest") or call.request.headers.get("x-now-digest")
    if digest is None:
        raise BadRequest("Invalid request: missing required header `x-vercel-digest`.")
    if hashlib.sha1(call.raw, usedforsecurity=False).hexdigest() != digest:
        raise BadRequest("The digest of the file does not match `x-vercel-digest`.", code="invalid_digest")
    files = call.world.collection("files")
    if files.get(digest) is None:
        files.insert(digest, {"sha": digest, "size": len(call.raw), "createdAt": call.world.now})
    return {"urls": []}


def _assign(call: Call) -> Document:
    return aliases.assign(call.world, _found(call), call.body())


def _of_deployment(call: Call) -> Document:
    found = call.world.aliases.find(deploymentId=_found(call)["id"])
    named = ("uid", "alias", "created", "redirect")
    return {"aliases": [{name: each[name] for name in named} for each in found]}


def _list_aliases(call: Call) -> Document:
    return wire.paged(call, "aliases", aliases.of_owner(call.world, call.query("projectId")), aliases.view)


def _read_alias(call: Call) -> Document:
    return aliases.view(aliases.find(call.world, call.path("idOrAlias")))


def _delete_alias(call: Call) -> Document:
    call.world.aliases.delete(aliases.find(call.world, call.path("aliasId"))["alias"])
    return {"status": "SUCCESS"}


def _builds(call: Call) -> Document:
    _found(call)
    return {"builds": []}


_ONE, _ALIASES = "/v13/deployments/{id}", "/v2/deployments/{id}/aliases"

ROUTES = (
    route(
        "POST", "/v13/deployments", _create, "createDeployment; client/deployment.go",
        "Nothing is built: a build ends after `build_seconds`, READY unless a rule of `builds` says otherwise.",
        "A project that does not exist is an error; Vercel makes one from `name`.",
        "Any commit of 40 hex digits is taken; a branch must be one of the sandbox repository's.",
        "With automatic assignment off, the first production deployment is staged too: no exception is documented.",
    ),
    route("GET", "/v13/deployments/{idOrUrl}", _read, "getDeployment; client/deployment.go"),
    route("GET", "/v11/deployments/{id}/builds", _builds, "the command line's inspect", "Always empty."),
    route("GET", "/v6/deployments", _list, "getDeployments"),
    route("DELETE", _ONE, _delete, "deleteDeployment; client/deployment.go"),
    route("PATCH", "/v12/deployments/{id}/cancel", _cancel, "cancelDeployment"),
    route("POST", "/v2/files", _upload, "uploadFile; client/file.go", "Contents are not kept, only their digests."),
    route("POST", _ALIASES, _assign, "assignAlias; client/alias.go"),
    route("GET", _ALIASES, _of_deployment, "listDeploymentAliases"),
    route("GET", "/v4/aliases", _list_aliases, "listAliases"),
    route("GET", "/v4/aliases/{idOrAlias}", _read_alias, "getAlias; client/alias.go"),
    route("DELETE", "/v2/aliases/{aliasId}", _delete_alias, "deleteAlias; client/alias.go"),
)  # fmt: skip
