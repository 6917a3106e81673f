"""Which migrations a release was built for, and whether the schema that is there still serves it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg

from parity.config import migrations, servers
from parity.errors import RefusedError
from parity.git import Repository
from parity.preview.migrated import taken_since, with_parts
from parity.vendors.postgres import Unread, connect, way_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parity.config.parameters import Database
    from parity.config.settings import Settings
    from parity.config.stack_models import Release


def of_commit(settings: Settings, root: Path, application: str, commit: str) -> dict[str, int]:
    """By database, the newest migration that a commit has; of one that Git does not know, that the checkout has.

    A commit that is recorded already has what its first record says.
    """
    for _, each in settings.releases[application].in_order:
        if each.commit == commit:
            return dict(each.migrations)
    found = {each.first_name: _newest(settings, root, each, commit) for each in _used(settings, application)}
    return {name: number for name, number in found.items() if number}


def _newest(settings: Settings, root: Path, database: Database, commit: str) -> int:
    if (how := database.migrations) and Repository(root).has(commit):
        return migrations.newest(Repository(root).names_in(commit, how.folder), how)
    return max((each.number for each in settings.migrations(database)), default=0)


def _used(settings: Settings, application: str) -> Iterator[Database]:
    """The databases with migrations that an application logs in to."""
    names = settings.catalog.application(application).databases
    yield from (each for each in settings.catalog.databases if each.name in names and each.migrations)


def require(settings: Settings, application: str, name: str, *, anyway: bool) -> tuple[str, ...]:
    """What was taken away since a release was built, as notes; raises RefusedError for any unless `anyway` is said."""
    release = settings.releases[application].kept[name]
    gone = [each for database in _used(settings, application) for each in _taken(settings, database, release)]
    if gone and not anyway:
        raise RefusedError(
            f"{name} of {application} was built for an earlier schema. Taken away since: {'; '.join(gone)}. What it "
            "reads or writes of that would fail.",
            where=f"{settings.stack}, {application}",
            remedy="A migration that gives back what it needs, in an update; or go to a release that does without. "
            f"Where it is known to: `parity rollback {settings.stack} {application} --to {name} --anyway`.",
        )
    return tuple(f"Does not go back: {each}." for each in gone)


def _taken(settings: Settings, database: Database, release: Release) -> Iterator[str]:
    """The contractions that are applied and that a release does not know, each with what it takes."""
    known = release.migrations.get(database.first_name, 0)
    at, name = servers.connection(os.environ, database.server or ""), settings.names.database(database.name)
    try:
        with connect(at, name) as connection:
            since = taken_since(connection, known)
    except (psycopg.Error, Unread) as error:
        way = way_in(at, name, error) if isinstance(error, psycopg.Error) else ""
        why = f"its login may not connect: `{way}`" if way else str(error).strip()
        yield f"{database.name} could not be asked what was applied ({why})"
        return
    files = {each.number: each for each in settings.migrations(database)}
    for number, name in since:
        found = files[number].statements if number in files else ()
        yield with_parts(f"{name} of {database.name}", found)
