"""The resources of the project's own provider, as a program declares them."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

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


def _wire_names(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Python arguments by Pulumi's names, at every depth, without what is None."""
    given = {name: each for name, each in arguments.items() if each is not None}
    return {
        re.sub(r"_(.)", lambda found: found[1].upper(), name): _wire_names(each) if is_mapping(each) else each
        for name, each in given.items()
    }


class LiveRelease(pulumi.CustomResource):
    """Which deployment a project's domains serve.

    Creating or updating it asks the deployment at its own host whether it is healthy, promotes it with one call, and
    waits until the project and every domain serve it. Reading it gives what is really live. Destroying it does nothing
    at Vercel: what is live stays live until its deployment or project goes. Import takes `<team>/<project name or id>`.
    """

    deployment_id: Output[str]
    release: Output[str]
    commit: Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        team: Input[str],
        project_id: Input[str],
        project: Input[str],
        deployment_id: Input[str],
        deployment_url: Input[str],
        release: Input[str],
        commit: Input[str],
        domains: Input[list[str]],
        health: Mapping[str, Input[str | float]],
        promote_deadline_seconds: Input[float],
        protection_bypass: Input[str],
        newest: Input[bool],
        variables: Input[Mapping[str, Input[str]]],
        sensitive_variables: Input[list[str]],
        sensitive_writes: Mapping[str, Mapping[str, Input[str]]] | None = None,
        settings: Mapping[str, Any] | None = None,
        accepted_variables: Mapping[str, str] | None = None,
        accepted_settings: Mapping[str, Mapping[str, str]] | None = None,
        imported: bool = False,
        rolling: bool = False,
        application: str | None = None,
        image: Input[str] | None = None,
        repository: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: the resource's name in the program.
            team: the Vercel team's id or slug.
            project_id: the project's id.
            project: the project's name.
            deployment_id: the deployment to be live.
            deployment_url: its own host.
            release: the id that the application must answer with, in `release`.
            commit: 40 hex digits, which it must answer with, in `commit`.
            domains: the names that must serve it before the switch counts as done; redirects are not among them.
            health: `path`, `timeoutSeconds` of one request, `deadlineSeconds` of all of them.
            promote_deadline_seconds: limit of the switch, from asking for it until every domain serves it.
            protection_bypass: the secret with which protected deployments let the question through.
            newest: whether it is the newest release: the project's variables describe that one alone. Where it has not
                served yet, it is compared with them just before the switch.
            variables: the newest release's production variables that are not sensitive, by name.
            sensitive_variables: the names of the others.
            sensitive_writes: of each of those, `id`, that of its resource, and `value`, a text that changes with the
                declared value and does not give it away: one that something else than an update wrote is refused.
            settings: the project's arguments that get into a build, as `vercel.Project` takes them; what is not named
                must be unset at Vercel. None compares no settings.
            accepted_variables: undeclared ones that an exception accepts, by pattern of type and name, each with its
                last day (`YYYY-MM-DD`) or an empty text.
            accepted_settings: undeclared ones, by pattern of the resource (type and name, or URN) and of the property.
            imported: whether the deployment was there before Parity, so that it answers with no release.
            rolling: whether the newest release gets to users by the stages of the project's rolling release.
            application: what messages call the application; None where it is called as this resource is.
            image: the digest of the image that it runs from, where it is a container.
            repository: the repository in the project's container registry that the image is in.
            opts: the resource's options.
        """
        super().__init__(
            kinds.LIVE,
            resource_name,
            {
                "team": team,
                "projectId": project_id,
                "project": project,
                "deploymentId": deployment_id,
                "deploymentUrl": deployment_url,
                "release": release,
                "commit": commit,
                "domains": domains,
                "health": health,
                "promoteDeadlineSeconds": promote_deadline_seconds,
                "protectionBypass": pulumi.Output.secret(protection_bypass),
                "newest": newest,
                "variables": variables,
                "sensitiveVariables": sensitive_variables,
                "sensitiveWrites": sensitive_writes or None,
                "settings": None if settings is None else _wire_names(settings),
                "acceptedVariables": accepted_variables or None,
                "acceptedSettings": accepted_settings or None,
                "imported": imported or None,
                "rolling": rolling or None,
                "application": application,
                "image": image,
                "repository": repository,
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["protectionBypass"])),
        )

    def translate_output_property(self, prop: str) -> str:
        """The provider's names as Python writes them."""
        return {"deploymentId": "deployment_id"}.get(prop, prop)


class ProtectionBypass(pulumi.CustomResource):
    """A secret with which automation may ask a project's protected deployments.

    Creating it adds the secret to the project, destroying it revokes it. Vercel's own provider has such a resource, but
    puts the secret into its id, which stands in the clear in state and diffs.
    """

    secret: Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        team: Input[str],
        project_id: Input[str],
        secret: Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: the resource's name in the program.
            team: the Vercel team's id or slug.
            project_id: the project's id.
            secret: 32 letters and digits.
            opts: the resource's options.
        """
        super().__init__(
            kinds.BYPASS,
            resource_name,
            {"team": team, "projectId": project_id, "secret": pulumi.Output.secret(secret)},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["secret"])),
        )


class ReleaseImage(pulumi.CustomResource):
    """The image that a release in a container was built to.

    Creating it reads the tag of the commit in the project's container registry, after the build, and records the digest
    that it names. Reading it gives what was recorded. Destroying it does nothing: the image stays in the registry.
    """

    digest: Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        team: Input[str],
        project_id: Input[str],
        repository: str,
        address: Input[str],
        tag: str,
        release: str,
        deployment_id: Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: the resource's name in the program.
            team: the Vercel team's id or slug.
            project_id: the project's id.
            repository: the repository's name in the project.
            address: where it is, `vcr.vercel.com/<team>/<project>/<repository>`.
            tag: the tag that the builder gives the commit's image.
            release: the release's id.
            deployment_id: the deployment that the build made.
            opts: the resource's options.
        """
        super().__init__(
            kinds.IMAGE,
            resource_name,
            {
                "team": team,
                "projectId": project_id,
                "repository": repository,
                "address": address,
                "tag": tag,
                "release": release,
                "deploymentId": deployment_id,
                "digest": None,
            },
            opts,
        )


class ProjectDomain(pulumi.CustomResource):
    """A domain that a project serves.

    Vercel's own provider has such a resource, but replaces it where the project changes; this one is moved with one
    call, so that the domain has an answer all the time.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        team: Input[str],
        project_id: Input[str],
        domain: str,
        redirect: str | None = None,
        redirect_status_code: int | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: the resource's name in the program.
            team: the Vercel team's id or slug.
            project_id: the project's id.
            domain: its name, in lower case.
            redirect: another domain of the project.
            redirect_status_code: 301, 302, 307 or 308.
            opts: the resource's options.
        """
        super().__init__(
            kinds.DOMAIN,
            resource_name,
            {
                "team": team,
                "projectId": project_id,
                "domain": domain,
                "redirect": redirect,
                "redirectStatusCode": redirect_status_code,
            },
            opts,
        )


class Migration(pulumi.CustomResource):
    """A file of SQL that is run once in a database, as its migrator.

    Creating it runs the file where the database does not record it as applied; its effect and its record are one
    commit. Another text for what is applied is refused. Destroying it changes nothing: nothing is undone.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        database: Input[str],
        server: str,
        number: int,
        file: str,
        effect: str,
        sql: str,
        sha256: str,
        tool: str = "sql",
        rows: Mapping[str, Any] | None = None,
        follows: int = 0,
        lock_timeout_milliseconds: int,
        attempts: int,
        role: Input[str],
        password: Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            resource_name: the resource's name in the program.
            database: its name on the server.
            server: the name of the server, empty for the one without: where its administrator's variables lead.
            number: its place among the database's migrations, from 1.
            file: its path in the repository.
            effect: `expand`, `data` or `contract`.
            sql: its text.
            sha256: the text's digest, 64 hex digits.
            tool: the team's own that records it too: a key of `parity.config.layouts.LAYOUTS`.
            rows: what that tool's table has of it.
            follows: the last number of an earlier folder, which is declared no more; 0 for none.
            lock_timeout_milliseconds: how long a statement waits for a lock.
            attempts: how often it is tried that does not get its locks.
            role: the migrator, which becomes the owner as it logs in.
            password: of the migrator.
            opts: the resource's options.
        """
        super().__init__(
            kinds.MIGRATION,
            resource_name,
            {
                "database": database,
                "server": server or None,
                "number": number,
                "file": file,
                "effect": effect,
                "sql": sql,
                "sha256": sha256,
                "tool": tool if rows else None,
                "rows": dict(rows) if rows else None,
                "follows": follows or None,
                "lockTimeoutMilliseconds": lock_timeout_milliseconds,
                "attempts": attempts,
                "role": role,
                "password": pulumi.Output.secret(password),
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["password"])),
        )
