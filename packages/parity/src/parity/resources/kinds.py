"""The table of all kinds of resource by type token, and its queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import github, postgresql, vercel
from parity.resources.github import (
    COLLABORATOR,
    DEFAULT_BRANCH,
    DEPLOY_KEY,
    ENVIRONMENT,
    GITHUB_VARIABLE,
    ORGANIZATION_SECRET,
    ORGANIZATION_VARIABLE,
    PERMISSIONS,
    POLICY,
    REPOSITORY_SECRET,
    REPOSITORY_VARIABLE,
    REPOSITORY_WEBHOOK,
    RULESET,
    RUNNER,
    SECRET,
    TEAM_ACCESS,
)
from parity.resources.kind import Concern, Key, Kind
from parity.resources.postgresql import DATABASE, DEFAULT, EXTENSION, GRANT, MEMBERSHIP, MIGRATION, ROLE, SCHEMA
from parity.resources.vercel import (
    ALERT,
    ALIAS,
    BYPASS,
    CUSTOM_ENVIRONMENT,
    DEPLOYMENT,
    DOMAIN,
    DRAIN,
    IMAGE,
    LIVE,
    PROJECT,
    REGISTRY,
    REGISTRY_SHARE,
    RETENTION,
    ROLLING_RELEASE,
    TRACE_DRAIN,
    TRACING,
    VARIABLE,
    WEBHOOK,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALERT", "ALIAS", "BYPASS", "COLLABORATOR", "CUSTOM_ENVIRONMENT", "DATABASE", "DEFAULT", "DEFAULT_BRANCH",
    "DEPLOYMENT", "DEPLOY_KEY", "DOMAIN", "DRAIN", "ENVIRONMENT", "EXTENSION", "GITHUB_VARIABLE", "GRANT", "IMAGE",
    "KINDS", "LIVE", "MANAGED", "MEMBERSHIP", "MIGRATION", "ORGANIZATION_SECRET", "ORGANIZATION_VARIABLE",
    "PERMISSIONS", "POLICY", "PROJECT", "REGISTRY", "REGISTRY_SHARE", "REPOSITORY_SECRET", "REPOSITORY_VARIABLE",
    "REPOSITORY_WEBHOOK", "RETENTION", "ROLE", "ROLLING_RELEASE", "RULESET", "RUNNER", "SCHEMA", "SECRET",
    "TEAM_ACCESS", "TRACE_DRAIN", "TRACING", "VARIABLE", "WEBHOOK",
    "application_of", "concern", "deployment_name", "inside", "key_of", "live_name", "of",
]  # fmt: skip

KINDS: Mapping[str, Kind] = {each.type: each for each in (*vercel.KINDS, *github.KINDS, *postgresql.KINDS)}
"""By type token."""

_LIVE = "-live"


def live_name(application: str) -> str:
    """The name of an application's LiveRelease, by the application's first name."""
    return f"{application}{_LIVE}"


def application_of(live: str) -> str:
    """The first name of the application that a LiveRelease of this name is of."""
    return live.removesuffix(_LIVE)


def deployment_name(application: str, release: str) -> str:
    """The name of the resource of a release's deployment, by the application's first name."""
    return f"{application}-deployment-{release}"


MANAGED = frozenset(each.type for each in KINDS.values() if each.managed)
"""The types that the program may declare and that are compared; a test holds that the program declares no other."""


def of(type_: str) -> Kind:
    """The descriptor of a type.

    One that the table does not have is named by its `name`, as nearly every provider does it.
    """
    return KINDS.get(type_) or Kind(type_, key=("name",), managed=False)


def concern(type_: str, path: str = "") -> Concern:
    """What a difference touches; what PostgreSQL's catalogues hold and no provider has a resource for are rights."""
    if type_ not in KINDS:
        return "rights"
    kind = KINDS[type_]
    return kind.concerns.get(path.partition(".")[0], kind.concern)


def key_of(type_: str, properties: Mapping[str, Any], project: str = "") -> Key:
    """The natural key of an object of a type; see `Kind.key_of`."""
    return of(type_).key_of(properties, project)


def inside(container: str) -> frozenset[str]:
    """The types of what is in a container of this type."""
    return frozenset(each.type for each in KINDS.values() if each.container == container)
