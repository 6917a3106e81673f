"""The pydantic models of a stack's config: everything that may differ between stacks, and nothing else."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from parity.config import forms
from parity.config.secret import Secret

NAMESPACE = "parity:"
"""The prefix of every key of a stack's file that this program reads."""

SECRET_LENGTH = 32
"""The shortest stack secret, and the shortest secret of a log drain, that is accepted, characters."""


def _filled(secret: Secret) -> Secret:
    if not secret.sealed:
        forms.clean(secret.reveal())
    return secret


def _strong(secret: Secret) -> Secret:
    if not _filled(secret).sealed and len(secret.reveal()) < SECRET_LENGTH:
        raise PydanticCustomError("short_secret", "is shorter than {least} characters", {"least": SECRET_LENGTH})
    return secret


def _from_text(value: object) -> object:
    """Read a top-level boolean: the engine hands each top-level value over as text."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def as_text(value: str | float) -> str:
    """A plain value as an environment variable holds it: `true`, `20`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


Text = Annotated[StrictStr, AfterValidator(forms.clean), WithJsonSchema({"type": "string", "minLength": 1})]
Domain = Annotated[StrictStr, AfterValidator(forms.domain), WithJsonSchema({"type": "string", "format": "hostname"})]
Host = Annotated[StrictStr, AfterValidator(forms.hostname), WithJsonSchema({"type": "string", "minLength": 1})]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]
HttpsUrl = Annotated[
    StrictStr, AfterValidator(forms.https_url), WithJsonSchema({"type": "string", "pattern": "^https://"})
]
BranchPattern = Annotated[
    StrictStr, AfterValidator(forms.branch_pattern), WithJsonSchema({"type": "string", "minLength": 1})
]
TeamSlug = Annotated[
    StrictStr, AfterValidator(forms.team_slug), WithJsonSchema({"type": "string", "pattern": forms.TEAM_SLUG})
]
LongSecret = Annotated[Secret, AfterValidator(_strong)]
FilledSecret = Annotated[Secret, AfterValidator(_filled)]
Generation = Annotated[StrictInt, Field(ge=1, le=9999)]
"""The number of a role's password; it only ever grows. Its digits are counted in the role's name."""
ReleaseId = Annotated[
    StrictStr, AfterValidator(forms.release_id), WithJsonSchema({"type": "string", "pattern": forms.RELEASE_ID})
]
Commit = Annotated[StrictStr, AfterValidator(forms.commit), WithJsonSchema({"type": "string", "pattern": forms.COMMIT})]
DeploymentId = Annotated[
    StrictStr, AfterValidator(forms.deployment), WithJsonSchema({"type": "string", "pattern": forms.DEPLOYMENT})
]
Step = Literal["actions", "branches", "drain", "public", "roles", "ruleset"]
"""Steps of hardening, each of which a stack may put off."""
STEPS = frozenset(get_args(Step))
Digest = Annotated[StrictStr, AfterValidator(forms.digest), WithJsonSchema({"type": "string", "pattern": forms.DIGEST})]
Fingerprint = Annotated[
    StrictStr, AfterValidator(forms.fingerprint), WithJsonSchema({"type": "string", "pattern": forms.FINGERPRINT})
]
Day = Annotated[StrictStr, AfterValidator(forms.day), WithJsonSchema({"type": "string", "pattern": forms.DATE})]
Urn = Annotated[StrictStr, AfterValidator(forms.urn), WithJsonSchema({"type": "string", "pattern": forms.URN})]


class StackModel(BaseModel):
    """The base: frozen, complete, without unknown keys; camelCase in the file, snake_case here."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


# --- Applications -----------------------------------------------------------------------------------------------------


class DomainSettings(StackModel):
    """One domain of an application."""

    name: Domain = Field(description="The domain, for example `www.example.com`.")
    redirect: Domain | None = Field(
        default=None,
        description="Another domain of the same application, which this one redirects to (308).",
    )


class WatchSettings(StackModel):
    """Where the watch of an application finds counts of errors in this stack, and what is other than in the catalog."""

    counts: HttpsUrl | None = Field(
        default=None, description="The `https://` URL that gives requests and errors by deployment (docs/watch.md)."
    )
    minutes: Annotated[StrictInt, Field(ge=1, le=1440)] | None = Field(
        default=None, description="How long, where it is not as in the catalog."
    )
    least_difference: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="The difference in error share that matters, where it is not as in the catalog."
    )


class ApplicationSettings(StackModel):
    """What one application has of its own in this stack."""

    project: Text | None = Field(
        default=None, description="The Vercel project's name, where it is not what the catalog's pattern makes."
    )
    domains: tuple[DomainSettings, ...] = Field(
        min_length=1, description="Production domains; the first is the canonical one and redirects nowhere."
    )
    protection: Literal["none", "preview", "all"] = Field(
        description="Whose deployments ask for a login at Vercel: none, all but the production domains', or all."
    )
    watch: WatchSettings = Field(
        default=WatchSettings(), description="What the watch after a switch has of its own in this stack."
    )
    variables: dict[str, StrictStr | StrictInt | StrictBool | Secret] = Field(
        description="A value for each variable that the catalog marks as per stack (clear) or sensitive (secure)."
    )

    @property
    def values(self) -> dict[str, str | Secret]:
        """The variables as Vercel takes them: numbers and booleans as text."""
        return {name: value if isinstance(value, Secret) else as_text(value) for name, value in self.variables.items()}


# --- Databases --------------------------------------------------------------------------------------------------------


class DatabaseCredentials(StackModel):
    """Password generations of the roles that belong to no release."""

    migrator: Generation = Field(
        description="Password generation of the role that runs migrations; raise it to rotate."
    )
    readonly: Generation = Field(description="Password generation of the read-only role; raise it to rotate.")


class ApplicationRoles(StackModel):
    """The roles of one application in a database, where they are not what the catalog's patterns make."""

    access: Text | None = Field(default=None, description="The role that holds its privileges.")
    login: Text | None = Field(
        default=None, description="The role that it logs in with; `{generation}` stands for the generation's number."
    )


class GivenNames(StackModel):
    """Names on the server that are not what the catalog's patterns make."""

    database: Text | None = Field(default=None, description="The database.")
    owner: Text | None = Field(default=None, description="The role that owns the schemas.")
    migrator: Text | None = Field(default=None, description="The role that runs migrations.")
    readonly: Text | None = Field(default=None, description="The role that may read everything.")
    applications: dict[str, ApplicationRoles] = Field(
        default={}, description="The roles of each application that logs in."
    )


class Pooler(StackModel):
    """A connection pooler in front of a database's server, which applications connect to."""

    host: Host = Field(description="The pooler's host.")
    port: Port = Field(description="The port of the pooler.")
    user: Annotated[StrictStr, AfterValidator(forms.pooler_user)] = Field(
        default="{role}",
        description="What the pooler takes for a user; `{role}` stands for the role, for example `{role}.project`.",
    )


class DatabaseSettings(StackModel):
    """Where one database of the catalog is in this stack, and its limits."""

    names: GivenNames = Field(
        default=GivenNames(), description="What it and its roles are called, where they have names of their own."
    )
    host: Host = Field(
        description="The server's host, as applications and migrations connect to it; Pulumi's own connection is "
        "libpq's variables."
    )
    port: Port = Field(description="The port of the server.")
    sslmode: Literal["disable", "require", "verify-full"] = Field(description="`sslmode` of the connection URLs.")
    pooler: Pooler | None = Field(
        default=None,
        description="A pooler in front of the server, where there is one: the applications' URLs lead to it, those of "
        "the migrator and the read-only role to the server.",
    )
    connection_limit: Annotated[StrictInt, Field(ge=-1, le=100_000), AfterValidator(forms.limit)] = Field(
        description="Connections that the database takes at once; -1 is no limit."
    )
    application_connection_limit: Annotated[StrictInt, Field(ge=1, le=100_000)] = Field(
        description="Connections that each application role may hold at once; not more than the database's."
    )
    credentials: DatabaseCredentials = Field(description="Password generations of the roles that belong to no release.")


# --- Delivery and logs ------------------------------------------------------------------------------------------------


class Reviewers(StackModel):
    """Who may approve a deployment to this environment at GitHub."""

    teams: Annotated[tuple[TeamSlug, ...], AfterValidator(forms.distinct)] = Field(
        max_length=6, description="Slugs of GitHub teams, at most 6; none means that no approval is needed."
    )


class DeliverySettings(StackModel):
    """The approvals of this stack's GitHub environment."""

    environment: Text | None = Field(
        default=None, description="The environment's name, where it is not what the catalog's pattern makes."
    )
    reviewers: Reviewers = Field(description="Who may approve a deployment to the environment.")
    wait_minutes: Annotated[StrictInt, Field(ge=0, le=43_200)] = Field(
        description="Minutes that a deployment waits before it starts."
    )
    prevent_self_review: StrictBool = Field(description="Whether who starts a deployment is barred from approving it.")
    branches: Annotated[tuple[BranchPattern, ...], AfterValidator(forms.distinct)] = Field(
        min_length=1, description="Patterns of the branches that may deploy."
    )


class LogSettings(StackModel):
    """Where this stack's logs go."""

    endpoint: HttpsUrl = Field(description="The `https://` URL that Vercel's log drain posts to.")
    secret: LongSecret = Field(
        description=f"Signs the drain's requests, at least {SECRET_LENGTH} characters, as Vercel asks; encrypted."
    )


class TraceSettings(StackModel):
    """Where this stack's traces go."""

    endpoint: HttpsUrl = Field(
        description="The `https://` URL that Vercel's trace drain posts to, for example `https://.../v1/traces`."
    )
    secret: LongSecret = Field(
        description=f"Signs the drain's requests, at least {SECRET_LENGTH} characters, as Vercel asks; encrypted."
    )
    headers: dict[StrictStr, FilledSecret] = Field(
        default={}, description="The value of each header that the catalog's trace drain names; encrypted."
    )


class AlertSettings(StackModel):
    """Where this stack's alerts go, besides the team's owners."""

    incident_io_routing_key: FilledSecret = Field(
        description="The routing key of incident.io that every alert of the stack is sent with; encrypted."
    )


# --- Releases ---------------------------------------------------------------------------------------------------------


class Release(StackModel):
    """One kept release of an application."""

    commit: Commit = Field(description="The commit it is built from, 40 hex digits.")
    config: Digest = Field(description="Digest of everything else it is built with, 32 hex digits.")
    credentials: Generation = Field(description="Generation of the database roles that it logs in with.")
    deployment: DeploymentId | None = Field(
        default=None,
        description="Vercel's id of its deployment, where that was there before Parity and carries no release; "
        "`parity import` writes it.",
    )
    migrations: dict[StrictStr, Annotated[StrictInt, Field(ge=1, le=10**15)]] = Field(
        default={},
        description="By database, the number of the newest migration that its commit has: it does without what those "
        "take away.",
    )


class Releases(StackModel):
    """The releases of one application; `parity release|promote|rollback|prune` write them."""

    live: ReleaseId | None = Field(description="The kept release that the domains serve; null before the first one.")
    kept: dict[ReleaseId, Release] = Field(
        description="Each release that stays deployed, oldest first; the last is the newest."
    )

    @property
    def in_order(self) -> tuple[tuple[str, Release], ...]:
        """Ids and releases, oldest first, whatever order the engine handed them over in."""
        return tuple(sorted(self.kept.items(), key=lambda item: int(item[0][1:])))

    def before(self, release: str | None) -> str:
        """The kept release before this one; empty where there is none."""
        older = [name for name, _ in self.in_order if release and int(name[1:]) < int(release[1:])]
        return older[-1] if older else ""

    @property
    def newest(self) -> tuple[str, Release] | None:
        """The release added last, or None before the first one."""
        return self.in_order[-1] if self.kept else None

    @property
    def generation(self) -> int:
        """The generation of credentials that the variables are given with: the newest release's, 1 before the first."""
        return self.newest[1].credentials if self.newest else 1

    @property
    def generations(self) -> tuple[int, ...]:
        """The generations of credentials in use, in order."""
        return tuple(sorted({each.credentials for each in self.kept.values()})) or (self.generation,)


# --- Exceptions -------------------------------------------------------------------------------------------------------


class ParityException(StackModel):
    """A difference between the stacks, or from what is declared, that is accepted for a while."""

    resource: Text = Field(description="The resource: its type and name, or a URN; `*` matches any part.")
    property: Text = Field(description="Path of the property; `*` for the whole resource.")
    reason: Text = Field(description="Why the difference is right; a reviewer reads it.")
    accepts: Literal["difference", "drift"] = Field(
        default="difference",
        description="What is accepted: a difference between the stacks (`parity check`), or this stack's drift.",
    )
    expiry: Day | None = Field(default=None, description="The last day it holds, `YYYY-MM-DD`, in quotes.")


# --- The stack --------------------------------------------------------------------------------------------------------


class StackConfig(StackModel):
    """All keys of a stack's file, each with the prefix `parity:`."""

    environment: Text = Field(description="The stack's own name, written out so that a copied file is noticed.")
    promotes_from: Text | None = Field(
        default=None,
        description="The stack that this one takes its releases from (`parity promote`), and is compared with "
        "(`parity check`); none for a stack that releases come to first. Several stacks may name the same one.",
    )
    secret: LongSecret = Field(
        description=f"The stack secret, at least {SECRET_LENGTH} characters, encrypted: database passwords and "
        "fingerprints are derived from it, so changing it changes all of them."
    )
    manages_repository: Annotated[StrictBool, BeforeValidator(_from_text)] = Field(
        description="Whether this stack owns the repository's ruleset and Actions permissions; true in one stack only."
    )
    protect: Annotated[StrictBool, BeforeValidator(_from_text)] = Field(
        description="Whether the engine refuses to delete the stack's databases and Vercel projects; true wherever "
        "there is data or traffic, and to be set to false, and applied, before the stack is destroyed."
    )
    applications: dict[str, ApplicationSettings] = Field(description="One entry for each application of the catalog.")
    databases: dict[str, DatabaseSettings] = Field(description="One entry for each database of the catalog.")
    delivery: DeliverySettings = Field(description="Approvals of the stack's GitHub environment.")
    logs: LogSettings | None = Field(
        default=None, description="Where the logs go; required unless the step `drain` is put off."
    )
    traces: TraceSettings | None = Field(
        default=None, description="Where the traces go; required where the catalog declares a trace drain."
    )
    alerts: AlertSettings | None = Field(
        default=None, description="Where the catalog's alerts go, besides the team's owners."
    )
    releases: dict[str, Releases] = Field(description="One entry for each application of the catalog.")
    fingerprints: dict[StrictStr, Fingerprint] = Field(
        default={},
        description="Keyed fingerprint of each secret that a release is built with, by its key; `parity secret set` "
        "writes it, and a release's digest holds it in the value's place.",
    )
    exceptions: tuple[ParityException, ...] = Field(description="Accepted differences, each with its reason.")
    postponed: tuple[Step, ...] = Field(
        default=(),
        description="Steps of hardening that this stack has not taken yet; `parity doctor` says what each does and "
        "what it would break. Remove one to take it, as a normal update.",
    )
    acknowledged: tuple[Urn, ...] = Field(
        description="URNs of resources whose dangerous change was reviewed; to be removed after the update."
    )
