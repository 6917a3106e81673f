"""How each tool's folder is read: order, digests, what its table gets of a file, and what is wrong with it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from parity.config import layouts, migrations
from parity.config.layouts import LAYOUTS, File, Origin
from parity.config.parameters import Migrations
from support.team_tools import TOOLS, TeamTool
from support.worlds import Config

BY_NAME = {each.name: each for each in TOOLS}


def faults(root: Path, tool: TeamTool) -> list[str]:
    catalog = Config(0).settings().catalog.model_copy(update={"databases": (tool.write(root),)})
    return [f"{each.place}: {each.what}" for each in migrations.faults(root, catalog)]


def changed(name: str, **files: str) -> TeamTool:
    tool = BY_NAME[name]
    return TeamTool(name, {**tool.files, **files}, "", "", [], tool.more)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda each: each.name)
def test_three_steps_are_in_order_with_their_effects_and_no_fault(tool: TeamTool, tmp_path: Path):
    found = tool.read(tmp_path)
    assert [each.effect for each in found] == ["expand", "data", "contract"]
    assert [each.number for each in found] == sorted(each.number for each in found)
    assert all((tmp_path / each.file).is_file() for each in found)
    assert faults(tmp_path, tool) == []


def test_prismas_number_is_its_time_and_its_checksum_is_of_the_file(tmp_path: Path):
    first = BY_NAME["prisma"].read(tmp_path)[0]
    assert (first.number, first.file) == (20260101000000, "db/20260101000000_init/migration.sql")
    assert first.rows == {"name": "20260101000000_init", "checksum": first.sha256}


def test_a_checksum_holds_with_other_line_ends_and_in_prismas_older_form():
    text = "SELECT 1;\nSELECT 6;\n"
    found = layouts.checksums(text)
    assert hashlib.sha256(text.encode()).hexdigest() in found
    assert hashlib.sha256(text.replace("\n", "\r\n").encode()).hexdigest() in found
    assert "".join(f"{each:x}" for each in hashlib.sha256(text.encode()).digest()) in found
    assert hashlib.sha256(b"SELECT 1").hexdigest() not in found


def test_drizzles_row_has_the_time_of_its_journal(tmp_path: Path):
    assert [each.rows["when"] for each in BY_NAME["drizzle"].read(tmp_path)] == [
        "1796022020787", "1796022022588", "1796022023355",
    ]  # fmt: skip


def test_what_the_journal_and_the_folder_disagree_about(tmp_path: Path):
    entries = [{"tag": tag, "when": when} for tag, when in (("0000_init", 5), ("0001_fill", 5), ("0003_x", 9))]
    journal = {"meta/_journal.json": json.dumps({"entries": entries})}
    assert faults(tmp_path, changed("drizzle", **journal)) == [
        "db/meta/_journal.json: does not list 0002_price.",
        "db/meta/_journal.json: lists 0003_x, and the file is not there.",
        "db/meta/_journal.json: gives 0001_fill no later time than 0000_init, so that Drizzle may skip it.",
    ]


@pytest.mark.parametrize("journal", ["no JSON", "[]", "{}"])
def test_a_journal_that_cannot_be_read_lists_nothing(tmp_path: Path, journal: str):
    found = faults(tmp_path, changed("drizzle", **{"meta/_journal.json": journal}))
    assert found == [
        f"db/meta/_journal.json: does not list {each}." for each in ("0000_init", "0001_fill", "0002_price")
    ]


def test_the_faults_of_prismas_folder(tmp_path: Path):
    (tmp_path / "db" / "20260104000000_empty").mkdir(parents=True)
    more = {"0_init/migration.sql": "SELECT 1", "20260101000000_too/migration.sql": "SELECT 1", "notes.md": "x"}
    assert faults(tmp_path, changed("prisma", **more)) == [
        "db/20260104000000_empty/migration.sql: is not there.",
        "db/notes.md: is no name of a migration.",
        "db/20260101000000_too/migration.sql: has the number of db/20260101000000_init/migration.sql.",
    ]
    assert migrations.of(tmp_path, BY_NAME["prisma"].write(tmp_path))[0].file == "db/0_init/migration.sql"


def test_a_tools_history_may_make_what_the_catalog_declares_and_no_more(tmp_path: Path):
    made = 'CREATE SCHEMA IF NOT EXISTS "shop";\nCREATE SCHEMA other;\nCREATE EXTENSION vector;'
    assert [each.partition("`")[0] for each in faults(tmp_path, changed("drizzle", **{"0001_fill.sql": made}))] == [
        "db/0001_fill.sql:2: ", "db/0001_fill.sql:3: ",
    ]  # fmt: skip
    (tmp_path / "plain" / "db").mkdir(parents=True)
    plain = TeamTool("sql", {"0001_it.sql": "CREATE SCHEMA shop"}, "", "", [])
    assert [each.partition("`")[0] for each in faults(tmp_path / "plain", plain)] == ["db/0001_it.sql:1: "]


def test_a_step_of_a_tool_may_hold_no_statement(tmp_path: Path):
    assert faults(tmp_path, changed("prisma", **{"20260104000000_none/migration.sql": "-- empty"})) == []


def of_alembic(*revisions: tuple[str, tuple[str, ...]]) -> dict[str, Any]:
    files = [File(key, at, "", Origin("rendered", key, replaces)) for at, (key, replaces) in enumerate(revisions, 1)]
    rows = list(LAYOUTS["alembic"].rows(Path(), files))
    return {each["revision"]: each for each in rows}


def test_an_alembic_revision_is_applied_where_one_after_it_is_on_either_branch():
    rows = of_alembic(("a", ()), ("b", ("a",)), ("c", ("a",)), ("d", ("b", "c")), ("e", ()))
    assert {key: each["since"] for key, each in rows.items()} == {
        "a": ["a", "b", "c", "d"], "b": ["b", "d"], "c": ["c", "d"], "d": ["d"], "e": ["e"],
    }  # fmt: skip
    assert rows["d"]["replaces"] == ["b", "c"]
    assert rows["a"]["known"] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(("tool", "names", "newest"), [
    ("sql", ["0001_a.sql", "0012_b.sql", "README"], 12),
    ("prisma", ["20260101000000_a", "0_init", "migration_lock.toml"], 20260101000000),
    ("drizzle", ["0000_a.sql", "0003_Big_Name.sql", "meta"], 3),
    ("alembic", [], 0),
    ("flyway", ["V1.9__a.sql", "V1_10__b.sql", "U2__c.sql", "V1.9.1__d.sql"], 10100000000),
])  # fmt: skip
def test_the_newest_of_a_commit(tool: str, names: list[str], newest: int):
    more = {**BY_NAME[tool].more} if tool in BY_NAME else {}
    assert migrations.newest(names, Migrations(folder="db", tool=tool, **more)) == newest  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda each: each.name)
def test_a_folder_that_takes_the_place_of_another_counts_on(tool: TeamTool, tmp_path: Path):
    before = [each.number for each in tool.read(tmp_path / "alone")]
    tool = replace(tool, more={**tool.more, "follows": 12})
    found = tool.read(tmp_path)
    assert [each.number for each in found] == (before if before[0] > 10**9 else [13, 14, 15])
    assert faults(tmp_path, tool) == []
    how = tool.write(tmp_path).migrations
    assert how is not None
    assert migrations.newest([Path(each).parts[0] for each in tool.files], how) == found[-1].number


def test_a_number_that_is_no_higher_than_what_it_follows_is_a_fault(tmp_path: Path):
    tool = replace(changed("prisma", **{"12_old/migration.sql": "SELECT 1"}), more={"follows": 12})
    assert faults(tmp_path, tool) == ["db/12_old/migration.sql: is to follow 12."]


@pytest.mark.parametrize("given", [
    {"tool": "alembic"},
    {"tool": "alembic", "sources": ("versions",)},
    {"tool": "prisma", "command": ("npx", "prisma")},
    {"sources": ("versions",)},
])  # fmt: skip
def test_python_needs_its_sources_and_its_command_and_nothing_else_takes_them(given: dict[str, Any]):
    with pytest.raises(ValidationError, match="need both, and not for the others"):
        Migrations(folder="db", **given)


def test_what_a_file_was_rendered_from_is_no_part_of_its_text():
    origin = Origin("rendered", "shop.0002_fill", (), "shop/migrations/0002_fill.py", "a" * 64)
    assert layouts.split(f"SELECT 1;\n{origin}") == ("SELECT 1;\n", origin)
    merged = Origin("written", "d", ("b", "c"))
    assert layouts.split(f"{origin}SELECT 1;\n{merged}") == (f"{origin}SELECT 1;\n", merged)
    assert layouts.split("SELECT 1;\n") == ("SELECT 1;\n", None)


def test_flyways_checksum_is_of_the_lines_alone():
    text = BY_NAME["flyway"].files["V1__init.sql"]
    assert {"1394328729"} <= layouts.checksums(text) & layouts.checksums("\ufeff" + text.replace("\n", "\r\n"))
    assert "1394328729" not in layouts.checksums(text + " ")
    assert "-676463039" in layouts.checksums(BY_NAME["flyway"].files["V3__price.sql"]), "Java's numbers have a sign"


@pytest.mark.parametrize(
    ("name", "file", "text", "what"),
    [
        ("flyway", "R__view.sql", "create view v as select 1;", "is no name of a migration."),
        ("flyway", "B3__price.sql", "select 1;", "is no name of a migration."),
        ("flyway", "afterMigrate.sql", "select 1;", "is no name of a migration."),
        ("flyway", "V3.1000__more.sql", "create table more ();", "is no name of a migration."),
        ("flyway", "V20260102.1__more.sql", "create table more ();", "is no name of a migration."),
        ("flyway", "V3_0__more.sql", "create table more ();", "has the number of "),
        ("flyway", "V4__more.sql", "insert into t values ('${who}');", "holds a placeholder, `${`"),
        ("flyway", "V03__more.sql", "create table more ();", "has the number of "),
        ("dbmate", "4_more.sql", "-- migrate:up\ncreate table more ();\n", "is not a block `-- migrate:up` and one"),
        ("dbmate", "4_more.sql", "create table a ();\n-- migrate:up\n-- migrate:down\n", "has a statement before"),
    ],
)
def test_what_flyway_and_dbmate_would_run_otherwise_is_a_fault(
    tmp_path: Path, name: str, file: str, text: str, what: str
):
    (found,) = faults(tmp_path, changed(name, **{file: text}))
    assert what in found


def test_flyways_versions_are_in_its_order_and_what_undoes_is_left_alone(tmp_path: Path):
    names = ["V1", "V1.2", "V1_10", "V2.0", "V03.1", "V2024.1.2.1530", "V20260102", "V20260102030405"]
    files = {f"{each}__a_b.sql": f"create table t{at} ();" for at, each in enumerate(names)}
    tool = replace(BY_NAME["flyway"], files={**files, "U03.1__a_b.sql": "drop table t4;"})
    assert faults(tmp_path, tool) == []
    found = tool.read(tmp_path)
    assert [each.file.removeprefix("db/").partition("__")[0] for each in found] == names
    assert [each.rows["version"] for each in found][:5] == ["1", "1.2", "1.10", "2.0", "03.1"], "as Flyway writes them"
    assert found[-1].number < 2**53, "the engine's numbers are doubles"


def test_what_dbmate_runs_to_go_down_is_no_part_of_the_text(tmp_path: Path):
    text = "-- parity: data\n-- migrate:up transaction:false\nselect f();\n-- migrate:down\ndrop table a;\n"
    text += "-- migrate:up\nselect g();\n-- migrate:down\n"
    tool = changed("dbmate", **{"4_more.sql": text})
    more = tool.read(tmp_path)
    found = more[0]
    assert [(each.line, each.text) for each in found.statements] == [(3, "select f()"), (7, "select g()")]
    assert (found.effect, found.rows) == ("data", {"version": "4"})
    other = changed("dbmate", **{"4_more.sql": text.replace("table a", "table b")}).read(tmp_path)
    assert [each.sha256 for each in other] == [each.sha256 for each in more]
