"""What may be half done, from ledger, history, locks and state."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from parity.backend.ledger import Record
from parity.backend.locks import Lock
from parity.engine.state import parse
from parity.engine.store import FolderStore
from parity.recover.history import RECORDS, Past, failed_updates, latest

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
EMPTY = parse({"deployment": {}})
PENDING = parse({"deployment": {"pending_operations": [{"type": "creating", "resource": {"urn": "u", "type": "t"}}]}})


def record(result="", minutes=0, command="up", operations=(), **begin):
    when = NOW + timedelta(minutes=minutes)
    end = {"time": when.isoformat(), "result": result, "operations": list(operations)} if result else None
    return Record("id", {"time": when.isoformat(), "command": command, **begin}, end)


def past(result="succeeded", minutes=0, kind="update"):
    when = NOW + timedelta(minutes=minutes)
    return Past(kind, result, when, when)


def test_all_is_clean_where_the_last_update_ended_well():
    assert failed_updates(EMPTY, [], [], []).clean
    assert failed_updates(EMPTY, [], [record("succeeded")], [past()]).clean
    assert failed_updates(EMPTY, [], [], [past()]).clean, "plain Pulumi's own, of which the ledger knows nothing"


@pytest.mark.parametrize("result", ["failed", "interrupted", "killed", ""])
def test_nothing_is_clean_after_a_record_that_did_not_end_well(result):
    assert not failed_updates(EMPTY, [], [record("succeeded"), record(result, 1)], []).clean


def test_a_lock_or_an_operation_without_an_end_is_trouble():
    lock = Lock("k", 1, "ada", "laptop", NOW)
    assert not failed_updates(EMPTY, [lock], [], []).clean
    found = failed_updates(PENDING, [], [], [])
    assert not found.clean
    assert found.touched == {"u"}


def test_plain_pulumi_s_failure_is_trouble_until_something_ends_well_after_it():
    assert not failed_updates(EMPTY, [], [], [past("failed")]).clean
    assert failed_updates(EMPTY, [], [record("succeeded", 1)], [past("failed")]).clean
    assert not failed_updates(EMPTY, [], [record("succeeded", -1)], [past("failed")]).clean


def test_failed_operations_are_remembered_until_an_update_ends_well():
    failed = record("failed", operations=[{"urn": "a", "done": False}, {"urn": "b", "done": True}])
    assert failed_updates(EMPTY, [], [failed, record("interrupted", 1)], []).touched == {"a"}
    assert failed_updates(EMPTY, [], [failed, record("succeeded", 1)], []).touched == frozenset()
    assert failed_updates(EMPTY, [], [failed, record("succeeded", 1, "recover")], []).touched == frozenset()


def test_a_command_that_settles_nothing_ends_no_trouble():
    failed = record("failed", operations=[{"urn": "a", "done": False}])
    assert failed_updates(EMPTY, [], [failed, record("succeeded", 1, "refresh")], []).touched == {"a"}
    assert not failed_updates(EMPTY, [], [record("succeeded", 1, "refresh")], [past("failed")]).clean


def test_a_record_that_failed_covers_no_failed_destroy():
    assert failed_updates(EMPTY, [], [record("failed", 1)], [past("failed", kind="destroy")]).destroying
    assert not failed_updates(EMPTY, [], [record("succeeded", 1)], [past("failed", kind="destroy")]).destroying


def test_a_destroy_that_died_is_known():
    assert failed_updates(EMPTY, [], [record("", command="destroy")], []).destroying
    assert failed_updates(EMPTY, [], [], [past("failed", kind="destroy")]).destroying
    assert not failed_updates(EMPTY, [], [], [past("failed")]).destroying


def test_a_recover_that_ended_well_settles_a_destroy_s_operations_and_not_its_intent():
    died = record("failed", command="destroy", operations=[{"urn": "a", "done": False}])
    after = failed_updates(EMPTY, [], [died, record("succeeded", 1, "recover")], [])
    assert after.destroying
    assert after.clean
    assert not after.touched
    assert not failed_updates(
        EMPTY, [], [died, record("succeeded", 1, "recover"), record("succeeded", 2)], []
    ).destroying
    for command in ("destroy", "up"):
        assert not failed_updates(EMPTY, [], [died, record("succeeded", 1, command)], []).destroying


def test_a_destroy_that_ended_well_is_over():
    assert not failed_updates(EMPTY, [], [], [past(kind="destroy")]).destroying


def test_a_plain_destroy_that_failed_is_known_behind_the_refreshes_of_a_recover():
    failed, read = past("failed", kind="destroy"), past(kind="refresh", minutes=1)
    after = failed_updates(EMPTY, [], [record("succeeded", 1, "recover")], [failed, read])
    assert after.destroying
    assert after.clean
    assert not failed_updates(EMPTY, [], [record("succeeded", 2)], [failed, read]).destroying
    assert not failed_updates(EMPTY, [], [], [past(minutes=2)]).destroying
    assert not failed_updates(EMPTY, [], [], [past("failed"), read]).destroying
    assert not failed_updates(EMPTY, [], [], [past("failed"), read]).clean, "reading finishes nothing"


def test_what_an_update_was_to_make_live_is_known():
    died = record("", intent={"shop": {"live": "r2"}, "admin": {"live": None}})
    assert failed_updates(EMPTY, [], [died], []).intended == {"shop/r2"}
    assert failed_updates(EMPTY, [], [died, record("succeeded", 1, "recover")], []).intended == {"shop/r2"}
    assert not failed_updates(EMPTY, [], [died, record("succeeded", 1)], []).intended


def test_the_engine_s_history_is_read_in_order_and_past_what_is_broken(tmp_path):
    store = FolderStore(tmp_path)
    document = {"kind": "update", "result": "failed", "startTime": 1795555725, "endTime": 1795555749}
    for number, each in enumerate([document, {**document, "kind": "destroy"}]):
        store.create(f".pulumi/history/p/s/s-{number}.history.json", json.dumps(each).encode())
        store.create(f".pulumi/history/p/s/s-{number}.checkpoint.json", b"{}")
    store.create(".pulumi/history/p/s/s-2.history.json", b"{")
    assert [each.kind for each in latest(store, "p", "s")] == ["update", "destroy"]
    assert latest(store, "p", "other") == []
    store.create(".pulumi/history/p/s/s-3.checkpoint.json", json.dumps({**document, "kind": "no history"}).encode())
    packed = gzip.compress(json.dumps({**document, "kind": "refresh"}).encode())
    store.create(".pulumi/history/p/s/s-4.history.json.gz", packed)
    assert [each.kind for each in latest(store, "p", "s")] == ["update", "destroy", "refresh"]


def kept(store, *entries):
    for number, (kind, result) in enumerate(entries):
        document = {"kind": kind, "result": result, "startTime": 1795555725, "endTime": 1795555749}
        store.create(f".pulumi/history/p/s/s-{number:03}.history.json", json.dumps(document).encode())


def test_the_newest_of_the_history_reaches_back_to_the_last_update_that_ended_well(tmp_path):
    store = FolderStore(tmp_path)
    kept(
        store, ("destroy", "succeeded"), ("update", "succeeded"), ("destroy", "failed"), ("update", "failed"),
        ("refresh", "succeeded"),
    )  # fmt: skip
    said = [(each.kind, each.result) for each in latest(store, "p", "s")]
    assert said == [("update", "succeeded"), ("destroy", "failed"), ("update", "failed"), ("refresh", "succeeded")]
    assert latest(None, "p", "s") == [], "Pulumi Cloud's history is no file"


def test_no_more_of_the_history_is_read_than_of_the_ledger(tmp_path):
    store = FolderStore(tmp_path)
    kept(store, *[("refresh", "succeeded")] * (RECORDS + 1))
    assert len(latest(store, "p", "s")) == RECORDS


def test_an_entry_of_the_history_that_goes_while_it_is_read_is_left_out():
    class Vanishing:
        def names(self, _):
            return ["s-1.history.json"]

        def read(self, _):
            return None

    assert latest(Vanishing(), "p", "s") == []
