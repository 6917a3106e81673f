"""A plan: the engine's own, what it depends on, what the gate says; and what opens or closes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from parity.errors import GateError, PolicyError
from parity.preview.plan import Violation
from parity.resources.urn import short_urn
from parity.updates import conditions, planning
from support.recovery import PROJECT
from support.road import DANGEROUS, DATABASE, ENGINE, HARMLESS


def now(road):
    stack = road.lab.stack()
    settings = stack.settings()
    return planning.of_world(stack, settings, stack.declared(settings), stack.recorded())


def test_it_holds_the_engines_plan_its_options_and_its_changes(road):
    saved = road.plan(options=("--target", "x")).saved
    assert saved.engine_plan() == ENGINE
    assert saved.options == ["--target", "x"]
    assert (saved.project, saved.stack) == ("storefront", "staging")
    assert saved.changes == []
    assert road.plan().saved.changes == [["update", HARMLESS["urn"]]]


def test_it_depends_on_files_commit_state_versions_and_world(road):
    found = road.plan().saved.conditions
    for name in ("infra/build.py", "Pulumi.staging.yaml", "the commit", "the recorded state", "the version of pulumi"):
        assert name in found
    assert f"the live object of {PROJECT}" in found
    assert "the version of parity" in found


def test_nothing_has_changed_where_nothing_was_changed(road):
    assert list(conditions.differences(road.plan().saved.conditions, now(road))) == []


def test_what_is_read_again_is_new(road):
    saved = road.plan().saved
    road.live[PROJECT] = "by hand"
    changed = f"the live object of {short_urn(PROJECT)} has changed"
    assert list(conditions.differences(saved.conditions, now(road))) == [changed]


def test_the_gate_is_asked_with_both_acknowledgements(road):
    road.steps.append(DANGEROUS)
    assert [each[0] for each in road.plan().saved.blocking] == [DATABASE]
    with pytest.raises(GateError):
        road.plan().require_open()
    by_flag = road.plan(acknowledged=[DATABASE])
    by_flag.require_open()
    assert ([each[0] for each in by_flag.saved.dangers], by_flag.saved.blocking) == ([DATABASE], [])
    road.acknowledged = (DATABASE,)
    road.plan().require_open()


def test_a_mandatory_policy_refuses_and_an_advisory_one_does_not(road):
    made = road.plan()
    for level in ("advisory", "mandatory"):
        plan = replace(made.plan, violations=(Violation(DATABASE, "no-public", level, "it is public"),))
        planned = replace(made, plan=plan)
        if level == "advisory":
            planned.require_open()
            continue
        with pytest.raises(PolicyError, match="no-public: it is public"):
            planned.require_open()


def test_it_lasts_as_long_as_it_was_given(road):
    saved = road.plan(lasts=timedelta(hours=3)).saved
    assert datetime.fromisoformat(saved.expires) - datetime.fromisoformat(saved.made) == timedelta(hours=3)


def test_its_document_says_what_it_would_do(road):
    made = road.plan()
    assert made.document()["digest"] == made.saved.digest
    assert made.document()["changes"] == {"update": 1}
    assert made.plan.changes
    road.steps.clear()
    assert not road.plan().plan.changes
