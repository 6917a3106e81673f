"""The ledger: appended completely, read as lines, and distinguished from what it cannot read."""

from __future__ import annotations

import json

import pytest

from parity.backend.ledger import Ledger, lines
from parity.engine.store import FolderStore
from parity.errors import ProjectError


@pytest.fixture
def ledger(tmp_path):
    return Ledger(FolderStore(tmp_path), "storefront", "staging")


def test_an_update_that_began_and_did_not_end_is_unfinished(ledger):
    identity = ledger.begin({"command": "up", "actor": "ada"})
    (record,) = ledger.records()
    assert (record.id, record.result, record.ended) == (identity, "unfinished", None)
    assert record.begin["actor"] == "ada"


def test_an_end_is_recorded_once(ledger):
    identity = ledger.begin({"command": "up"})
    assert ledger.end(identity, {"result": "failed"})
    assert not ledger.end(identity, {"result": "succeeded"}), "what is recorded stays"
    assert ledger.records()[0].result == "failed"


def test_records_come_in_the_order_in_which_they_began(ledger):
    made = [ledger.begin({"number": number}) for number in range(5)]
    ledger.end(made[0], {"result": "succeeded"})
    assert sorted(record.begin["number"] for record in ledger.records()) == list(range(5))
    assert [record.id for record in ledger.records()] == sorted(made)
    assert [record.id for record in ledger.records(last=2)] == sorted(made)[-2:]


def test_stacks_do_not_see_each_other(ledger):
    ledger.begin({})
    assert Ledger(ledger.store, "storefront", "prod").records() == []
    assert Ledger(ledger.store, "other", "staging").records() == []


def test_it_reads_as_json_lines_with_begin_and_end_in_one(ledger):
    identity = ledger.begin({"command": "up", "intent": {"shop": {"live": "r2"}}})
    ledger.end(identity, {"result": "succeeded", "operations": []})
    ledger.begin({"command": "destroy"})
    first, second = (json.loads(line) for line in lines(ledger.records()).splitlines())
    assert first["update"] == identity
    assert first["result"] == "succeeded"
    assert first["intent"] == {"shop": {"live": "r2"}}
    assert first["start"] <= first["end"]
    assert (second["command"], second["result"], second["end"]) == ("destroy", "unfinished", None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": 2}', "{}"])
def test_a_record_of_another_form_is_refused_with_its_place(ledger, text):
    identity = ledger.begin({})
    path = ledger.store.root / ledger.folder / f"{identity}.1-begin.json"
    path.write_text(text)
    with pytest.raises(ProjectError) as caught:
        ledger.records()
    assert str(path) in str(caught.value.where)
