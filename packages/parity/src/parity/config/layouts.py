"""How each tool keeps a database's migrations: its folder, and the table in which it records what is applied.

Parity runs the files and writes that table in the same commit, so that the tool finds nothing left to do.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from parity.documents import items, mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

Tool = Literal["sql", "prisma", "drizzle", "alembic", "django", "flyway", "dbmate"]


@dataclass(frozen=True)
class File:
    """One file of a folder, as its layout lists it."""

    name: str
    """Of the file, or of the folder that holds it."""
    number: int
    sql: str
    """Its text with `\\n` line ends, as far as it is run."""
    origin: Origin | None = None
    """What its last line says that it was rendered from."""
    fault: str = ""
    """Why the tool, or Parity, would not run it; empty where nothing is wrong."""


@dataclass(frozen=True)
class Origin:
    """What a file was rendered from, as its last line says."""

    how: str
    """`rendered`, or `written` where the tool cannot render it."""
    key: str
    """The revision, or Django's `application.name`."""
    replaces: tuple[str, ...] = ()
    """The revisions whose place it takes: those before it in Alembic's table; what a squash of Django's replaces."""
    source: str = ""
    """Relative to the project's folder; empty where it is a package's."""
    digest: str = ""
    """Of the source, 64 hex digits."""

    def __str__(self) -> str:
        replaces = f" replaces {','.join(self.replaces)}" if self.replaces else ""
        return f"-- {self.how}: {self.key}{replaces}{f' from {self.source} {self.digest}' if self.source else ''}\n"


_ORIGIN = re.compile(
    r"^-- (rendered|written): (\S+)(?: replaces (\S+))?(?: from (\S+) ([0-9a-f]{64}))?\n?\Z", re.MULTILINE
)


def split(text: str) -> tuple[str, Origin | None]:
    """A rendered file's statements, and its origin; None where its last line is none."""
    match = _ORIGIN.search(text)
    if match is None:
        return text, None
    replaces = tuple((match[3] or "").split(",")) if match[3] else ()
    return text[: match.start()], Origin(match[1], match[2], replaces, match[4] or "", match[5] or "")


@dataclass(frozen=True)
class Record:
    """A tool's table of what is applied; each statement takes what a file has there as named parameters."""

    table: str
    """As the migrator's search path finds it."""
    made: str
    row: str
    """Adds the row that the tool would."""
    found: str
    """Gives a row where it is applied: the checksum that the tool keeps, or null."""
    barred: str = ""
    """Gives a sentence for each reason why the tool would not run it now."""
    schema: str = ""
    """A schema of its own that the table needs."""
    replaced: str = ""
    """Adds the row that the tool would where what a file replaces is applied."""


Rows = dict[str, Any]
"""A file's named parameters for the statements of `Record`."""


@dataclass(frozen=True)
class Layout:
    """How one tool lists its migrations."""

    form: str
    """What a name is, for a message."""
    name: re.Pattern[str]
    """Of an entry in the folder; the first group is its number."""
    first: int | None
    """The number of the first one, where none is left out; None where they are points in time."""
    inner: str = ""
    """The file in the folder of that name."""
    others: re.Pattern[str] = re.compile("(?!)")
    """What else the tool keeps there, and does not run."""
    record: Record | None = None
    rows: Callable[[Path, Sequence[File]], Iterator[Rows]] = lambda _, files: ({} for _ in files)
    """What the table has of each file, in order."""
    rendered: bool = False
    """Whether the files are what `parity migration render` makes of Python."""
    number: Callable[[str], int] = int
    """Of what the first group has."""
    read: Callable[[str], tuple[str, str]] = lambda text: (text, "")
    """What is run of a file's text, each statement in its line, and why the file would not be run."""


def checksums(sql: str) -> frozenset[str]:
    """Each form in which a tool may have recorded a text: SHA-256 of either line ends, Prisma's old form, Flyway's."""
    digests = [sha256(each.encode()) for each in (sql, sql.replace("\n", "\r\n"))]
    unpadded = ("".join(f"{byte:x}" for byte in each.digest()) for each in digests)
    return frozenset([*(each.hexdigest() for each in digests), *unpadded, str(_crc(sql))])


def _crc(sql: str) -> int:
    """Flyway's checksum: the CRC-32 of the lines without their ends and without a byte order mark, signed."""
    lines = re.split("\r|\n", sql.removeprefix("\ufeff"))
    return int.from_bytes(crc32("".join(lines).encode()).to_bytes(4, "big"), "big", signed=True)


def journal(folder: Path) -> Mapping[str, int]:
    """Drizzle's journal: by file without its suffix, the time that its table records; empty where it is no JSON."""
    try:
        read = mapping(json.loads((folder / "meta" / "_journal.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
    return {
        str(mapping(each).get("tag")): int(str(mapping(each).get("when") or 0)) for each in items(read.get("entries"))
    }


def _of_drizzle(folder: Path, files: Sequence[File]) -> Iterator[Rows]:
    times = journal(folder)
    for each in files:
        hashed = sha256(each.sql.encode()).hexdigest()
        yield {"hash": hashed, "when": str(times.get(each.name.removesuffix(".sql"), 0))}


def _of_alembic(_: Path, files: Sequence[File]) -> Iterator[Rows]:
    """The table has the newest revision of each branch alone: an older one is applied where one after it is there."""
    origins = [each.origin or Origin("", each.name) for each in files]
    since = {each.key: {each.key} for each in origins}
    for at in reversed(origins):
        for before in at.replaces:
            since.setdefault(before, {before}).update(since[at.key])
    known = sorted(since)
    for each in origins:
        yield {
            "revision": each.key, "replaces": list(each.replaces), "since": sorted(since[each.key]), "known": known,
        }  # fmt: skip


def _of_django(_: Path, files: Sequence[File]) -> Iterator[Rows]:
    for each in files:
        application, _dot, name = (each.origin.key if each.origin else each.name).partition(".")
        yield {"application": application, "name": name, "replaces": list(each.origin.replaces if each.origin else ())}


_DATED, _WIDTHS = 10**14, (3, 3, 4)


def _number_of_flyway(version: str) -> int:
    """A number for a version, in Flyway's order: `1.0` is `1`, 1.10 comes after 1.9, and a date after all of these."""
    first, *more = (int(each) for each in re.split("[._]", version))
    if first >= 10**4:
        return _DATED + first
    for part, width in zip_longest(more, _WIDTHS, fillvalue=0):
        first = first * 10**width + part
    return first


def _of_flyway(_: Path, files: Sequence[File]) -> Iterator[Rows]:
    split = (each.name[1:].removesuffix(".sql").split("__", 1) for each in files)
    named = [(each, version.replace("_", "."), words) for each, (version, words) in zip(files, split, strict=True)]
    for each, version, words in named:
        yield {
            "version": version, "description": words.replace("_", " "), "script": each.name,
            "checksum": _crc(each.sql), "known": [known for _, known, _words in named],
        }  # fmt: skip


def _read_flyway(text: str) -> tuple[str, str]:
    return text, "holds a placeholder, `${`, which Flyway fills in and Parity does not." if "${" in text else ""


_BLOCK = re.compile(r"^--\s*migrate:(up|down)(?:\s*$|\s+\S+)", re.MULTILINE)


def _read_dbmate(text: str) -> tuple[str, str]:
    """The blocks that go up; of those that go down the line ends alone."""
    blocks = list(_BLOCK.finditer(text))
    starts = [*(each.start() for each in blocks), len(text)]
    parts = [
        text[start:end] if block[1] == "up" else "\n" * text.count("\n", start, end)
        for block, (start, end) in zip(blocks, pairwise(starts), strict=True)
    ]
    before = text[: starts[0]]
    kinds = [each[1] for each in blocks]
    wrong = ""
    if not kinds or kinds != ["up", "down"] * (len(kinds) // 2):
        wrong = "is not a block `-- migrate:up` and one `-- migrate:down` behind it."
    elif any(each.strip() and not each.lstrip().startswith("--") for each in before.split("\n")):
        wrong = "has a statement before `-- migrate:up`, which dbmate refuses."
    return f"{''.join([before, *parts]).rstrip()}\n", wrong


_NUMBERED = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_PRISMA = Record(
    "_prisma_migrations",
    """
create table _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0
)""",
    """
insert into _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
values (gen_random_uuid()::text, %(checksum)s, clock_timestamp(), %(name)s, now(), 1)""",
    """
select checksum from _prisma_migrations
where migration_name = %(name)s and finished_at is not null and rolled_back_at is null""",
    """
select format('Prisma records that %%s did not end: say how it stands with `prisma migrate resolve`', migration_name)
from _prisma_migrations where finished_at is null and rolled_back_at is null""",
)
_DRIZZLE = Record(
    "drizzle.__drizzle_migrations",
    """
create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)""",
    "insert into drizzle.__drizzle_migrations (hash, created_at) values (%(hash)s, %(when)s::bigint)",
    "select hash from drizzle.__drizzle_migrations where created_at = %(when)s::bigint",
    """
select format('Drizzle skips what is older than its newest row (%%s): generate it again', max(created_at))
from drizzle.__drizzle_migrations having max(created_at) > %(when)s::bigint""",
    schema="drizzle",
)
_ALEMBIC = Record(
    "alembic_version",
    """
create table alembic_version (
    version_num varchar(32) not null, constraint alembic_version_pkc primary key (version_num)
)""",
    """
with replaced as (delete from alembic_version where version_num = any(%(replaces)s))
insert into alembic_version (version_num) values (%(revision)s)""",
    "select null::text from alembic_version where version_num = any(%(since)s)",
    """
select format('Alembic records revision %%s, which the folder does not have', version_num)
from alembic_version where version_num <> all(%(known)s)""",
)
_DJANGOS_ROWS = """
insert into django_migrations (app, name, applied)
select split_part(each, '.', 1), split_part(each, '.', 2), now()
from unnest(%(replaces)s::text[] || (%(application)s || '.' || %(name)s)) with ordinality as every (each, at)
where not exists (select from django_migrations where app || '.' || name = each) order by at"""
_DJANGO = Record(
    "django_migrations",
    """
create table django_migrations (
    id bigint generated by default as identity primary key, app varchar(255) not null, name varchar(255) not null,
    applied timestamptz not null
)""",
    _DJANGOS_ROWS,
    """
select null::text from django_migrations where app = %(application)s and name = %(name)s
union all
select null from django_migrations where app || '.' || name = any(%(replaces)s)
having count(distinct (app, name)) = cardinality(%(replaces)s::text[]) and count(*) > 0""",
    """
select format('Django records a part of what it replaces, and not %%s: have Django run those', string_agg(each, ', '))
from unnest(%(replaces)s::text[]) each
where not exists (select from django_migrations where app || '.' || name = each)
having count(*) < cardinality(%(replaces)s::text[])""",
    replaced=_DJANGOS_ROWS,
)

_VERSION = r"string_to_array(regexp_replace(version, '(\.0+)+$', ''), '.')::numeric[]"
"""Flyway's order and equality: part by part, without the zeros at the end."""
_OWN = _VERSION.replace("version", "%(version)s")
_KNOWN = f"(select {_VERSION} from unnest(%(known)s::text[]) version)"  # noqa: S608 - of constants
_FLYWAY = Record(
    "flyway_schema_history",
    """
create table flyway_schema_history (
    installed_rank int not null constraint flyway_schema_history_pk primary key, version varchar(50),
    description varchar(200) not null, type varchar(20) not null, script varchar(1000) not null, checksum integer,
    installed_by varchar(100) not null, installed_on timestamp not null default now(), execution_time integer not null,
    success boolean not null
);
create index flyway_schema_history_s_idx on flyway_schema_history (success)""",
    """
insert into flyway_schema_history (
    installed_rank, version, description, type, script, checksum, installed_by, execution_time, success
) select coalesce(max(installed_rank), 0) + 1, %(version)s, %(description)s, 'SQL', %(script)s, %(checksum)s::int,
    current_user, extract(epoch from clock_timestamp() - now()) * 1000, true
from flyway_schema_history""",
    f"""
select case when type = 'SQL' then checksum::text end from flyway_schema_history h
where success and (type = 'SQL' and {_VERSION} = {_OWN} and not exists (select from flyway_schema_history u
        where u.type like 'UNDO%%' and u.version = h.version and u.installed_rank > h.installed_rank)
    or type = 'BASELINE' and {_VERSION} >= {_OWN})""",  # noqa: S608 - as above
    f"""
select case
    when not success then format('Flyway records that version %%s failed: say how it stands with `repair`', version)
    when type <> 'SQL' then format('Flyway records that version %%s was undone: have Flyway run it', version)
    when {_VERSION} <> all({_KNOWN}) then format('Flyway records version %%s, which the folder does not have', version)
    else format('Flyway takes none that is older than its newest, %%s: give it a later number', version) end
from flyway_schema_history
where type = 'SQL' and (not success or {_VERSION} <> all({_KNOWN}) or {_VERSION} > {_OWN})
    or type like 'UNDO%%' and {_VERSION} = {_OWN}""",  # noqa: S608 - as above
)
_DBMATE = Record(
    "schema_migrations",
    "create table schema_migrations (version varchar primary key)",
    "insert into schema_migrations (version) values (%(version)s)",
    "select null::text from schema_migrations where version = %(version)s",
)

_DIGITS = "0001_add_price.sql: four digits, then lower-case letters, digits and underscores"
LAYOUTS: dict[str, Layout] = {
    "sql": Layout(_DIGITS, _NUMBERED, 1),
    "prisma": Layout(
        "20260102030405_add_price: digits, then letters, digits and underscores", re.compile(r"(\d{1,15})_([\w-]+)"),
        None, "/migration.sql", re.compile(r"migration_lock\.toml"), _PRISMA,
        lambda _, files: ({"name": each.name, "checksum": sha256(each.sql.encode()).hexdigest()} for each in files),
    ),
    "drizzle": Layout(
        "0000_add_price.sql, as drizzle-kit does", re.compile(r"(\d{4})_([\w-]+)\.sql"), 0, "",
        re.compile("meta"), _DRIZZLE, _of_drizzle,
    ),
    "alembic": Layout(_DIGITS, _NUMBERED, 1, record=_ALEMBIC, rows=_of_alembic, rendered=True),
    "django": Layout(_DIGITS, _NUMBERED, 1, record=_DJANGO, rows=_of_django, rendered=True),
    "flyway": Layout(
        "V3__add_price.sql or V3.1__add_price.sql, with up to 4, 3, 3 and 4 digits, or 15 where there is no point. "
        "A repeatable file (R), which is run at each change, is a version for each; a baseline file (B) is not run",
        re.compile(r"V(\d{5,15}|\d{1,4}(?:[._]\d{1,3}){0,2}|\d{1,4}(?:[._]\d{1,3}){2}[._]\d{1,4})__([^/]+)\.sql"), None,
        others=re.compile(r"U[\d._]+__[^/]+\.sql"), record=_FLYWAY, rows=_of_flyway, number=_number_of_flyway,
        read=_read_flyway,
    ),
    "dbmate": Layout(
        "20260102030405_add_price.sql, as dbmate does", re.compile(r"(\d{1,15})([^/]*)\.sql"), None,
        record=_DBMATE, read=_read_dbmate,
        rows=lambda _, files: ({"version": re.split(r"\D", each.name, maxsplit=1)[0]} for each in files),
    ),
}  # fmt: skip
"""By tool."""


def files(root: Path, folder: str, layout: Layout) -> list[File]:
    """The files of a folder, oldest first; none where it is not there."""
    found = (root / folder).iterdir() if (root / folder).is_dir() else ()
    named = [(match, path) for path in found if (match := layout.name.fullmatch(path.name))]
    read = [_file(path / layout.inner.lstrip("/"), path.name, layout.number(match[1]), layout) for match, path in named]
    return sorted((each for each in read if each), key=lambda each: (each.number, each.name))


def _file(path: Path, name: str, number: int, layout: Layout) -> File | None:
    if not path.is_file():
        return None
    # One text whatever line ends a checkout has: the digest is of what PostgreSQL is given.
    text = path.read_bytes().decode(errors="replace").replace("\r\n", "\n")
    if layout.rendered:
        return File(name, number, *split(text))
    sql, fault = layout.read(text)
    return File(name, number, sql, fault=fault)
