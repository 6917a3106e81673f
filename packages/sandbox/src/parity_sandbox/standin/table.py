"""The resource table in two other forms: the engine's package schema, and a table for the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.standin.install import VERSION
from parity_sandbox.standin.resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity_sandbox.standin.schema import Field, Resource
    from parity_sandbox.store import Document

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


def markdown() -> str:
    """The resources, their calls and what replaces them, as a table for docs/standin.md."""
    lines = ["| resource | calls | replaced when these change | secret |", "| --- | --- | --- | --- |"]
    for token, each in RESOURCES.items():
        calls = "<br>".join(f"`{call.method} {call.path}`" for call in each.calls)
        replaced = ", ".join(f"`{name}`" for name, field in each.fields.items() if field.replace and field.is_input)
        secret = ", ".join(f"`{name}`" for name in _secret_names(each.fields)) or "none"
        lines.append(f"| {token.rpartition(':')[2]} | {calls} | {replaced or 'nothing'} | {secret} |")
    return "\n".join(lines) + "\n"


def _secret_names(fields: Mapping[str, Field], where: str = "") -> list[str]:
    names: list[str] = []
    for name, each in fields.items():
        inner = each.element.fields if each.element is not None else each.fields
        names += [f"{where}{name}"] if each.secret else _secret_names(inner, f"{where}{name}.")
    return names


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201 - the table itself
