"""What each form of statement does, against a table that a reader can check; docs/migrations.md is held to it."""

from __future__ import annotations

import pytest

from parity.config.sql_tree import Unparsed, columns, filled, found, tree
from parity.config.statements import parse
from support.migrations import COLUMNS, FORMS, REFUSED
from support.paths import ROOT

ACTIONS = {
    f"AT_{each}"
    for each in [
        "AddColumn",
        "ColumnDefault",
        "DropNotNull",
        "SetNotNull",
        "SetExpression",
        "DropExpression",
        "SetStatistics",
        "SetOptions",
        "ResetOptions",
        "SetStorage",
        "SetCompression",
        "DropColumn",
        "AddConstraint",
        "AlterConstraint",
        "ValidateConstraint",
        "DropConstraint",
        "AlterColumnType",
        "ChangeOwner",
        "ClusterOn",
        "DropCluster",
        "SetLogged",
        "SetUnLogged",
        "DropOids",
        "SetAccessMethod",
        "SetTableSpace",
        "SetRelOptions",
        "ResetRelOptions",
        "EnableTrig",
        "EnableAlwaysTrig",
        "EnableReplicaTrig",
        "DisableTrig",
        "DisableTrigAll",
        "EnableTrigUser",
        "EnableRule",
        "EnableAlwaysRule",
        "EnableReplicaRule",
        "DisableRule",
        "AddInherit",
        "DropInherit",
        "AddOf",
        "DropOf",
        "ReplicaIdentity",
        "EnableRowSecurity",
        "DisableRowSecurity",
        "ForceRowSecurity",
        "NoForceRowSecurity",
        "AttachPartition",
        "DetachPartition",
        "DetachPartitionFinalize",
        "AddIdentity",
        "SetIdentity",
        "DropIdentity",
    ]
}
"""What the parser makes of PostgreSQL 17's forms (`AlterTableType` in its parsenodes.h)."""

PAGE = ROOT / "docs" / "migrations.md"


@pytest.mark.parametrize(("sql", "effect"), FORMS, ids=[sql for sql, _ in FORMS])
def test_each_form_has_its_effect(sql: str, effect: str):
    (each,) = parse(sql)
    assert (each.effect + " ?" if each.opaque else each.effect) == effect
    assert each.fault == ""


@pytest.mark.parametrize(("sql", "why"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_a_form_that_no_migration_may_hold_is_a_fault(sql: str, why: str):
    (each,) = parse(sql)
    assert why in each.fault


def test_the_table_has_every_form_of_alter_table_that_the_parser_knows():
    of_tables = [tree(sql)[0]["stmt"] for sql, _ in FORMS if sql.startswith("ALTER TABLE")]
    tried = {each["subtype"] for one in of_tables for each in found(one, "AlterTableCmd")}
    assert tried >= ACTIONS
    assert {"RenameStmt", "AlterObjectSchemaStmt"} <= {form for one in of_tables for form in one}


@pytest.mark.parametrize(("sql", "takes"), COLUMNS, ids=[sql for sql, _ in COLUMNS])
def test_what_goes_is_named_by_table_and_column(sql: str, takes: set[str]):
    (statement,) = parse(sql)
    assert {str(each) for each in statement.takes} == takes


@pytest.mark.parametrize(("sql", "read"), [
    ("SELECT a FROM t JOIN u USING (b)", {"a", "b"}),
    ("SELECT a FROM t NATURAL JOIN u", {"a", "*"}),
    ("SELECT x FROM t x", {"x", "*"}),
    ("SELECT row_to_json(t) FROM t", {"t", "*"}),
    ("INSERT INTO t (a) VALUES (1) ON CONFLICT (b) DO NOTHING", {"a", "b"}),
    ("UPDATE t SET a = b", {"a", "b"}),
])  # fmt: skip
def test_each_column_that_a_query_needs_is_read(sql: str, read: set[str]):
    assert columns(tree(sql)) == read


@pytest.mark.parametrize(("sql", "written"), [
    ("INSERT INTO s.t (a) VALUES (1)", {"s.t": True}),
    ("INSERT INTO t VALUES (1)", {"t": False}),
    ("COPY t (a) FROM STDIN", {"t": False}),
    ("WITH x AS (INSERT INTO t (a) VALUES (1) RETURNING a) SELECT a FROM x", {"t": True}),
    ("UPDATE t SET a = 1", {}),
])  # fmt: skip
def test_what_a_query_fills_is_known_with_whether_it_names_its_columns(sql: str, written: dict[str, bool]):
    assert {str(each): named for each, named in filled(tree(sql)).items()} == written


def test_a_table_of_the_same_file_is_no_matter_to_any_release():
    made, constrained, other = parse(
        "CREATE TABLE n (a int); ALTER TABLE n ADD CHECK (a > 0); ALTER TABLE o ADD CHECK (a > 0)"
    )
    assert [each.effect for each in (made, constrained, other)] == ["expand", "expand", "contract"]


def test_a_statement_has_the_line_and_the_text_that_its_author_wrote():
    first, second, third = parse("-- é\n/* a /* b */ ; */\nSELECT 1;\n\n-- two\nDROP TABLE\n  a;SELECT 'ü'")
    assert [(each.line, each.text) for each in (first, second, third)] == [
        (3, "SELECT 1"),
        (6, "DROP TABLE\n  a"),
        (7, "SELECT 'ü'"),
    ]


def test_what_the_parser_refuses_has_a_line():
    with pytest.raises(Unparsed, match='syntax error at or near "SELEC"') as caught:
        parse("SELECT 'é';\n\nSELEC 1")
    assert caught.value.line == 3


@pytest.mark.parametrize(("sql", "does", "at"), [
    ("CREATE INDEX CONCURRENTLY i ON s.t (a)", "create index", '"s"."t"'),
    ("DROP INDEX CONCURRENTLY s.i", "drop index", '"s"."i"'),
    ("REINDEX (CONCURRENTLY) TABLE t", "reindex", '"t"'),
    ("REINDEX INDEX CONCURRENTLY i", "reindex", '"i"'),
    ("VACUUM t", "vacuum", ""),
])  # fmt: skip
def test_what_takes_no_transaction_says_where_its_rest_is_found(sql: str, does: str, at: str):
    (each,) = parse(sql)
    assert each.outside is not None
    assert (each.outside.does, each.outside.at) == (does, at)


def test_the_page_has_the_table():
    text = PAGE.read_text()
    missing = [
        sql
        for sql, effect in FORMS
        if f"| `{sql}` | {effect.replace(' ?', ', unless the file says otherwise')} |" not in text
    ]
    assert missing == []
