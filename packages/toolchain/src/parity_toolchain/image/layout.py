"""Writes an OCI image layout (github.com/opencontainers/image-spec, v1.1): blobs by digest and three documents."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from parity_toolchain.image.places import ARCHITECTURE, CERTIFICATES, ENGINE_HOME, USER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parity_toolchain.image.model import Layer

_OCI = "application/vnd.oci.image"

CREATED = "1970-01-01T00:00:00Z"
"""The time that everything in an image has."""

_CONFIG = {
    "User": f"{USER}:{USER}",
    "Env": [
        "PATH=/usr/local/bin:/usr/bin",
        "HOME=/home/parity",
        "LANG=C.UTF-8",
        f"SSL_CERT_FILE=/{CERTIFICATES}",
        f"GIT_SSL_CAINFO=/{CERTIFICATES}",
        f"PULUMI_HOME=/{ENGINE_HOME}",
        "PULUMI_SKIP_UPDATE_CHECK=true",
    ],
    "Cmd": ["parity", "--help"],
    "WorkingDir": "/home/parity",
}
"""Two variables for the certificates: git's library is GnuTLS, which knows the first one not."""


def write(layers: Sequence[Layer], folder: Path, version: str) -> str:
    """Write a layout into an empty folder and give the image's digest, that of its manifest.

    Args:
        layers: From the one that changes least to the one that changes most.
        folder: Where to.
        version: The reference by which tools name the image in the layout.
    """
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    for layer in layers:
        shutil.copyfile(layer.blob, blobs / layer.digest.removeprefix("sha256:"))
    config = _blob(blobs, "config", _configuration(layers))
    manifest = _blob(
        blobs,
        "manifest",
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": config,
            "layers": [_layer(layer) for layer in layers],
        },
    )
    named = {**manifest, "annotations": {"org.opencontainers.image.ref.name": version}}
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": [named]}
    (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_bytes(_json(index))
    return manifest["digest"]


def _configuration(layers: Sequence[Layer]) -> dict[str, Any]:
    return {
        "created": CREATED,
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": _CONFIG,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": CREATED, "created_by": f"parity image build: {layer.name}"} for layer in layers],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {"mediaType": f"{_OCI}.layer.v1.tar+gzip", "digest": layer.digest, "size": layer.size}


def _blob(blobs: Path, kind: str, document: dict[str, Any]) -> dict[str, Any]:
    data = _json(document)
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": f"{_OCI}.{kind}.v1+json", "digest": f"sha256:{digest}", "size": len(data)}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
