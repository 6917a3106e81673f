"""How a rehearsal reads: in the comment, in a terminal, and as JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from rich.text import Text

from parity.config.parameters import Database, Migrations
from parity.preview import markdown, run, text
from parity.preview.rehearsal import Rehearsal, Size, Step
from support import plans

ITEMS = Size(2_000_000, 310_500_000)
WIDENS = Step(
    "urn", "m/0001_it.sql", 3, "alter table items alter id type bigint", {"shop.items": "ACCESS EXCLUSIVE"},
    ("shop.items",), ("shop.items",), {"shop.items": "ACCESS EXCLUSIVE"},
)  # fmt: skip
FAILS = Step("urn", "m/0002_it.sql", 1, "drop table absent", failed='table "absent" does not exist')
MADE = Rehearsal(
    "store", "the server db, in `parity_rehearsal_1`", (WIDENS, FAILS), {"shop.items": ITEMS}, "", {0: ("shop r1",)}
)
"""Of a table of 310 MB."""


def report(*found: Rehearsal) -> Any:
    return plans.report(replace(plans.plan(), rehearsals=found))


def comment(*found: Rehearsal, limit: int = markdown.COMMENT_LIMIT) -> str:
    return markdown.render(report(*found), limit=limit)


def test_the_comment_has_a_row_for_each_statement():
    said = comment(MADE)
    assert "### Migrations of store, rehearsed" in said
    assert "its schema without its rows" in said
    row = next(line for line in said.splitlines() if "0001_it.sql" in line)
    assert re.findall(r"(?<=\| ).*?(?= \|)", row) == [
        "`m/0001_it.sql:3` `alter table items alter id type bigint`",
        "ACCESS EXCLUSIVE on `shop.items`",
        "rewrites `shop.items`",
        "`shop.items` 310.5 MB, about 2,000,000 rows",
        "⛔ shop r1",
    ]
    assert "fails: table" in next(line for line in said.splitlines() if "0002_it.sql" in line)


def test_the_comment_says_why_there_is_no_rehearsal():
    said = comment(Rehearsal("store", not_because="the login may not make databases"))
    assert "Not rehearsed, because the login may not make databases." in said
    assert "| statement |" not in said


def test_a_folded_comment_keeps_what_fails_breaks_or_locks():
    quiet = replace(WIDENS, file="m/0000_quiet.sql", locks={}, rewrites=(), scans=())
    many = replace(MADE, steps=(*[quiet] * 500, WIDENS, FAILS), breaks={500: ("shop r1",)})
    said = comment(many, limit=10_000)
    assert len(said) <= 10_000
    assert "m/0001_it.sql:3" in said
    assert "m/0002_it.sql:1" in said
    assert re.search(r"\d+ more in the artefact `report.json`", said)


def test_a_terminal_has_the_same():
    said = "\n".join(Text.from_markup(each).plain for each in text.lines(report(MADE)))
    for each in (
        "m/0001_it.sql:3 alter table items alter id type bigint", "locks shop.items: ACCESS EXCLUSIVE",
        "rewrites shop.items", "shop.items now: 310.5 MB, about 2,000,000 rows", "breaks: shop r1",
        'fails: table "absent" does not exist',
    ):  # fmt: skip
        assert each in said
    assert "scans shop.items" not in said, "a rewrite reads it anyway"


def test_json_has_all_of_it():
    (found,) = report(MADE).document()["migrations"]
    assert found["tables"] == {"shop.items": {"rows": 2_000_000, "bytes": 310_500_000}}
    first, second = found["statements"]
    assert (first["locks"], first["rewrites"], first["breaks"]) == (
        {"shop.items": "ACCESS EXCLUSIVE"}, ["shop.items"], ["shop r1"],
    )  # fmt: skip
    assert second["failed"] == 'table "absent" does not exist'


@pytest.mark.parametrize(("held", "limit", "slow"), [
    ({"shop.items": "ACCESS EXCLUSIVE"}, 300_000_000, "every read and write of it waits"),
    ({"shop.items": "SHARE"}, 300_000_000, "every write of it waits"),
    ({"shop.items": "SHARE UPDATE EXCLUSIVE"}, 300_000_000, ""),
    ({"shop.items": "ACCESS EXCLUSIVE"}, 400_000_000, ""),
])  # fmt: skip
def test_a_table_is_held_up_from_a_size_on_and_by_a_lock_that_stops_writes(held: dict[str, str], limit: int, slow: str):
    found = MADE.slow(replace(WIDENS, held=held), limit)
    assert bool(found) == bool(slow)
    assert slow in found


def test_the_size_is_the_one_that_the_catalog_declares_for_the_database():
    databases = (
        Database(name="other", schemas=("a",), migrations=Migrations(folder="b", large_table_megabytes=1)),
        Database(name="store", schemas=("a",), migrations=Migrations(folder="a", large_table_megabytes=7)),
    )
    settings = SimpleNamespace(catalog=SimpleNamespace(databases=databases))
    stack: Any = SimpleNamespace(sealed_settings=lambda: settings)
    assert (
        run.large_bytes(stack, "urn:pulumi:prod::storefront::parity:index:Migration::store-migration-0001") == 7_000_000
    )
