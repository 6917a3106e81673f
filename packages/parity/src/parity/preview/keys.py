"""What makes an object in the world the same one: the properties that name it, by resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.inventory import model
from parity.preview.plan import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

NATURAL_KEYS: Mapping[str, tuple[str, ...]] = {
    model.DATABASE: ("name",),
    model.ROLE: ("name",),
    model.GRANT: ("database", "role", "schema", "objectType"),
    model.DEFAULT: ("database", "role", "owner", "schema", "objectType"),
    model.SCHEMA: ("database", "name"),
    model.EXTENSION: ("database", "name"),
    model.PROJECT: ("name",),
    model.DOMAIN: ("domain",),
    model.VARIABLE: ("projectId", "key", "targets"),
    model.RETENTION: ("projectId",),
    model.DRAIN: ("name",),
    model.LIVE: ("projectId",),
    model.BYPASS: ("projectId",),
    model.ENVIRONMENT: ("repository", "environment"),
    model.POLICY: (
        "repository",
        "environment",
        "branchPattern",
    ),
    model.SECRET: ("repository", "environment", "secretName"),
    model.GITHUB_VARIABLE: ("repository", "environment", "variableName"),
    model.RULESET: ("repository", "name"),
    model.PERMISSIONS: ("repository",),
}
"""A deployment is not here: it has no name, and two of one commit live side by side."""


def type_of(urn: str) -> str:
    """The resource type in a URN, without its parents'."""
    return urn.split("::")[2].rpartition("$")[2]


def natural_key(type_: str, inputs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The object's name in the world, or None where it has none or it is not known yet.

    A type that the table does not have is named by its `name`, as nearly every provider does it.
    """
    if type_ == model.DEPLOYMENT:
        return None
    names = NATURAL_KEYS.get(type_, ("name",))
    values = tuple(_settled(inputs.get(name)) for name in names)
    if UNKNOWN in values or all(value is None for value in values):
        return None
    return values


def _settled(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
