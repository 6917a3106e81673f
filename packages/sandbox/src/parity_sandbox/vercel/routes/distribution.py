"""The registry's own host, vcr.vercel.com: manifests and tags, as the OCI Distribution Specification has them.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md: of its endpoints end-1 (version), end-3 (pull a
manifest), end-7 (push a manifest, of blobs that are there) and end-8 (list tags). An image's name is
`<team slug>/<project>/<repository>`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from parity_sandbox import tokens
from parity_sandbox.narrowing import is_object
from parity_sandbox.routing import Route, context_of, unknown_route
from parity_sandbox.vercel import images, registry, scopes
from parity_sandbox.vercel.errors import Forbidden, NotFound
from parity_sandbox.vercel.world import SERVICE, World, find_team

if TYPE_CHECKING:
    from starlette.requests import Request

    from parity_sandbox.context import Context
    from parity_sandbox.store import Document

HOST = "vcr.vercel.com"
_VERSION = {"docker-distribution-api-version": "registry/2.0"}
_REFERENCE = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|[A-Za-z0-9_+.-]+:[A-Fa-f0-9]+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST = 1000


class RegistryError(Exception):
    """A refused request; its document is the one of the specification's section `Error Codes`."""

    def __init__(self, status: int, code: str, message: str, detail: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, **({} if detail is None else {"detail": detail})}

    def response(self) -> Response:
        """The answer, with the challenge where it is 401."""
        challenge = {"www-authenticate": f'Basic realm="{HOST}"'} if self.status == 401 else {}  # noqa: PLR2004 - HTTP
        return JSONResponse({"errors": [self.error]}, self.status, {**_VERSION, **challenge})


def authorize(context: Context, request: Request, token: str) -> None:
    """Let in who gives a token of Vercel as the password of `Basic`; the user is a team's id, or `oidc`.

    Raises:
        RegistryError: UNAUTHORIZED without such a token, DENIED where it may not do this.
    """
    header = request.headers.get("authorization", "")
    given = tokens.given_in(header) if header.lower().startswith("basic ") else ""
    if tokens.is_own(given, token):
        return
    found = tokens.find(context, SERVICE, given)
    if found is None:
        raise RegistryError(401, "UNAUTHORIZED", "authentication required")
    _, _, *named = request.url.path.split("/")
    if len(named) < 2:  # noqa: PLR2004 - team and project
        return
    try:
        method = "GET" if request.method == "HEAD" else request.method
        scopes.require(context, found, method, f"/v9/projects/{named[1]}")
    except Forbidden as error:
        raise RegistryError(403, "DENIED", error.message) from error


def unknown(request: Request) -> Response:
    """The answer for what the sandbox has no route for: loud, and no 404."""
    return RegistryError(501, "UNSUPPORTED", unknown_route(request)).response()


def on_error(_request: Request, error: Exception) -> Response | None:
    """The answer for a refused request."""
    return error.response() if isinstance(error, RegistryError) else None


async def _base(_request: Request) -> Response:
    return JSONResponse({}, headers=_VERSION)


async def _tags(request: Request) -> Response:
    world, repository = _repository(request)
    number, last = request.query_params.get("n", str(_MOST)), request.query_params.get("last", "")
    if not number.isdigit():
        raise RegistryError(400, "UNSUPPORTED", "n should be a number")
    rest = [each["tag"] for each in images.tags(world, repository) if each["tag"] > last]
    shown = rest[: int(number)]
    url = request.url.path
    more = {"link": f'<{url}?n={number}&last={shown[-1]}>; rel="next"'} if shown and len(rest) > len(shown) else {}
    return JSONResponse({"name": _name(request), "tags": shown}, headers={**_VERSION, **more})


async def _manifest(request: Request) -> Response:
    world, repository = _repository(request)
    found = images.find(world, repository, _reference(request))
    if found is None:
        raise RegistryError(404, "MANIFEST_UNKNOWN", f"manifest unknown to {_name(request)}", _reference(request))
    body = found["manifest"].encode()
    headers = {
        **_VERSION,
        "docker-content-digest": found["manifestDigest"],
        "content-type": found["mediaType"],
    }
    return Response(body, headers=headers)  # of which the server sends the head alone where that was asked for


async def _put(request: Request) -> Response:
    world, repository = _repository(request)
    body, reference = await request.body(), _reference(request)
    document = _read(body)
    media_type = request.headers.get("content-type") or str(document.get("mediaType"))
    if media_type not in images.TYPES or document.get("mediaType", media_type) != media_type:
        raise RegistryError(400, "MANIFEST_INVALID", f"{media_type} is not the manifest's type, or is not taken")
    if ":" in reference and reference != images.digest_of(body):
        raise RegistryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    missing = images.unknown_to(world, repository, document)
    if missing:
        raise RegistryError(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", {"digest": missing[0]})
    tag = "" if ":" in reference else reference
    digest = images.push(world, repository, body.decode(), tag, world.now, media_type=media_type)["manifestDigest"]
    said = {"location": f"/v2/{_name(request)}/manifests/{digest}", "docker-content-digest": digest}
    return Response(status_code=201, headers={**_VERSION, **said})


def _read(body: bytes) -> Document:
    try:
        document: Any = json.loads(body.decode())
    except ValueError as error:
        raise RegistryError(400, "MANIFEST_INVALID", f"manifest invalid: {error}") from error
    if not is_object(document):
        raise RegistryError(400, "MANIFEST_INVALID", "manifest invalid: no object")
    return document


def _reference(request: Request) -> str:
    given = request.path_params["reference"]
    if not _REFERENCE.fullmatch(given):
        raise RegistryError(400, "MANIFEST_INVALID", f"{given} is neither a tag nor a digest")
    if ":" in given and not _DIGEST.fullmatch(given):
        raise RegistryError(400, "DIGEST_INVALID", f"{given} is no digest of SHA-256")
    return given


def _name(request: Request) -> str:
    return "/".join(request.path_params[each] for each in ("teamSlug", "projectSlug", "repositoryName"))


def _repository(request: Request) -> tuple[World, Document]:
    context, given = context_of(request), request.path_params
    world = World(context, find_team(context, given["teamSlug"]))
    try:
        project = world.project(given["projectSlug"])
        return world, registry.find(world, given["repositoryName"], project["id"])
    except NotFound as error:
        raise RegistryError(404, "NAME_UNKNOWN", f"repository name not known: {_name(request)}") from error


_IMAGE = "/v2/{teamSlug}/{projectSlug}/{repositoryName}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/v2/", _base, "getRoot", ("The challenge is `Basic`: what Vercel's says is not published.",)),
    Route("GET", f"{_IMAGE}/tags/list", _tags, "getByTeamSlugByProjectSlugByRepositoryNameTagsList"),
    *(
        Route(method, f"{_IMAGE}/manifests/{{reference}}", _manifest, f"{name}ManifestsByReference")
        for method, name in (
            ("HEAD", "headByTeamSlugByProjectSlugByRepositoryName"),
            ("GET", "getByTeamSlugByProjectSlugByRepositoryName"),
        )
    ),
    Route(
        "PUT",
        f"{_IMAGE}/manifests/{{reference}}",
        _put,
        "replaceByTeamSlugByProjectSlugByRepositoryNameManifestsByReference",
        ("Of blobs that are there alone: nothing can be uploaded.",),
    ),
)
