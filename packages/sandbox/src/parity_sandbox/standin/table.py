"""The resource table as the engine's package schema."""

from __future__ import annotations

from collections.abc import Mapping

from parity_sandbox.standin.install import VERSION
from parity_sandbox.standin.resources import RESOURCES
from parity_sandbox.standin.resources.shared import Resource
from parity_sandbox.standin.schema import Document, Field

_SCALARS = {"string", "boolean", "integer", "number"}


def schema() -> Document:
    """The package's schema, as the engine asks for it: enough to check names and types."""
    settings = {"apiToken": {"type": "string", "secret": True}, "team": {"type": "string"}}
    return {
        "name": "vercel",
        "version": VERSION,
        "config": {"variables": settings},
        "provider": {"inputProperties": settings, "properties": settings},
        "resources": {token: _resource(each) for token, each in RESOURCES.items()},
    }


def _resource(resource: Resource) -> Document:
    fields = {name: each for name, each in resource.fields.items() if name != "id"}
    given = {name: each for name, each in fields.items() if each.is_input}
    return {
        "properties": _properties(fields),
        "inputProperties": _properties(given),
        "requiredInputs": [
            name for name, each in given.items() if each.required and not (resource.named and name == "name")
        ],
        "required": [name for name, each in fields.items() if each.required or each.computed],
    }


def _properties(fields: Mapping[str, Field]) -> Document:
    return {
        name: _type(each)
        | ({"secret": True} if each.secret else {})
        | ({"willReplaceOnChanges": True} if each.replace == "always" and each.is_input else {})
        for name, each in fields.items()
    }


def _type(kind: Field | None) -> Document:
    if kind is None:
        return {"type": "string"}
    if kind.kind in _SCALARS:
        return {"type": kind.kind}
    if kind.kind in {"list", "set"}:
        return {"type": "array", "items": _type(kind.element)}
    if kind.kind == "map":
        return {"type": "object", "additionalProperties": _type(kind.element)}
    return {"$ref": "pulumi.json#/Any"}
