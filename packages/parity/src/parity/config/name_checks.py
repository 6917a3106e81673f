"""Checks of the names that objects have in the world: forms that a vendor refuses, and names that two objects share."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parity.config import names
from parity.config.catalog_checks import FILE
from parity.documents import mapping
from parity.problems import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.config.names import Named
    from parity.config.parameters import Catalog
    from parity.config.source import Source, StackFile

PROJECT_LIMIT = 100
"""Longest name of a Vercel project, characters (Vercel's API description)."""

ENVIRONMENT_LIMIT = 255
"""Longest name of a GitHub environment, characters (its page "Managing environments for deployment")."""

POSTGRES_LIMIT = 63
"""Longest name in PostgreSQL, bytes; longer ones are cut off in silence (NAMEDATALEN)."""

_POSTGRES = r"[A-Za-z_][A-Za-z0-9_$.-]*"
"""What needs no escape in a URL, in a statement's quotes, nor in an id that the provider splits at a comma or bar."""
_NO_ROLE = frozenset({"public", "none", "current_user", "current_role", "session_user"})
"""Words that PostgreSQL takes for no role's name (its page "CREATE ROLE")."""
_SHORTEN = "Shorten the database's, the application's or the stack's name, or give a name."


def check(catalog: Catalog, source: Source, others: Sequence[StackFile]) -> Iterator[ConfigProblem]:
    """Every fault of a stack's names, each where it comes from: the stack's file, or the catalog."""
    own = names.Names(catalog, source.stack, source.values)
    yield from _roles_of_none(own, source)
    every = list(own.every())
    for each in every:
        for what, remedy in _form(each):
            yield _fault(source, each, what, remedy)
    yield from _clashes(source, catalog, every)
    for other in others:
        theirs = names.Names(catalog, other.name.removeprefix("Pulumi.").removesuffix(".yaml"), other.values)
        yield from _shared(source, every, other, theirs)


def _roles_of_none(own: names.Names, source: Source) -> Iterator[ConfigProblem]:
    """Roles given for an application that has none in the database, and logins that every generation would share."""
    for database in own.catalog.databases:
        above = ("parity:databases", database.name, "names", "applications")
        there = {each.name for each in own.applications_in(database.name)}
        for application, roles in own.part(above).items():
            if application not in there:
                remedy = "Remove it, or give the application a URL variable of this database."
                yield source.fault((*above, application), "logs in to no such database.", remedy)
            elif "{generation}" not in str(mapping(roles).get("login", "{generation}")):
                what = "has no {generation} in it, so that two generations would be one role."
                yield source.fault((*above, application, "login"), what, "Write it where the generation's number goes.")


def _fault(source: Source, named: Named, what: str, remedy: str) -> ConfigProblem:
    if named.given:
        return source.fault(named.given, what, remedy)
    return ConfigProblem(FILE, None, None, named.catalog, what, remedy)


def _form(each: Named) -> Iterator[tuple[str, str]]:
    if each.kind == "project":
        yield from _project(each.name)
    elif each.kind == "environment":
        if (
            len(each.name) > ENVIRONMENT_LIMIT
            or re.search(r"[{}\x00-\x1f]", each.name)
            or each.name != each.name.strip()
        ):
            what = f"makes the GitHub environment {each.name!r}, which GitHub does not take."
            yield what, f"At most {ENVIRONMENT_LIMIT} characters, no braces, no control characters, no space around it."
    else:
        yield from _postgres(each)


def _project(name: str) -> Iterator[tuple[str, str]]:
    """Vercel: up to 100 characters, lower case, letters, digits, '.', '_', '-', not the sequence '---'."""
    if len(name) > PROJECT_LIMIT:
        what = f"makes the Vercel project {name}, {len(name)} characters; Vercel takes {PROJECT_LIMIT}."
        yield what, "Shorten the application's or the stack's name, or give the project a name."
    if not re.fullmatch(r"[a-z0-9._-]+", name) or "---" in name:
        what = f"makes the Vercel project {name}; Vercel takes lower-case letters, digits, '.', '_' and '-', but no"
        yield f"{what} '---'.", "Rename the application or the stack, or give the project a name."


def _postgres(each: Named) -> Iterator[tuple[str, str]]:
    size = len(each.name.encode())
    if size > POSTGRES_LIMIT:
        yield f"makes the name {each.name}, {size} bytes; PostgreSQL cuts names off at {POSTGRES_LIMIT}.", _SHORTEN
    reserved = each.kind == "role" and (each.name in _NO_ROLE or each.name.startswith("pg_"))
    if reserved or not re.fullmatch(_POSTGRES, each.name):
        what = f"makes the {each.kind} {each.name}, which PostgreSQL reserves or Parity cannot name in a URL."
        yield what, "Letters, digits, '_', '-', '.' and '$', beginning with a letter or '_'; a role not with pg_."


def _clashes(source: Source, catalog: Catalog, every: Sequence[Named]) -> Iterator[ConfigProblem]:
    """Names that two objects of the stack share, whatever their servers; a database may be called as a role is."""
    on = {each.name: f"the server {each.server or 'of PGHOST'}" for each in catalog.databases}
    for kind, noun in (("project", "projects"), ("database", "roles or databases"), ("role", "roles or databases")):
        mine = [each for each in every if each.kind == kind]
        for name in dict.fromkeys(each.name for each in mine):
            same = [each for each in mine if each.name == name]
            if len(same) > 1:
                at = next((each for each in same if each.given), same[-1])
                what = f"{len(same)} {noun} would be named {name}."
                remedy = "Rename a database or an application, or give one of them another name."
                places = dict.fromkeys(on[each.database] for each in same if each.database)
                if len(places) > 1:
                    what = f"{what[:-1]}, on {' and '.join(places)}: in a stack a name means one object, on any server."
                    remedy += (
                        " Where both are there already, rename one on its server, or leave one out of the catalog: its "
                        "URL is a secret of the application then."
                    )
                key = "applications" if kind == "project" else "databases"
                yield _fault(source, at if at.given else replace(at, catalog=key), what, remedy)


def _shared(source: Source, every: Sequence[Named], other: StackFile, theirs: names.Names) -> Iterator[ConfigProblem]:
    """Names that another stack has too; databases and roles may be equal where their servers are two."""
    taken = {_place(each, theirs.values) for each in theirs.every()}
    for each in every:
        if _place(each, source.values) in taken:
            what = f"makes the {each.kind} {each.name}, which {other.name} has too."
            yield _fault(source, each, what, "Give each stack a name of its own, or `{stack}` in the pattern.")


def _place(named: Named, values: Mapping[str, Any]) -> tuple[str, ...]:
    """What is of one kind and name, and at one host and port where it is in PostgreSQL, is one object."""
    given = mapping(mapping(values.get("parity:databases")).get(named.database))
    return named.kind, named.name.casefold(), f"{given.get('host')}:{given.get('port')}"
