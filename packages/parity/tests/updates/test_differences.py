"""What an update does to each property stands in its record: both values, and of a secret the fingerprint alone."""

from __future__ import annotations

import json

import pytest

from parity.backend.ledger import Ledger
from parity.config.secret import Secret
from parity.engine import state
from parity.errors import StoreError
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource, SecretInput, computed
from parity.preview import parse
from parity.updates import record, saved_plan
from parity.updates.approval import Approval
from support import plans
from support.road import HARMLESS, SECRET

VALUE = "a-secret-of-the-shop"


def graph(*resources):
    return Graph("storefront", plans.STACK, {each.urn: each for each in resources}, {}, {})


def variable(value, *, name="limit"):
    urn = plans.urn(plans.VARIABLE, name)
    return Resource(urn, plans.VARIABLE, name, "", True, {"value": value}, frozenset(), {}, "", {})


def sealed(text="x"):
    return {plans.SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": text}


def opened_state(value="20"):
    shown = {plans.SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}
    resource = {"urn": plans.urn(plans.VARIABLE, "limit"), "type": plans.VARIABLE, "inputs": {"value": shown}}
    return state.parse({"deployment": {"resources": [resource]}})


def rows(step, declared=None, secret=SECRET, opened=opened_state):
    plan = parse.parse(plans.STACK, {"steps": [step]}, failed=False)
    (row,) = record.differences(plan.changes, graph(*([declared] if declared else [])), secret, opened)
    return {each["path"]: {k: v for k, v in each.items() if k != "path"} for each in row["properties"]}


def secret_step(**more):
    return plans.update(
        plans.VARIABLE, "limit", {"value": sealed("x"), **more}, {"value": sealed("y"), **more}, ("value",)
    )


def test_a_plain_property_has_both_values():
    assert rows(HARMLESS) == {"value": {"before": {"value": "20"}, "after": {"value": "30"}}}


def test_what_is_absent_is_left_out_and_what_is_not_known_yet_says_so():
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    created = rows(plans.create(plans.DOMAIN, "shop", {"domain": "shop.example", "projectId": unknown}))
    assert created == {"domain": {"after": {"value": "shop.example"}}, "projectId": {"after": {"unknown": True}}}
    assert rows(plans.delete(plans.DOMAIN, "shop", {"domain": "x"})) == {"domain": {"before": {"value": "x"}}}


def test_a_long_value_is_kept_by_its_digest():
    found = rows(plans.create(plans.DOMAIN, "shop", {"domain": "x" * 300}))["domain"]["after"]
    assert found.keys() == {"sha256", "length"}
    assert found["length"] == 302


def test_a_secret_is_kept_by_a_fingerprint_that_its_value_and_the_stack_secret_make():
    def mark(value, secret=SECRET):
        return rows(secret_step(sensitive=True), variable(SecretInput(value)), secret)["value"]["after"]["secret"]

    assert mark(VALUE) == mark(VALUE)
    assert len({mark(VALUE), mark("another"), mark(VALUE, Secret("t" * 40, "parity:secret"))}) == 3
    assert VALUE not in json.dumps(rows(secret_step(sensitive=True), variable(SecretInput(VALUE))))


def test_a_plain_variable_that_the_sdk_marks_as_secret_is_kept_as_it_is():
    found = rows(secret_step(sensitive=False), variable(SecretInput("30")))
    assert found["value"] == {"before": {"value": "20"}, "after": {"value": "30"}}


def test_no_recorded_secret_is_opened_for_a_sensitive_variable():
    found = rows(secret_step(sensitive=True), variable(SecretInput("30")), opened=pytest.fail)
    assert found["value"]["before"] == {"secret": None}


@pytest.mark.parametrize("declared", [None, variable(computed("u", "x"))])
def test_a_secret_whose_value_is_not_at_hand_has_no_fingerprint(declared):
    assert rows(secret_step(sensitive=True), declared)["value"]["after"] == {"secret": None}


def test_components_and_providers_are_in_no_world():
    created = plans.create("pulumi:providers:vercel", "vercel", {"team": "t"})
    plan = parse.parse(plans.STACK, {"steps": [created]}, failed=False)
    assert record.differences(plan.changes, graph(), SECRET, pytest.fail) == []


def test_a_begin_has_the_differences_before_anything_is_done(road, monkeypatch):
    seen = []
    engine = road.engine

    def seeing(*given):
        seen.extend(road.lab.ledger.records())
        return engine(*given)

    monkeypatch.setattr(road, "engine", seeing)
    road.run(Approval(yes=True, terminal=lambda: False))
    ((row,),) = [each.differences for each in seen]
    assert (row["operation"], [each["path"] for each in row["properties"]]) == ("update", ["value"])
    assert [each.result for each in seen] == ["unfinished"]


def test_a_saved_plan_carries_them_and_the_engine_is_given_the_operation_s_id(road, tmp_path):
    file, digest = road.save(tmp_path)
    (row,) = saved_plan.read(file, "prod", SECRET).differences
    road.run(Approval(plan=file, digest=digest, terminal=lambda: False))
    (found,) = road.lab.ledger.records()
    assert found.differences == [row]
    assert f"--exec-agent=parity/{found.id}" in road.applied[0][0]


def test_segments_that_cannot_be_written_do_not_fail_an_update_that_is_done(road, monkeypatch):
    def refused(_):
        raise StoreError("the bucket refuses", where="s3://b", remedy="ask")

    monkeypatch.setattr(Ledger, "compact", refused)
    road.run(Approval(yes=True, terminal=lambda: False))
    assert [each[0] for each in road.records()] == ["succeeded"]
    assert "Old records are not put into segments: the bucket refuses" in road.lab.said.getvalue()
