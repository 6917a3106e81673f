"""The parameter objects that all stacks share: frozen pydantic models, filled in once in infra/catalog.py."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from parity.config.layouts import LAYOUTS, Tool
from parity.config.parameter_types import (
    Folder,
    Identifier,
    NamePattern,
    Parameters,
    Period,
    ReleaseTargets,
    Slug,
    Targets,
    Text,
    VariableName,
)
from parity.config.telemetry import Telemetry as Telemetry  # noqa: PLC0414, TC001 - catalogs and pydantic take it here

_TARGETS = "Vercel's environments that get it; a stack's releases are `production`."
_SECRET_TARGETS = _TARGETS + " Vercel has no sensitive variables for `development`."
_VARIABLE_NAME = "The environment variable's name."
_KIND = "Which kind of variable it is."
_FORMERLY = "The name that it was first declared under, after a rename: what exists keeps its names."


class Renamable(Parameters):
    """The base of what may be renamed while objects exist for it."""

    name: str
    formerly: str | None = None

    @property
    def first_name(self) -> str:
        """The name that it was first declared under: the engine's records, and what patterns make, follow it."""
        return self.formerly or self.name


# --- Applications -----------------------------------------------------------------------------------------------------


class PlainVariable(Parameters):
    """A variable with one value for every stack, readable by anyone in the Vercel team."""

    kind: Literal["plain"] = Field(default="plain", description=_KIND)
    name: VariableName = Field(description=_VARIABLE_NAME)
    value: Text = Field(description="The value, the same in each stack.")
    targets: Targets = Field(default=("production",), min_length=1, description=_TARGETS)


class PerStackVariable(Parameters):
    """A variable whose value each stack's file gives, readable by anyone in the Vercel team."""

    kind: Literal["per-stack"] = Field(default="per-stack", description=_KIND)
    name: VariableName = Field(description=_VARIABLE_NAME)
    type: Literal["string", "url", "hostname", "integer", "boolean"] = Field(
        default="string", description="What the stack's value must be."
    )
    targets: Targets = Field(default=("production",), min_length=1, description=_TARGETS)


class SensitiveVariable(Parameters):
    """A secret whose value each stack's file gives, encrypted; Vercel never shows it again, unless it is `shown`."""

    kind: Literal["sensitive"] = Field(default="sensitive", description=_KIND)
    name: VariableName = Field(description=_VARIABLE_NAME)
    targets: Targets = Field(default=("production",), min_length=1, description=_SECRET_TARGETS)
    generated: bool = Field(
        default=False,
        description="Whether any random text serves, as for the key of a session; `parity stack new` then makes one.",
    )
    shown: bool = Field(
        default=False,
        description="Whether Vercel shows it to the team's members, as it did before it was declared here.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if "development" in self.targets and not self.shown:
            raise PydanticCustomError("targets", "targets development, for which Vercel has no sensitive variables")
        return self


class DatabaseUrlVariable(Parameters):
    """A connection URL of this application's own role, with the password of the newest release's generation."""

    kind: Literal["database-url"] = Field(default="database-url", description=_KIND)
    name: VariableName = Field(description=_VARIABLE_NAME)
    database: Identifier = Field(description="A database of the catalog.")
    schemas: tuple[Identifier, ...] = Field(
        min_length=1, description="The schemas it may read and write; the first is its search path's first."
    )
    targets: ReleaseTargets = Field(default=("production",), min_length=1, description=_SECRET_TARGETS)


Variable = Annotated[
    PlainVariable | PerStackVariable | SensitiveVariable | DatabaseUrlVariable, Field(discriminator="kind")
]


class Health(Parameters):
    """How a new deployment is asked, at its own host, before it is promoted."""

    path: str = Field(
        default="/api/health",
        pattern=r"^/[^\s?#]*$",
        description="Answers 200 and JSON with `release`, `commit` and `database` when the deployment is healthy.",
    )
    timeout_seconds: float = Field(default=10, gt=0, le=60, description="Limit of one request.")
    deadline_seconds: float = Field(default=120, gt=0, le=900, description="Limit of all attempts together.")
    promote_deadline_seconds: float = Field(
        default=180, gt=0, le=900, description="Limit of the promotion, until every domain answers with the release."
    )


class TrustedSource(Parameters):
    """The jobs of the repository's workflows ask protected deployments by GitHub's OIDC token (docs/delivery.md)."""

    audience: Text = Field(
        default="parity-health-check", description="What the token is made out to; the project takes no other."
    )


class Stage(Parameters):
    """One stage of a rolling release: a share of the users, for some time."""

    percent: int = Field(ge=1, le=99, description="The share of the requests that the new release gets.")
    minutes: int = Field(default=10, ge=1, le=1440, description="How long it is watched before the next stage.")


class Watch(Parameters):
    """How a release is watched after it was made live; a bad one goes back and is held (docs/watch.md)."""

    minutes: int = Field(default=10, ge=1, le=1440, description="How long, once all users have it.")
    stages: tuple[Stage, ...] = Field(
        default=(),
        max_length=9,
        description="Shares of the users that get it first, growing; without any all of them get it at once.",
    )
    interval_seconds: float = Field(default=15, gt=0, le=300, description="Between two questions.")
    unhealthy_answers: int = Field(
        default=3, ge=1, le=100, description="How many answers of one domain in a row must be bad."
    )
    least_difference: float = Field(
        default=0.005,
        gt=0,
        lt=1,
        description="The difference in error share, from the release before, that matters: 0.005 is half a percent.",
    )
    false_aborts: float = Field(
        default=0.0001,
        gt=0,
        le=0.1,
        description="The chance that a watch ends a release by its errors that is no worse than the one before.",
    )
    minutes_before: int = Field(
        default=60, ge=1, le=10_080, description="How much of the release before it is compared with."
    )


class Retention(Parameters):
    """How long Vercel keeps deployments that nothing serves."""

    preview: Period = Field(default="1m", description="Of deployments for previews.")
    production: Literal["unlimited"] = Field(
        default="unlimited", description="Kept releases must stay deployed, so nothing else is safe."
    )
    canceled: Period = Field(default="1w", description="Of deployments that were canceled.")
    errored: Period = Field(default="1m", description="Of deployments that failed.")


class Container(Parameters):
    """How Vercel runs an application whose framework is `container`: from an image that it builds of a Dockerfile."""

    file: Literal["Dockerfile.vercel", "Containerfile.vercel"] = Field(
        default="Dockerfile.vercel", description="The file in the application's folder; Vercel knows these names."
    )
    port: int = Field(
        default=80, ge=1, le=65535, description="Where its server listens: 80, or what the variable `PORT` says."
    )
    shared_with: tuple[Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$")], ...] = Field(
        default=(), max_length=100, description="Slugs of the Vercel teams that may pull its images."
    )

    @property
    def repository(self) -> str:
        """The repository in Vercel's registry that its images are pushed to: named after the file."""
        return self.file.partition(".")[0].lower()

    @staticmethod
    def tag(commit: str) -> str:
        """The tag that Vercel's builder gives a commit's image; another build of the commit moves it."""
        return commit[:12]


class Application(Renamable):
    """One web application: a Vercel project in each stack, by default `<name>-<stack>`."""

    name: Slug = Field(description="Its name; part of the project's and of its database roles' names.")
    formerly: Slug | None = Field(default=None, description=_FORMERLY)
    project: NamePattern = Field(
        default="{application}-{stack}", description="The Vercel project's name; a stack's file may give its own."
    )
    framework: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$", description="Vercel's framework slug, for example `nextjs`."
    )
    root_directory: Folder | None = Field(
        description="Folder in the repository that holds the application; None where the repository itself does."
    )
    node_version: Literal["20.x", "22.x", "24.x"] = Field(description="Of builds and functions.")
    build_command: Text | None = Field(default=None, description="Instead of the framework's own.")
    install_command: Text | None = Field(default=None, description="Instead of the framework's own.")
    output_directory: Folder | None = Field(default=None, description="Instead of the framework's own.")
    function_region: str = Field(
        pattern=r"^[a-z]{3}\d$", description="Vercel's region of the functions, for example `fra1`."
    )
    container: Container | None = Field(
        default=None,
        description="With the framework `container`: what its Dockerfile is held to, and who may pull images.",
    )
    variables: tuple[Variable, ...] = Field(
        default=(), description="Environment variables; each stack has all of them."
    )
    preview_deployments: bool = Field(
        default=False,
        description="Whether each push to a branch gets a preview in every stack; they count for the team's quota.",
    )
    health: Health = Field(default=Health(), description="How a new deployment is asked before it is promoted.")
    trusted_source: TrustedSource | None = Field(
        default=None,
        description="In place of the bypass secret: the jobs of the stack's environments alone ask its protected "
        "deployments.",
    )
    watch: Watch | None = Field(
        default=None, description="How a release is watched after the switch; None where it is not."
    )
    retention: Retention = Field(default=Retention(), description="How long other deployments are kept.")

    @property
    def database_urls(self) -> tuple[DatabaseUrlVariable, ...]:
        """The variables by which it logs in to databases, one a database."""
        return tuple(each for each in self.variables if isinstance(each, DatabaseUrlVariable))

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases that it logs in to."""
        return tuple(dict.fromkeys(each.database for each in self.database_urls))


# --- Databases --------------------------------------------------------------------------------------------------------


class Timeouts(Parameters):
    """Server-side limits of the application roles, milliseconds; 0 would mean no limit, so it is refused."""

    statement_milliseconds: int = Field(default=30_000, gt=0, description="Limit of one statement.")
    idle_in_transaction_milliseconds: int = Field(
        default=60_000, gt=0, description="Limit of a transaction that does nothing."
    )


class DatabaseNames(Parameters):
    """What a database and its roles are called on the server; a stack's file may give names of its own."""

    database: NamePattern = Field(default="{database}_{stack}", description="The database.")
    owner: NamePattern = Field(default="{database}_{stack}_owner", description="The role that owns the schemas.")
    migrator: NamePattern = Field(default="{database}_{stack}_migrator", description="The role that runs migrations.")
    readonly: NamePattern = Field(
        default="{database}_{stack}_readonly", description="The role that may read everything."
    )
    access: NamePattern = Field(
        default="{database}_{stack}_{application}", description="The role with an application's privileges."
    )
    login: NamePattern = Field(
        default="{database}_{stack}_{application}_g{generation}",
        pattern=r"\{generation\}",
        description="The role that an application logs in with; `{generation}` is in it.",
    )


class Migrations(Parameters):
    """The files of SQL that an update runs once each, in the order of their numbers (docs/migrations.md)."""

    folder: Folder = Field(
        description="Folder in the repository with `0001_name.sql` and those that follow, or the tool's own."
    )
    tool: Tool = Field(
        default="sql",
        description="Whose folder it is, and in whose table what is applied is recorded too: `prisma`, `drizzle`, "
        "`alembic`, `django`, `flyway` or `dbmate`; `sql` for plain files.",
    )
    sources: tuple[Folder, ...] = Field(
        default=(), description="Folders with the revisions in Python that the files are rendered from."
    )
    command: tuple[str, ...] = Field(
        default=(),
        description='How the tool is run to render them, for example `("uv", "run", "alembic")`, in the repository\'s '
        "folder.",
    )
    follows: int = Field(
        default=0,
        ge=0,
        le=10**15,
        description="The number of the last file of a folder that this one takes the place of, whose files may be "
        "gone: what is numbered from 0 or 1 counts on from it (docs/migrations.md#another-tool).",
    )
    lock_timeout_milliseconds: int = Field(
        default=2_000, gt=0, le=60_000, description="How long one waits for a lock, while it holds others back."
    )
    attempts: int = Field(default=5, ge=1, le=20, description="How often one is tried that does not get its locks.")
    large_table_megabytes: int = Field(
        default=100, ge=0, description="From which size on a table that one rewrites or scans under a lock is a danger."
    )

    @model_validator(mode="after")
    def _python(self) -> Self:
        rendered = LAYOUTS[self.tool].rendered
        if rendered != bool(self.sources) or rendered != bool(self.command):
            raise PydanticCustomError(
                "python", "sources and command are for alembic and django, which need both, and not for the others"
            )
        return self


class Database(Renamable):
    """One PostgreSQL database in each stack, by default `<name>_<stack>`, with its roles."""

    name: Identifier = Field(description="Its name; by default `<name>_<stack>` on the server.")
    formerly: Identifier | None = Field(default=None, description=_FORMERLY)
    names: DatabaseNames = Field(default=DatabaseNames(), description="What it and its roles are called on the server.")
    server: Identifier | None = Field(
        default=None,
        description="The server that it is made on: its administrator's variables have this name as their suffix, for "
        "example `PGHOST_ANALYTICS`. None: the server that `PGHOST` and the other variables lead to.",
    )
    schemas: tuple[Identifier, ...] = Field(min_length=1, description="Its schemas, besides PostgreSQL's own.")
    extensions: tuple[Identifier, ...] = Field(default=(), description="Extensions to create, for example `vector`.")
    timeouts: Timeouts = Field(default=Timeouts(), description="Server-side limits of the application roles.")
    migrations: Migrations | None = Field(
        default=None, description="What makes its tables; None where a tool of the team's own does."
    )


# --- Repository and delivery ------------------------------------------------------------------------------------------


class Repository(Parameters):
    """The GitHub repository that holds the applications, and what guards its default branch."""

    owner: str = Field(
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$", description="The GitHub organization."
    )
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="The repository's name.")
    environment: NamePattern = Field(
        default="{stack}",
        description="The GitHub environment's name; a stack's file may give its own.",
    )
    default_branch: Text = Field(default="main", description="The branch that the ruleset guards.")
    required_checks: tuple[Text, ...] = Field(default=(), description="Names of status checks that must pass.")
    required_checks_app: int = Field(
        default=15368, gt=0, description="The id of the GitHub App that must set them; 15368 is GitHub Actions."
    )
    required_approvals: int = Field(default=1, ge=0, le=6, description="Reviews that a pull request needs.")
    allowed_actions: tuple[Text, ...] = Field(
        default=(), description="Patterns of third-party actions that may run, besides GitHub's own."
    )


# --- The catalog ------------------------------------------------------------------------------------------------------


class Catalog(Parameters):
    """Everything that both environments share."""

    vercel_team: str = Field(description="The Vercel team's slug.", pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")
    repository: Repository = Field(description="The GitHub repository that holds the applications.")
    applications: tuple[Application, ...] = Field(min_length=1, description="The web applications.")
    databases: tuple[Database, ...] = Field(default=(), description="The PostgreSQL databases.")
    telemetry: Telemetry = Field(description="What is logged.")

    @property
    def renamed(self) -> dict[str, str]:
        """The applications' names by those that they were first declared under."""
        return {each.first_name: each.name for each in self.applications}

    def application(self, name: str) -> Application:
        """The application of a name; raises KeyError where there is none."""
        return {each.name: each for each in self.applications}[name]

    def database(self, name: str) -> Database:
        """The database of a name; raises KeyError where there is none."""
        return {each.name: each for each in self.databases}[name]
