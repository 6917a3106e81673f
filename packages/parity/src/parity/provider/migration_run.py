"""Runs one file of SQL once: its record in the same commit as its effect, and one runner at a time.

Each runner holds the database's advisory lock, which ends with its session: of two one runs, and the other finds it
applied. What is recorded as applied is not run again, so that an attempt may be repeated after any death.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import AsyncConnection, Error, errors

from parity.config import servers, statements
from parity.config.layouts import LAYOUTS, checksums
from parity.config.migrations import BEFORE, TABLE
from parity.documents import mapping
from parity.provider.errors import MigrationBarred, MigrationFailed, MigrationLocked, MigrationOtherwise
from parity.vendors import postgres

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from parity.config.layouts import Record
    from parity.config.statements import Outside, Statement
    from parity.documents import Document

    Session = AsyncConnection[Any]

_LOCK = 0x706172697479
"""The key of the advisory lock, one a database: the bytes of `parity`."""
_TURN_SECONDS = 600
"""How long a runner waits for the one before it, and a statement outside a transaction, which holds no session back,
for the transactions that are older than it."""
_GLANCE_SECONDS = 0.5
"""How often it is asked who blocks a statement, and how far it is."""
_PAUSE = 2
"""Lock timeouts between two attempts, in which those that queued behind the statement get their turn."""
_ENDED = ("08", "57P")
"""SQLSTATEs of a session that was lost or ended: where its statement stood is not known."""
_WAITED = (errors.LockNotAvailable, errors.DeadlockDetected)

_MADE = f"""
create table if not exists {TABLE} (
    number bigint primary key,
    name text not null,
    sha256 text not null,
    effect text not null,
    began_at timestamptz not null default clock_timestamp(),
    applied_at timestamptz,
    applied_by text not null default session_user
)"""
_BEGUN = f"""
insert into {TABLE} (number, name, sha256, effect) values (%(number)s, %(name)s, %(sha256)s, %(effect)s)
on conflict (number) do update set name = excluded.name, sha256 = excluded.sha256, effect = excluded.effect,
    began_at = excluded.began_at, applied_by = excluded.applied_by"""  # noqa: S608 - the table's name is a constant
_APPLIED = f"update {TABLE} set applied_at = clock_timestamp() where number = %(number)s"  # noqa: S608 - as above
_FORGOTTEN = f"delete from {TABLE} where number = %(number)s and applied_at is null"  # noqa: S608 - as above
_RAN = f"select exists (select from {TABLE} where effect <> '{BEFORE}' and number > %s)"  # noqa: S608 - as above
_RECORDED = f"select sha256, applied_at is not null from {TABLE} where number = %s"  # noqa: S608 - as above

_INDEXES = """
select format('%%I.%%I', n.nspname, c.relname), i.indisvalid
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
where """
_OF_REINDEX = r"""not i.indisvalid and c.relname ~ '_ccnew[0-9]*$' and i.indrelid in (
    select to_regclass(%(at)s) union select indrelid from pg_index where indexrelid = to_regclass(%(at)s))"""
_MADE_BY = {
    "create index": _INDEXES + "i.indrelid = to_regclass(%(at)s) and c.relname = %(index)s",
    "reindex": _INDEXES + _OF_REINDEX,
}
"""What a statement outside a transaction makes, and whether it is complete."""

_BLOCKERS = """
select string_agg(format('session %%s of %%s', pid, usename), ', ' order by pid)
from pg_stat_activity where pid = any(pg_blocking_pids(%(pid)s))"""
_PROGRESS = """
select coalesce(max(format('%%s: %%s of %%s blocks', phase, done, total)), (
    select format('runs for %%s s', floor(extract(epoch from clock_timestamp() - query_start)))
    from pg_stat_activity where pid = %(pid)s))
from (
    select pid, phase, blocks_done, blocks_total from pg_stat_progress_create_index
    union all select pid, phase, heap_blks_scanned, heap_blks_total from pg_stat_progress_vacuum
    union all select pid, phase, heap_blks_scanned, heap_blks_total from pg_stat_progress_cluster
) of_statement(pid, phase, done, total) where pid = %(pid)s and total > 0"""
"""How far a statement is; how long it runs where PostgreSQL does not say that."""


async def run(inputs: Document, say: Callable[[str], None]) -> None:
    """Run the file where it is not applied.

    Raises:
        MigrationOtherwise: it was applied with other text; nothing was run.
        MigrationBarred: the record of the team's tool stands in its way; nothing was run.
        MigrationLocked: another runner, or the locks of other sessions, were in its way until the last attempt.
        MigrationFailed: PostgreSQL refused a statement, or the connection was lost.
    """
    try:
        async with AsyncExitStack() as open_ones:
            session = await open_ones.enter_async_context(await _open(inputs))
            await _Run(inputs, session, say, open_ones).run()
    except Error as error:
        raise MigrationFailed(_failure(inputs, error)) from error


async def applied(inputs: Mapping[str, Any]) -> str | None:
    """The digest with which the database says that it is applied; None where it does not.

    Raises:
        MigrationFailed: the database could not be asked.
    """
    try:
        async with await _open(inputs) as session:
            found = await _recorded(session, int(inputs["number"]))
    except errors.UndefinedTable:
        return None
    except Error as error:
        if f'database "{inputs["database"]}" does not exist' in str(error):
            return None
        raise MigrationFailed(_failure(inputs, error)) from error
    return found[0] if found and found[1] else None


async def _open(inputs: Mapping[str, Any]) -> Session:
    """A session of the migrator, by the way that the server's administrator takes; it becomes the owner."""
    own = servers.connection(os.environ, str(inputs.get("server") or ""))
    given = postgres.options(own, str(inputs["database"]))
    given |= {"user": inputs["role"], "password": inputs["password"]}
    given["application_name"] = f"{postgres.NAME} migration {int(inputs['number']):04}"
    return await AsyncConnection.connect(**given)


async def _recorded(session: Session, number: int) -> tuple[str, bool] | None:
    """The recorded digest, and whether it is applied or only begun; None where nothing is recorded."""
    return await (await session.execute(_RECORDED, [number])).fetchone()


def _failure(inputs: Mapping[str, Any], error: Error, at: Statement | None = None) -> str:
    """PostgreSQL's own message, and never its detail, which may hold a row."""
    place = f"{inputs['file']}:{at.line}" if at else str(inputs["file"])
    said = (error.diag.message_primary or str(error)).strip().rstrip(".")
    if error.sqlstate is None or error.sqlstate.startswith(_ENDED):
        kept, then = "Whether it was applied is not known", "run the update again, which finds out"
    else:
        kept, then = "Nothing of the file holds", "correct the file, and run the update again"
    return f"{place} failed in {inputs['database']}: {said}. {kept}: {then} (docs/runbooks/bad-migration.md)."


@dataclass
class _Run:
    """One attempt to have the file applied."""

    inputs: Document
    session: Session
    say: Callable[[str], None]
    open_ones: AsyncExitStack
    """Closes the sessions."""
    other: Session | None = field(default=None, init=False)
    """The session that asks about the first one."""
    blockers: str = field(default="", init=False)
    """Who was in the way of the last statement."""

    @property
    def file(self) -> str:
        return str(self.inputs["file"])

    @property
    def row(self) -> Document:
        name = self.file.removesuffix("/migration.sql").rpartition("/")[2].removesuffix(".sql")
        return {"number": int(self.inputs["number"]), "name": name} | {
            each: self.inputs[each] for each in ("sha256", "effect")
        }

    async def run(self) -> None:
        await self._turn()
        await self.session.execute(_MADE)
        before = await _recorded(self.session, self.row["number"])
        if before and before[1]:
            if before[0] != self.inputs["sha256"]:
                raise MigrationOtherwise(f"{MigrationOtherwise.words(self.inputs, before[0])}.")
            return
        if await self._applied_by_tool():
            return
        found = statements.run(self.inputs)
        if outside := found[0].outside if found else None:
            await self._outside(found[0], outside, begun=before is not None)
        else:
            await self._attempts(found)

    # --- The team's own tool ------------------------------------------------------------------------------------------

    @property
    def record(self) -> Record | None:
        return LAYOUTS[str(self.inputs.get("tool") or "sql")].record

    @property
    def tools_rows(self) -> Mapping[str, Any]:
        return mapping(self.inputs.get("rows"))

    async def _applied_by_tool(self) -> bool:
        """Whether the team's tool ran it, which is then recorded here too and not run.

        Raises:
            MigrationOtherwise: it ran another text.
            MigrationBarred: the tool would not run it now.
        """
        if not self.record or not await self._has_table(self.record):
            return False
        known = await self._answers(self.record.found)
        if not known:
            if reasons := await self._answers(self.record.barred):
                raise MigrationBarred(f"{self.file} is not run in {self.inputs['database']}: {'; '.join(reasons)}.")
            return False
        if other := next((each for each in known if each and each not in checksums(str(self.inputs["sql"]))), None):
            raise MigrationOtherwise(f"{MigrationOtherwise.words(self.inputs, other)}.")
        async with self.session.transaction():
            own = await (await self.session.execute(_RAN, [int(self.inputs.get("follows") or 0)])).fetchone()
            # The history before Parity takes nothing from a release, nor does a squash; what the tool ran since may.
            since = own == (True,) and not self.tools_rows.get("replaces")
            await self.session.execute(_BEGUN, self.row if since else {**self.row, "effect": BEFORE})
            await self.session.execute(_APPLIED, self.row)
            if self.record.replaced:
                await self.session.execute(self.record.replaced.encode(), self.tools_rows)
        self.say(f"{self.file}: {self.inputs['tool']} applied it before")
        return True

    async def _has_table(self, record: Record) -> bool:
        found = await self.session.execute("select to_regclass(%s) is not null", [record.table])
        return (await found.fetchone()) == (True,)

    async def _answers(self, query: str) -> list[str]:
        found = await self.session.execute(query.encode(), self.tools_rows) if query else None
        return [each for (each,) in await found.fetchall()] if found else []

    async def _record_applied(self) -> None:
        """In the database's record, and in the table of the team's tool as that would."""
        await self.session.execute(_APPLIED, self.row)
        if record := self.record:
            if not await self._has_table(record):
                await self.session.execute(record.made.encode())
            await self.session.execute(record.row.encode(), self.tools_rows)

    # --- Its turn -----------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        """Wait for the runner before this one; its lock ends with its session, whatever becomes of its process."""
        await self.session.execute(f"set lock_timeout = '{_TURN_SECONDS}s'".encode())
        try:
            await self._watched(self.session.execute("select pg_advisory_lock(%s)", [_LOCK]))
        except errors.LockNotAvailable:
            raise MigrationLocked(self._locked("another runner is at it")) from None

    # --- In one transaction -------------------------------------------------------------------------------------------

    async def _attempts(self, found: tuple[Statement, ...]) -> None:
        attempts, milliseconds = (int(self.inputs[name]) for name in ("attempts", "lockTimeoutMilliseconds"))
        for attempt in range(1, attempts + 1):
            try:
                return await self._inside(found, milliseconds)
            except _WAITED:
                why = f"attempt {attempt} of {attempts} did not get its locks within {milliseconds} ms"
                if attempt == attempts:
                    raise MigrationLocked(self._locked(why)) from None
                self.say(f"{self.file}: {why}; {self._in_the_way()}")
                await asyncio.sleep(milliseconds * _PAUSE / 1000)
        return None

    async def _inside(self, found: tuple[Statement, ...], milliseconds: int) -> None:
        async with self.session.transaction():
            await self.session.execute(f"set local lock_timeout = {milliseconds}".encode())
            for at, each in enumerate(found, 1):
                self.say(f"{self.file}:{each.line}: statement {at} of {len(found)}")
                await self._execute(each)
            await self.session.execute(_BEGUN, self.row)
            await self._record_applied()

    async def _execute(self, statement: Statement) -> None:
        try:
            await self._watched(self.session.execute(statement.text.encode(), prepare=False))
        except _WAITED:
            raise
        except Error as error:
            raise MigrationFailed(_failure(self.inputs, error, statement)) from error

    # --- Outside a transaction ----------------------------------------------------------------------------------------

    async def _outside(self, statement: Statement, outside: Outside, *, begun: bool) -> None:
        """That it began is recorded before it, and that it is applied after it."""
        await self.session.execute(_BEGUN, self.row)
        if not (begun and await self._is_done(outside)):
            await self._clear(outside)
            try:
                await self._execute(statement)
            except _WAITED:
                await self._give_up(outside)
                raise MigrationLocked(self._locked(f"it did not get its locks within {_TURN_SECONDS} s")) from None
            except MigrationFailed:
                if not self.session.broken:
                    await self._give_up(outside)
                raise
        async with self.session.transaction():
            await self._record_applied()

    async def _give_up(self, outside: Outside) -> None:
        """Leave nothing of an attempt that PostgreSQL ended."""
        await self._clear(outside)
        await self.session.execute(_FORGOTTEN, self.row)

    async def _is_done(self, outside: Outside) -> bool:
        """Whether a statement that began, and of which no end is recorded, took effect."""
        if outside.does == "drop index":
            gone = await self.session.execute("select to_regclass(%s) is null", [outside.at])
            return (await gone.fetchone()) == (True,)
        return outside.does == "create index" and any(valid for _, valid in await self._indexes(outside))

    async def _clear(self, outside: Outside) -> None:
        """Drop the invalid index that an end halfway leaves."""
        for name, valid in await self._indexes(outside):
            if not valid:
                self.say(f"{self.file}: drops the invalid index {name}, which an attempt left")
                await self.session.execute(f"drop index concurrently if exists {name}".encode())

    async def _indexes(self, outside: Outside) -> list[tuple[str, bool]]:
        if outside.does not in _MADE_BY:
            return []
        given = {"at": outside.at, "index": outside.index}
        return await (await self.session.execute(_MADE_BY[outside.does].encode(), given)).fetchall()

    # --- Waiting ------------------------------------------------------------------------------------------------------

    async def _watched(self, work: Awaitable[Any]) -> None:
        """Await a statement; now and then another session asks who blocks it and how far it is."""
        self.blockers = ""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_GLANCE_SECONDS))[0]:
                await self._glance()
        finally:
            if not task.done():  # the engine does not wait any more: PostgreSQL ends the statement, and undoes it
                task.cancel()
                await asyncio.wait({task})
        task.result()

    async def _glance(self) -> None:
        pid = self.session.info.backend_pid
        try:
            if self.other is None:
                self.other = await self.open_ones.enter_async_context(await _open(self.inputs))
                await self.other.execute("set role none")  # the owner may not see the progress of the login
            blockers, progress = [
                (await (await self.other.execute(query.encode(), {"pid": pid})).fetchone() or ("",))[0] or ""
                for query in (_BLOCKERS, _PROGRESS)
            ]
        except Error as error:
            # Where no second session can be had the statement goes on all the same.
            self.say(f"{self.file}: who is in its way cannot be asked: {str(error).strip()}")
            return
        self.blockers = blockers or self.blockers
        self.say(f"{self.file}: {f'waits for {blockers}' if blockers else progress}")

    def _in_the_way(self) -> str:
        return f"in its way: {self.blockers}" if self.blockers else "who was in its way is not known"

    def _locked(self, why: str) -> str:
        return (
            f"{self.file} was not applied to {self.inputs['database']}: {why}; {self._in_the_way()}. Nothing of it "
            "holds: end those sessions, or run the update again at a quieter time (docs/runbooks/bad-migration.md)."
        )
