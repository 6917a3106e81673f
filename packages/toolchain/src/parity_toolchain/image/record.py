"""What goes with an image, from the same inputs: bill of materials (CycloneDX) and provenance (in-toto, SLSA)."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity_toolchain.image.model import Input, Layer

BUILDER = "https://pypi.org/project/pulumi-parity/#image"


def materials(layers: Sequence[Layer], digest: str, version: str) -> dict[str, Any]:
    """The bill of materials (CycloneDX 1.6): every package of every layer with its digest."""
    about = {"type": "container", "name": "parity", "version": version, "hashes": [_hash(digest)]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"component": about},
        "components": [_component(each, layer.name) for layer in layers for each in layer.inputs],
    }


def _component(each: Input, layer: str) -> dict[str, Any]:
    kind = "file" if each.kind == "generic" else "library"
    return {
        "type": kind,
        "bom-ref": f"{layer}/{each.purl}",
        "name": each.name,
        "version": each.version,
        "purl": each.purl,
        "hashes": [_hash(each.digest)],
        "properties": [{"name": "parity:layer", "value": layer}],
    }


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": _hex(digest)}


def _hex(digest: str) -> str:
    """64 hex digits; a Go sum is the same digest in base 64."""
    kind, _, value = digest.partition(":")
    return base64.b64decode(value).hex() if kind == "h1" else value


def provenance(layers: Sequence[Layer], digest: str, version: str) -> dict[str, Any]:
    """The provenance, unsigned: an in-toto statement (v1) with SLSA's predicate (v1)."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "parity", "digest": {"sha256": _hex(digest)}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{BUILDER}-v1",
                "externalParameters": {"version": version},
                "resolvedDependencies": [_dependency(each) for layer in layers for each in layer.inputs],
            },
            "runDetails": {"builder": {"id": BUILDER}},
        },
    }


def _dependency(each: Input) -> dict[str, Any]:
    # in-toto's name for the sum of a Go module (spec/v1/digest_set.md).
    kind = "dirHash" if each.digest.startswith("h1:") else "sha256"
    return {"uri": each.purl, "digest": {kind: _hex(each.digest)}}


def text(document: dict[str, Any]) -> str:
    """A document as it is written to a file."""
    return json.dumps(document, indent=2) + "\n"
