"""What may be half done, from ledger, history, locks and state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from parity.ledger import Record
from parity.locks import Lock
from parity.recover.history import Past, engine_history, trouble
from parity.state import parse
from parity.store import FolderStore

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
EMPTY = parse({"deployment": {}})
PENDING = parse({"deployment": {"pending_operations": [{"type": "creating", "resource": {"urn": "u", "type": "t"}}]}})


def record(result="", minutes=0, command="up", operations=(), **begin):
    when = NOW + timedelta(minutes=minutes)
    end = {"time": when.isoformat(), "result": result, "operations": list(operations)} if result else None
    return Record("id", {"time": when.isoformat(), "command": command, **begin}, end)


def past(result="succeeded", minutes=0, kind="update"):
    when = NOW + timedelta(minutes=minutes)
    return Past(kind, result, when, when, "", {})


def test_all_is_clean_where_the_last_update_ended_well():
    assert trouble(EMPTY, [], [], None).clean
    assert trouble(EMPTY, [], [record("succeeded")], past()).clean
    assert trouble(EMPTY, [], [], past()).clean, "plain Pulumi's own, of which the ledger knows nothing"


@pytest.mark.parametrize("result", ["failed", "interrupted", "killed", ""])
def test_nothing_is_clean_after_a_record_that_did_not_end_well(result):
    assert not trouble(EMPTY, [], [record("succeeded"), record(result, 1)], None).clean


def test_a_lock_or_an_operation_without_an_end_is_trouble():
    lock = Lock("k", 1, "ada", "laptop", NOW)
    assert not trouble(EMPTY, [lock], [], None).clean
    found = trouble(PENDING, [], [], None)
    assert not found.clean
    assert found.touched == {"u"}


def test_plain_pulumi_s_failure_is_trouble_until_something_ends_well_after_it():
    assert not trouble(EMPTY, [], [], past("failed")).clean
    assert trouble(EMPTY, [], [record("succeeded", 1)], past("failed")).clean
    assert not trouble(EMPTY, [], [record("succeeded", -1)], past("failed")).clean


def test_failed_operations_are_remembered_until_an_update_ends_well():
    failed = record("failed", operations=[{"urn": "a", "done": False}, {"urn": "b", "done": True}])
    assert trouble(EMPTY, [], [failed, record("interrupted", 1)], None).touched == {"a"}
    assert trouble(EMPTY, [], [failed, record("succeeded", 1)], None).touched == frozenset()
    assert trouble(EMPTY, [], [failed, record("succeeded", 1, "recover")], None).touched == frozenset()


def test_a_command_that_settles_nothing_ends_no_trouble():
    failed = record("failed", operations=[{"urn": "a", "done": False}])
    assert trouble(EMPTY, [], [failed, record("succeeded", 1, "refresh")], None).touched == {"a"}
    assert not trouble(EMPTY, [], [record("succeeded", 1, "refresh")], past("failed")).clean


def test_a_record_that_failed_covers_no_failed_destroy():
    assert trouble(EMPTY, [], [record("failed", 1)], past("failed", kind="destroy")).destroying
    assert not trouble(EMPTY, [], [record("succeeded", 1)], past("failed", kind="destroy")).destroying


def test_a_destroy_that_died_is_known():
    assert trouble(EMPTY, [], [record("", command="destroy")], None).destroying
    assert trouble(EMPTY, [], [], past("failed", kind="destroy")).destroying
    assert not trouble(EMPTY, [], [], past("failed")).destroying


def test_what_an_update_was_to_make_live_is_known():
    died = record("", intent={"shop": {"live": "r2"}, "admin": {"live": None}})
    assert trouble(EMPTY, [], [died], None).intended == {"shop/r2"}


def test_the_engine_s_history_is_read_in_order_and_past_what_is_broken(tmp_path):
    store = FolderStore(tmp_path)
    document = {"kind": "update", "result": "failed", "startTime": 1795555725, "endTime": 1795555749}
    for number, each in enumerate([document, {**document, "kind": "destroy"}]):
        store.create(f".pulumi/history/p/s/s-{number}.history.json", json.dumps(each).encode())
        store.create(f".pulumi/history/p/s/s-{number}.checkpoint.json", b"{}")
    store.create(".pulumi/history/p/s/s-2.history.json", b"{")
    assert [each.kind for each in engine_history(store, "p", "s")] == ["update", "destroy"]
    assert engine_history(store, "p", "other") == []
    store.create(".pulumi/history/p/s/s-3.checkpoint.json", json.dumps({**document, "kind": "no history"}).encode())
    store.create(
        ".pulumi/history/p/s/s-4.history.json", json.dumps({**document, "resourceChanges": {"same": 2}}).encode()
    )
    assert [each.changes for each in engine_history(store, "p", "s", last=1)] == [{"same": 2}]
    assert [each.changes for each in engine_history(store, "p", "s")] == [{}, {}, {"same": 2}]


def test_an_entry_of_the_history_that_goes_while_it_is_read_is_left_out():
    class Vanishing:
        def entries(self, _):
            return [SimpleNamespace(key="s-1.history.json")]

        def read(self, _):
            return None

    assert engine_history(Vanishing(), "p", "s") == []
