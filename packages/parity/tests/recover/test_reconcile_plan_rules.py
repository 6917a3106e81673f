"""What holds for every resource, when an object fits, and what several turns come to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.inventory.model import LiveObject
from parity.recover.model import Decision, FailedUpdates, Plan
from parity.recover.reconcile_plan import as_declared
from parity.resources import kinds
from support.decisions import DEPLOYMENT, DRAIN, VARIABLE, World

# --- Over everything --------------------------------------------------------------------------------------------------

RECORDS = st.lists(st.sampled_from(["a", "b"]), max_size=1)
FOUND = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3)
OPERATIONS = st.sampled_from(["", "creating", "updating", "deleting"])
TYPES = st.sampled_from(
    [kinds.DOMAIN, kinds.DRAIN, kinds.DEPLOYMENT, kinds.PROJECT, kinds.DATABASE, kinds.ROLE, kinds.VARIABLE]
)


def world_of(type_, records, found, operation):
    inputs = {kinds.DEPLOYMENT: DEPLOYMENT, kinds.DRAIN: DRAIN, kinds.VARIABLE: VARIABLE}.get(type_, {"name": "x"})
    world = World(type_, inputs)
    for each in records:
        world.recorded(each)
    for each in found:
        world.exists(each, written_at=datetime(2026, 11, 24, tzinfo=UTC))
    return world.pending(operation) if operation else world


@given(TYPES, RECORDS, FOUND, OPERATIONS, st.booleans())
def test_no_object_is_both_kept_and_removed_and_none_but_a_twin_is_removed(
    type_, records, found, operation, destroying
):
    plan = world_of(type_, records, found, operation).decide(FailedUpdates(destroying=destroying))
    removed = {each.id for each in plan.of("delete")}
    kept = {each.id for each in plan.of("same", "import", "refresh")}
    assert not removed & kept
    assert removed <= set(found)
    if removed:
        assert type_ in {kinds.DRAIN, kinds.DEPLOYMENT}
        assert kept, "one of the twins stays"


@given(TYPES, RECORDS, FOUND, OPERATIONS)
def test_nothing_that_exists_is_forgotten_and_nothing_that_does_not_is_adopted(type_, records, found, operation):
    plan = world_of(type_, records, found, operation).decide()
    assert all(each.id not in found for each in plan.of("drop-from-state"))
    assert all(each.id in found for each in plan.of("import", "delete"))


@given(TYPES, RECORDS, FOUND, OPERATIONS)
def test_a_recorded_object_that_exists_keeps_its_record(type_, records, found, operation):
    plan = world_of(type_, records, found, operation).decide()
    for identity in set(records) & set(found):
        says = [(each.kind, each.replaces) for each in plan.decisions if identity in {each.id, each.replaces}]
        assert says
        assert all(kind in {"same", "refresh"} or replaces == identity for kind, replaces in says)


# --- What fits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "there", "fits"),
    [
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ({"a": ["x"]}, {"a": ["x", "y"]}, False),
        ({"a": ""}, {"a": None}, True),
        ({"a": []}, {"a": None}, True),
        ({"a": {"b": None}}, {"a": {}}, True),
        ({"a": {"b": None}}, {"a": None}, True),
        ({"a": {"b": [], "c": "1"}}, {"a": {"c": "1"}}, True),
        ({"a": {"b": "1"}}, {"a": {"b": "2"}}, False),
        ({"a": "1"}, {"a": None}, False),
        ({"a": False}, {"a": None}, True),
        ({"a": "1", "b": "2"}, {"a": "1"}, True),
    ],
)
def test_lists_are_sets_and_what_is_not_set_is_nothing(declared, there, fits):
    assert as_declared(LiveObject(kinds.DOMAIN, ("k",), "i", "", there), declared) is fits


def test_what_is_hidden_says_nothing():
    found = LiveObject(kinds.DOMAIN, ("k",), "i", "", {"a": "1"}, hidden={"a": "never shown"})
    assert as_declared(found, {"a": "2"})


def test_a_project_whose_link_is_not_declared_is_not_ours_where_it_has_one():
    linked = {"gitRepository": {"repo": "them/other"}}
    assert [kind for kind, _ in World(kinds.PROJECT, {}).exists("p", linked).kinds()] == ["manual"]
    assert [kind for kind, _ in World(kinds.PROJECT, {"gitRepository": "none"}).exists("p").kinds()] == ["import"]


def test_a_role_that_may_do_what_ours_may_is_ours():
    powers = {"createRole": True}
    assert World(kinds.ROLE, powers).exists("r", powers).kinds() == [("import", "r")]
    assert World(kinds.DATABASE, {"encoding": "UTF8"}).exists("d", {"encoding": "UTF8"}).kinds() == [("import", "d")]


def test_a_provider_and_a_component_that_bear_no_times_were_proved_all_the_same():
    for type_, custom in (("pulumi:providers:vercel", True), (kinds.DOMAIN, False)):
        world = World(type_).recorded("a", custom=custom).exists("a")
        for each in world.records:
            del each["created"]
        assert world.kinds() == [("same", "a")]
    read = World(kinds.DOMAIN).recorded("a", modified="2026-11-24T21:00:00Z").exists("a")
    for each in read.records:
        del each["created"]
    assert read.kinds() == [("same", "a")]


def test_of_what_serves_a_domain_every_form_counts():
    world = World(kinds.DRAIN, DRAIN).exists("d1").exists("d2")
    world.unmanaged = {
        "live": (
            LiveObject(kinds.LIVE, ("k",), "t", "", {"deploymentId": "x"}, beyond={"serves.a": "d2", "other": "d1"}),
        )
    }
    assert world.kinds() == [("import", "d2"), ("delete", "d1")], "the live one of two that fit"


def test_what_is_unmanaged_is_reported_unless_it_is_recorded_decided_about_or_another_stacks():
    def unmanaged(type_, identity, **more):
        return LiveObject(type_, ("place", identity), identity, "", {}, **more)

    world = World(kinds.DOMAIN).recorded("a").exists("a")
    world.more = (
        unmanaged(kinds.DOMAIN, "stranger"),
        unmanaged(kinds.DOMAIN, "a"),
        unmanaged(kinds.DRAIN, "leaves"),
        unmanaged(kinds.DOMAIN, "undeclared"),
        unmanaged(kinds.ENVIRONMENT, "prod"),
    )
    left = World(kinds.DRAIN, name="drain").recorded("leaves", delete=True)
    undeclared = World(kinds.DOMAIN, name="other").recorded("undeclared")
    world.records += left.records + undeclared.records
    assert [each.rpartition(" ")[2] for each in world.decide().unmanaged] == ["place/stranger"]


def test_what_is_declared_and_bears_another_name_now_is_reported_unless_the_next_update_deletes_it():
    world = World(kinds.DOMAIN).recorded("a").exists("b")
    world.more = (LiveObject(kinds.DOMAIN, ("place", "renamed"), "a", "", {}),)
    assert [each.rpartition(" ")[2] for each in world.decide().unmanaged] == ["place/renamed"]
    world = World(kinds.DRAIN, DRAIN).recorded("new").exists("new").recorded("old", delete=True)
    world.more = (LiveObject(kinds.DRAIN, ("place", "renamed"), "old", "", {}),)
    assert world.decide().unmanaged == ()
    assert world.kinds() == [("same", "new")]


# --- Several turns ----------------------------------------------------------------------------------------------------


def test_a_plan_of_two_turns_reports_what_was_done_in_either():
    first = Plan(
        (Decision("a", "import", "", "1"), Decision("b", "drop-from-state", ""), Decision("c", "same", "", "3"))
    )
    later = Plan((Decision("a", "same", "", "1"), Decision("b", "import", "", "2"), Decision("c", "same", "", "3")))
    reported = [(each.urn, each.kind) for each in first.then(later).decisions]
    assert reported == [("a", "import"), ("b", "import"), ("c", "same")]
    assert [each.urn for each in first.then(Plan(())).decisions] == ["a", "b"], (
        "what is gone from the record is reported"
    )


def test_of_two_turns_neither_decision_about_one_resource_is_lost():
    first = Plan((Decision("a", "import", "", "2"), Decision("a", "delete", "", "3")))
    reported = first.then(Plan((Decision("a", "same", "", "2"),))).decisions
    assert [(each.kind, each.id) for each in reported] == [("import", "2"), ("delete", "3")]
