"""The images of registry repositories: manifests by digest, and tags, each of which may come to name another one."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from parity_sandbox.context import random_id
from parity_sandbox.narrowing import items, part
from parity_sandbox.store import Document
from parity_sandbox.vercel.world import USER, World

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
TYPES = {
    MANIFEST: "manifest",
    "application/vnd.docker.distribution.manifest.v2+json": "manifest",
    INDEX: "index",
    "application/vnd.docker.distribution.manifest.list.v2+json": "index",
}
"""The media types that Vercel's registry takes (docs/container-registry/limits-and-pricing), and its word for each."""
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"


def moment(milliseconds: int) -> str:
    """A time as the registry's API writes it: ISO 8601, UTC, with milliseconds."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest_of(content: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest_of(deployment: Document) -> str:
    """The manifest of what a deployment's build made; no two builds make the same image."""
    config, layer = (f"{deployment['id']} {each}".encode() for each in ("config", "layer"))
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": _LAYER, "digest": digest_of(layer), "size": len(layer)}],
        }
    )


def push(
    world: World, repository: Document, manifest: str, tag: str, at: int, *, media_type: str = MANIFEST
) -> Document:
    """Keep a manifest, and let a tag name it from `at`, milliseconds since 1970, on; an empty tag names nothing."""
    known = find(world, repository, digest_of(manifest.encode()))
    image = known or _insert(world, repository, manifest, media_type, at)
    if tag:
        tags, key = world.collection("vcr_tags"), _key(repository, tag)
        named = {"repositoryId": repository["id"], "tag": tag, "imageId": image["id"], "updatedAt": moment(at)}
        tags.keep(key, {"createdAt": moment(at), **(tags.get(key) or {}), **named})
    return image


def _insert(world: World, repository: Document, manifest: str, media_type: str, at: int) -> Document:
    kind = TYPES[media_type]
    size = len(manifest) + sum(int(each.get("size", 0)) for each in _descriptors(json.loads(manifest)))
    image: Document = {
        "id": random_id("img_", 28),
        "repositoryId": repository["id"],
        "manifestDigest": digest_of(manifest.encode()),
        "kind": kind,
        **({"platform": "linux", "arch": "amd64"} if kind == "manifest" else {}),
        "pushedBy": USER["id"],
        "status": "ready" if kind == "manifest" else None,
        "sizeInBytes": size,
        "createdAt": moment(at),
        "manifest": manifest,
        "mediaType": media_type,
    }
    return world.collection("vcr_images").insert(image["id"], image)


def _descriptors(manifest: Document) -> list[Document]:
    return [
        each for each in (part(manifest, "config"), *items(manifest, "layers"), *items(manifest, "manifests")) if each
    ]


def unknown_to(world: World, repository: Document, manifest: Document) -> list[str]:
    """The digests that a manifest names and no image of the repository has."""
    there = of(world, repository)
    known = {each["manifestDigest"] for each in there}
    known |= {one["digest"] for each in there for one in _descriptors(json.loads(each["manifest"]))}
    return [each["digest"] for each in _descriptors(manifest) if each.get("digest") not in known]


def of(world: World, repository: Document) -> list[Document]:
    """The repository's images, the oldest first."""
    return world.collection("vcr_images").find(repositoryId=repository["id"])


def find(world: World, repository: Document, reference: str) -> Document | None:
    """The image of that id, digest or tag."""
    collection = world.collection("vcr_images")
    if (tag := world.collection("vcr_tags").get(_key(repository, reference))) is not None:
        return collection.get(tag["imageId"])
    names = ("id", "manifestDigest")
    return next((each for each in of(world, repository) if reference in {each[name] for name in names}), None)


def tags(world: World, repository: Document) -> list[Document]:
    """The repository's tags, sorted by name."""
    found = world.collection("vcr_tags").find(repositoryId=repository["id"])
    return sorted(found, key=lambda each: each["tag"])


def delete(world: World, image: Document) -> None:
    """Remove an image, and the tags that name it."""
    for tag in world.collection("vcr_tags").find(imageId=image["id"]):
        world.collection("vcr_tags").delete(f"{tag['repositoryId']}/{tag['tag']}")
    world.collection("vcr_images").delete(image["id"])


def view(world: World, repository: Document, image: Document) -> Document:
    """An image as the API lists it."""
    shown = {name: value for name, value in image.items() if name not in {"manifest", "mediaType"}}
    return {**shown, "tags": [each["tag"] for each in tags(world, repository) if each["imageId"] == image["id"]]}


def view_tag(world: World, tag: Document) -> Document:
    """A tag as the API gives it, with what it names."""
    image = world.collection("vcr_images").get(tag["imageId"]) or {}
    named = ("manifestDigest", "kind", "platform", "arch", "pushedBy", "status", "sizeInBytes")
    own = {name: value for name, value in tag.items() if name != "repositoryId"}
    return {**own, **{name: image[name] for name in named if name in image}}


def _key(repository: Document, tag: str) -> str:
    return f"{repository['id']}/{tag}"
