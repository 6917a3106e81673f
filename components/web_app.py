"""The WebApp component: one application at Vercel, a deployment for each kept release, and the switch between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumiverse_vercel as vercel
from pulumi import Input, Output, ResourceOptions

from parity.provider.resource import LiveRelease, ProjectDomain, ProtectionBypass, ReleaseImage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.config import parameters
    from parity.config.stack_models import ApplicationSettings, DomainSettings, Release, Releases

_PROTECTION = {"none": "none", "preview": "standard_protection_new", "all": "all_deployments"}
_REDIRECT_STATUS = 308
_SKEW = "12 hours"
_ISSUER = "https://token.actions.githubusercontent.com"


def _is_secret(variable: parameters.Variable) -> bool:
    """Whether its value is a secret."""
    return variable.kind in {"sensitive", "database-url"}


@dataclass(frozen=True)
class WebAppArgs:
    """What a WebApp needs; every name in full, every value given."""

    application: parameters.Application
    project: str
    environment: str
    """The stack's name, as the application sees it."""
    repository: parameters.Repository
    settings: ApplicationSettings
    """Its domains, and whose deployments are protected."""
    among: pulumi.Resource
    """The resource under which the domains of every application are."""
    values: Mapping[str, Input[str]]
    """The value of each of the application's variables, by name, as the newest release has it."""
    marks: Mapping[str, str]
    """For each sensitive one a text that changes with what is declared of it and says nothing of its value."""
    bypass: Input[str] | None
    """The secret, 32 letters and digits, with which protected deployments let the health check through; None where the
    application has a trusted source."""
    jobs: Sequence[str]
    """GitHub's environments whose jobs that trusted source is."""
    releases: Releases
    credentials: Mapping[int, Sequence[pulumi.Resource]]
    """What must exist before a deployment of a generation can log in to its databases."""
    migrated: Sequence[pulumi.Resource]
    """What must have run before the newest release is built."""
    accepted: Mapping[str, str]
    """What is undeclared and accepted in writing: patterns of type and name, each with its last day or an empty one."""
    accepted_settings: Mapping[str, Mapping[str, str]]
    """The same by patterns of the resource and of its property."""
    protect: bool


class Domains(pulumi.ComponentResource):
    """Every application's domains.

    They are no part of an application, so that one that moves to another stays the same resource, and moves in one
    call.
    """

    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        """Declare the resource that they are under."""
        super().__init__("parity:components:Domains", name, None, opts)
        self.register_outputs({})


class WebApp(pulumi.ComponentResource):
    """One application at Vercel.

    Owns: the project with its Git link and protection, its variables one by one, domains, deployment retention, the
    secret or the rule that lets the health check through protection, a production deployment for each kept release,
    which of them is live, and by which stages a new one gets there. The project's variables describe the newest
    release; each deployment keeps those it was built with. Of a container also: the repository of its images, who may
    pull them, and which image each release was built to.

    Does not own: the repository, the domains' DNS, deployments that Vercel's Git integration makes by itself (with
    automatic assignment off none of them serves a domain), firewall and analytics.

    Destroying deletes the deployments and the project, so the domains serve nothing. `protect` refuses that. An
    application without a release has no deployment and no LiveRelease, and its domains serve nothing yet.
    """

    project_id: Output[str]
    project_name: Output[str]
    live: LiveRelease | None
    deployments: Mapping[str, vercel.Deployment]

    def __init__(self, name: str, args: WebAppArgs, opts: ResourceOptions | None = None) -> None:
        """Declare the project and everything in it."""
        super().__init__("parity:components:WebApp", name, None, opts)
        self._name = name
        self._args = args
        self._child = ResourceOptions(parent=self)

        self._project = self._make_project()
        self._variables = {each.name: self._variable(each) for each in args.application.variables}
        self._domains = self._all_domains(args.settings.domains)
        self._retention()
        self._stages = [self._rolling_release()] if self._shares else []
        self._bypass: ProtectionBypass | None = None
        if args.bypass is not None:
            self._bypass = ProtectionBypass(
                f"{name}-bypass",
                team=self._project.team_id,
                project_id=self._project.id,
                secret=args.bypass,
                opts=self._child,
            )
        self._registry = self._container_registry()
        self.deployments = {name: self._deployment(name, release) for name, release in args.releases.in_order}
        self._images = self._release_images()
        self.live = self._live_release()

        self.project_id = self._project.id
        self.project_name = self._project.name
        self.register_outputs(
            {"projectId": self.project_id, "projectName": self.project_name, "live": args.releases.live}
        )

    def _make_project(self) -> vercel.Project:
        return vercel.Project(
            f"{self._name}-project",
            name=self._args.project,
            auto_assign_custom_domains=False,
            git_fork_protection=True,
            # All that the provider sets in its second request: of a project whose creation ended after the first one,
            # nothing would set later what is not declared.
            prioritise_production_builds=True,
            customer_success_code_visibility=False,
            preview_deployments_disabled=not self._args.application.preview_deployments,
            # With stages Vercel sets it by itself, so that what a page asks for comes from the page's own release.
            skew_protection=_SKEW if self._shares else None,
            vercel_authentication=vercel.ProjectVercelAuthenticationArgs(
                deployment_type=_PROTECTION[self._args.settings.protection]
            ),
            trusted_sources=self._trusted_sources(),
            opts=ResourceOptions(parent=self, protect=self._args.protect),
            **self._build_settings(),
        )

    def _trusted_sources(self) -> vercel.ProjectTrustedSourcesArgs | None:
        """The jobs that may ask the project's deployments, all of which are production's."""
        trusted, repository = self._args.application.trusted_source, self._args.repository
        if trusted is None:
            return None
        jobs = vercel.ProjectTrustedSourcesExternalSourceArgs(
            issuer=_ISSUER,
            to=vercel.ProjectTrustedSourcesExternalSourceToArgs(slugs=["production"]),
            claims={
                "aud": [trusted.audience],
                "environment": sorted(self._args.jobs),
                "repository": [f"{repository.owner}/{repository.name}"],
            },
        )
        return vercel.ProjectTrustedSourcesArgs(external_sources=[jobs])

    def _build_settings(self) -> dict[str, Any]:
        """The project's arguments that get into a build; the switch compares them with what Vercel has."""
        application, repository = self._args.application, self._args.repository
        return {
            "framework": application.framework,
            "root_directory": application.root_directory,
            "node_version": application.node_version,
            "build_command": application.build_command,
            "install_command": application.install_command,
            "output_directory": application.output_directory,
            # Build, always: by itself Vercel skips a commit that it has built, also for a release with other values.
            "ignore_command": "exit 1",
            "resource_config": {"function_default_regions": [application.function_region]},
            "automatically_expose_system_environment_variables": True,
            "directory_listing": False,
            "function_failover": False,
            "git_lfs": False,
            "protected_sourcemaps": False,
            "git_repository": {
                "type": "github",
                "repo": f"{repository.owner}/{repository.name}",
                "production_branch": repository.default_branch,
            },
        }

    def _variable(self, variable: parameters.Variable) -> vercel.ProjectEnvironmentVariable:
        """One variable. Its natural key is project, name and target, so a replacement deletes first."""
        secret, value = _is_secret(variable), self._args.values[variable.name]
        shown = variable.kind == "sensitive" and variable.shown
        return vercel.ProjectEnvironmentVariable(
            f"{self._name}-variable-{variable.name}",
            project_id=self._project.id,
            key=variable.name,
            value=Output.secret(value) if secret else value,
            sensitive=secret and not shown,
            targets=list(variable.targets),
            opts=ResourceOptions(
                parent=self, delete_before_replace=True, ignore_changes=["sensitive"] if shown else None
            ),
        )

    def _all_domains(self, domains: Sequence[DomainSettings]) -> list[ProjectDomain]:
        """Those that serve first: Vercel refuses a redirect to a domain that the project does not have yet."""
        serving = {domain.name: self._domain(domain, ()) for domain in domains if domain.redirect is None}
        redirecting = [self._domain(domain, tuple(serving.values())) for domain in domains if domain.redirect]
        return [*serving.values(), *redirecting]

    def _domain(self, domain: DomainSettings, needs: Sequence[pulumi.Resource]) -> ProjectDomain:
        return ProjectDomain(
            f"domain-{domain.name}",
            team=self._project.team_id,
            project_id=self._project.id,
            domain=domain.name,
            redirect=domain.redirect,
            redirect_status_code=_REDIRECT_STATUS if domain.redirect else None,
            opts=ResourceOptions(parent=self._args.among, depends_on=list(needs)),
        )

    def _retention(self) -> vercel.ProjectDeploymentRetention:
        retention = self._args.application.retention
        return vercel.ProjectDeploymentRetention(
            f"{self._name}-retention",
            project_id=self._project.id,
            expiration_preview=retention.preview,
            expiration_production=retention.production,
            expiration_canceled=retention.canceled,
            expiration_errored=retention.errored,
            opts=self._child,
        )

    @property
    def _shares(self) -> list[int]:
        """The users of each stage of the watch, percent; none where all users get a release at once."""
        watch = self._args.application.watch
        return [*(stage.percent for stage in watch.stages), 100] if watch and watch.stages else []

    def _rolling_release(self) -> vercel.ProjectRollingRelease:
        """The stages of the watch, each to be approved by it."""
        return vercel.ProjectRollingRelease(
            f"{self._name}-rolling",
            project_id=self._project.id,
            advancement_type="manual-approval",
            stages=[vercel.ProjectRollingReleaseStageArgs(target_percentage=share) for share in self._shares],
            # A project has one: to delete the old one last would take the new one away.
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _container_registry(self) -> vercel.VcrRepository | None:
        """Where the builds of an application in a container push their images, and who else may pull them."""
        container = self._args.application.container
        if container is None:
            return None
        repository = vercel.VcrRepository(
            f"{self._name}-registry",
            project_id=self._project.id,
            name=container.repository,
            public=False,
            opts=ResourceOptions(parent=self, protect=self._args.protect),
        )
        for team in container.shared_with:
            vercel.VcrRepositoryPermission(
                f"{self._name}-registry-{team}",
                project_id=self._project.id,
                repository=container.repository,
                granted_team_slug=team,
                opts=ResourceOptions(parent=self, depends_on=[repository], delete_before_replace=True),
            )
        return repository

    def _release_images(self) -> dict[str, ReleaseImage]:
        """The image of each kept release in a container; what an imported deployment runs from is not known."""
        container, registry = self._args.application.container, self._registry
        if container is None or registry is None:
            return {}
        return {
            name: ReleaseImage(
                f"{self._name}-image-{name}",
                team=self._project.team_id,
                project_id=self._project.id,
                repository=container.repository,
                address=registry.url,
                tag=container.tag(release.commit),
                release=name,
                deployment_id=self.deployments[name].id,
                opts=self._child,
            )
            for name, release in self._args.releases.in_order
            if release.deployment is None
        }

    def _deployment(self, name: str, release: Release) -> vercel.Deployment:
        """A production deployment that no domain serves until it is promoted.

        It depends on the variables, so that it snapshots them complete, and on its own generation's credentials, so
        that these go only after it. The newest one depends on the migrations too: the others were built without them.
        """
        needs = [*self._variables.values(), *self._args.credentials.get(release.credentials, ())]
        needs += [self._registry] if self._registry else ()
        needs += self._args.migrated if self._args.releases.newest == (name, release) else ()
        noted = {"release": name, "commit": release.commit, "config": release.config}
        own = {
            "PARITY_RELEASE": name,
            "PARITY_COMMIT": release.commit,
            "PARITY_ENVIRONMENT": self._args.environment,
        }
        return vercel.Deployment(
            f"{self._name}-deployment-{name}",
            project_id=self._project.id,
            production=True,
            ref=release.commit,
            meta={**noted, "deployment": release.deployment} if release.deployment else noted,
            environment=None if release.deployment else own,
            delete_on_destroy=True,
            opts=ResourceOptions(
                parent=self,
                depends_on=needs,
                # One that was there before Parity is as it was built; nothing that is declared may build it again.
                ignore_changes=["environment", "meta", "production", "ref"] if release.deployment else None,
            ),
        )

    def _live_release(self) -> LiveRelease | None:
        """The switch; it comes after everything that the release needs, the domains too."""
        releases = self._args.releases
        if releases.live is None:
            return None
        release, deployment = releases.kept[releases.live], self.deployments[releases.live]
        application = self._args.application
        health, trusted, container = application.health, application.trusted_source, application.container
        needs = [*self._variables.values(), *self._domains, *self._args.credentials.get(release.credentials, ())]
        needs += self._stages
        built = [each for each in application.variables if "production" in each.targets]
        sensitive = [each.name for each in built if _is_secret(each)]
        image = self._images.get(releases.live)
        return LiveRelease(
            f"{self._name}-live",
            team=self._project.team_id,
            project_id=self._project.id,
            project=self._project.name,
            deployment_id=deployment.id,
            deployment_url=deployment.url,
            release=releases.live,
            commit=release.commit,
            domains=[domain.name for domain in self._args.settings.domains if domain.redirect is None],
            health={
                "path": health.path,
                "timeoutSeconds": health.timeout_seconds,
                "deadlineSeconds": health.deadline_seconds,
            },
            promote_deadline_seconds=health.promote_deadline_seconds,
            protection_bypass=self._bypass.secret if self._bypass else None,
            trusted_audience=trusted.audience if trusted else None,
            newest=releases.newest == (releases.live, release),
            variables={each.name: self._args.values[each.name] for each in built if not _is_secret(each)},
            sensitive_variables=sensitive,
            sensitive_writes={
                name: {"id": self._variables[name].id, "value": self._args.marks[name]} for name in sensitive
            }
            or None,
            settings=self._build_settings(),
            accepted_variables=self._args.accepted or None,
            accepted_settings=self._args.accepted_settings or None,
            imported=bool(release.deployment) or None,
            rolling=bool(self._shares) or None,
            application=application.name if application.formerly else None,
            image=image.digest if image else None,
            repository=container.repository if container and image else None,
            opts=ResourceOptions(parent=self, depends_on=needs),
        )
