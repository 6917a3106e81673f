"""Of what was made twice: which one stays, and that none that serves goes."""

from __future__ import annotations

import pytest

from parity.inventory.model import LiveObject, ReadFailure
from parity.recover.model import FailedUpdates
from parity.resources import kinds
from support.decisions import DEPLOYMENT, DRAIN, VARIABLE, World


def test_of_twins_the_recorded_one_stays():
    world = World(kinds.DRAIN, DRAIN).exists("d1").exists("d2").recorded("d2")
    assert world.kinds() == [("same", "d2"), ("delete", "d1")]


def test_of_twins_of_which_none_is_recorded_the_first_is_adopted():
    assert World(kinds.DRAIN, DRAIN).exists("d1").exists("d2").kinds() == [("import", "d1"), ("delete", "d2")]


def test_a_replacement_that_exists_takes_the_recorded_ones_place():
    world = World(kinds.DRAIN, DRAIN).exists("new").exists("old", {"name": "d", "endpoint": "https://other"})
    (decision,) = world.recorded("old").pending("creating").decide().decisions
    assert (decision.kind, decision.id, decision.replaces) == ("import", "new", "old")


def test_a_replacement_is_known_by_fitting_whichever_was_made_first():
    world = World(kinds.DRAIN, DRAIN).exists("old", {"name": "d", "endpoint": "https://other"}).exists("new")
    (decision,) = world.recorded("old").pending("creating").decide().decisions
    assert (decision.kind, decision.id, decision.replaces) == ("import", "new", "old")


def test_of_twin_deployments_the_live_one_stays():
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("d1").exists("d2")
    world.live = "d2"
    assert world.kinds() == [("import", "d2"), ("delete", "d1")]


def test_a_twin_that_serves_a_domain_is_never_removed():
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("d1").exists("d2").recorded("d1")
    world.live = "d2"
    assert world.kinds() == [("same", "d1"), ("manual", "d2")]


def test_what_is_handed_to_the_next_update_already_is_no_twin():
    world = World(kinds.DRAIN, DRAIN).exists("d1").exists("d2").recorded("d1").recorded("d2", delete=True)
    assert world.kinds() == [("same", "d1")]


@pytest.mark.parametrize("exists", [False, True])
def test_what_is_handed_to_the_next_update_and_is_gone_is_forgotten_alone(exists):
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("new").recorded("new").recorded("old", delete=True)
    if exists:
        world.exists("old")
    found = world.decide().decisions
    assert [(each.kind, each.id) for each in found if each.leaving] == ([] if exists else [("drop-from-state", "old")])
    assert [(each.kind, each.id) for each in found if not each.leaving] == [("same", "new")]


def test_only_a_twin_that_is_to_leave_and_is_gone_is_forgotten_as_what_leaves():
    assert World(kinds.DRAIN, DRAIN).recorded("d1").kinds() == [("drop-from-state", "d1")], "once"
    other = World(kinds.DOMAIN).exists("new").recorded("new").recorded("old", delete=True)
    assert other.kinds() == [("same", "new")], "its provider finds out by itself that there is nothing to delete"
    namesake = World(kinds.DRAIN, DRAIN).exists("new").recorded("new").recorded("old", delete=True)
    namesake.more = (LiveObject(kinds.DOMAIN, ("key",), "old", "", {}),)
    assert [(each.kind, each.id) for each in namesake.decide().decisions if each.leaving] == [
        ("drop-from-state", "old")
    ]


def test_what_is_handed_to_the_next_update_stays_where_it_could_not_be_read():
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).recorded("new").recorded("old", delete=True)
    world.read_failures.append(ReadFailure("vercel", "deployments", "GET", 500, "", frozenset({kinds.DEPLOYMENT}), ()))
    assert [each for each in world.decide().decisions if each.leaving] == []


def test_a_deployment_built_from_something_else_is_another_release():
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("d1", {**DEPLOYMENT, "ref": "other"})
    assert world.kinds() == []


IGNORED = 'The Deployment has been canceled as a result of running the command in the "Ignored Build Step" setting.'


@pytest.mark.parametrize("state", ["ERROR", "CANCELED"])
def test_a_failed_build_is_handed_over_and_built_again(state):
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("d1", beyond={"readyState": state}).pending("creating")
    assert world.kinds() == [("delete", "d1"), ("drop-from-state", "")]


@pytest.mark.parametrize("beyond", [{"readyState": "CANCELED", "readyStateReason": IGNORED}, {"readyState": "BLOCKED"}])
def test_a_build_that_ends_the_same_way_each_time_is_not_built_again(beyond):
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("d1", beyond=beyond)
    assert world.kinds() == [("manual", "d1")]
    decision = world.decide().decisions[0]
    assert str(beyond.get("readyStateReason", "")) in decision.why
    assert "/v13/deployments/d1" in decision.remedy
    other = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("d1", {**DEPLOYMENT, "ref": "other"}, beyond=beyond)
    assert other.kinds() == [("delete", "d1")], "another commit may be built"


def test_two_variables_of_one_name_are_two_variables():
    world = World(kinds.VARIABLE, VARIABLE).exists("a").exists("b", {**VARIABLE, "targets": ["preview"]})
    assert world.kinds() == [("import", "a")]
    other = World(kinds.VARIABLE, VARIABLE).exists("b", {**VARIABLE, "targets": ["preview"]})
    assert other.kinds() == [], "one for other targets is no one's but its own"
    assert World(kinds.DOMAIN, {"targets": ["a"]}).exists("d", {"targets": ["b"]}).kinds() == [("import", "d")]


def test_a_recorded_build_that_failed_is_handed_over_and_nothing_else_is_said_of_it():
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).recorded("d1").exists("d1", beyond={"readyState": "ERROR"})
    assert world.kinds() == [("delete", "d1")]


def test_a_recorded_deployment_that_differs_stays_until_its_replacement_exists():
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).recorded("d1").exists("d1", {**DEPLOYMENT, "ref": "before"})
    assert world.kinds() == [("same", "d1")]


def test_only_of_twins_another_one_takes_the_recorded_ones_place():
    differs = {"name": "other"}
    assert World(kinds.DRAIN, DRAIN).recorded("d1").exists("d1", differs).kinds() == [("same", "d1")]
    world = World(kinds.DOMAIN, DRAIN).exists("b").recorded("a").exists("a", differs)
    assert world.kinds() == [("same", "a")]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda world: world.pending("creating"), "its creation began, and it is not recorded"),
        (lambda world: world, "it exists under its name, and it is not recorded"),
        (lambda world: world.recorded("a").pending("creating"), "its replacement began, and has no end"),
        (lambda world: world.recorded("a").pending("updating"), "its update began, and has no end"),
        (lambda world: world.recorded("a").pending("deleting"), "its deletion began, and has no end"),
        (lambda world: world.recorded("a", initErrors=["x", "y"]), "it is half made: x; y"),
        (lambda world: world.recorded("a", created=None), "it was recorded, and not read yet"),
    ],
)
def test_each_decision_says_what_it_rests_on(make, why):
    world = make(World(kinds.DOMAIN).exists("a"))
    for each in world.records:
        if each["created"] is None:
            del each["created"]
    assert [each.why for each in world.decide().decisions] == [why]


def test_what_failed_and_may_have_been_done_says_so():
    world = World(kinds.DOMAIN).recorded("a").exists("a")
    found = world.decide(FailedUpdates(touched=frozenset({world.urn}))).decisions
    assert [each.why for each in found] == ["an operation on it failed, and may have been carried out all the same"]
