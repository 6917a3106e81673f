"""Runs migrations on a scratch database and says what was seen: locks, rewrites, scans, and queries that break.

A second session reads `pg_locks` after each statement, since a transaction keeps its locks to its end. A statement
outside a transaction is held at its first lock by a third session, so that what it asks for is seen.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from parity.config import sql_tree, statements
from parity.preview.scratch import NotRehearsed, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.config.statements import Statement
    from parity.preview.scratch import Scratch

    Session = psycopg.Connection[Any]

SECONDS = 60
"""Limit of one statement on the copy, which holds no row."""
_GLANCE_SECONDS = 0.01
"""How often the locks of a statement outside a transaction are read while it runs."""

MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE", "ACCESS EXCLUSIVE",
)  # fmt: skip
"""The modes of a table's lock, the weakest first (page "Explicit Locking")."""
_CATALOGUED = {"".join(word.title() for word in each.split()) + "Lock": each for each in MODES}
_STOPS_WRITES = MODES.index("SHARE")
_BY_RIGHT = frozenset({
    "AT_ChangeOwner", "AT_DisableTrig", "AT_DisableTrigAll", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig",
    "AT_EnableTrig", "AT_EnableTrigAll", "AlterOwnerStmt", "CopyStmt", "CreatePublicationStmt",
})  # fmt: skip
"""What a superuser may, or a member of another role, or who may CREATE in the database; no table's privilege helps."""
_NO_MATTER = frozenset({"21", "22", "23", "28", "53", "54", "57", "58", "P0", "XX"})
"""Classes of SQLSTATE that say something of the rows, or of the server, and nothing of the migration."""

_LOCKS = """
select c.oid, format('%%I.%%I', n.nspname, c.relname), l.mode, c.relkind in ('i', 'I')
from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
where l.pid = %s and l.locktype = 'relation' and n.nspname !~ '^(pg_|information_schema$)'
and l.database = (select oid from pg_database where datname = current_database())"""
_FILES = """
select c.oid, format('%I.%I', n.nspname, c.relname), pg_relation_filenode(c.oid), pg_stat_get_xact_numscans(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname !~ '^(pg_|information_schema$)'"""
"""Each table's file, which changes with a rewrite, and the complete scans of it in this transaction."""
_PARAMETERS = "select cardinality(parameter_types) from pg_prepared_statements where name = 'of_release'"
_OWN = "select format('%I.%I', schemaname, tablename) from pg_tables where tableowner = current_user"
_IS_BLOCKED = "select cardinality(pg_blocking_pids(%s)) > 0"


@dataclass(frozen=True)
class Query:
    """A query that releases run, as `pg_stat_statements` has it."""

    text: str
    path: str
    """The `search_path` of who runs it."""


@dataclass(frozen=True)
class Size:
    """A table in the stack's database, as its statistics have it."""

    rows: int
    """An estimate; -1 where there is none."""
    bytes: int
    """With its indexes."""

    def __str__(self) -> str:
        rows = "rows not counted yet" if self.rows < 0 else f"about {self.rows:,} rows"
        return f"{self.bytes / 1_000_000:,.1f} MB, {rows}"


@dataclass(frozen=True)
class Step:
    """One statement, as it was seen on the copy."""

    urn: str
    file: str
    line: int
    statement: str
    locks: Mapping[str, str] = field(default_factory=dict[str, str])
    """By table that was there before, the strongest mode that the statement took."""
    rewrites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict[str, str])
    """What its transaction holds by then, with the locks of the statements before it."""
    broken: Mapping[Query, str] = field(default_factory=dict[Query, str])
    """Queries that do not prepare any more, and PostgreSQL's message."""
    failed: str = ""

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that it is about."""
        return tuple(dict.fromkeys((*self.locks, *self.rewrites, *self.scans)))


@dataclass(frozen=True)
class Rehearsal:
    """What was seen of one database's migrations."""

    database: str
    where: str = ""
    steps: tuple[Step, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict[str, Size])
    """By table, of those that are there, what it is in the stack's database."""
    not_because: str = ""
    """Why nothing was rehearsed, or not all of it."""
    breaks: Mapping[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])
    """By the place of a step, the releases that it breaks."""
    broken: Mapping[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """By migration and login, a query that does not prepare any more."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "database": self.database,
            "where": self.where or None,
            "not_rehearsed": self.not_because or None,
            "tables": {name: asdict(each) for name, each in self.sizes.items()},
            "statements": [
                {
                    "file": each.file,
                    "line": each.line,
                    "statement": each.statement,
                    "locks": dict(each.locks),
                    "rewrites": list(each.rewrites),
                    "scans": list(each.scans),
                    "breaks": list(self.breaks.get(at, ())),
                    "failed": each.failed or None,
                }
                for at, each in enumerate(self.steps)
            ],
        }

    def slow(self, step: Step, limit: int) -> str:
        """What a statement does to a table of more bytes than the limit while others wait; empty where it does not."""
        done = {*step.rewrites, *step.scans}
        large = [name for name, each in self.sizes.items() if each.bytes > limit and name in done]
        held = {name: mode for name, mode in step.held.items() if MODES.index(mode) >= _STOPS_WRITES}
        if not large or not held:
            return ""
        does = ", ".join(
            f"{'rewrites' if each in step.rewrites else 'scans'} {each} ({self.sizes[each]})" for each in large
        )
        locked = max(held, key=lambda each: MODES.index(held[each]))
        stops = "every read and write" if held[locked] == MODES[-1] else "every write"
        return (
            f"{step.file}:{step.line} {does} under {held[locked]} of {locked}: {stops} of it waits until that is done"
        )


def steps(
    copy: Scratch, files: Sequence[tuple[str, Mapping[str, Any]]], path: str, queries: Sequence[Query], *, bare: bool
) -> Iterator[Step]:
    """Run files, by their URN in order, as the plan's inputs have them; ends after a statement that fails.

    `files` has URN and inputs of each migration, `path` is the migrator's `search_path`; `queries` are what the kept
    releases run, and those that do not prepare before the first file are left out. `bare` says whether
    the migrator has no more rights on server and database than what is rehearsed.

    Raises:
        NotRehearsed: the copy cannot say whether a statement works, since it has no rows or lacks a role.
    """
    with copy.session() as session:
        session.execute("select set_config('search_path', %s, false)", [path])
        session.execute("set plan_cache_mode = force_generic_plan")
        run = Run(copy, session, bare)
        run.prepares = [each for each in queries if not run.refusal(each)]
        for urn, inputs in files:
            for each in run.file(urn, inputs):
                yield each
                if each.failed:
                    return


_Files = dict[int, tuple[str, int, int]]


@dataclass
class Run:
    """The session that runs the files, and what is known of it."""

    copy: Scratch
    session: Session
    bare: bool
    """Whether a right that is lacking here is lacking in the stack's database."""
    prepares: list[Query] = field(default_factory=list[Query])
    """Queries that still prepare."""

    def file(self, urn: str, inputs: Mapping[str, Any]) -> Iterator[Step]:
        """Run the statements of one file; arguments and exceptions as those of `steps`."""
        found = statements.run(inputs)
        if found and found[0].outside:
            yield self._outside(urn, inputs, found[0])
            return
        with self.session.transaction():
            for each in found:
                step = self._inside(urn, inputs, each)
                yield step
                if step.failed:
                    raise psycopg.Rollback

    def refusal(self, query: Query) -> str:
        """Why PostgreSQL does not prepare and plan a query; empty where it does."""
        try:
            with self.session.transaction(force_rollback=True):
                self.session.execute("select set_config('search_path', %s, true)", [query.path])
                self.session.execute(f"prepare of_release as {query.text}\n".encode(), prepare=False)
                given = ", ".join(["null"] * self.session.execute(_PARAMETERS).fetchall()[0][0])
                self.session.execute(f"explain execute of_release{f'({given})' if given else ''}".encode())
        except psycopg.Error as error:
            return said(error)
        finally:
            self.session.execute("deallocate all")
        return ""

    # --- One statement ------------------------------------------------------------------------------------------------

    def _inside(self, urn: str, inputs: Mapping[str, Any], each: Statement) -> Step:
        before, held = self._files(), self._locks()
        if failed := self._tried(inputs, each):
            return Step(urn, str(inputs["file"]), each.line, str(each), failed=failed)
        after, now = self._files(), self._locks()
        kept = [oid for oid in after if oid in before]
        emptied = any("TruncateStmt" in one["stmt"] for one in sql_tree.tree(each.text))
        return Step(
            urn,
            str(inputs["file"]),
            each.line,
            str(each),
            {name: mode for name, mode in now.items() if held.get(name) != mode},
            () if emptied else tuple(after[oid][0] for oid in kept if after[oid][1] != before[oid][1]),
            tuple(after[oid][0] for oid in kept if after[oid][2] > before[oid][2]),
            now,
            self._broken(),
        )

    def _outside(self, urn: str, inputs: Mapping[str, Any], each: Statement) -> Step:
        """Hold it at its first lock, and read on until it ends."""
        locks: dict[str, str] = {}
        pid = self.session.info.backend_pid
        limit = threading.Timer(SECONDS, self.session.cancel_safe)
        with closing(self.copy.session()) as holder, ThreadPoolExecutor(max_workers=1) as pool:
            holder.execute("begin")
            for (name,) in holder.execute(_OWN).fetchall():
                holder.execute(f"lock table {name} in share update exclusive mode".encode())
            limit.start()
            done = pool.submit(self._tried, inputs, each)
            try:
                while not wait([done], timeout=_GLANCE_SECONDS).done:
                    blocked = self.copy.observer.execute(_IS_BLOCKED, [pid]).fetchone() == (True,)
                    locks |= {name: _stronger(mode, locks.get(name)) for name, mode in self._locks().items()}
                    if blocked:
                        holder.close()
            finally:
                limit.cancel()
            failed = done.result()
        place = urn, str(inputs["file"]), each.line, str(each)
        return Step(*place, failed=failed) if failed else Step(*place, locks, held=locks, broken=self._broken())

    def _tried(self, inputs: Mapping[str, Any], each: Statement) -> str:
        """Run a statement; PostgreSQL's message where it refuses what would be refused in the stack's database too."""
        limit = threading.Timer(SECONDS, self.session.cancel_safe)
        limit.start()
        try:
            self.session.execute(each.text.encode(), prepare=False)
        except psycopg.Error as error:
            place, state = f"{inputs['file']}:{each.line}", error.sqlstate or "XX000"
            missing = state == "42704" and said(error).startswith(("role ", "tablespace "))
            denied = state == "42501" and not (self.bare and _takes_right(each))
            if state[:2] in _NO_MATTER or denied or missing:
                what = f"the copy has no rows, and not every role and right: {said(error)}"
                raise NotRehearsed(f"from {place} on, {what}") from error
            return said(error)
        finally:
            limit.cancel()
        return ""

    def _files(self) -> _Files:
        return {oid: tuple(rest) for oid, *rest in self.session.execute(_FILES).fetchall()}  # pyright: ignore[reportReturnType]

    def _locks(self) -> dict[str, str]:
        """The strongest mode on each table that was there; of an index only where no table is locked."""
        rows = self.copy.observer.execute(_LOCKS, [self.session.info.backend_pid]).fetchall()
        tables = [each for each in rows if not each[3]]
        found: dict[str, str] = {}
        for _, name, mode, _ in tables or rows:
            found[name] = _stronger(_CATALOGUED[mode], found.get(name))
        return found

    def _broken(self) -> dict[Query, str]:
        refused = {each: self.refusal(each) for each in self.prepares}
        self.prepares = [each for each in self.prepares if not refused[each]]
        return {each: why for each, why in refused.items() if why}


def _takes_right(statement: Statement) -> bool:
    (tree,) = sql_tree.tree(statement.text)
    found = {str(each.get("subtype")) for each in sql_tree.found(tree, "AlterTableCmd")}
    return not _BY_RIGHT.isdisjoint(found | set(tree["stmt"]))


def _stronger(mode: str, other: str | None) -> str:
    return max(mode, other or mode, key=MODES.index)


_SIZES = """
select t.name, c.reltuples::bigint, pg_total_relation_size(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join unnest(%s::text[]) t(name) on t.name = format('%%I.%%I', n.nspname, c.relname)"""


def sizes(real: Session, found: Sequence[Step]) -> dict[str, Size]:
    """What each table of the steps is in the stack's database, by its statistics; waits 5 s for a reader's lock."""
    real.execute("set lock_timeout = '5s'")
    names = sorted({name for each in found for name in (*each.tables, *each.held)})
    rows = real.execute(_SIZES, [names]).fetchall()
    return {name: Size(int(count), int(size)) for name, count, size in rows}
