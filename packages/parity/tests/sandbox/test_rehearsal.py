"""What a rehearsal sees on a scratch copy of a real database, and that the copy goes whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from packages.parity.tests.sandbox import test_migrations
from packages.parity.tests.sandbox.test_migrated_plan import (
    KEPT,
    MIGRATOR,
    STATISTICS,
    judged,
    migration,
    releases,
)
from packages.parity.tests.sandbox.test_migrated_releases import until
from packages.parity.tests.sandbox.test_migrations import APPLICATION, DATABASE, OWNER
from parity.config import servers
from parity.preview import gate, migrated, rehearsed, scratch
from parity.preview.plan import Plan
from parity.provider.errors import MigrationFailed

if TYPE_CHECKING:
    from pathlib import Path

    from packages.parity.tests.sandbox.test_migrations import Database
    from parity.preview.rehearsal import Rehearsal, Step

pytestmark = pytest.mark.sandbox

database = test_migrations.database
"""The fixture: a database with the tables `items` and `log`, which the application may read."""

LEFT = """
select datname from pg_database where datname like 'parity_rehearsal_%'
union select rolname from pg_roles where rolname like 'parity_rehearsal_%'"""


def rehearsal(database: Database, root: Path, *sql: str) -> Rehearsal:
    files = [migration(each, at, effect="contract") for at, each in enumerate(sql, 1)]
    (found,) = judged(database, root, *files).rehearsals
    assert left(database) == []
    return found


def steps(database: Database, root: Path, *sql: str) -> tuple[Step, ...]:
    found = rehearsal(database, root, *sql)
    assert found.not_because == ""
    return found.steps


def left(database: Database) -> list[str]:
    with database.sandbox.postgres() as administrator:
        return [name for (name,) in administrator.execute(LEFT).fetchall()]


def test_each_statement_has_the_locks_that_it_takes_what_it_rewrites_and_how_large_that_is(
    database: Database, tmp_path: Path
):
    database.do("analyze shop.items")
    found = rehearsal(
        database,
        tmp_path,
        "alter table items add column price int;\nalter table items alter column id type bigint;\ncreate table n ()",
        "create index concurrently by_name on items (name)",
        "alter table items alter column name set not null",
    )
    assert found.not_because == ""
    added, widened, made, indexed, tightened = found.steps
    assert (added.line, added.locks, added.rewrites, added.scans) == (1, {"shop.items": "ACCESS EXCLUSIVE"}, (), ())
    assert (widened.line, widened.locks, widened.rewrites) == (2, {}, ("shop.items",)), "it is locked already"
    assert widened.held["shop.items"] == "ACCESS EXCLUSIVE"
    assert (made.locks, made.rewrites) == ({}, ()), "a new table is no matter"
    assert indexed.locks == {"shop.items": "SHARE UPDATE EXCLUSIVE"}
    assert (tightened.rewrites, tightened.scans) == ((), ("shop.items",))
    assert found.sizes["shop.items"].rows == 1000
    assert found.sizes["shop.items"].bytes > 8192
    assert "the stack's own server, in `parity_rehearsal_" in found.where


def test_no_row_reaches_the_copy(database: Database, tmp_path: Path):
    counted = "do $$ begin if (select count(*) from items) > 0 then raise division_by_zero; end if; end $$"
    assert [each.failed for each in steps(database, tmp_path, counted)] == [""]


def test_a_statement_that_fails_on_the_copy_stops_the_plan_with_its_line(database: Database, tmp_path: Path):
    wrong = migration("alter table items add column a int;\n\nalter table items add column a int")
    (found,) = judged(database, tmp_path, wrong).violations
    assert (found.policy, found.level) == (rehearsed.FAILS, "mandatory")
    assert found.message == (
        f'migrations/0001_it.sql:3 fails on a copy of {DATABASE}: column "a" of relation "items" already exists. '
        "Correct the file."
    )
    assert left(database) == []


@pytest.mark.parametrize("sql", [
    "do $$ begin if (select count(*) from items) = 0 then raise 'no rows'; end if; end $$",
    "grant select on items to absent_role",
    "select 1 / (select count(*) from items)",
])  # fmt: skip
def test_what_the_copy_cannot_tell_is_said_and_stops_nothing(database: Database, tmp_path: Path, sql: str):
    plan = judged(database, tmp_path, migration("create table a (id int)"), migration(sql, 2))
    (found,) = plan.rehearsals
    assert plan.violations == ()
    assert [each.statement for each in found.steps] == ["create table a (id int)"]
    assert "from migrations/0002_it.sql:1 on, the copy has no rows, and not every role and right" in found.not_because


TAKES_A_RIGHT = [
    (f"alter table items owner to {APPLICATION}", "must be "),
    ("alter table log disable trigger all", "system trigger"),
    ("copy items from '/no/such/file'", "permission denied to COPY from a file"),
    ("create publication hand", "permission denied for database"),
]


@pytest.mark.parametrize(("sql", "why"), TAKES_A_RIGHT)
def test_what_takes_a_right_that_no_migrator_has_is_refused_and_else_said(
    database: Database, tmp_path: Path, sql: str, why: str
):
    database.do("alter table items add primary key (id); alter table log add item int references items")
    (found,) = judged(database, tmp_path, migration(sql)).violations
    assert (found.policy, found.level) == (rehearsed.FAILS, "mandatory")
    assert why in found.message
    with pytest.raises(MigrationFailed, match="Nothing of the file holds"):
        database.run(sql)
    with database.sandbox.postgres(DATABASE) as administrator:
        administrator.execute(f"grant create on database {DATABASE} to {OWNER}")
    plan = judged(database, tmp_path, migration(sql))
    assert plan.violations == (), "what else it may is not known"
    assert ("not every role and right" in plan.rehearsals[0].not_because) == ("publication" not in sql)


def test_what_is_rehearsed_has_no_right_outside_the_copy(database: Database, tmp_path: Path):
    for sql in ("reset role; set role to " + MIGRATOR, "create role escaped", f"alter database {DATABASE} set a.b = 1"):
        escape = migration(f"do $$ begin execute '{sql}'; end $$")
        (found,) = judged(database, tmp_path, escape).rehearsals
        assert "permission denied" in found.not_because or "must be owner" in found.not_because, sql


def test_a_query_of_a_kept_release_that_does_not_prepare_any_more_blocks(database: Database, tmp_path: Path):
    database.do("create view named as select name from items")
    database.do(STATISTICS.format(role=APPLICATION, query="select name from named where name = $1", lost=0))
    drops = migration("drop view named;\nalter table items drop column name", effect="contract")
    plan = judged(database, tmp_path, drops, kept=KEPT)
    blocking = gate.judge(plan, ()).blocking[0].what
    assert "shop r1 did: `select name from named where name = $1`, which breaks: relation" in blocking
    assert "`parity prune staging shop --keep 2` lets r1 go" in blocking
    (found,) = plan.rehearsals
    assert found.breaks == {0: ("shop r1", "shop r2", "shop r3")}


def test_a_query_is_planned_so_that_an_index_of_on_conflict_is_missed(database: Database, tmp_path: Path):
    database.do("create unique index by_name on items (name)")
    query = "insert into items (name) values ($1) on conflict (name) do nothing"
    database.do(STATISTICS.format(role=APPLICATION, query=query, lost=0))
    (found,) = judged(database, tmp_path, migration("drop index by_name"), kept=KEPT[2:]).rehearsals
    assert found.breaks == {0: ("shop r3",)}


def test_an_expansion_that_makes_a_query_ambiguous_blocks_and_one_that_never_prepared_does_not(
    database: Database, tmp_path: Path
):
    database.do("create table prices (item int, price int)")
    query = "select price from items, prices where item = id"
    database.do(STATISTICS.format(role=APPLICATION, query=query, lost=0))
    adds = migration("alter table items add column price int")
    plan = judged(database, tmp_path, adds, kept=KEPT[2:])
    assert "breaks queries of releases that stay: shop r3 did: " in plan.needs[adds.urn]
    assert 'column reference "price" is ambiguous' in plan.needs[adds.urn]
    releases(tmp_path, r3=1)
    assert judged(database, tmp_path, adds, kept=KEPT[2:]).needs == {}, "its commit has the migration"
    database.do("drop view pg_stat_statements, pg_stat_statements_info")
    database.do(STATISTICS.format(role=APPLICATION, query="select absent from items", lost=0))
    (tmp_path / "Pulumi.staging.yaml").unlink()
    assert judged(database, tmp_path, adds, kept=KEPT[2:]).needs == {}


def test_a_rewrite_of_a_large_table_under_its_lock_is_a_danger_that_says_the_size(database: Database, tmp_path: Path):
    database.do("analyze shop.items")
    widens = migration("alter table items alter column id type bigint")
    plan = judged(database, tmp_path, widens)
    (danger,) = gate.judge(plan, ()).blocking
    assert danger.rule == "holds-up"
    assert danger.what.startswith("migrations/0001_it.sql:1 rewrites shop.items (0.1 MB, about 1,000 rows) under ")
    assert danger.what.endswith("ACCESS EXCLUSIVE of shop.items: every read and write of it waits until that is done")
    small = migrated.judged(
        Plan("staging", (widens,), plan.resources, 0), database.sandbox.environment, tmp_path, lambda _: 1_000_000
    )
    assert small.locks == {}
    assert judged(database, tmp_path, migration("create index concurrently i on items (id)")).locks == {}


def test_a_database_that_is_to_be_made_is_rehearsed_empty(database: Database, tmp_path: Path):
    first = migration("create table shop.a (id int); alter table shop.a drop column absent", database="not_there_yet")
    plan = judged(database, tmp_path, first)
    (found,) = plan.rehearsals
    assert [each.failed for each in found.steps] == ['schema "shop" does not exist']


# --- Where, and that it goes ---


def test_a_login_that_may_not_make_databases_is_said_and_a_server_may_be_named(database: Database, tmp_path: Path):
    here = database.sandbox.environment
    changes = (migration("create table a (id int)"),)
    plain = {**here, "PGUSER": MIGRATOR, "PGPASSWORD": test_migrations.PASSWORD}
    (found,) = migrated.judged(Plan("staging", changes, {}, 0), plain, tmp_path).rehearsals
    assert "the login of the stack's own server may not make databases and roles" in found.not_because
    assert "name a server with `PGHOST_REHEARSAL`" in found.not_because
    named = {**plain, **{f"{name}_REHEARSAL": here[name] for name in servers.VARIABLES if name in here}}
    (found,) = migrated.judged(Plan("staging", changes, {}, 0), named, tmp_path).rehearsals
    assert found.where.startswith(f"the server {here['PGHOST']}, in `parity_rehearsal_")
    assert servers.known(named) == servers.known(here), "a stack's databases are not sought there"
    unnamed = {name: value for name, value in here.items() if name != "PGHOST_REHEARSAL"}
    (found,) = migrated.judged(Plan("staging", changes, {}, 0), unnamed, tmp_path).rehearsals
    assert found.not_because.startswith("no server is named for it; set `PGHOST_REHEARSAL`")


def test_where_no_server_is_named_nothing_is_made_or_read_for_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rehearsed, "schema_of", lambda *_: pytest.fail("it read the schema"))
    here = {name: value for name, value in database.sandbox.environment.items() if name != "PGHOST_REHEARSAL"}
    plan = Plan("staging", (migration("create table a (id int)"),), {}, 0)
    (found,) = migrated.judged(plan, here, tmp_path).rehearsals
    assert found.not_because.startswith("no server is named for it")
    assert found.where == ""


def test_an_administrator_that_may_grant_the_owner_and_not_become_it_reads_the_schema(
    database: Database, tmp_path: Path
):
    with database.sandbox.postgres() as administrator:
        administrator.execute(f"grant {OWNER} to current_user with set false, inherit false")
    assert [each.failed for each in steps(database, tmp_path, "alter table items drop column name")] == [""]


def test_the_login_of_a_copy_ends_by_itself_and_its_password_is_in_no_text(database: Database):
    with scratch.scratch(database.sandbox.environment, "") as copy, database.sandbox.postgres() as administrator:
        query = "select rolvaliduntil < now() + interval '2 hours' from pg_roles where rolname = %s"
        assert administrator.execute(query, [copy.name]).fetchall() == [(True,)]
        assert copy.login["password"] not in repr(copy)
        with copy.session() as session:
            assert session.execute("select current_user").fetchone() == (copy.name,)


def test_without_a_pg_dump_of_its_version_nothing_is_rehearsed_and_that_is_said(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(scratch, "_candidates", list)
    (found,) = judged(database, tmp_path, migration("create table a (id int)")).rehearsals
    assert found.steps == ()
    assert "no `pg_dump` of version" in found.not_because


KILLED = """
import os, sys
from parity.preview.scratch import scratch
with scratch(os.environ, ""):
    print("made", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_rehearsal_left_goes_with_the_next_one_and_what_is_in_use_stays(
    database: Database, tmp_path: Path
):
    environment = {**os.environ, **database.sandbox.environment}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "made\n"
        in_use = left(database)
        judged(database, tmp_path, migration("create table a (id int)"))
        assert left(database) == in_use != [], "another rehearsal is at it"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    with database.sandbox.postgres() as administrator:
        gone = "select count(*) from pg_stat_activity where datname like 'parity_rehearsal_%'"
        until(lambda: administrator.execute(gone).fetchone() == (0,))
    judged(database, tmp_path, migration("create table a (id int)"))
    assert left(database) == []
