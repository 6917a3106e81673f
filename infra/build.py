"""Builds one stack from its settings: providers, components, outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_github as github
import pulumi_postgresql as postgresql
import pulumiverse_vercel as vercel

from components.database import Access, Database, DatabaseArgs, Login
from components.delivery import Delivery, DeliveryArgs
from components.migrations import Migrations, MigrationsArgs
from components.web_app import Domains, WebApp, WebAppArgs
from infra import telemetry
from parity.config import digest, names, passwords, servers
from parity.config.parameters import DatabaseUrlVariable, PlainVariable
from parity.config.secret import Secret
from parity.provider.resource import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi import Input, Output

    from parity.config import parameters
    from parity.config.settings import Settings

SEALED = "sealed"
"""Stands for a secret whose value is not at hand, where the program is only evaluated."""

_WRITE_DELAY = 200
"""Milliseconds between two writes to GitHub. The provider's second is for hundreds; a stack writes some twenty, far
under the 80 a minute from which GitHub limits what creates content."""


def build(settings: Settings) -> dict[str, Any]:
    """Declare everything of one stack and give its outputs, what is secret marked so.

    Its secrets may be sealed where no engine runs.
    """
    providers = _providers(settings)
    left = _left_as_it_is(settings)
    options = pulumi.ResourceOptions(providers=providers, transformations=left)
    on_server = {
        server: pulumi.ResourceOptions(providers=[*providers, _server(server)], transformations=left)
        for server in servers.of(settings.catalog)
    }
    databases = {
        each.name: _database(settings, each, on_server[each.server or ""]) for each in settings.catalog.databases
    }
    migrations = {
        each.name: _migrations(settings, each, each.migrations, databases[each.name], options)
        for each in settings.catalog.databases
        if each.migrations
    }
    domains = Domains("domains", options)
    applications = {
        each.name: _application(settings, each, databases, migrations, domains=domains, options=options)
        for each in settings.catalog.applications
    }
    for name, each in migrations.items():
        each.after_switch(_live(settings, name, applications))
    telemetry.declare(settings, {name: each.project_id for name, each in applications.items()}, _opened, options)
    delivery = _delivery(settings, databases, applications, options)
    return {
        "applications": {name: _application_output(settings, name, each) for name, each in applications.items()},
        "databases": {
            each.name: _database_output(settings, each, databases[each.name]) for each in settings.catalog.databases
        },
        "delivery": {
            "environment": delivery.environment,
            "repository": f"{settings.catalog.repository.owner}/{settings.catalog.repository.name}",
            "manages_repository": settings.manages_repository,
        },
    }


def _providers(settings: Settings) -> list[pulumi.ProviderResource]:
    """One explicit provider a vendor, and the project's own.

    Tokens are the environment's alone: `VERCEL_API_TOKEN`, `GITHUB_TOKEN`.
    """
    unrecorded = pulumi.ResourceOptions(transformations=[_without_token])
    return [
        vercel.Provider("vercel", team=settings.catalog.vercel_team),
        github.Provider("github", unrecorded, owner=settings.catalog.repository.owner, write_delay_ms=_WRITE_DELAY),
        Provider("parity"),
    ]


def _without_token(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    """GitHub's provider without the token that its SDK takes from the environment and records.

    Each job has another one: recorded, it would be a change of every update, and a plan would bind who applies it to
    the token of who made it. The plugin reads `GITHUB_TOKEN` itself.
    """
    return pulumi.ResourceTransformationResult({**args.props, "token": None}, args.opts)


def _server(server: str) -> postgresql.Provider:
    """The provider of one database server, without a superuser: managed PostgreSQL gives none.

    The administrator's connection is the environment's alone: libpq's variables, with the name of a server that has
    one as their suffix.
    """
    return postgresql.Provider(
        servers.provider_name(server),
        superuser=False,
        **servers.provider_address(server),
        opts=pulumi.ResourceOptions(env_var_mappings=servers.login_variables(server)),
    )


def _left_as_it_is(settings: Settings) -> list[pulumi.ResourceTransformation]:
    """What leaves properties as they are: those whose drift an exception of the stack's file accepts."""

    def leave(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        left = pulumi.ResourceOptions(ignore_changes=settings.left(args.type_, args.name))
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, left))

    return [leave] if any(each.accepts == "drift" for each in settings.exceptions) else []


# --- Databases --------------------------------------------------------------------------------------------------------


def _database(settings: Settings, database: parameters.Database, options: pulumi.ResourceOptions) -> Database:
    own = settings.databases[database.name]
    accesses = (_access(settings, database.name, each) for each in settings.catalog.applications)
    return Database(
        database.first_name,
        DatabaseArgs(
            database=database,
            name=settings.names.database(database.name),
            owner=settings.names.owner_role(database.name),
            migrator=_login(settings, settings.names.migrator_role(database.name), own.credentials.migrator),
            readonly=_login(settings, settings.names.readonly_role(database.name), own.credentials.readonly),
            accesses=tuple(access for access in accesses if access is not None),
            settings=own,
            protect=settings.protect,
            steps=settings.steps,
        ),
        options,
    )


def _access(settings: Settings, database: str, application: parameters.Application) -> Access | None:
    """What an application may do in a database: the schemas of all its URL variables, one login a generation in use."""
    if database not in application.databases:
        return None
    urls = (each for each in application.database_urls if each.database == database)
    schemas = tuple(dict.fromkeys(schema for each in urls for schema in each.schemas))
    logins = (
        _login(settings, settings.names.application_role(database, application.name, generation), generation)
        for generation in settings.releases[application.name].generations
    )
    role = settings.names.access_role(database, application.name)
    return Access(application.first_name, role, schemas, tuple(logins))


def _migrations(
    settings: Settings,
    database: parameters.Database,
    how: parameters.Migrations,
    made: Database,
    options: pulumi.ResourceOptions,
) -> Migrations:
    role = settings.names.migrator_role(database.name)
    return Migrations(
        f"{database.first_name}-migrations",
        MigrationsArgs(
            files=settings.migrations(database),
            how=how,
            database=made.name,
            server=database.server or "",
            migrator=_login(settings, role, settings.databases[database.name].credentials.migrator),
            needs=made.for_migrations,
        ),
        options,
    )


def _live(settings: Settings, database: str, applications: Mapping[str, WebApp]) -> list[pulumi.Resource]:
    """The switches of the applications that use a database."""
    users = settings.names.applications_in(database)
    return [live for each in users if (live := applications[each.name].live) is not None]


def _login(settings: Settings, role: str, generation: int) -> Login:
    return Login(generation, role, _opened(passwords.derive(settings.secret, role, generation)))


# --- Applications -----------------------------------------------------------------------------------------------------


def _application(
    settings: Settings,
    application: parameters.Application,
    databases: Mapping[str, Database],
    migrations: Mapping[str, Migrations],
    *,
    domains: Domains,
    options: pulumi.ResourceOptions,
) -> WebApp:
    releases = settings.releases[application.name]
    project = settings.names.project(application.name)
    used = application.databases
    return WebApp(
        application.first_name,
        WebAppArgs(
            application=application,
            project=project,
            environment=settings.environment,
            repository=settings.catalog.repository,
            settings=settings.applications[application.name],
            among=domains,
            values=_values(settings, application, databases),
            bypass=None if application.trusted_source else _opened(passwords.bypass(settings.secret, project)),
            jobs=(settings.names.environment, f"{settings.names.environment}-preview"),
            releases=releases,
            credentials={
                generation: [
                    resource
                    for name in used
                    for resource in databases[name].credentials(application.first_name, generation)
                ]
                for generation in releases.generations
            },
            migrated=[each for name in used if name in migrations for each in migrations[name].before_release],
            marks=digest.marks(settings, application, releases.generation),
            accepted=settings.accepted,
            accepted_settings=settings.accepted_properties,
            protect=settings.protect,
        ),
        options,
    )


def _values(
    settings: Settings, application: parameters.Application, databases: Mapping[str, Database]
) -> dict[str, Input[str]]:
    """Each variable's value, as the newest release has it."""
    generation = settings.releases[application.name].generation
    given = settings.applications[application.name].values
    values: dict[str, Input[str]] = {}
    for variable in application.variables:
        if isinstance(variable, PlainVariable):
            values[variable.name] = variable.value
        elif isinstance(variable, DatabaseUrlVariable):
            values[variable.name] = databases[variable.database].application_url(application.first_name, generation)
        else:
            value = given[variable.name]
            values[variable.name] = _opened(value) if isinstance(value, Secret) else value
    return values


def _opened(secret: Secret) -> Output[str]:
    """A secret as the engine keeps it: encrypted in the state, hidden in every text."""
    return pulumi.Output.secret(SEALED if secret.sealed else secret.reveal())


# --- Delivery ---------------------------------------------------------------------------------------------------------


def _delivery(
    settings: Settings,
    databases: Mapping[str, Database],
    applications: Mapping[str, WebApp],
    options: pulumi.ResourceOptions,
) -> Delivery:
    """The GitHub environment with what the migration and release workflows need."""
    secrets: dict[str, Input[str]] = {}
    variables: dict[str, Input[str]] = {"VERCEL_TEAM": settings.catalog.vercel_team}
    after: dict[str, Sequence[pulumi.Resource]] = {}
    for declared in settings.catalog.databases:
        name, suffix = declared.name, names.as_variable(declared.first_name)
        if (url := databases[name].migrator_url) is not None:
            secrets[f"MIGRATOR_DATABASE_URL_{suffix}"] = url
        variables[f"DATABASE_NAME_{suffix}"] = databases[name].name
        variables[f"DATABASE_HOST_{suffix}"] = settings.databases[name].host
    for each in settings.catalog.applications:
        application, suffix = applications[each.name], names.as_variable(each.first_name)
        variables[f"VERCEL_PROJECT_ID_{suffix}"] = application.project_id
        variables[f"LIVE_URL_{suffix}"] = _url(settings, each.name)
        live = settings.releases[each.name].live
        if live is not None and application.live is not None:
            variables[f"LIVE_RELEASE_{suffix}"] = live
            after[f"LIVE_RELEASE_{suffix}"] = [application.live]
    return Delivery(
        "delivery",
        DeliveryArgs(
            environment=settings.names.environment,
            repository=settings.catalog.repository,
            settings=settings.delivery,
            secrets=secrets,
            variables=variables,
            manages_repository=settings.manages_repository,
            steps=settings.steps,
            after=after,
        ),
        options,
    )


def _url(settings: Settings, application: str) -> str:
    """The application's canonical address."""
    return f"https://{settings.applications[application].domains[0].name}"


# --- Outputs ----------------------------------------------------------------------------------------------------------


def _application_output(settings: Settings, name: str, application: WebApp) -> dict[str, Any]:
    releases = settings.releases[name]
    live = releases.kept[releases.live] if releases.live else None
    deployment = application.deployments[releases.live] if releases.live else None
    return {
        "project": application.project_name,
        "project_id": application.project_id,
        "url": _url(settings, name),
        "domains": [domain.name for domain in settings.applications[name].domains],
        "live": releases.live,
        "commit": live.commit if live else None,
        "deployment": deployment.id if deployment else None,
        "deployment_url": deployment.url if deployment else None,
        "kept": [release for release, _ in releases.in_order],
    }


def _database_output(settings: Settings, declared: parameters.Database, database: Database) -> dict[str, Any]:
    name, own = declared.name, settings.databases[declared.name]
    taken = "roles" in settings.steps
    roles: dict[str, Any] = {
        "owner": settings.names.owner_role(name),
        "migrator": settings.names.migrator_role(name),
        "readonly": settings.names.readonly_role(name),
    }
    for application in settings.catalog.applications:
        access = _access(settings, name, application)
        if access is not None:
            roles[application.name] = {str(login.generation): login.role for login in access.logins}
    return {
        "name": database.name,
        "host": own.host,
        "port": own.port,
        "roles": roles if taken else {},
        "migrator_url": database.migrator_url,
        "readonly_url": database.readonly_url,
        "migrations": [each.file for each in settings.migrations(declared)],
    }
