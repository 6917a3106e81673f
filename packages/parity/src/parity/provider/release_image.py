"""The ReleaseImage resource: which image a release in a container was built to, as the registry had it then.

Vercel's builder tags what it pushes with the commit's first digits and gives the deployment the digest. No API shows a
deployment's digest, so the tag is read when the build is done. Another build of the commit moves the tag: one that was
moved after the deployment was ready says nothing of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from parity.documents import mapping
from parity.provider.errors import BadInput, NoImage, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.documents import Document
    from parity.provider.vercel import Vercel

REPLACES = ("team", "projectId", "repository", "tag", "release", "deploymentId")
"""Another build is another image."""

WATCHED = ("address",)
"""Where the repository is called otherwise, the record says so; the image stays."""

REQUIRED = (*REPLACES, *WATCHED)
DIGEST = "digest"
"""Output: `sha256:` and 64 hex digits; empty where it is not known, or where the release is no container."""


def id_of(inputs: Mapping[str, Any]) -> str:
    """The deployment's id."""
    return str(inputs["deploymentId"])


async def create(vercel: Vercel, inputs: Document, say: Callable[[str], None]) -> Document:
    """Record what the tag names, where that is this deployment's build.

    Raises:
        NoImage: the deployment was built as a container, and the registry has no image of its commit.
        VercelError: Vercel could not be asked.
    """
    team, release = str(inputs["team"]), inputs["release"]
    deployment = await vercel.deployment(team, str(inputs["deploymentId"]))
    if mapping(deployment.get("projectSettings")).get("framework") != "container":
        say(f"{release} was built as no container, so it has no image")
        return {**inputs, DIGEST: ""}
    where = f"{inputs['address']}:{inputs['tag']}"
    try:
        tag = await vercel.tag(team, str(inputs["projectId"]), str(inputs["repository"]), str(inputs["tag"]))
    except NotFound as error:
        raise NoImage(
            f"{release} was built as a container, and {where} is not there. Vercel pushes to the repository that is "
            f"named after the file: `container` in infra/catalog.py says {inputs['repository']}. See the build's log "
            "at Vercel, correct the catalog, and run `pulumi up` again."
        ) from error
    ready = float(deployment.get("ready") or 0) / 1000
    if ready and datetime.fromisoformat(str(tag["updatedAt"])).timestamp() > ready:
        say(f"{where} was moved after {release} was built: which image {release} runs from is not known")
        return {**inputs, DIGEST: ""}
    return {**inputs, DIGEST: str(tag["manifestDigest"])}


def update(olds: Mapping[str, Any], inputs: Document) -> Document:
    """Record the repository's other address; the image is the one that was recorded."""
    return {**inputs, DIGEST: str(olds.get(DIGEST) or "")}


async def read(vercel: Vercel, resource_id: str, state: Document, inputs: Document) -> tuple[str, Document, Document]:
    """What was recorded: it is of the moment of the build, so a tag that was moved since changes nothing in it."""
    del vercel
    if not inputs:
        raise BadInput(f"{resource_id!r} needs no import: an update records what a build made.")
    return resource_id, state, inputs
