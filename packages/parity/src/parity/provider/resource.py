"""The resources of the project's own provider, as a program declares them."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

import pulumi

from parity.documents import is_mapping
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Input, Output


PACKAGE = "parity"

_DEFAULT_NAMES = ("default", "default_0_1_0", "default_0_2_0")
"""What the engine called the default provider that stacks recorded before there was an explicit one, by the version of
the package. A resource whose provider gets another name without an alias would be replaced."""


class Provider(pulumi.ProviderResource):
    """The project's own provider. It has no inputs: its plugin takes team and token from resource and environment.

    It is declared because the engine gives a default provider the stack's config of the plugin's name, and that is the
    program's own `parity:` config, secrets too.
    """

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        own = pulumi.ResourceOptions(
            aliases=[pulumi.Alias(name=name) for name in _DEFAULT_NAMES],
            # What a language host finds in the list of packages; said here, it holds with any host.
            version=version("pulumi-parity"),
        )
        super().__init__(PACKAGE, resource_name, {}, pulumi.ResourceOptions.merge(opts, own))


def _wire_name(name: str) -> str:
    """A Python name as Pulumi writes it."""
    return re.sub(r"_(.)", lambda found: found[1].upper(), name)


def _wire_names(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Python arguments by Pulumi's names, at every depth, without what is None."""
    given = {name: each for name, each in arguments.items() if each is not None}
    return {_wire_name(name): _wire_names(each) if is_mapping(each) else each for name, each in given.items()}


class _Resource(pulumi.CustomResource):
    """A resource of this provider."""

    def __init__(
        self,
        kind: str,
        resource_name: str,
        inputs: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
        secret: str = "",
    ) -> None:
        """Declare it, with its inputs by Python's names; `secret` is the one that may hold a secret, by Pulumi's."""
        given = {_wire_name(name): each for name, each in inputs.items()}
        if given.get(secret) is not None:
            given[secret] = pulumi.Output.secret(given[secret])
            own = pulumi.ResourceOptions(additional_secret_outputs=[secret])
            opts = pulumi.ResourceOptions.merge(opts, own)
        super().__init__(kind, resource_name, given, opts)


class _OfProject(TypedDict):
    """Inputs of what is in a Vercel project."""

    team: Input[str]
    """The team's id or slug."""
    project_id: Input[str]


class LiveReleaseInputs(_OfProject):
    """What is to be live, and how that is made sure of."""

    project: Input[str]
    """The project's name."""
    deployment_id: Input[str]
    """The deployment to be live."""
    deployment_url: Input[str]
    """Its own host."""
    release: Input[str]
    """The id that the application must answer with, in `release`."""
    commit: Input[str]
    """40 hex digits, which it must answer with, in `commit`."""
    domains: Input[list[str]]
    """The names that must serve it before the switch counts as done; redirects are not among them."""
    health: Mapping[str, Input[str | float]]
    """`path`, `timeoutSeconds` of one request, `deadlineSeconds` of all of them."""
    promote_deadline_seconds: Input[float]
    """Limit of the switch, from asking for it until every domain serves it."""
    protection_bypass: NotRequired[Input[str] | None]
    """The secret with which protected deployments let the question through."""
    trusted_audience: NotRequired[str | None]
    """In its place that of a job's OIDC token, where the jobs are a trusted source."""
    newest: Input[bool]
    """Whether it is the newest release: the project's variables describe that one alone. Where it has not served yet,
    it is compared with them just before the switch."""
    variables: Input[Mapping[str, Input[str]]]
    """The newest release's production variables that are not sensitive, by name."""
    sensitive_variables: Input[list[str]]
    """The names of the others."""
    sensitive_writes: NotRequired[Mapping[str, Mapping[str, Input[str]]] | None]
    """Of each of those, `id`, that of its resource, and `value`, a text that changes with the declared value and does
    not give it away: one that something else than an update wrote is refused."""
    settings: NotRequired[Mapping[str, Any] | None]
    """The project's arguments that get into a build, as `vercel.Project` takes them; what is not named must be unset
    at Vercel. None compares no settings."""
    accepted_variables: NotRequired[Mapping[str, str] | None]
    """Undeclared ones that an exception accepts, by pattern of type and name, each with its last day (`YYYY-MM-DD`) or
    an empty text."""
    accepted_settings: NotRequired[Mapping[str, Mapping[str, str]] | None]
    """Undeclared ones, by pattern of the resource (type and name, or URN) and of the property."""
    imported: NotRequired[bool | None]
    """Whether the deployment was there before Parity, so that it answers with no release."""
    rolling: NotRequired[bool | None]
    """Whether the newest release gets to users by the stages of the project's rolling release."""
    application: NotRequired[str | None]
    """What messages call the application; None where it is called as this resource is."""
    image: NotRequired[Input[str] | None]
    """The digest of the image that it runs from, where it is a container."""
    repository: NotRequired[str | None]
    """The repository in the project's container registry that the image is in."""


class LiveRelease(_Resource):
    """Which deployment a project's domains serve.

    Creating or updating it asks the deployment at its own host whether it is healthy, promotes it with one call, and
    waits until the project and every domain serve it. Reading it gives what is really live. Destroying it does nothing
    at Vercel: what is live stays live until its deployment or project goes. Import takes `<team>/<project name or id>`.
    """

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Unpack[LiveReleaseInputs]
    ) -> None:
        """Declare it."""
        given = {**inputs, "settings": _wire_names(inputs.get("settings") or {}) or None}
        super().__init__(kinds.LIVE, resource_name, given, opts, "protectionBypass")


class ProtectionBypassInputs(_OfProject):
    """A secret of a project."""

    secret: Input[str]
    """32 letters and digits."""


class ProtectionBypass(_Resource):
    """A secret with which automation may ask a project's protected deployments.

    Creating it adds the secret to the project, destroying it revokes it. Vercel's own provider has such a resource, but
    puts the secret into its id, which stands in the clear in state and diffs.
    """

    secret: Output[str]

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Unpack[ProtectionBypassInputs]
    ) -> None:
        """Declare it."""
        super().__init__(kinds.BYPASS, resource_name, inputs, opts, "secret")


class ReleaseImageInputs(_OfProject):
    """Where the image of a release is."""

    repository: str
    """The repository's name in the project."""
    address: Input[str]
    """Where it is, `vcr.vercel.com/<team>/<project>/<repository>`."""
    tag: str
    """The tag that the builder gives the commit's image."""
    release: str
    """The release's id."""
    deployment_id: Input[str]
    """The deployment that the build made."""


class ReleaseImage(_Resource):
    """The image that a release in a container was built to.

    Creating it reads the tag of the commit in the project's container registry, after the build, and records the digest
    that it names. Reading it gives what was recorded. Destroying it does nothing: the image stays in the registry.
    """

    digest: Output[str]

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Unpack[ReleaseImageInputs]
    ) -> None:
        """Declare it."""
        super().__init__(kinds.IMAGE, resource_name, {**inputs, "digest": None}, opts)


class ProjectDomainInputs(_OfProject):
    """A domain of a project."""

    domain: str
    """Its name, in lower case."""
    redirect: NotRequired[str | None]
    """Another domain of the project."""
    redirect_status_code: NotRequired[int | None]
    """301, 302, 307 or 308."""


class ProjectDomain(_Resource):
    """A domain that a project serves.

    Vercel's own provider has such a resource, but replaces it where the project changes; this one is moved with one
    call, so that the domain has an answer all the time.
    """

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Unpack[ProjectDomainInputs]
    ) -> None:
        """Declare it."""
        super().__init__(kinds.DOMAIN, resource_name, inputs, opts)


class MigrationInputs(TypedDict):
    """A file, its database and who runs it."""

    database: Input[str]
    """Its name on the server."""
    server: str | None
    """The name of the server; None for the one without: where its administrator's variables lead."""
    number: int
    """Its place among the database's migrations, from 1."""
    file: str
    """Its path in the repository."""
    effect: str
    """`expand`, `data` or `contract`."""
    sql: str
    """Its text."""
    sha256: str
    """The text's digest, 64 hex digits."""
    tool: NotRequired[str | None]
    """The team's own that records it too: a key of `parity.config.layouts.LAYOUTS`."""
    rows: NotRequired[Mapping[str, Any] | None]
    """What that tool's table has of it."""
    follows: NotRequired[int | None]
    """The last number of an earlier folder, which is declared no more."""
    lock_timeout_milliseconds: int
    """How long a statement waits for a lock."""
    attempts: int
    """How often it is tried that does not get its locks."""
    role: Input[str]
    """The migrator, which becomes the owner as it logs in."""
    password: Input[str]
    """Of the migrator."""


class Migration(_Resource):
    """A file of SQL that is run once in a database, as its migrator.

    Creating it runs the file where the database does not record it as applied; its effect and its record are one
    commit. Another text for what is applied is refused. Destroying it changes nothing: nothing is undone.
    """

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Unpack[MigrationInputs]
    ) -> None:
        """Declare it."""
        super().__init__(kinds.MIGRATION, resource_name, inputs, opts, "password")
