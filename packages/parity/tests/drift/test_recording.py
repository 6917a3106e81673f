"""What an audit finds first joins the record once, and its end once, whatever dies between the two writes."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from parity.backend import blame, chain
from parity.backend.ledger import Ledger
from parity.cli.commands import log_output
from parity.drift import recording
from parity.drift.model import Finding, Report, Suppression
from parity.engine.store import FolderStore
from parity.inventory.model import ReadFailure
from parity.recover import history

SINCE = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
HEAD = "urn:pulumi:staging::storefront::"
PROJECT = HEAD + "vercel:index/project:Project::shop-project"


class Died(BaseException):
    """The process, killed."""


def finding(kind: Any = "changed", name: str = "shop-project", **more: Any) -> Finding:
    given = {"declared": "nextjs", "live": "vite", "since": SINCE, "by": "ann", "path": "framework"} | more
    urn = "" if kind == "unmanaged" else HEAD + f"vercel:index/project:Project::{name}"
    return Finding(kind, "vercel:index/project:Project", name, key=(name,), urn=urn, **given)


def report(*findings: Finding, failures: int = 0) -> Report:
    failure = ReadFailure("Vercel", "the drains", "GET /v1/drains", 500, "", frozenset(), ())
    return Report("staging", findings, (failure,) * failures, (), 1, 1, {}, SINCE, "")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(FolderStore(tmp_path), "storefront", "staging")


def audit(ledger, *findings, failures=0):
    """One audit, as another process would make it."""
    fresh = Ledger(ledger.store, ledger.project, ledger.stack)
    return recording.record(fresh, report(*findings, failures=failures), "ada")


def rows(ledger):
    fresh = Ledger(ledger.store, ledger.project, ledger.stack)
    found = [(record, row) for record in fresh.records() for row in record.differences]
    return [
        (
            row["operation"],
            *(
                (blame.spelled(each.get("before", {})), blame.spelled(each.get("after", {})))
                for each in row["properties"]
            ),
        )
        for _, row in found
    ]


def test_what_is_found_first_is_recorded_once_and_its_end_once(ledger):
    for _ in range(3):
        audit(ledger, finding())
    assert rows(ledger) == [("update", ("nextjs", "vite"))]
    for _ in range(3):
        audit(ledger)
    assert rows(ledger) == [("update", ("nextjs", "vite")), ("update", ("vite", "nextjs"))]
    audit(ledger, finding())
    assert len(rows(ledger)) == 3, "what comes again is found again"
    assert chain.verify(Ledger(ledger.store, "storefront", "staging")).faults == ()


def test_a_value_that_changes_again_is_another_operation_from_the_value_before(ledger):
    audit(ledger, finding())
    for _ in range(2):
        audit(ledger, finding(live="astro"))
    assert rows(ledger) == [("update", ("nextjs", "vite")), ("update", ("vite", "astro"))]
    audit(ledger)
    assert rows(ledger)[-1] == ("update", ("astro", "nextjs"))


def test_an_object_that_was_made_or_removed_by_hand_is_a_creation_or_a_deletion(ledger):
    hand = finding("unmanaged", "by-hand", declared="", live="key: A", path="")
    audit(ledger, hand, finding("missing", declared="", live="", path=""))
    audit(ledger)
    assert [each[0] for each in rows(ledger)] == ["create", "delete", "delete", "create"]
    assert rows(ledger)[0] == ("create", ("nothing", "key: A"))


def test_what_an_exception_suppresses_and_what_no_interface_shows_are_not_recorded(ledger):
    accepted = replace(finding(), suppression=Suppression("it is right", "", expired=False))
    said = audit(ledger, accepted, finding("unknowable", "other"))
    assert (said, rows(ledger)) == (recording.Recorded(), [])


def test_what_is_suppressed_later_is_still_there_and_has_no_end(ledger):
    audit(ledger, finding())
    audit(ledger, replace(finding(), suppression=Suppression("it is right", "", expired=False)))
    assert len(rows(ledger)) == 1


def test_where_a_read_failed_nothing_is_taken_for_gone(ledger):
    audit(ledger, finding())
    audit(ledger, failures=1)
    assert len(rows(ledger)) == 1


def test_blame_names_who_changed_it_and_what_declared_it_stays_known(ledger):
    row = {"urn": PROJECT, "operation": "update", "properties": [{"path": "framework", "after": {"value": "nextjs"}}]}
    declared = ledger.begin({"command": "up", "intent": {}, "differences": [row]})
    ledger.end(declared, {"result": "succeeded"})
    audit(ledger, finding())
    fresh = Ledger(ledger.store, "storefront", "staging")
    (line,) = blame.current(fresh, blame.what(f"{PROJECT}#framework"))
    assert line.sentence.endswith(f"by drift {line.record.id}, by ann")
    found = blame.latest(fresh, [(PROJECT, "framework")])
    assert found[PROJECT, "framework"].record.id == declared
    said = list(log_output.details(line.record))
    assert "not made by Parity: found by an audit of ada" in said
    assert history._since_the_last_good(fresh.records(), frozenset({"up"})) == [], "it leaves nothing to recover"


def test_of_two_audits_at_once_the_second_goes_on_from_the_first(ledger, monkeypatch):
    create = FolderStore.create
    one, other = finding(), finding(name="other")

    def audited(first, second):
        """The second runs from begin to end when the first is about to write."""

        def late(store, key, data):
            monkeypatch.setattr(FolderStore, "create", create)
            audit(ledger, *second)
            return create(store, key, data)

        monkeypatch.setattr(FolderStore, "create", late)
        audit(ledger, *first)

    audited([one, other], [one])
    assert rows(ledger) == [("update", ("nextjs", "vite"))] * 2
    audited([], [])
    assert rows(ledger)[2:] == [("update", ("vite", "nextjs"))] * 2


def test_of_many_audits_at_once_one_records_each_finding_and_one_its_end(ledger):
    findings = [finding(name=f"project-{number}") for number in range(4)]
    for there, part in ((findings, "found"), ([], "gone")):
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda _, there=there: audit(ledger, *there), range(8)))
        assert sorted(len(getattr(each, part)) for each in said) == [0] * 7 + [4]
    assert len(rows(ledger)) == 8
    assert chain.verify(Ledger(ledger.store, "storefront", "staging")).faults == ()


@pytest.mark.parametrize("writes", range(6))
def test_a_death_at_each_write_loses_nothing_and_records_nothing_twice(ledger, monkeypatch, writes):
    left = [writes]
    create = FolderStore.create

    def dying(store, key, data):
        if not left[0]:
            raise Died
        left[0] -= 1
        return create(store, key, data)

    def tried(*findings):
        monkeypatch.setattr(FolderStore, "create", dying)
        with contextlib.suppress(Died):
            audit(ledger, *findings)
        monkeypatch.setattr(FolderStore, "create", create)
        audit(ledger, *findings)

    tried(finding(), finding(name="other"))
    assert sorted(rows(ledger)) == [("update", ("nextjs", "vite"))] * 2
    left[0] = writes
    tried()
    assert [each for each in rows(ledger) if each[1] == ("vite", "nextjs")] == [("update", ("vite", "nextjs"))] * 2
