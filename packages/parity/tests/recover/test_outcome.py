"""What recover says that it found and did, for programs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parity.backend.locks import Lock
from parity.inventory.domain_health import DomainHealth
from parity.recover.lock_owner import LockOwner, Running
from parity.recover.model import Decision, Plan, Recovered

LOCK = Lock("locks/a.json", 7, "ada", "laptop", datetime(2026, 11, 24, tzinfo=UTC))
SAME, ADOPT = Decision("a", "same", "it exists", "1"), Decision("b", "import", "it is not recorded", "2")
HELD, LEFT = LockOwner(LOCK, "dead", "process 7 is gone"), Running(8, "pulumi-resource-github")


@pytest.mark.parametrize(
    ("more", "todo"),
    [
        ({}, False),
        ({"plan": Plan((SAME,))}, False),
        ({"plan": Plan((SAME, ADOPT))}, True),
        ({"holders": [HELD]}, True),
        ({"ended": [LEFT]}, True),
        ({"read": ("c",)}, True),
        ({"unfinished": ("20261127T125026.531Z-c1d5db16",)}, True),
    ],
)
def test_there_is_something_to_do_where_record_lock_or_plugin_says_so(more, todo):
    assert Recovered("staging", **more).todo is todo


def test_what_is_read_is_noted_once_and_not_where_something_is_decided_about_it():
    found = Recovered("staging", plan=Plan((SAME, ADOPT)))
    found.reads(["b", "c"])
    found.reads(["c", "d"])
    assert found.read == ("c", "d")
    assert found.document()["read"] == ["c", "d"]


def test_updates_without_an_end_are_named_to_programs():
    assert Recovered("staging", unfinished=("u1", "u2")).document()["unfinished"] == ["u1", "u2"]


def test_its_document_names_each_lock_each_process_and_each_decision_but_what_is_the_same():
    live = DomainHealth("shop", "shop.example", "r1", "c", "")
    found = Recovered("staging", holders=[HELD], ended=[LEFT], plan=Plan((SAME, ADOPT), ("stranger",)), live=[live])
    document = found.document()
    assert [each["owner"] for each in document["locks"]] == ["dead"]
    assert document["ended"] == [{"pid": 8, "program": "pulumi-resource-github"}]
    assert [each["urn"] for each in document["decisions"]] == ["b"]
    assert (document["same"], document["unmanaged"], len(document["live"])) == (1, ["stranger"], 1)


def test_a_decision_tells_what_there_is_to_tell_and_no_more():
    assert SAME.document() == {"urn": "a", "decision": "same", "why": "it exists", "id": "1"}
    document = Decision("a", "import", "it fits", "1", replaces="0", unread=("value",), remedy="see").document()
    assert {name: document[name] for name in ("replaces", "written_again", "to_do")} == {
        "replaces": "0", "written_again": ["value"], "to_do": "see",
    }  # fmt: skip


def test_what_comes_next_is_none_where_it_was_not_asked_and_empty_where_nothing_comes():
    assert Recovered("staging").document()["next"] is None
    assert Recovered("staging", next=[]).document()["next"] == []
    assert Recovered("staging", next=[("update", "a")]).document()["next"] == [{"operation": "update", "urn": "a"}]
