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


_BUILT_WITH = {
    "framework", "root_directory", "node_version", "build_command", "install_command", "output_directory",
    "function_region",
}  # fmt: skip
"""Of an application, what Vercel builds and runs its deployments with."""


def config_digest(settings: Settings, application: str, credentials: int) -> str:
    """The digest of an application's config with one generation of its database credentials.

    SHA-256 over the canonical JSON of `document`, its first 32 hex digits. Of a secret the document holds the keyed
    fingerprint, so the digest says nothing about a value, needs none, and stays when the file is encrypted again.
    Raises ConfigError where a secret is sealed and has no fingerprint in the file.
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
    application = settings.catalog.application(name)
    production = [variable for variable in application.variables if "production" in variable.targets]
    return {
        "environment": settings.environment,
        "application": application.model_dump(include=_BUILT_WITH),
        "variables": {variable.name: _value(settings, application, variable, credentials) for variable in production},
    }


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
