"""What `parity ledger` says of an update, at the width of a terminal and without a word of Python's."""

from __future__ import annotations

import io

import pytest

from parity.backend.ledger import Record
from parity.cli.commands import ledger
from parity.console import Screen

WIDTH = 80
OLD, NEW, PLAN = "a1" * 20, "b2" * 20, "c3" * 32
BEGIN = {
    "time": "2026-11-29T11:58:03+00:00",
    "command": "release",
    "actor": "ada",
    "approver": "grace",
    "commit": f"{NEW}+changes",
    "pull_request": 12,
    "why": "r2 of shop in staging is commit b2b2b2b2b2b2, config 7e3c26cc, credentials 1, and live",
    "before": {"shop": {"live": "r1", "commit": OLD, "deployment": "dpl_1"}, "admin": {"live": None, "commit": None}},
    "intent": {
        "shop": {"live": "r2", "commit": NEW, "kept": ["r1", "r2"]},
        "admin": {"live": None, "commit": None, "kept": []},
    },
    "plan": PLAN,
    "approval": f"--plan {PLAN}",
}
KEY = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"
ORIGIN = {"kind": "config", "key": KEY, "commits": [{"sha": NEW, "subject": "More (#12)"}]}
FINDING = {
    "vendor": "GitHub",
    "type": "github:index/repositoryEnvironment:RepositoryEnvironment",
    "name": "delivery-environment",
    "kind": "changed",
    "property": "reviewers",
    "declared": '[{"teams": [13201435]}]',
    "live": None,
}
END = {
    "time": "2026-11-29T11:58:45.250000+00:00",
    "result": "succeeded",
    "changes": {"create": 1, "same": 40},
    "causes": [{"urn": "u", "property": "value", "origins": [ORIGIN, ORIGIN, {"kind": "program", "commits": []}]}],
    "verify": {"findings": [FINDING, {**FINDING, "kind": "missing"}], "unread": ["the drains could not be read"]},
    "errors": [],
}


def said(*records: Record) -> str:
    out = io.StringIO()
    screen = Screen(stdout=out, stderr=io.StringIO())
    screen.out.width = WIDTH
    ledger._show(screen, list(records), "file:///ledger")
    return out.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_full_record_says_everything_in_eighty_columns():
    text = said(Record("id", BEGIN, END))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "None" not in text
    for expected in (
        "2026-11-29 11:58:03 UTC release: succeeded after 42 s",
        f"by ada, from commit {NEW[:12]} with changes, pull request #12",
        "why: r2 of shop in staging is commit",
        f"shop: r1 ({OLD[:12]}) -> r2 ({NEW[:12]})",
        "admin: stays at nothing live",
        f"because of: {KEY} ({NEW[:12]}); the program",
        f"approved by grace (--plan, plan {PLAN[:12]})",
        "changes: 1 create",
        "not kept as declared, 2: GitHub: RepositoryEnvironment delivery-environment, reviewers: nothing instead of",
        "delivery-environment is missing",
        "not verified: the drains could not be read",
    ):
        assert expected in words(text)
    assert words(text).count(KEY) == 1, "a key is named once"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ({"time": BEGIN["time"]}, None),
        ({"time": BEGIN["time"], "command": "up", "commit": "", "actor": "", "why": None}, None),
        ({**BEGIN, "before": {}, "pull_request": None, "approval": "asked", "plan": None}, {**END, "verify": None}),
        (
            {"time": BEGIN["time"], "command": "up"},
            {"time": BEGIN["time"], "result": "refused", "errors": ["no\nmore"]},
        ),
    ],
)
def test_a_record_that_lacks_something_is_readable_too(begin, end):
    text = said(Record("id", begin, end))
    assert "None" not in text
    assert "by" in text


def test_an_update_without_an_end_and_one_that_was_refused():
    assert "release: unfinished\n" in said(Record("id", BEGIN, None))
    refused = Record("id", BEGIN, {"time": END["time"], "result": "refused", "errors": ["1 dangerous change\n  urn:x"]})
    assert "error: 1 dangerous change" in said(refused)


def test_what_a_person_wrote_is_no_markup():
    assert "[bold]x[/]" in said(Record("id", {**BEGIN, "why": "[bold]x[/]"}, None))


def test_the_json_has_the_record_as_one_object_with_its_duration():
    document = Record("id", BEGIN, END).document()
    assert {name: document[name] for name in ("command", "pull_request", "before", "intent", "plan", "verify")} == {
        **{name: BEGIN[name] for name in ("command", "pull_request", "before", "intent", "plan")},
        "verify": END["verify"],
    }
    assert document["seconds"] == 42.25
    assert Record("id", BEGIN, None).document()["seconds"] is None
