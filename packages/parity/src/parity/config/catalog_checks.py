"""Checks of the catalog as a whole: names that clash, point nowhere, are reserved, or grow too long in a stack."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from parity.config import names
from parity.config.parameters import DatabaseUrlVariable
from parity.problems import ConfigProblem, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parity.config.parameters import Application, Catalog, Variable

FILE = "infra/catalog.py"

RESERVED = frozenset(
    {
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_SECRET_KEY",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "NOW_REGION",
        "TZ",
    }
)
"""Names that Vercel refuses (https://vercel.com/docs/environment-variables/reserved-environment-variables)."""

SYSTEM = frozenset(
    {
        "CI",
        "VERCEL",
        "VERCEL_AUTOMATION_BYPASS_SECRET",
        "VERCEL_BRANCH_URL",
        "VERCEL_DEPLOYMENT_ID",
        "VERCEL_ENV",
        "VERCEL_OIDC_TOKEN",
        "VERCEL_PROJECT_ID",
        "VERCEL_PROJECT_PRODUCTION_URL",
        "VERCEL_REGION",
        "VERCEL_SKEW_PROTECTION_ENABLED",
        "VERCEL_TARGET_ENV",
        "VERCEL_URL",
    }
)
"""Names that Vercel gives a value itself (https://vercel.com/docs/environment-variables/system-environment-variables)."""

RESERVED_PREFIXES = {
    "PARITY_": "the program sets these itself, so that a deployment can say which release it is",
    "VERCEL_GIT_": "Vercel sets these itself",
}

HIGHEST_GENERATION = 9999
"""The largest credentials generation that a stack's file may name; names must fit with it."""


def check(catalog: Catalog, stack: str) -> list[ConfigProblem]:
    """Every fault of the catalog in one stack."""
    return [
        *_duplicates("applications", [application.name for application in catalog.applications]),
        *_duplicates("databases", [database.name for database in catalog.databases]),
        *_database_faults(catalog),
        *(fault for application in catalog.applications for fault in _application_faults(application, catalog)),
        *_name_faults(catalog, stack),
    ]


def _fault(key: str, what: str, remedy: str) -> ConfigProblem:
    return ConfigProblem(FILE, None, None, key, what, remedy)


def _duplicates(key: str, given: Sequence[str]) -> Iterator[ConfigProblem]:
    for name, count in Counter(given).items():
        if count > 1:
            yield _fault(key, f"names {name} {count} times.", "Give each its own name, or remove the repetition.")


def _database_faults(catalog: Catalog) -> Iterator[ConfigProblem]:
    for database in catalog.databases:
        key = f"databases.{database.name}"
        yield from _duplicates(f"{key}.schemas", database.schemas)
        yield from _duplicates(f"{key}.extensions", database.extensions)
        for schema in database.schemas:
            if schema.startswith("pg_") or schema == "information_schema":
                yield _fault(f"{key}.schemas", f"{schema} is PostgreSQL's own schema.", "Choose another name.")


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
    guess = nearest(name, known)
    listed = ", ".join(known) or "none"
    return f"Did you mean {guess}? There are: {listed}." if guess else f"There are: {listed}."


def _one_url_each(key: str, application: Application) -> Iterator[ConfigProblem]:
    """An application has one role in a database, so a second URL to it could not have rights of its own."""
    urls = [variable for variable in application.variables if isinstance(variable, DatabaseUrlVariable)]
    for database, count in Counter(variable.database for variable in urls).items():
        if count > 1:
            what = f"has {count} URL variables for the database {database}; an application has one role in a database."
            yield _fault(f"{key}.variables", what, "Keep one of them and name all schemas in it.")


def _name_faults(catalog: Catalog, stack: str) -> Iterator[ConfigProblem]:
    for application in catalog.applications:
        yield from _project_faults(application.name, stack)
    roles = list(_role_names(catalog, stack))
    for key, name in roles:
        size = len(name.encode())
        if size > names.POSTGRES_LIMIT:
            what = f"makes the name {name}, {size} bytes; PostgreSQL cuts names off at {names.POSTGRES_LIMIT}."
            yield _fault(key, what, "Shorten the database's, the application's or the stack's name.")
    for name, count in Counter(name for _, name in roles).items():
        if count > 1:
            what = f"{count} roles or databases would be named {name}."
            yield _fault("databases", what, "Rename a database or an application.")


def _project_faults(application: str, stack: str) -> Iterator[ConfigProblem]:
    """Vercel: up to 100 characters, lower case, letters, digits, '.', '_', '-', not the sequence '---'."""
    name = names.project(application, stack)
    key = f"applications.{application}"
    if len(name) > names.PROJECT_LIMIT:
        what = f"makes the Vercel project {name}, {len(name)} characters; Vercel takes {names.PROJECT_LIMIT}."
        yield _fault(key, what, "Shorten the application's or the stack's name.")
    if not re.fullmatch(r"[a-z0-9._-]+", name) or "---" in name:
        what = (
            f"makes the Vercel project {name}; Vercel takes lower-case letters, digits, '.', '_' and '-', but no '---'."
        )
        yield _fault(key, what, "Rename the application or the stack.")


def _role_names(catalog: Catalog, stack: str) -> Iterator[tuple[str, str]]:
    """Every name made in PostgreSQL, with the key of what makes it; roles of releases with the longest generation."""
    for database in catalog.databases:
        key = f"databases.{database.name}"
        for make in (names.database, names.owner_role, names.migrator_role, names.readonly_role):
            yield key, make(database.name, stack)
    for application in catalog.applications:
        key = f"applications.{application.name}"
        used = {item.database for item in application.variables if isinstance(item, DatabaseUrlVariable)}
        for database in sorted(used):
            yield key, names.access_role(database, stack, application.name)
            yield key, names.application_role(database, stack, application.name, HIGHEST_GENERATION)
