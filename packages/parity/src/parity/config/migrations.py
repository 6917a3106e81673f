"""A database's migrations: the files of its folder in the order of their numbers, and every fault of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from parity import extras
from parity.config import statements
from parity.config.effects import EFFECTS, gravest
from parity.config.sql_tree import Unparsed
from parity.problems import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from parity.config.effects import Effect
    from parity.config.parameters import Catalog, Database
    from parity.config.statements import Statement

SCHEMA, TABLE = "parity", "parity.migrations"
"""Where the record of what is applied is, in the database itself."""

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_STATED = re.compile(r"--[ \t]*parity:[ \t]*(\S+)[ \t]*")
_BY_NAME: dict[str, Effect] = {each: each for each in EFFECTS}
_FORM = "0001_add_price.sql: four digits, then lower-case letters, digits and underscores"


@dataclass(frozen=True)
class Migration:
    """One file."""

    file: str
    """Relative to the project's folder."""
    number: int
    sql: str = field(repr=False)

    @property
    def sha256(self) -> str:
        """The digest of its text, 64 hex digits."""
        return sha256(self.sql.encode()).hexdigest()

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What it holds; raises Unparsed where PostgreSQL's parser refuses it."""
        return statements.parse(self.sql)

    @property
    def stated(self) -> str:
        """What its first line says that it does: `-- parity: data`; empty where it says nothing."""
        match = _STATED.fullmatch(self.sql.lstrip().partition("\n")[0].rstrip())
        return match[1] if match else ""

    @property
    def effect(self) -> Effect:
        """The gravest effect of its statements, or the one that it states: a fault holds that it is no weaker."""
        return _BY_NAME.get(self.stated) or gravest(each.effect for each in self.statements)


def of(root: Path, database: Database) -> tuple[Migration, ...]:
    """A database's migrations, oldest first; none where it declares none. `faults` says what is wrong with them."""
    return tuple(sorted(_read(root, database.migrations.folder), key=_order)) if database.migrations else ()


def newest(names: Iterable[str]) -> int:
    """The highest number among the names of files; 0 where none is a migration's."""
    return max((int(match[1]) for each in names if (match := _NAME.fullmatch(each))), default=0)


def _order(migration: Migration) -> tuple[int, str]:
    return migration.number, migration.file


def _read(root: Path, folder: str) -> Iterator[Migration]:
    for path in (root / folder).iterdir() if (root / folder).is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            # One text whatever line ends a checkout has: the digest is of what PostgreSQL is given.
            text = path.read_bytes().decode(errors="replace").replace("\r\n", "\n")
            yield Migration(f"{folder}/{path.name}", int(match[1]), text)


def faults(root: Path, catalog: Catalog) -> Iterator[ConfigProblem]:
    """Every fault of every database's migrations."""
    for database in catalog.databases:
        if database.migrations is not None:
            yield from _folder_faults(root, f"databases.{database.name}.migrations", database.migrations.folder)
            found = of(root, database)
            yield from _numbers(found)
            yield from (fault for each in found for fault in _file_faults(each))


def _fault(file: str, line: int | None, what: str, remedy: str, key: str = "") -> ConfigProblem:
    return ConfigProblem(file, line, None, key, what, remedy)


def _folder_faults(root: Path, key: str, folder: str) -> Iterator[ConfigProblem]:
    path = root / folder
    if not path.is_dir():
        yield _fault("infra/catalog.py", None, f"names the folder {folder}, which is not there.", "Make it.", key)
        return
    others = sorted(each.name for each in path.iterdir() if not _NAME.fullmatch(each.name) and each.name[0] != ".")
    yield from (
        _fault(f"{folder}/{each}", None, "is no name of a migration.", f"Name it as {_FORM}.") for each in others
    )


def _numbers(found: Sequence[Migration]) -> Iterator[ConfigProblem]:
    for expected, each in enumerate(found, 1):
        if expected > 1 and found[expected - 2].number == each.number:
            yield _fault(each.file, None, f"has the number of {found[expected - 2].file}.", "Give it the next one.")
        elif each.number != (before := found[expected - 2].number if expected > 1 else 0) + 1:
            yield _fault(
                each.file, None, f"comes after {before:04}: a number is left out.", f"Make it {before + 1:04}."
            )


def _file_faults(migration: Migration) -> Iterator[ConfigProblem]:
    try:
        found = migration.statements
    except Unparsed as error:
        yield _fault(migration.file, error.line, f"PostgreSQL's parser refuses it: {error}.", "Correct it.")
        return
    except ModuleNotFoundError:
        remedy = f"Install it: {extras.remedy('migrations')}"
        yield _fault(migration.file, None, "cannot be read without PostgreSQL's parser.", remedy)
        return
    if not found:
        yield _fault(migration.file, None, "holds no statement.", "Write one, or remove the file.")
    yield from (
        _fault(migration.file, each.line, f"`{each}` {each.fault}.", "Take it out.") for each in found if each.fault
    )
    yield from _alone(migration)
    yield from _contradicted(migration)


def _alone(migration: Migration) -> Iterator[ConfigProblem]:
    outside = [each for each in migration.statements if each.outside]
    if len(migration.statements) > 1:
        what = "cannot run in a transaction, so that a failure would leave half of the file."
        yield from (
            _fault(migration.file, each.line, f"`{each}` {what}", "Give it a file of its own.") for each in outside
        )


def _contradicted(migration: Migration) -> Iterator[ConfigProblem]:
    """What the file states and is wrong: another word, or less than its statements do."""
    stated = migration.stated
    if stated and stated not in EFFECTS:
        yield _fault(migration.file, 1, f"states {stated}, which is none of {', '.join(EFFECTS)}.", "Correct the line.")
        return
    for each in migration.statements:
        if stated and not each.opaque and EFFECTS.index(each.effect) > EFFECTS.index(migration.effect):
            what = f"`{each}` is {each.effect}, and the file states {stated}."
            yield _fault(migration.file, each.line, what, f"State {each.effect}, or take it out.")
