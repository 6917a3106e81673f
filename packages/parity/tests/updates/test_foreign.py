"""An update by plain `pulumi up` joins the record once, and a record of ours that was removed is missed."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from parity.backend import stack_backend
from parity.cli.commands import drift
from parity.drift.audit import Audit
from parity.drift.model import Report
from parity.updates import foreign
from parity.updates.approval import Approval
from support import plans
from support.recovery import HEAD, NAME, STACK

URN = f"{HEAD}::{plans.DATABASE}::storefront"
COMPONENT = f"{HEAD}::parity:components:WebApp::shop"


def sealed(text):
    return {plans.SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": text}


def resource(urn, inputs, modified="then"):
    return {"urn": urn, "type": urn.split("::")[2], "custom": True, "inputs": inputs, "modified": modified}


class Engine:
    """Writes history and checkpoints as the engine does."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = lab.backend / ".pulumi" / "history" / NAME / STACK
        self.folder.mkdir(parents=True)

    def updated(self, *resources, when=None, agent="", result="succeeded", packed=False):
        when = when or datetime.now(UTC)
        base = f"{STACK}-{int(when.timestamp() * 1e9)}"
        environment = {"git.author": "ada", "git.head": "a1" * 20, **({"exec.agent": agent} if agent else {})}
        start = int(when.timestamp())
        history = {"kind": "update", "result": result, "startTime": start, "endTime": start, "message": "by hand",
                   "environment": environment, "resourceChanges": {"update": 1}}  # fmt: skip
        (self.folder / f"{base}.history.json").write_text(json.dumps(history))
        text = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": list(resources)}}}).encode()
        name, data = (
            (f"{base}.checkpoint.json.gz", gzip.compress(text)) if packed else (f"{base}.checkpoint.json", text)
        )
        (self.folder / name).write_bytes(data)

    def place(self):
        return stack_backend.open_backend(self.lab.stack())

    def found(self):
        return foreign.found(self.place(), self.place().ledger.records())


@pytest.fixture
def engine(road):
    return Engine(road.lab)


def later(seconds):
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_before_the_first_record_nothing_is_foreign(engine):
    engine.updated(when=later(10))
    assert engine.found() == []


@pytest.mark.parametrize("packed", [False, True])
def test_it_is_recorded_once_with_both_values(road, engine, packed):
    own = road.lab.ledger
    own.end(own.begin({"command": "up", "intent": {}}), {"result": "succeeded"})
    engine.updated(resource(URN, {"connectionLimit": 20}), when=later(5), packed=packed)
    engine.updated(resource(URN, {"connectionLimit": 33}), when=later(10), packed=packed)
    place = engine.place()
    assert len(foreign.adopt(place, place.ledger.records())) == 2
    assert foreign.adopt(place, place.ledger.records()) == []
    _, first, second = engine.place().ledger.records()
    assert first.differences[0]["operation"] == "create"
    row = {"path": "connectionLimit", "before": {"value": 20}, "after": {"value": 33}}
    assert second.differences == [{"urn": URN, "operation": "update", "properties": [row]}]
    assert (second.begin["command"], second.begin["actor"], second.result) == ("pulumi update", "ada", "succeeded")


def test_an_audit_names_it_with_the_last_recorded_update(road, engine):
    own = road.lab.ledger
    own.end(own.begin({"command": "up", "intent": {}}), {"result": "succeeded"})
    report = Report(STACK, (), (), (), 1, 1, {}, later(0), "succeeded, begun at ten")
    audit = Audit(road.lab.stack(), report, *(cast("Any", None) for _ in range(2)), engine.place())
    assert drift._with_foreign(audit).report.last_update == "succeeded, begun at ten"
    engine.updated(resource(URN, {"connectionLimit": 20}), when=later(10))
    said = drift._with_foreign(audit).report.last_update
    assert re.fullmatch(
        r"succeeded, begun at ten; after it pulumi update of .* UTC, which was not made by Parity", said
    )


def test_two_that_find_it_at_once_record_it_once(road, engine):
    own = road.lab.ledger
    own.end(own.begin({"command": "up", "intent": {}}), {"result": "succeeded"})
    engine.updated(when=later(10))
    one, other = engine.place(), engine.place()
    records = one.ledger.records()
    assert [len(foreign.adopt(place, records)) for place in (one, other)] == [1, 0]


def test_an_update_of_ours_is_none_of_others(road, engine):
    own = road.lab.ledger
    identity = own.begin({"command": "up", "intent": {}})
    engine.updated(agent=f"parity/{identity}", when=later(60))
    engine.updated()  # by an older version, which named no operation: within the record's own time
    own.end(identity, {"result": "succeeded"})
    assert engine.found() == []


def test_a_record_of_another_command_hides_nothing_that_came_before_it(road, engine):
    own = road.lab.ledger
    own.end(own.begin({"command": "up", "intent": {}, "differences": []}), {"result": "succeeded"})
    engine.updated()
    own.end(own.begin({"command": "hold"}), {"result": "succeeded"})
    assert len(engine.found()) == 1


def test_one_that_follows_an_update_of_ours_at_once_is_of_others(road, engine):
    own = road.lab.ledger
    identity = own.begin({"command": "up", "intent": {}, "differences": []})
    engine.updated(agent=f"parity/{identity}")
    engine.updated(when=later(0.1))
    own.end(identity, {"result": "succeeded"})
    assert [each.removed for each in engine.found()] == [""]


def test_a_record_of_ours_that_was_removed_is_named_by_the_engine_s_history(road, engine):
    own = road.lab.ledger
    own.end(own.begin({"command": "up", "intent": {}}), {"result": "succeeded"})
    engine.updated(agent="parity/20991231T000000.000Z-0badcafe", when=later(10))
    (missing,) = engine.found()
    assert missing.removed == "20991231T000000.000Z-0badcafe"


def test_a_secret_changed_only_where_its_resource_was_written(road, engine):
    own = road.lab.ledger
    own.end(own.begin({"command": "up", "intent": {}}), {"result": "succeeded"})
    other = f"{HEAD}::{plans.ROLE}::app"
    before = [resource(URN, {"password": sealed("a")}), resource(other, {"password": sealed("a")})]
    after = [resource(URN, {"password": sealed("b")}), resource(other, {"password": sealed("b")}, "now")]
    engine.updated(*before, when=later(5))
    engine.updated(*after, when=later(10))
    row = {"path": "password", "before": {"secret": None}, "after": {"secret": None}}
    found = foreign.compared(engine.lab.store, engine.found()[1].key)
    assert found == [{"urn": other, "operation": "update", "properties": [row]}]


def test_the_road_records_it_before_the_operation_that_follows(road, engine):
    own = road.lab.ledger
    own.end(own.begin({"command": "up", "intent": {}}), {"result": "succeeded"})
    engine.updated(resource(COMPONENT, {}), when=datetime.now(UTC) + timedelta(seconds=2))
    road.run(Approval(yes=True, terminal=lambda: False))
    commands = [each.begin["command"] for each in road.lab.ledger.records()]
    assert sorted(commands) == ["pulumi update", "up", "up"]
    assert "Recorded: pulumi update" in road.lab.said.getvalue()
