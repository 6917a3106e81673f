"""A database's migrations: the files of its folder in the order of their numbers, and every fault of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from parity import extras
from parity.config import layouts, rendered, statements
from parity.config.effects import EFFECTS, gravest
from parity.config.layouts import LAYOUTS
from parity.config.sql_tree import Unparsed
from parity.problems import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from parity.config.effects import Effect
    from parity.config.layouts import Layout, Rows
    from parity.config.parameters import Catalog, Database, Migrations
    from parity.config.statements import Statement

SCHEMA, TABLE = "parity", "parity.migrations"
"""Where the record of what is applied is, in the database itself."""

BEFORE = "before"
"""The recorded effect of what a team's tool applied before anything was run here."""

_STATED = re.compile(r"--[ \t]*parity:[ \t]*(\S+)[ \t]*")
_BY_NAME: dict[str, Effect] = {each: each for each in EFFECTS}


@dataclass(frozen=True)
class Migration:
    """One file."""

    file: str
    """Relative to the project's folder."""
    number: int
    sql: str = field(repr=False)
    tool: str = "sql"
    """Whose folder it is in: a key of `layouts.LAYOUTS`."""
    rows: Rows = field(default_factory=dict[str, Any], repr=False)
    """What the tool's table has of it."""

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
    how = database.migrations
    if how is None:
        return ()
    layout = LAYOUTS[how.tool]
    files = layouts.files(root, how.folder, layout)
    rows = layout.rows(root / how.folder, files)
    return tuple(
        Migration(f"{how.folder}/{each.name}{layout.inner}", each.number + _before(how), each.sql, how.tool, row)
        for each, row in zip(files, rows, strict=True)
    )


def parts(files: Sequence[Migration]) -> tuple[list[Migration], list[Migration]]:
    """Those that run before the newest release is built, and the contractions behind them, after the switch."""
    last = max((each.number for each in files if each.effect != "contract"), default=-1)
    return [each for each in files if each.number <= last], [each for each in files if each.number > last]


def folders(catalog: Catalog) -> list[str]:
    """The folders of all databases' migrations."""
    return [each.migrations.folder for each in catalog.databases if each.migrations]


def _before(how: Migrations) -> int:
    """What is added to the number in a name: a folder that counts goes on behind the one whose place it takes."""
    first = LAYOUTS[how.tool].first
    return 0 if first is None or not how.follows else how.follows + 1 - first


def newest(names: Iterable[str], how: Migrations) -> int:
    """The highest number among the names in a folder; 0 where none is a migration's."""
    layout = LAYOUTS[how.tool]
    found = (match[1] for each in names if (match := layout.name.fullmatch(each)))
    return max((layout.number(each) + _before(how) for each in found), default=0)


def faults(root: Path, catalog: Catalog) -> Iterator[ConfigProblem]:
    """Every fault of every database's migrations."""
    for database in catalog.databases:
        if (how := database.migrations) is not None:
            yield from _folder_faults(root, f"databases.{database.name}.migrations", how.folder, LAYOUTS[how.tool])
            found = of(root, database)
            yield from _numbers(found, how)
            declared = {f"schema {each}" for each in database.schemas}
            declared |= {f"extension {each}" for each in database.extensions}
            yield from (fault for each in found for fault in _file_faults(each, declared))
            yield from rendered.faults(root, database.name, how)


def _fault(file: str, line: int | None, what: str, remedy: str, key: str = "") -> ConfigProblem:
    return ConfigProblem(file, line, None, key, what, remedy)


def _folder_faults(root: Path, key: str, folder: str, layout: Layout) -> Iterator[ConfigProblem]:
    path = root / folder
    if not path.is_dir():
        yield _fault("infra/catalog.py", None, f"names the folder {folder}, which is not there.", "Make it.", key)
        return
    others = layout.others.fullmatch
    names = sorted(each.name for each in path.iterdir() if each.name[0] != "." and not others(each.name))
    for each in names:
        if not layout.name.fullmatch(each):
            yield _fault(f"{folder}/{each}", None, "is no name of a migration.", f"Name it as {layout.form}.")
        elif not (path / f"{each}{layout.inner}").is_file():
            yield _fault(f"{folder}/{each}{layout.inner}", None, "is not there.", f"Remove {each}, or write it.")
    for each in layouts.files(root, folder, layout):
        if each.fault:
            yield _fault(f"{folder}/{each.name}", None, each.fault, "Write it so that both run the same.")
    if others("meta"):
        yield from _journal_faults(folder, path, names)


def _journal_faults(folder: str, path: Path, names: Sequence[str]) -> Iterator[ConfigProblem]:
    """Drizzle runs what its journal lists, and of that what is younger than all that it ran."""
    times = layouts.journal(path)
    file = f"{folder}/meta/_journal.json"
    for each in sorted({one.removesuffix(".sql") for one in names} ^ times.keys()):
        what = f"lists {each}, and the file is not there." if each in times else f"does not list {each}."
        yield _fault(file, None, what, "Let drizzle-kit write both: `drizzle-kit generate`, `drizzle-kit drop`.")
    for before, each in pairwise(sorted(times)):
        if times[each] <= times[before]:
            what = f"gives {each} no later time than {before}, so that Drizzle may skip it."
            yield _fault(file, None, what, "Generate it again, behind the other.")


def _numbers(found: Sequence[Migration], how: Migrations) -> Iterator[ConfigProblem]:
    first, more = LAYOUTS[how.tool].first, _before(how)
    before, last = None, -1 if first is None else first - 1
    for each in found:
        number = each.number - more
        if before and before.number == each.number:
            yield _fault(each.file, None, f"has the number of {before.file}.", "Give it the next one.")
        elif first is not None and number != last + 1:
            what = f"comes after {last:04}: a number is left out."
            yield _fault(each.file, None, what, f"Make it {last + 1:04}.")
        elif first is None and how.follows and number <= how.follows:
            yield _fault(each.file, None, f"is to follow {how.follows}.", "Give it a higher number.")
        before, last = each, number


def _file_faults(migration: Migration, declared: Collection[str]) -> Iterator[ConfigProblem]:
    try:
        found = migration.statements
    except Unparsed as error:
        yield _fault(migration.file, error.line, f"PostgreSQL's parser refuses it: {error}.", "Correct it.")
        return
    except ModuleNotFoundError:
        remedy = f"Install it: {extras.remedy('migrations')}"
        yield _fault(migration.file, None, "cannot be read without PostgreSQL's parser.", remedy)
        return
    if not found and migration.tool == "sql":  # a tool has steps that change its model alone
        yield _fault(migration.file, None, "holds no statement.", "Write one, or remove the file.")
    left = declared if migration.tool != "sql" else ()
    for each in found:
        if each.fault and each.declares not in left:
            yield _fault(migration.file, each.line, f"`{each}` {each.fault}.", "Take it out.")
    what = "cannot run in a transaction, so that a failure would leave half of the file."
    for each in found if len(found) > 1 else ():
        if each.outside:
            yield _fault(migration.file, each.line, f"`{each}` {what}", "Give it a file of its own.")
    yield from _contradicted(migration)


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
