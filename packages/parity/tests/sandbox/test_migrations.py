"""The runner of a migration against a real PostgreSQL: once, alone, in one commit, and complete after any death."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from parity.provider import migration, migration_run
from parity.provider.errors import MigrationFailed, MigrationLocked, MigrationOtherwise
from support.amounts import everything
from support.cut_postgres import Cut, Side, way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.sandboxes import Sandbox

pytestmark = pytest.mark.sandbox

DATABASE, OWNER, MIGRATOR, APPLICATION = "moving", "moving_owner", "moving_migrator", "moving_shop"
PASSWORD = "canary of the migrator"
SETUP = f"""
create role {OWNER};
create role {MIGRATOR} login password '{PASSWORD}' in role {OWNER};
alter role {MIGRATOR} set role = {OWNER};
alter role {MIGRATOR} set search_path = shop;
create role {APPLICATION} login password 'x';
grant {OWNER} to current_user with set true, inherit true
"""
INSIDE = f"""
revoke connect on database {DATABASE} from public;
grant connect, temporary on database {DATABASE} to {OWNER};
grant connect on database {DATABASE} to {APPLICATION};
create schema shop authorization {OWNER};
create schema parity authorization {OWNER};
grant usage on schema shop to {APPLICATION};
set role {OWNER};
alter default privileges in schema shop grant select on tables to {APPLICATION};
create table shop.log (what text);
create table shop.items (id int, name text);
insert into shop.items select n, 'item ' || n from generate_series(1, 1000) n
"""  # noqa: S608 - names of the test's own
ADDS = "alter table items add column price int;\ninsert into log values ('ran');\ncreate table news (id int);"


class Database:
    """A database of the test's own, and ways to ask it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.said: list[str] = []

    def inputs(self, sql: str, number: int = 1, **more: Any) -> dict[str, Any]:
        digest = hashlib.sha256(sql.encode()).hexdigest()
        given = {"database": DATABASE, "number": float(number), "file": f"migrations/{number:04}_it.sql", "sql": sql}
        given |= {"effect": "expand", "sha256": digest, "lockTimeoutMilliseconds": 200.0, "attempts": 2.0}
        return {**given, "role": MIGRATOR, "password": PASSWORD, **more}

    def run(self, sql: str, number: int = 1, **more: Any) -> None:
        asyncio.run(migration_run.run(self.inputs(sql, number, **more), self.said.append))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query).fetchall()

    def do(self, statements: str) -> None:
        with self.connect() as connection:
            connection.execute(statements)

    def connect(self, **login: Any) -> psycopg.Connection[Any]:
        given = {"user": MIGRATOR, "password": PASSWORD, **login}
        at = self.sandbox.environment
        return psycopg.connect(host=at["PGHOST"], port=at["PGPORT"], dbname=DATABASE, autocommit=True, **given)

    def applied(self) -> list[tuple[Any, ...]]:
        return self.ask("select number, name, applied_at is not null, applied_by from parity.migrations order by 1")


@pytest.fixture
def database(shared_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    environment = shared_sandbox.environment
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGDATABASE"):
        monkeypatch.setenv(name, environment[name])
    with shared_sandbox.postgres() as administrator:
        for each in SETUP.split(";"):
            administrator.execute(each)
        administrator.execute(f"create database {DATABASE} template template0")
        with shared_sandbox.postgres(DATABASE) as inside:
            inside.execute(INSIDE)
        yield Database(shared_sandbox)
        administrator.execute(f"drop database {DATABASE} with (force)")
        for role in (MIGRATOR, OWNER, APPLICATION):
            administrator.execute(f"drop role {role}")


def test_a_file_is_run_once_and_what_it_makes_belongs_to_the_owner_and_is_read_at_once(database: Database):
    database.run(ADDS)
    database.run(ADDS)
    assert database.ask("select count(*) from shop.log") == [(1,)]
    assert database.applied() == [(1, "0001_it", True, MIGRATOR)]
    owners = "select distinct relowner::regrole::text from pg_class where relname in ('news', 'migrations')"
    assert database.ask(owners) == [(OWNER,)]
    with database.connect(user=APPLICATION, password="x") as shop:
        assert shop.execute("select count(*) from shop.news").fetchall() == [(0,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shop.execute("select * from parity.migrations")


def test_other_text_for_what_is_applied_is_refused_and_not_run(database: Database):
    database.run(ADDS)
    with pytest.raises(MigrationOtherwise, match=r"0001_it\.sql was applied to moving with other text"):
        database.run(ADDS + "\ndrop table news")
    assert database.ask("select to_regclass('shop.news') is null") == [(False,)]


def test_a_statement_that_fails_is_named_by_its_line_and_nothing_of_the_file_holds(database: Database):
    with pytest.raises(MigrationFailed) as caught:
        database.run("insert into log values ('ran');\n\nalter table absent add column a int")
    assert "migrations/0001_it.sql:3 failed in moving" in str(caught.value)
    assert 'relation "absent" does not exist' in str(caught.value)
    assert database.ask("select count(*) from shop.log") == [(0,)]
    assert database.applied() == []


def test_no_row_is_in_what_is_said_of_a_failure(database: Database):
    database.run("create table secrets (name text unique)")
    with pytest.raises(MigrationFailed) as caught:
        database.run("insert into secrets values ('canary'), ('canary')", 2)
    assert "duplicate key" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_of_two_runners_at_once_one_runs(database: Database):
    async def both() -> None:
        slow = ADDS + "\nselect pg_sleep(0.3)"
        await asyncio.gather(*(migration_run.run(database.inputs(slow), database.said.append) for _ in range(3)))

    asyncio.run(both())
    assert database.ask("select count(*) from shop.log") == [(1,)]


def test_a_migration_behind_a_long_transaction_gives_up_says_whose_and_holds_no_reader_back(database: Database):
    reads: list[float] = []
    stop = threading.Event()

    def read() -> None:
        with database.connect() as reader:
            while not stop.is_set():
                began = time.monotonic()
                reader.execute("select count(*) from shop.items")
                reads.append(time.monotonic() - began)

    with database.connect() as holder:
        holder.execute("begin; select * from shop.items limit 1")
        pid = holder.info.backend_pid
        thread = threading.Thread(target=read)
        thread.start()
        try:
            with pytest.raises(MigrationLocked) as caught:
                database.run(ADDS, lockTimeoutMilliseconds=700.0)
        finally:
            stop.set()
            thread.join()
    assert f"session {pid} of {MIGRATOR}" in str(caught.value)
    assert "attempt 2 of 2 did not get its locks within 700 ms" in str(caught.value)
    assert max(reads) < 1.5, "no reader waits longer than one lock timeout"
    assert database.ask("select count(*) from shop.log") == [(0,)]
    database.run(ADDS)
    assert database.applied() == [(1, "0001_it", True, MIGRATOR)]


def test_a_long_statement_says_how_far_it_is_and_else_how_long_it_runs(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(migration_run, "_GLANCE_SECONDS", 0.02)
    database.do("create table shop.many as select n, md5(n::text) as text from generate_series(1, 300000) n")
    for number, sql in enumerate(("create index concurrently of_many on many (text)", "vacuum full many"), 1):
        database.said.clear()
        database.run(sql, number)
        assert any(re.search(r": [a-z: ]+: \d+ of \d+ blocks$", each) for each in database.said), database.said
    database.run("update many set text = ''", 3)
    assert any(each.endswith("0003_it.sql: runs for 0 s") for each in database.said)


def test_the_second_attempt_gets_the_locks_that_were_let_go(database: Database):
    holder = database.connect()
    holder.execute("begin; select * from shop.items limit 1")

    def say(message: str) -> None:
        if "attempt 1 of 2" in message:
            holder.execute("commit")

    asyncio.run(migration_run.run(database.inputs(ADDS), say))
    holder.close()
    assert database.applied() == [(1, "0001_it", True, MIGRATOR)]


# --- Outside a transaction ---

CONCURRENTLY = "create index concurrently items_name on items (name)"
INDEXES = "select indexrelid::regclass::text, indisvalid from pg_index where indrelid = 'shop.items'::regclass"


@pytest.mark.parametrize("sql", [
    CONCURRENTLY, "drop index concurrently shop.items_id", "reindex table concurrently items", "vacuum items",
])  # fmt: skip
def test_what_takes_no_transaction_is_run_without_one(database: Database, sql: str):
    database.do("create index items_id on shop.items (id)")
    database.run(sql)
    database.run(sql)
    assert database.applied() == [(1, "0001_it", True, MIGRATOR)]
    assert dict(database.ask(INDEXES)) == (
        {"items_id": True, "items_name": True} if sql == CONCURRENTLY else {} if "drop" in sql else {"items_id": True}
    )


def test_a_failed_index_leaves_nothing_and_the_next_attempt_makes_it(database: Database):
    unique = "create unique index concurrently items_name on items (name)"
    database.do("insert into shop.items values (1001, 'item 1')")
    with pytest.raises(MigrationFailed, match="could not create unique index"):
        database.run(unique)
    assert (database.ask(INDEXES), database.applied()) == ([], [])
    database.do("delete from shop.items where id = 1001")
    database.run(unique)
    assert database.ask(INDEXES) == [("items_name", True)]


def test_an_index_that_was_there_before_is_not_taken_for_the_files_own(database: Database):
    database.do("create index items_name on shop.items (id)")
    for _ in range(2):
        with pytest.raises(MigrationFailed, match="already exists"):
            database.run(CONCURRENTLY)
    assert database.applied() == []


def test_after_a_death_an_invalid_index_is_dropped_and_made_again(database: Database):
    database.do("insert into shop.items values (1001, 'item 1')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.do("create unique index concurrently items_name on shop.items (name)")
    assert database.ask(INDEXES) == [("items_name", False)], "PostgreSQL leaves it"
    database.do("delete from shop.items where id = 1001")
    database.run("create table first (id int)")  # makes the record
    database.do("insert into parity.migrations (number, name, sha256, effect) values (2, '', '', '')")
    database.run("create unique index concurrently items_name on items (name)", 2)
    assert database.ask(INDEXES) == [("items_name", True)]
    assert [row[2] for row in database.applied()] == [True, True]


# --- Any death ---


def counted(database: Database, sql: str) -> int:
    """How many messages the runner sends where nothing is cut; what it did is undone."""
    cut = Cut()
    asyncio.run(through(database, sql, cut))
    database.do("delete from parity.migrations")
    return len(cut.messages)


async def through(database: Database, sql: str, cut: Cut) -> bool:
    """Whether the runner came to its end by a way that is cut."""
    at = database.sandbox.environment
    async with way(at["PGHOST"], int(at["PGPORT"]), cut) as port:
        before = os.environ["PGPORT"]
        os.environ["PGPORT"] = str(port)
        try:
            await migration_run.run(database.inputs(sql), database.said.append)
        except MigrationFailed:
            return False
        finally:
            os.environ["PGPORT"] = before
    return True


FORGET = "delete from parity.migrations"
UNDO = {
    ADDS: "drop table if exists shop.news; alter table shop.items drop column if exists price; truncate shop.log",
    CONCURRENTLY: "drop index if exists shop.items_name; truncate shop.log",
}


@pytest.mark.parametrize("sql", [ADDS, CONCURRENTLY], ids=["in one transaction", "outside a transaction"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_after_a_death_at_any_message_the_next_attempt_finds_or_makes_it_complete(
    database: Database, side: Side, sql: str
):
    every = counted(database, sql)
    database.do(f"{UNDO[sql]}")
    points = range(1, every + 1) if everything() else range(1, every + 1, 3)
    died = 0
    for point in points:
        ended = asyncio.run(through(database, sql, Cut(point, side)))
        died += not ended
        database.run(sql)
        assert database.applied() == [(1, "0001_it", True, MIGRATOR)], point
        if sql == ADDS:
            assert database.ask("select count(*) from shop.log") == [(1,)], f"run once, cut {side} message {point}"
        else:
            assert database.ask(INDEXES) == [("items_name", True)], point
        database.do(f"{UNDO[sql]}; {FORGET}")
    assert died >= len(points) - 1, "only the message that says goodbye may be lost without a loss"


def test_the_record_says_what_is_there_and_nothing_where_nothing_is(database: Database):
    inputs = database.inputs(ADDS)
    assert asyncio.run(migration.read("moving/0001", inputs, inputs)) == ("", {}, {})
    database.run(ADDS)
    found, _, now = asyncio.run(migration.read("moving/0001", inputs, inputs))
    assert (found, now["sha256"]) == ("moving/0001", inputs["sha256"])
    gone = {**inputs, "database": "absent"}
    assert asyncio.run(migration.read("absent/0001", gone, gone)) == ("", {}, {})
