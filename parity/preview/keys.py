"""What makes an object in the world the same one: the properties that name it, by resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.preview.plan import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = "postgresql:index/database:Database"
ROLE = "postgresql:index/role:Role"
GRANT = "postgresql:index/grant:Grant"
PROJECT = "vercel:index/project:Project"
DOMAIN = "vercel:index/projectDomain:ProjectDomain"
VARIABLE = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"
DEPLOYMENT = "vercel:index/deployment:Deployment"
LIVE = "parity:index:LiveRelease"
GITHUB_SECRET = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"  # noqa: S105 - a type
GITHUB_VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"

NATURAL_KEYS: Mapping[str, tuple[str, ...]] = {
    DATABASE: ("name",),
    ROLE: ("name",),
    GRANT: ("database", "role", "schema", "objectType"),
    "postgresql:index/defaultPrivileges:DefaultPrivileges": ("database", "role", "owner", "schema", "objectType"),
    "postgresql:index/schema:Schema": ("database", "name"),
    "postgresql:index/extension:Extension": ("database", "name"),
    PROJECT: ("name",),
    DOMAIN: ("domain",),
    VARIABLE: ("projectId", "key", "targets"),
    "vercel:index/projectDeploymentRetention:ProjectDeploymentRetention": ("projectId",),
    "vercel:index/logDrain:LogDrain": ("name",),
    LIVE: ("projectId",),
    "parity:index:ProtectionBypass": ("projectId",),
    "github:index/repositoryEnvironment:RepositoryEnvironment": ("repository", "environment"),
    "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy": (
        "repository",
        "environment",
        "branchPattern",
    ),
    GITHUB_SECRET: ("repository", "environment", "secretName"),
    GITHUB_VARIABLE: ("repository", "environment", "variableName"),
    "github:index/repositoryRuleset:RepositoryRuleset": ("repository", "name"),
    "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions": ("repository",),
}
"""A deployment is not here: it has no name, and two of one commit live side by side."""


def type_of(urn: str) -> str:
    """The resource type in a URN, without its parents'."""
    return urn.split("::")[2].rpartition("$")[2]


def natural_key(type_: str, inputs: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The object's name in the world, or None where it has none or it is not known yet.

    A type that the table does not have is named by its `name`, as nearly every provider does it.
    """
    if type_ == DEPLOYMENT:
        return None
    names = NATURAL_KEYS.get(type_, ("name",))
    values = tuple(_settled(inputs.get(name)) for name in names)
    if UNKNOWN in values or all(value is None for value in values):
        return None
    return values


def _settled(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
