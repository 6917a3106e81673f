"""The parameter objects that staging and prod share: frozen pydantic models, filled in once in infra/platform.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Target = Literal["production", "preview", "development"]
"""Vercel's own environments of a project; `production` is what a stack's releases are built for."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]
"""Lower-case letters, digits and hyphens, 2 to 40 characters, beginning with a letter."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
"""A PostgreSQL name that needs no quotes, at most 41 characters, so that what is made from it stays under 63 bytes."""

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,254}$")]
"""An environment variable's name: capitals, digits and underscores."""


class Parameters(BaseModel):
    """The base of every parameter object: frozen, complete, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- Applications -----------------------------------------------------------------------------------------------------


class PlainVariable(Parameters):
    """A variable with one value for every stack, readable by anyone in the Vercel team."""

    kind: Literal["plain"] = "plain"
    name: VariableName
    value: str = Field(min_length=1, description="The value, the same in each stack.")
    targets: tuple[Target, ...] = Field(default=("production",), min_length=1)


class PerStackVariable(Parameters):
    """A variable whose value each stack's file gives, readable by anyone in the Vercel team."""

    kind: Literal["per-stack"] = "per-stack"
    name: VariableName
    type: Literal["string", "url", "hostname", "integer", "boolean"] = Field(
        default="string", description="What the stack's value must be."
    )
    targets: tuple[Target, ...] = Field(default=("production",), min_length=1)


class SensitiveVariable(Parameters):
    """A secret whose value each stack's file gives, encrypted; Vercel never shows it again."""

    kind: Literal["sensitive"] = "sensitive"
    name: VariableName
    targets: tuple[Literal["production", "preview"], ...] = Field(
        default=("production",), min_length=1, description="Vercel has no sensitive variables for development."
    )


class DatabaseUrlVariable(Parameters):
    """A connection URL of this application's own role, with the password of the newest release's generation."""

    kind: Literal["database-url"] = "database-url"
    name: VariableName
    database: Identifier = Field(description="A database of the platform.")
    schemas: tuple[Identifier, ...] = Field(
        min_length=1, description="The schemas it may read and write; the first is its search path's first."
    )
    targets: tuple[Literal["production", "preview"], ...] = Field(default=("production",), min_length=1)


Variable = Annotated[
    PlainVariable | PerStackVariable | SensitiveVariable | DatabaseUrlVariable, Field(discriminator="kind")
]


class Health(Parameters):
    """How a new deployment is asked, at its own host, before it is promoted."""

    path: str = Field(
        default="/api/health",
        pattern=r"^/[^\s?#]*$",
        description="Answers 200 and JSON with `release`, `commit` and `database` when the deployment is whole.",
    )
    timeout_seconds: float = Field(default=10, gt=0, le=60, description="Limit of one request.")
    deadline_seconds: float = Field(default=120, gt=0, le=900, description="Limit of all attempts together.")


class Retention(Parameters):
    """How long Vercel keeps deployments that nothing serves; forms as Vercel's own: `1d`, `1w`, `1m`, `1y`, `unlimited`."""

    preview: str = "1m"
    production: str = Field(default="unlimited", description="Kept releases must stay deployed, so only `unlimited` is safe.")
    canceled: str = "1w"
    errored: str = "1m"


class Application(Parameters):
    """One web application: a Vercel project `<name>-<stack>` in each stack."""

    name: Slug
    framework: str = Field(description="Vercel's framework slug, for example `nextjs`.")
    root_directory: str = Field(description="Folder in the repository that holds the application.")
    node_version: Literal["20.x", "22.x", "24.x"]
    build_command: str | None = None
    install_command: str | None = None
    output_directory: str | None = None
    function_region: str = Field(description="Vercel's region of the functions, for example `fra1`.")
    variables: tuple[Variable, ...] = ()
    health: Health = Health()
    retention: Retention = Retention()


# --- Databases --------------------------------------------------------------------------------------------------------


class Timeouts(Parameters):
    """Server-side limits of the application roles, milliseconds; 0 would mean no limit, so it is refused."""

    statement_milliseconds: int = Field(default=30_000, gt=0)
    idle_in_transaction_milliseconds: int = Field(default=60_000, gt=0)


class Database(Parameters):
    """One PostgreSQL database, `<name>_<stack>` in each stack, with its roles."""

    name: Identifier
    schemas: tuple[Identifier, ...] = Field(min_length=1)
    extensions: tuple[Identifier, ...] = ()
    timeouts: Timeouts = Timeouts()


# --- Repository and delivery ------------------------------------------------------------------------------------------


class Repository(Parameters):
    """The GitHub repository that holds the applications, and what guards its default branch."""

    owner: str = Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$")
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")
    default_branch: str = "main"
    required_checks: tuple[str, ...] = Field(default=(), description="Names of status checks that must pass.")
    required_approvals: int = Field(default=1, ge=0, le=6)
    allowed_actions: tuple[str, ...] = Field(
        default=(), description="Patterns of third-party actions that may run, besides GitHub's own."
    )


# --- Telemetry --------------------------------------------------------------------------------------------------------

LogSource = Literal["build", "edge", "external", "firewall", "lambda", "redirect", "static"]


class Telemetry(Parameters):
    """What is logged and where it goes; the destination itself is each stack's."""

    sources: tuple[LogSource, ...] = Field(min_length=1)
    environments: tuple[Literal["production", "preview"], ...] = ("production",)
    delivery_format: Literal["json", "ndjson"] = "ndjson"
    sampling_rate: float = Field(default=1.0, gt=0, le=1, description="Share of the log lines that is kept.")


# --- The whole --------------------------------------------------------------------------------------------------------


class Platform(Parameters):
    """Everything that both environments share."""

    vercel_team: str = Field(description="The Vercel team's slug.", pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")
    repository: Repository
    applications: tuple[Application, ...] = Field(min_length=1)
    databases: tuple[Database, ...] = ()
    telemetry: Telemetry
