"""A tool's own table and the runner's record: what Parity runs the tool finds applied, and the other way round."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from packages.parity.tests.sandbox import test_migrations
from packages.parity.tests.sandbox.test_migrated_plan import judged, migration
from packages.parity.tests.sandbox.test_migrations import MIGRATOR, OWNER
from parity.config.layouts import LAYOUTS
from parity.config.migrations import BEFORE
from parity.preview import migrated
from parity.provider.errors import MigrationBarred, MigrationFailed, MigrationOtherwise
from support.team_tools import DJANGO, TOOLS, TeamTool

if TYPE_CHECKING:
    from pathlib import Path

    from packages.parity.tests.sandbox.test_migrations import Database
    from parity.config.layouts import Record
    from parity.config.migrations import Migration
    from parity.preview.plan import Plan

pytestmark = pytest.mark.sandbox

database = test_migrations.database
BY_NAME = {each.name: each for each in TOOLS}
FLYWAYS_ROW = "insert into shop.flyway_schema_history (installed_rank, version, description, type, script, checksum,"
FLYWAYS_ROW += " installed_by, execution_time, success) values"
BREAKS = ("name", "when", "hash", "revision", "version", "description")
each_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda each: each.name)


@pytest.fixture(autouse=True)
def empty(database: Database) -> None:
    """The folders make `items`, and the program makes Drizzle's schema."""
    with database.sandbox.postgres(test_migrations.DATABASE) as administrator:
        administrator.execute(f"create schema drizzle authorization {OWNER}")
    database.do("drop table shop.items")


def given(each: Migration, **more: Any) -> dict[str, Any]:
    return {"file": each.file, "effect": each.effect, "tool": each.tool, "rows": each.rows, **more}


def run(database: Database, *files: Migration) -> None:
    for each in files:
        database.run(each.sql, each.number, **given(each))


def record_of(tool: TeamTool) -> Record:
    record = LAYOUTS[tool.name].record
    assert record is not None
    return record


def by_the_tool(database: Database, tool: TeamTool, files: tuple[Migration, ...]) -> None:
    """Apply files as the tool does: its own statements, and then its rows."""
    database.do(tool.table)
    record = record_of(tool)
    with database.connect() as connection:
        for each in files:
            for statement in each.statements:
                if not statement.declares:
                    connection.execute(statement.text.encode())
            connection.execute(record.row.encode(), each.rows)


def effects(database: Database) -> list[str]:
    return [effect for (effect,) in database.ask("select effect from parity.migrations order by number")]


@each_tool
def test_what_is_run_is_in_the_tools_table_as_the_tool_writes_it(database: Database, tool: TeamTool, tmp_path: Path):
    files = tool.read(tmp_path)
    run(database, *files, *files)
    assert database.ask(tool.rows) == tool.expected
    assert effects(database) == ["expand", "data", "contract"]


@each_tool
def test_what_the_tool_applied_is_recorded_and_not_run_again(database: Database, tool: TeamTool, tmp_path: Path):
    files = tool.read(tmp_path)
    by_the_tool(database, tool, files[:2])
    run(database, *files)
    assert database.ask(tool.rows) == tool.expected
    assert effects(database) == [BEFORE, BEFORE, "contract"]
    assert any(f"{tool.name} applied it before" in each for each in database.said)


@each_tool
def test_effect_and_both_records_are_one_commit(database: Database, tool: TeamTool, tmp_path: Path):
    first = tool.read(tmp_path)[0]
    record = record_of(tool)
    with pytest.raises(psycopg.errors.UndefinedTable):
        database.ask(tool.rows)
    assert set(first.rows) & set(BREAKS)
    broken = {**first.rows, **{name: None for name in BREAKS if name in first.rows}}
    with pytest.raises(MigrationFailed):
        database.run(first.sql, first.number, **given(first, rows=broken))
    for table in ("shop.items", "shop.shop_item", record.table):
        assert database.ask(f"select to_regclass('{table}') is null") == [(True,)]
    assert database.applied() == []


@pytest.mark.parametrize("name", ["prisma", "drizzle"])
def test_other_text_than_the_tool_applied_is_refused_by_run_and_plan(database: Database, name: str, tmp_path: Path):
    first = BY_NAME[name].read(tmp_path)[0]
    by_the_tool(database, BY_NAME[name], (first,))
    other = first.sql + "-- more\n"
    with pytest.raises(MigrationOtherwise, match="was applied to moving with other text"):
        database.run(other, first.number, **given(first))
    plan = judged(database, tmp_path, migration(other, first.number, **given(first)))
    assert [each.policy for each in plan.violations] == [migrated.KEEPS]
    column, table = ("checksum", "_prisma_migrations") if name == "prisma" else ("hash", "drizzle.__drizzle_migrations")
    windows = hashlib.sha256(first.sql.replace("\n", "\r\n").encode()).hexdigest()
    database.do(f"update {table} set {column} = '{windows}'")  # noqa: S608 - of the test's own
    run(database, first)
    assert effects(database) == [BEFORE]


PLAIN = ("create table items (id serial primary key, price int, cents bigint)", "update items set cents = price * 100")
GONE = [migration(sql, number, "delete") for number, sql in enumerate(PLAIN, 1)]


@pytest.mark.parametrize("name", ["prisma", "drizzle"])
def test_a_tool_goes_on_where_plain_files_were_applied(database: Database, tmp_path: Path, name: str):
    tool = replace(BY_NAME[name], more={"follows": 2})
    files = tool.read(tmp_path)
    creates = [migration(each.sql, each.number, **given(each, follows=2)) for each in files]
    database.run(PLAIN[0], 1)
    database.do(tool.table)
    with database.connect() as connection:
        for each in files[:2]:  # `prisma migrate resolve --applied`
            connection.execute(record_of(tool).row.encode(), each.rows)
    early = judged(database, tmp_path, *GONE, *creates)
    assert [(each.policy, each.urn) for each in early.violations] == [(migrated.KEEPS, creates[2].urn)]
    assert "follows number 2, and the last that is applied is 1" in early.violations[0].message

    database.run(PLAIN[1], 2, effect="data")
    assert judged(database, tmp_path, *GONE, *creates).violations == ()
    alone = [migration(each.sql, each.number, **given(each)) for each in files]
    assert [each.policy for each in judged(database, tmp_path, *GONE, *alone).violations] == [migrated.KEEPS] * 2
    for each in files:
        database.run(each.sql, each.number, **given(each, follows=2))
    assert effects(database) == ["expand", "data", BEFORE, BEFORE, "contract"]
    assert database.ask(tool.rows)[-1] == tool.expected[-1]
    assert judged(database, tmp_path, *GONE, *creates).violations == (), "the deletes may come after the creates"


def squash(tmp_path: Path) -> Migration:
    """Django's three in one, as `squashmigrations` writes it."""
    keys = " ".join(("shop.0001_squashed_0003_price", "replaces", ",".join(DJANGO)))
    sql = 'CREATE TABLE "shop_item" ("id" bigint NOT NULL PRIMARY KEY, "cents" bigint NULL);\n'
    files = {"0004_squash.sql": f"{sql}\n-- rendered: {keys}\n"}
    return replace(BY_NAME["django"], files=files).read(tmp_path / "squash")[0]


DJANGOS = BY_NAME["django"].expected
SQUASHED = [*DJANGOS, (4, "shop", "0001_squashed_0003_price")]
"""What Django 5.2 leaves of it in an empty database, and where all three were applied."""


def test_a_squash_is_recorded_as_django_does(database: Database, tmp_path: Path):
    run(database, squash(tmp_path))
    assert database.ask(BY_NAME["django"].rows) == SQUASHED
    assert effects(database) == ["expand"]


@pytest.mark.parametrize("by_parity", [True, False])
def test_a_squash_counts_as_applied_where_all_that_it_replaces_is(
    database: Database, tmp_path: Path, *, by_parity: bool
):
    tool, one = BY_NAME["django"], squash(tmp_path)
    files = tool.read(tmp_path)
    if by_parity:
        run(database, *files)
    else:
        by_the_tool(database, tool, files)
    contracting = migration(f"{one.sql};alter table shop_item drop column cents", one.number, **given(one))
    assert judged(database, tmp_path, contracting).violations == ()
    run(database, one, one)
    assert database.ask(tool.rows) == SQUASHED
    assert effects(database)[-1] == BEFORE, "it takes nothing that those did not take"


def test_a_squash_of_which_a_part_is_applied_is_refused(database: Database, tmp_path: Path):
    tool = BY_NAME["django"]
    by_the_tool(database, tool, tool.read(tmp_path)[:2])
    with pytest.raises(MigrationBarred, match=r"records a part of what it replaces, and not shop\.0003_price"):
        run(database, squash(tmp_path))
    assert database.ask(tool.rows) == DJANGOS[:2]


def test_flyways_checksum_and_baseline_count(database: Database, tmp_path: Path):
    tool = BY_NAME["flyway"]
    first, second, third = tool.read(tmp_path)
    by_the_tool(database, tool, (first,))
    other = first.sql.replace("price", "cost")
    with pytest.raises(MigrationOtherwise, match="checksum 1394328729, now"):
        database.run(other, first.number, **given(first, rows={**first.rows, "checksum": 1}))
    plan = judged(database, tmp_path, migration(other, first.number, **given(first)))
    assert [each.policy for each in plan.violations] == [migrated.KEEPS]
    database.do("delete from shop.flyway_schema_history")
    database.do(f"{FLYWAYS_ROW} (1, '2.5', '', 'BASELINE', '', null, '', 0, true)")
    run(database, first, second, third)
    assert effects(database) == [BEFORE, BEFORE, "contract"], "a baseline stands for what is not after it"
    assert database.ask(tool.rows)[1:] == [(2, *tool.expected[2][1:])]


def test_flyways_versions_are_compared_as_it_does(database: Database, tmp_path: Path):
    names = {"V1.0__a.sql": "a", "V1_9__b.sql": "b", "V1.10__c.sql": "c", "V20260102__d.sql": "d"}
    tool = replace(BY_NAME["flyway"], files={name: f"create table {each} ();" for name, each in names.items()})
    first, second, third, fourth = tool.read(tmp_path)
    database.do(f"{tool.table}; {FLYWAYS_ROW} (1, '1', 'a', 'SQL', 'V1__a.sql', {first.rows['checksum']}, '', 0, true)")
    run(database, first, second, fourth)
    assert effects(database) == [BEFORE, "expand", "expand"]
    with pytest.raises(MigrationBarred, match="older than its newest, 20260102"):
        run(database, third)
    rows = [(rank, version) for rank, version, *_ in database.ask(tool.rows)]
    assert rows == [(1, "1"), (2, "1.9"), (3, "20260102")]
    database.do("delete from shop.flyway_schema_history where version = '20260102'; delete from parity.migrations")
    run(database, third)
    assert [version for _, version, *_ in database.ask(tool.rows)] == ["1", "1.9", "1.10"]


@pytest.mark.parametrize(("name", "makes", "why"), [
    ("prisma", "insert into shop._prisma_migrations (id, checksum, migration_name) values ('1', 'x', 'half')",
     "Prisma records that half did not end"),
    ("drizzle", "insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 9999999999999)",
     "Drizzle skips what is older than its newest row"),
    ("alembic", "insert into shop.alembic_version values ('ffff')",
     "Alembic records revision ffff, which the folder does not have"),
    ("flyway", f"{FLYWAYS_ROW} (1, '9', '', 'SQL', '', 1, '', 0, true)",
     "Flyway records version 9, which the folder does not have"),
    ("flyway", f"{FLYWAYS_ROW} (1, '1.2.3', '', 'SQL', '', 1, '', 0, true)",
     "Flyway records version 1.2.3, which the folder does not have"),
    ("flyway", f"{FLYWAYS_ROW} (1, '1', '', 'SQL', '', 1, '', 0, false)", "Flyway records that version 1 failed"),
    ("flyway", f"{FLYWAYS_ROW} (1, '1', '', 'SQL', '', 1, '', 0, true), (2, '1', '', 'UNDO_SQL', '', 1, '', 0, true)",
     "Flyway records that version 1 was undone"),
    ("flyway", f"{FLYWAYS_ROW} (1, '3', '', 'SQL', '', 1, '', 0, true)", "older than its newest, 3"),
])  # fmt: skip
def test_a_record_that_the_tool_would_stop_at_stops_the_run(
    database: Database, name: str, makes: str, why: str, tmp_path: Path
):
    tool = BY_NAME[name]
    database.do(tool.table)
    database.do(makes)
    with pytest.raises(MigrationBarred, match=why):
        run(database, tool.read(tmp_path)[0])
    assert database.ask("select to_regclass('shop.items') is null") == [(True,)]
    assert database.applied() == []


@each_tool
def test_a_contraction_that_the_tool_applied_holds_no_plan_back(database: Database, tool: TeamTool, tmp_path: Path):
    files = tool.read(tmp_path)
    changes = [migration(each.sql, each.number, **given(each)) for each in files]
    changes.append(migration("alter table log add column more int", files[-1].number + 1))
    assert [each.policy for each in judged(database, tmp_path, *changes).violations] == [migrated.ORDER]
    by_the_tool(database, tool, files)
    with database.sandbox.postgres(test_migrations.DATABASE) as administrator:
        administrator.execute(f"grant {OWNER} to current_user with inherit true")
        assert judged(database, tmp_path, *changes).violations == ()


def granted(database: Database, plan: Plan) -> None:
    """Run what a refusal names, as the role that it names."""
    (way,) = re.findall("`(grant .*)`", plan.violations[0].message)
    database.do(way)


@each_tool
def test_a_tools_table_that_the_administrator_may_not_read_is_said_before_the_first_call(
    database: Database, tool: TeamTool, tmp_path: Path
):
    files = tool.read(tmp_path)
    change = migration(files[2].sql, files[2].number, **given(files[2]))
    by_the_tool(database, tool, files)
    with database.sandbox.postgres(test_migrations.DATABASE) as administrator:
        administrator.execute(f"grant {OWNER} to current_user with inherit false")
    plan = judged(database, tmp_path, change)
    assert (plan.needs, [each.policy for each in plan.violations]) == ({}, [migrated.KEEPS])
    assert record_of(tool).table in plan.violations[0].message
    granted(database, plan)
    assert judged(database, tmp_path, change).violations == (), "the statements that it names are enough"
    run(database, *files)
    plan = judged(database, tmp_path, change)
    assert "what was applied before is in parity.migrations" in plan.violations[0].message
    granted(database, plan)
    assert judged(database, tmp_path, change).violations == ()


def test_what_the_tool_ran_since_is_recorded_with_its_effect(database: Database, tmp_path: Path):
    tool = BY_NAME["drizzle"]
    first, second, third = tool.read(tmp_path)
    run(database, first, second)
    with database.connect() as connection:
        connection.execute(third.sql.encode())
        connection.execute(record_of(tool).row.encode(), third.rows)
    run(database, third)
    assert effects(database) == ["expand", "data", "contract"]
    assert database.applied()[0][3] == MIGRATOR


def test_a_schema_that_the_catalog_declares_is_not_made_on_the_copy_either(database: Database, tmp_path: Path):
    files = BY_NAME["drizzle"].read(tmp_path)
    plan = judged(database, tmp_path, *(migration(each.sql, each.number, **given(each)) for each in files))
    assert plan.violations == ()
    assert plan.rehearsals[0].steps[0].statement.startswith('CREATE TABLE "shop"')
    assert [each.not_because for each in plan.rehearsals] == [""]
