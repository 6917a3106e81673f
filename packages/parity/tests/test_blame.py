"""Blame names the operation that gave a property its value, whatever came before and after it."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from types import SimpleNamespace

import pytest

from parity.backend import blame
from parity.backend.ledger import Ledger
from parity.drift import audit, render
from parity.drift.model import Finding
from parity.engine.store import FolderStore
from parity.preview import make, markdown, parse, text
from support import plans
from support.amounts import examples

HEAD = "urn:pulumi:staging::storefront::parity:components:WebApp$"
VARIABLE = HEAD + "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable::"
DOMAIN = HEAD + "vercel:index/projectDomain:ProjectDomain::"
LIMIT = VARIABLE + "shop-variable-SEARCH_RESULTS_LIMIT"
COMMIT, APPLIED = "a1" * 20, "b2" * 20
KEY = "parity:applications.shop.variables.SEARCH_RESULTS_LIMIT"


@pytest.fixture
def ledger(tmp_path):
    return Ledger(FolderStore(tmp_path), "storefront", "staging")


def change(ledger, urn, path, after, *, operation="update", result="succeeded", end=True, **more):
    properties = [{"path": path, "after": {"value": after}}] if path else []
    facts = {"command": "up", "commit": APPLIED, "actor": "ada", "approver": "grace", "approval": "--yes"}
    rows = [{"urn": urn, "operation": operation, "properties": properties}]
    identity = ledger.begin({**facts, "differences": rows})
    if end:
        ledger.end(identity, {"result": result, **more})
    return identity


def said(ledger, text, formerly=None):
    return [
        (each.record.id, each.path, blame.spelled(each.after), each.certain)
        for each in blame.current(ledger, blame.what(text, formerly))
    ]


@pytest.mark.parametrize(
    "text",
    [LIMIT, f"{LIMIT}#value", "shop.SEARCH_RESULTS_LIMIT", "shop-variable-SEARCH_RESULTS_LIMIT",
     "shop-variable-SEARCH_RESULTS_LIMIT.value", "store.SEARCH_RESULTS_LIMIT"],
)  # fmt: skip
def test_a_property_is_found_by_each_of_its_names(ledger, text):
    change(ledger, LIMIT, "value", "20", operation="create")
    newer = change(ledger, LIMIT, "value", "25")
    change(ledger, VARIABLE + "shop-variable-OTHER", "value", "1")
    assert said(ledger, text, {"store": "shop"}) == [(newer, "value", "25", True)]


def test_a_domain_is_found_by_its_name(ledger):
    made = change(ledger, f"{DOMAIN}domain-shop.example", "domain", "shop.example", operation="create")
    assert said(ledger, "shop.example") == [(made, "domain", "shop.example", True)]


def test_what_was_refused_or_not_done_changed_nothing(ledger):
    made = change(ledger, LIMIT, "value", "20")
    change(ledger, LIMIT, "value", "21", result="refused")
    change(ledger, LIMIT, "value", "22", result="failed", operations=[{"urn": LIMIT, "done": False}])
    assert said(ledger, LIMIT) == [(made, "value", "20", True)]
    done = change(ledger, LIMIT, "value", "23", result="failed", operations=[{"urn": LIMIT, "done": True}])
    assert said(ledger, LIMIT) == [(done, "value", "23", True)]


def test_what_a_killed_update_was_to_do_is_in_doubt_and_the_value_before_it_is_named_too(ledger):
    made = change(ledger, LIMIT, "value", "20")
    killed = change(ledger, LIMIT, "value", "21", result="killed")
    under_way = change(ledger, LIMIT, "value", "22", end=False)
    expected = [(under_way, "value", "22", False), (killed, "value", "21", False), (made, "value", "20", True)]
    assert said(ledger, LIMIT) == expected
    assert "in doubt" in blame.current(ledger, blame.what(LIMIT))[0].sentence


def test_what_was_deleted_is_gone_and_nothing_older_is_named(ledger):
    change(ledger, LIMIT, "value", "20", operation="create")
    gone = change(ledger, LIMIT, "", None, operation="delete")
    assert said(ledger, f"{LIMIT}#value") == [(gone, "value", "nothing", True)]


def test_it_says_key_line_commit_pull_request_and_approver(ledger):
    commits = [{"sha": COMMIT, "subject": "Show more results (#12)"}]
    origin = {"kind": "config", "key": KEY, "line": 14, "commits": commits}
    change(ledger, LIMIT, "value", "25", causes=[{"urn": LIMIT, "property": "value", "origins": [origin]}])
    (line,) = blame.current(ledger, blame.what(LIMIT))
    assert (line.key, line.line, line.commit, line.pull_request) == (KEY, 14, COMMIT, 12)
    assert line.sentence.endswith(
        f"by up {line.record.id}, {KEY} (line 14), commit {COMMIT[:9]}, pull request #12, approved by grace"
    )


def test_without_a_traced_key_it_names_the_commit_that_was_applied(ledger):
    change(ledger, LIMIT, "value", "25")
    (line,) = blame.current(ledger, blame.what(LIMIT))
    assert (line.key, line.commit, line.pull_request) == ("", APPLIED, None)


def test_many_properties_are_asked_for_in_one_reading(ledger):
    made = [change(ledger, f"{VARIABLE}v{number}", "value", number) for number in range(5)]
    wanted = {(f"{VARIABLE}v{number}", "value") for number in range(5)} | {(LIMIT, "value")}
    found = blame.latest(ledger, wanted)
    assert {urn: line.record.id for (urn, _), line in found.items()} == {
        f"{VARIABLE}v{number}": each for number, each in enumerate(made)
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "nothing"),
        ({"value": "20"}, "20"),
        ({"value": [1, "a"]}, '[1, "a"]'),
        ({"secret": None}, "[secret]"),
        ({"secret": "ab12"}, "[secret ab12]"),
        ({"unknown": True}, "[known after the update]"),
        ({"sha256": "f" * 64, "length": 300}, "[300 characters, SHA-256 ffffffffffff]"),
    ],
)
def test_a_value_is_spelled_as_people_read_it(value, text):
    assert blame.spelled(value) == text


def test_between_two_operations_what_came_and_went_differs_in_nothing(ledger):
    for before, after in (("1", "2"), ("2", "3"), ("3", "1")):
        row = {"path": "value", "before": {"value": before}, "after": {"value": after}}
        rows = [{"urn": LIMIT, "operation": "update", "properties": [row]}]
        ledger.end(ledger.begin({"differences": rows}), {"result": "succeeded"})
    records = ledger.records()
    assert blame.between(iter(records)) == {}
    assert blame.between(iter(records[:2])) == {(LIMIT, "value"): ({"value": "1"}, {"value": "3"})}


def test_blame_is_right_on_random_properties_after_random_operations(tmp_path):
    """A model keeps who set each property last; blame, from the record alone, names the same."""
    for seed in range(examples(2, 10)):
        chance = random.Random(seed)  # noqa: S311 - a seed that a failure prints
        ledger = Ledger(FolderStore(tmp_path / str(seed)), "storefront", "staging")
        urns = [f"{VARIABLE}v{number}" for number in range(50)]
        model, number = {}, itertools.count()
        for _ in range(50):
            rows = []
            for urn in chance.sample(urns, chance.randint(1, 20)):
                operation = chance.choice(["create", "update", "update", "update", "replace", "delete"])
                paths = [] if operation == "delete" else chance.sample(range(10), chance.randint(1, 10))
                properties = [{"path": f"p{path}", "after": {"value": next(number)}} for path in paths]
                rows.append({"urn": urn, "operation": operation, "properties": properties})
            result = chance.choice(["succeeded", "succeeded", "failed", "refused"])
            done = {each["urn"] for each in rows if result == "succeeded" or chance.random() < 0.5}
            done = set() if result == "refused" else done
            identity = ledger.begin({"command": "up", "differences": rows})
            operations = [{"urn": each["urn"], "done": each["urn"] in done} for each in rows]
            ledger.end(identity, {"result": result, "operations": operations})
            for each in rows:
                if each["urn"] not in done:
                    continue
                if each["operation"] in {"create", "delete"}:
                    model |= {(each["urn"], f"p{path}"): (identity, {}) for path in range(10)}
                model |= {(each["urn"], row["path"]): (identity, row["after"]) for row in each["properties"]}
        asked = Ledger(ledger.store, "storefront", "staging")
        for urn, path in itertools.product(urns, (f"p{number}" for number in range(10))):
            found = [(each.record.id, each.after) for each in blame.current(asked, blame.what(f"{urn}#{path}"))]
            assert found == ([model[urn, path]] if (urn, path) in model else []), f"seed {seed}: {urn} {path}"


# --- Where findings and changes name it -------------------------------------------------------------------------------


def finding(**more):
    return Finding("changed", VARIABLE[:-2], "shop-variable-SEARCH_RESULTS_LIMIT", "value", (), **more)


def test_a_finding_names_the_operation_that_declared_the_property(ledger):
    made = change(ledger, LIMIT, "value", "25")
    other = finding(urn=f"{VARIABLE}other")
    (first, second), notes = audit._recorded([finding(urn=LIMIT), other], ledger)
    assert f"by up {made}, commit {APPLIED[:9]}, approved by grace" in first.recorded
    assert any(line.startswith("declared since ") for line in render.lines(first))
    assert (second, notes) == (other, [])


def test_an_audit_says_that_the_record_cannot_be_read_and_goes_on(ledger):
    made = change(ledger, LIMIT, "value", "25")
    (ledger.store.root / ledger.folder / f"{made}.1-begin.json").write_text("no record")
    found, (note,) = audit._recorded([finding(urn=LIMIT)], Ledger(ledger.store, "storefront", "staging"))
    assert found == [finding(urn=LIMIT)]
    assert "is not known: a record of the ledger cannot be read" in note


def test_a_preview_names_it_with_each_property(ledger, monkeypatch):
    step = plans.update(plans.VARIABLE, "limit", {"value": "20"}, {"value": "30"}, ("value",))
    plan = parse.parse(plans.STACK, {"steps": [step]}, failed=False)
    made = change(ledger, step["urn"], "value", "20")
    monkeypatch.setattr(make, "open_backend", lambda _: SimpleNamespace(ledger=ledger))
    report = replace(plans.report(plan), recorded=make._recorded(SimpleNamespace(), plan))
    assert f"by up {made}" in "\n".join(text.lines(report))
    comment = markdown.render(report, limit=markdown.COMMENT_LIMIT)
    assert "- `value` is as it is now since " in comment
    assert made in comment
    assert report.document()["changes"][0]["recorded"]["value"].startswith("since ")
