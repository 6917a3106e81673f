"""Checks of the catalog as a whole: names that stand twice, point nowhere, or are reserved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from parity.config import migrations
from parity.config.parameters import DatabaseUrlVariable, PlainVariable
from parity.problems import ConfigProblem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parity.config.parameters import Application, Catalog, Renamable, Variable

FILE = "infra/catalog.py"

RESERVED = frozenset({
    "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_SECRET_KEY", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT", "NOW_REGION", "TZ",
})  # fmt: skip
"""Names that Vercel refuses (https://vercel.com/docs/environment-variables/reserved-environment-variables)."""

SYSTEM = frozenset({
    "CI", "VERCEL", "VERCEL_AUTOMATION_BYPASS_SECRET", "VERCEL_BRANCH_URL", "VERCEL_DEPLOYMENT_ID", "VERCEL_ENV",
    "VERCEL_OIDC_TOKEN", "VERCEL_PROJECT_ID", "VERCEL_PROJECT_PRODUCTION_URL", "VERCEL_REGION",
    "VERCEL_SKEW_PROTECTION_ENABLED", "VERCEL_TARGET_ENV", "VERCEL_URL",
})  # fmt: skip
"""Names that Vercel gives a value itself (https://vercel.com/docs/environment-variables/system-environment-variables)."""

RESERVED_PREFIXES = {
    "PARITY_": "the program sets these itself, so that a deployment can say which release it is",
    "VERCEL_GIT_": "Vercel sets these itself",
}


def check(catalog: Catalog) -> list[ConfigProblem]:
    """Every fault of the catalog, whatever the stack."""
    return [
        *_duplicates("applications", [application.name for application in catalog.applications]),
        *_duplicates("databases", [database.name for database in catalog.databases]),
        *_telemetry_faults(catalog),
        *_taken("applications", catalog.applications),
        *_taken("databases", catalog.databases),
        *_database_faults(catalog),
        *(fault for application in catalog.applications for fault in _application_faults(application, catalog)),
    ]


def _fault(key: str, what: str, remedy: str) -> ConfigProblem:
    return ConfigProblem(FILE, None, None, key, what, remedy)


def _duplicates(key: str, given: Sequence[str]) -> Iterator[ConfigProblem]:
    for name, count in Counter(given).items():
        if count > 1:
            yield _fault(key, f"names {name} {count} times.", "Give each its own name, or remove the repetition.")


def _taken(key: str, declared: Sequence[Renamable]) -> Iterator[ConfigProblem]:
    """Two that the engine would take for one: the first name of what was renamed is not free again."""
    for first, count in Counter(each.first_name for each in declared).items():
        if count > 1 and sum(each.name == first for each in declared) < count:
            both = " and ".join(each.name for each in declared if each.first_name == first)
            what = f"{both} have the first name {first}: the engine would take them for one."
            yield _fault(key, what, "Give the new one another name, or correct `formerly`.")


def _database_faults(catalog: Catalog) -> Iterator[ConfigProblem]:
    for database in catalog.databases:
        key = f"databases.{database.name}"
        yield from _duplicates(f"{key}.schemas", database.schemas)
        yield from _duplicates(f"{key}.extensions", database.extensions)
        for schema in database.schemas:
            if schema.startswith("pg_") or schema == "information_schema":
                yield _fault(f"{key}.schemas", f"{schema} is PostgreSQL's own schema.", "Choose another name.")
            if schema == migrations.SCHEMA and database.migrations:
                yield _fault(f"{key}.schemas", f"{schema} holds the record of migrations.", "Choose another name.")


def _telemetry_faults(catalog: Catalog) -> Iterator[ConfigProblem]:
    telemetry, known = catalog.telemetry, [application.name for application in catalog.applications]
    yield from _duplicates("telemetry.alerts", [each.name for each in telemetry.alerts])
    if telemetry.trace_drain is not None:
        headers = [each.lower() for each in telemetry.trace_drain.headers]
        yield from _duplicates("telemetry.trace_drain.headers", headers)
    for alert in telemetry.alerts:
        key = f"telemetry.alerts.{alert.name}"
        yield from _duplicates(f"{key}.triggers", [each.type for each in alert.triggers])
        for name in alert.applications:
            if name not in known:
                yield _fault(key, f"watches {name}, which is no application.", f"Known: {', '.join(known)}.")


def _application_faults(application: Application, catalog: Catalog) -> Iterator[ConfigProblem]:
    key = f"applications.{application.name}"
    yield from _duplicates(f"{key}.variables", [variable.name for variable in application.variables])
    for variable in application.variables:
        at = f"{key}.variables.{variable.name}"
        yield from _reserved(at, variable)
        yield from _duplicates(f"{at}.targets", variable.targets)
        if isinstance(variable, DatabaseUrlVariable):
            yield from _url_faults(at, variable, catalog)
    yield from _one_url_each(key, application)
    shares = [stage.percent for stage in application.watch.stages] if application.watch else []
    if shares != sorted(set(shares)):
        yield _fault(f"{key}.watch.stages", "do not grow: Vercel refuses them.", "Give each stage more than the last.")
    yield from _container_faults(key, application)


def _container_faults(key: str, application: Application) -> Iterator[ConfigProblem]:
    container = application.container
    if container is None:
        return
    yield from _duplicates(f"{key}.container.shared_with", container.shared_with)
    if application.framework != "container":
        what = f"is given, and the framework is {application.framework}: Vercel would build no container."
        yield _fault(f"{key}.container", what, 'Write framework="container", or remove it.')
    said = [each.value for each in application.variables if isinstance(each, PlainVariable) and each.name == "PORT"]
    if str(container.port) not in (said or ["80"]):
        what = f"says {container.port}, and Vercel sends requests to {said[0] if said else 80}."
        remedy = f'Declare PlainVariable(name="PORT", value="{container.port}"), or correct the port.'
        yield _fault(f"{key}.container.port", what, remedy)


def _reserved(key: str, variable: Variable) -> Iterator[ConfigProblem]:
    remedy = "Choose another name."
    if variable.name in RESERVED:
        yield _fault(key, "is a name that Vercel reserves for its runtimes.", remedy)
    if variable.name in SYSTEM:
        yield _fault(key, "is a name that Vercel gives a value itself.", remedy)
    for prefix, reason in RESERVED_PREFIXES.items():
        if variable.name.startswith(prefix):
            yield _fault(key, f"begins with {prefix}: {reason}.", remedy)


def _url_faults(key: str, variable: DatabaseUrlVariable, catalog: Catalog) -> Iterator[ConfigProblem]:
    databases = {database.name: database for database in catalog.databases}
    database = databases.get(variable.database)
    if database is None:
        yield _fault(
            key, f"names the database {variable.database}, which does not exist.", _known(variable.database, databases)
        )
        return
    yield from _duplicates(f"{key}.schemas", variable.schemas)
    for schema in variable.schemas:
        if schema not in database.schemas:
            what = f"names the schema {schema}, which the database {database.name} does not have."
            yield _fault(key, what, _known(schema, database.schemas))


def _known(name: str, known: Iterable[str]) -> str:
    return f"{did_you_mean(name, known)}There are: {', '.join(known) or 'none'}."


def _one_url_each(key: str, application: Application) -> Iterator[ConfigProblem]:
    """An application has one role in a database, so a second URL to it could not have rights of its own."""
    for database, count in Counter(each.database for each in application.database_urls).items():
        if count > 1:
            what = f"has {count} URL variables for the database {database}; an application has one role in a database."
            yield _fault(f"{key}.variables", what, "Keep one of them and name all schemas in it.")
