"""A folder of migrations: the files in order, and every fault of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.config import catalog_checks, migrations
from parity.config.parameters import Database, Migrations
from support.worlds import Config

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "migrations"
ALONE = "cannot run in a transaction, so that a failure would leave half of the file."
DATABASE = Database(name="storefront", schemas=("shop",), migrations=Migrations(folder=FOLDER))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / FOLDER / f"{name.removeprefix('_')}.sql").write_text(text)


def faults(root: Path, database: Database = DATABASE) -> list[str]:
    catalog = Config(0).settings().catalog.model_copy(update={"databases": (database,)})
    return [f"{each.place}: {each.what}" for each in migrations.faults(root, catalog)]


def test_files_are_in_the_order_of_their_numbers_with_their_digests(folder: Path):
    write(folder, _0002_two="SELECT 2", _0001_one="SELECT 1", _0010_ten="SELECT 10")
    found = migrations.of(folder, DATABASE)
    assert [(each.number, each.file) for each in found] == [
        (1, "migrations/0001_one.sql"),
        (2, "migrations/0002_two.sql"),
        (10, "migrations/0010_ten.sql"),
    ]
    assert found[0].sha256 == "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5"


def test_a_checkout_with_other_line_ends_has_the_same_digest(folder: Path):
    write(folder, _0001_one="SELECT 1;\nSELECT 2")
    before = migrations.of(folder, DATABASE)[0].sha256
    (folder / FOLDER / "0001_one.sql").write_bytes(b"SELECT 1;\r\nSELECT 2")
    assert migrations.of(folder, DATABASE)[0].sha256 == before


def test_every_fault_is_said_at_once(folder: Path):
    write(
        folder,
        _0001_one="CREATE TABLE a (b int)",
        _0001_other="SELECT 1",
        _0003_gap="-- nothing",
        _0004_parse="CREATE TABLE c (\n  d int,\n  SELEC);",
        _0005_outside="CREATE TABLE e (f int);\nVACUUM e",
        _0006_begin="BEGIN;\nUPDATE a SET b = 1",
        _0007_weaker="-- parity: expand\nUPDATE a SET b = 1;\nALTER TABLE a DROP COLUMN b",
        _0008_word="-- parity: expnad\nSELECT 1",
    )
    (folder / FOLDER / "1_short.sql").write_text("")
    (folder / FOLDER / ".keep").write_text("")
    assert faults(folder) == [
        "migrations/1_short.sql: is no name of a migration.",
        "migrations/0001_other.sql: has the number of migrations/0001_one.sql.",
        "migrations/0003_gap.sql: comes after 0001: a number is left out.",
        "migrations/0003_gap.sql: holds no statement.",
        'migrations/0004_parse.sql:3: PostgreSQL\'s parser refuses it: syntax error at or near ")".',
        f"migrations/0005_outside.sql:2: `VACUUM e` {ALONE}",
        "migrations/0006_begin.sql:1: `BEGIN` begins or ends a transaction: each file is one already.",
        "migrations/0007_weaker.sql:2: `UPDATE a SET b = 1` is data, and the file states expand.",
        "migrations/0007_weaker.sql:3: `ALTER TABLE a DROP COLUMN b` is contract, and the file states expand.",
        "migrations/0008_word.sql:1: states expnad, which is none of expand, data, contract.",
    ]


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path):
    assert faults(tmp_path) == [
        "infra/catalog.py: databases.storefront.migrations: names the folder migrations, which is not there."
    ]


def test_without_the_parser_the_fault_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    write(folder, _0001_one="SELECT 1")
    monkeypatch.setattr("parity.config.sql_tree.import_module", absent)
    catalog = Config(0).settings().catalog.model_copy(update={"databases": (DATABASE,)})
    (found,) = migrations.faults(folder, catalog)
    assert found.remedy == "Install it: pip install 'pulumi-parity[migrations]'"


@pytest.mark.parametrize(("sql", "effect"), [
    ("CREATE TABLE a (b int); INSERT INTO a VALUES (1)", "data"),
    ("UPDATE a SET b = 1; ALTER TABLE a DROP COLUMN b", "contract"),
    ("DO $$ BEGIN END $$", "contract"),
    ("-- parity: data\nDO $$ BEGIN END $$", "data"),
    ("-- parity: contract\nCREATE TABLE a (b int)", "contract"),
    ("-- a comment\nCREATE TABLE a (b int)", "expand"),
])  # fmt: skip
def test_a_file_has_the_gravest_effect_of_its_statements_or_the_one_that_it_states(folder: Path, sql: str, effect: str):
    write(folder, _0001_one=sql)
    assert migrations.of(folder, DATABASE)[0].effect == effect
    assert faults(folder) == []


def test_the_schema_of_the_record_is_not_for_tables():
    database = DATABASE.model_copy(update={"schemas": ("shop", "parity")})
    catalog = Config(0).settings().catalog.model_copy(update={"databases": (database,)})
    assert [each.what for each in catalog_checks.check(catalog) if "parity" in each.what] == [
        "parity holds the record of migrations."
    ]
