"""The digest of everything that an application's deployment is built with, but for its commit."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from parity.config import fingerprints
from parity.config.parameters import DatabaseUrlVariable, PerStackVariable, PlainVariable, SensitiveVariable
from parity.config.stack_models import NAMESPACE
from parity.errors import ConfigError

if TYPE_CHECKING:
    from parity.config.parameters import Application, Variable
    from parity.config.settings_model import Settings

_FORM = "parity/digest/3"
"""A new number where the document's form changes, so that no old digest fits by chance."""

_LENGTH = 32
"""Hex digits of a digest: 128 bits, long enough that no two configs share one, short enough to read in a file."""


def config_digest(settings: Settings, application: str, credentials: int) -> str:
    """The digest of an application's config with one generation of its database credentials.

    SHA-256 over the canonical JSON of `document`, its first 32 hex digits. Of a secret the document holds the keyed
    fingerprint, so the digest says nothing about a value, needs none, and stays when the file is encrypted again.

    Raises:
        ConfigError: a secret is sealed and has no fingerprint in the file.
    """
    lacking = [fault for fault in fingerprints.faults(settings, application) if settings.sealed]
    if lacking:
        raise ConfigError(lacking)
    return of(document(settings, application, credentials))


def of(found: dict[str, Any]) -> str:
    """The digest of a document."""
    text = json.dumps([_FORM, found], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:_LENGTH]


def marks(settings: Settings, application: Application, credentials: int) -> dict[str, str]:
    """For each sensitive variable a text that changes with what is declared of it, and says nothing of the value.

    It is readable and no digest, so that two states show what changed.
    """
    return {
        each.name: json.dumps([_value(settings, application, each, credentials), each.targets], sort_keys=True)
        for each in application.variables
        if isinstance(each, SensitiveVariable | DatabaseUrlVariable)
    }


def document(settings: Settings, name: str, credentials: int) -> dict[str, Any]:
    """What the digest is taken of; of each secret its fingerprint."""
    application = next(item for item in settings.catalog.applications if item.name == name)
    production = [variable for variable in application.variables if "production" in variable.targets]
    return {
        "environment": settings.environment,
        "application": _build(application),
        "variables": {variable.name: _value(settings, application, variable, credentials) for variable in production},
    }


def _build(application: Application) -> dict[str, Any]:
    """What Vercel builds and runs the deployment with."""
    return application.model_dump(
        include={
            "framework",
            "root_directory",
            "node_version",
            "build_command",
            "install_command",
            "output_directory",
            "function_region",
        }
    )


def _value(settings: Settings, application: Application, variable: Variable, credentials: int) -> Any:
    match variable:
        case PlainVariable():
            return variable.value
        case PerStackVariable():
            return settings.applications[application.name].values.get(variable.name)
        case SensitiveVariable():
            path = (NAMESPACE + "applications", application.name, "variables", variable.name)
            return fingerprints.current(settings, path)
        case DatabaseUrlVariable():
            return _database(settings, application, variable, credentials)


def _database(
    settings: Settings, application: Application, variable: DatabaseUrlVariable, credentials: int
) -> dict[str, Any]:
    """The parts of a connection URL; the password follows from the role, the generation and the stack secret."""
    own = settings.databases[variable.database]
    where = own.pooler or own
    role = settings.names.application_role(variable.database, application.name, credentials)
    return {
        "host": where.host,
        "port": where.port,
        "sslmode": own.sslmode,
        "database": settings.names.database(variable.database),
        "role": own.pooler.user.format(role=role) if own.pooler else role,
        "schemas": variable.schemas,
        "secret": fingerprints.current(settings, fingerprints.STACK_SECRET),
    }


NOT_IN_DIGEST: dict[str, str] = {
    "PlainVariable.kind": "the deployment gets the value, whatever kind of variable carries it",
    "PerStackVariable.kind": "as above",
    "PerStackVariable.type": "a check of the value's form; the value is in",
    "SensitiveVariable.kind": "as above",
    "DatabaseUrlVariable.kind": "as above",
    "SensitiveVariable.generated": "who makes the value; the value is in",
    "SensitiveVariable.shown": "whether Vercel shows it to people; the value is in",
    "Catalog.vercel_team": "where it is deployed to",
    "Repository.owner": "the commit says what is built, whatever its repository is called",
    "Repository.name": "as Repository.owner",
    "Application.health": "read by LiveRelease when it promotes, not by the deployment",
    "Health.path": "as Application.health",
    "Health.timeout_seconds": "as Application.health",
    "Health.deadline_seconds": "as Application.health",
    "Health.promote_deadline_seconds": "as Application.health",
    "Application.preview_deployments": "other deployments than a release's",
    "Application.watch": "read after the switch, of what is live",
    "Watch.minutes": "as Application.watch",
    "Watch.interval_seconds": "as Application.watch",
    "Watch.unhealthy_answers": "as Application.watch",
    "Watch.least_difference": "as Application.watch",
    "Watch.false_aborts": "as Application.watch",
    "Watch.minutes_before": "as Application.watch",
    "ApplicationSettings.watch": "as Application.watch",
    "WatchSettings.counts": "as Application.watch",
    "WatchSettings.minutes": "as Application.watch",
    "WatchSettings.least_difference": "as Application.watch",
    "Application.retention": "a rule of the project about old deployments, not part of one",
    "Retention.preview": "as Application.retention",
    "Retention.production": "as Application.retention",
    "Retention.canceled": "as Application.retention",
    "Retention.errored": "as Application.retention",
    "Application.container": "what its Dockerfile is held to; the commit and the variable PORT are in",
    "Container.file": "as Application.container",
    "Container.port": "as Application.container",
    "Container.shared_with": "who may pull an image, not what is in one",
    "Application.project": "where it is deployed to; the project's variables are in",
    "Database.server": "where it is made; the host that a variable names is in",
    "Database.names": "the database and the login that a variable names are in",
    "DatabaseNames.owner": "no application logs in as it",
    "DatabaseNames.migrator": "no application logs in as it",
    "DatabaseNames.readonly": "no application logs in as it",
    "DatabaseNames.access": "no application logs in as it",
    "Database.extensions": "changed in the database at once, for every release",
    "Database.schemas": "changed in the database at once; the schemas that an application uses are in",
    "Database.timeouts": "set on the role, for every release",
    "Database.migrations": "run in the database, for every release",
    "Migrations.folder": "as Database.migrations",
    "Migrations.tool": "as Database.migrations",
    "Migrations.sources": "as Database.migrations",
    "Migrations.command": "as Database.migrations",
    "Migrations.follows": "as Database.migrations",
    "Migrations.lock_timeout_milliseconds": "as Database.migrations",
    "Migrations.attempts": "as Database.migrations",
    "Migrations.large_table_megabytes": "what a preview says of a migration",
    "Timeouts.statement_milliseconds": "as Database.timeouts",
    "Timeouts.idle_in_transaction_milliseconds": "as Database.timeouts",
    "Repository.environment": "approvals at GitHub",
    "Repository.default_branch": "a deployment is built from a commit, whatever branch it is on",
    "Repository.required_checks": "a rule of the repository",
    "Repository.required_checks_app": "a rule of the repository",
    "Repository.required_approvals": "a rule of the repository",
    "Repository.allowed_actions": "a rule of the repository",
    "Catalog.telemetry": "the log drain takes what the deployment writes; nothing of it is in the deployment",
    "Telemetry.sources": "as Catalog.telemetry",
    "Telemetry.environments": "as Catalog.telemetry",
    "Telemetry.delivery_format": "as Catalog.telemetry",
    "Telemetry.sampling_rate": "as Catalog.telemetry",
    "Telemetry.tracing": "as Catalog.telemetry",
    "Telemetry.trace_drain": "as Catalog.telemetry",
    "Telemetry.alerts": "as Catalog.telemetry",
    "Sampling.rate": "as Catalog.telemetry",
    "Sampling.environment": "as Catalog.telemetry",
    "Sampling.request_path": "as Catalog.telemetry",
    "Tracing.sampling": "as Catalog.telemetry",
    "TraceDrain.delivery_format": "as Catalog.telemetry",
    "TraceDrain.sampling": "as Catalog.telemetry",
    "TraceDrain.headers": "as Catalog.telemetry",
    "Alert.name": "as Catalog.telemetry",
    "Alert.triggers": "as Catalog.telemetry",
    "Alert.minimum_severity": "as Catalog.telemetry",
    "Alert.applications": "as Catalog.telemetry",
    "Alert.owners": "as Catalog.telemetry",
    "AlertTrigger.type": "as Catalog.telemetry",
    "AlertTrigger.filter": "as Catalog.telemetry",
    "ApplicationSettings.project": "as Application.project",
    "ApplicationSettings.domains": "moved by the promotion; an application reads its own address from a variable",
    "DomainSettings.name": "as ApplicationSettings.domains",
    "DomainSettings.redirect": "as ApplicationSettings.domains",
    "ApplicationSettings.protection": "asked for by Vercel before the deployment is reached",
    "DatabaseSettings.names": "as Database.names",
    "GivenNames.owner": "as DatabaseNames.owner",
    "GivenNames.migrator": "as DatabaseNames.migrator",
    "GivenNames.readonly": "as DatabaseNames.readonly",
    "ApplicationRoles.access": "as DatabaseNames.access",
    "DatabaseSettings.connection_limit": "set on the database, for every release",
    "DatabaseSettings.application_connection_limit": "set on the roles, for every release",
    "DatabaseSettings.credentials": "of roles that no application logs in with",
    "DatabaseCredentials.migrator": "as DatabaseSettings.credentials",
    "DatabaseCredentials.readonly": "as DatabaseSettings.credentials",
    "StackConfig.promotes_from": "where a release comes from; its commit is in the release",
    "StackConfig.manages_repository": "says who owns the repository's rules",
    "StackConfig.protect": "a rule for the engine about deletions",
    "StackConfig.delivery": "approvals at GitHub",
    "DeliverySettings.environment": "approvals at GitHub",
    "DeliverySettings.reviewers": "approvals at GitHub",
    "DeliverySettings.wait_minutes": "approvals at GitHub",
    "DeliverySettings.prevent_self_review": "approvals at GitHub",
    "DeliverySettings.branches": "approvals at GitHub",
    "Reviewers.teams": "approvals at GitHub",
    "StackConfig.logs": "as Catalog.telemetry",
    "LogSettings.endpoint": "as Catalog.telemetry",
    "LogSettings.secret": "as Catalog.telemetry",
    "StackConfig.traces": "as Catalog.telemetry",
    "TraceSettings.endpoint": "as Catalog.telemetry",
    "TraceSettings.secret": "as Catalog.telemetry",
    "TraceSettings.headers": "as Catalog.telemetry",
    "StackConfig.alerts": "as Catalog.telemetry",
    "AlertSettings.incident_io_routing_key": "as Catalog.telemetry",
    "StackConfig.releases": "holds the digests; of a release, only the credentials generation is in",
    "Releases.live": "says which deployment serves, not what is in one",
    "Releases.kept": "as StackConfig.releases",
    "Release.commit": "stands next to the digest in the release",
    "Release.config": "is the digest",
    "Release.migrations": "says what the commit has",
    "Release.deployment": "says which deployment it is, not what is in it",
    "StackConfig.fingerprints": "stand for the secrets' values, which are in",
    "StackConfig.exceptions": "read by the comparison of the stacks, by drift and by the switch",
    "ParityException.resource": "as StackConfig.exceptions",
    "ParityException.property": "as StackConfig.exceptions",
    "ParityException.reason": "as StackConfig.exceptions",
    "ParityException.accepts": "as StackConfig.exceptions",
    "ParityException.expiry": "as StackConfig.exceptions",
    "StackConfig.postponed": "changes what is around a deployment; none of it is in one",
    "StackConfig.acknowledged": "read by the gate",
}
"""Fields that do not change a deployment, each with the reason; a test holds that all others are in the digest."""
