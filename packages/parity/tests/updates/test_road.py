"""The road of an update: gate, approval, the plan that was approved, going back past a closed gate."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from parity.backend import holds, watches
from parity.config.secret import Secret
from parity.engine.events import Progress
from parity.engine.pulumi import Pulumi
from parity.errors import GateError, HoldError, PlanError, PolicyError, RefusedError, UpdateError, UsageError
from parity.resources.urn import short_urn
from parity.updates import saved_plan
from parity.updates.approval import Approval
from support import plans
from support.recovery import NAME as PROJECT_NAME
from support.recovery import PROJECT, STACK
from support.road import DANGEROUS, DATABASE, ENGINE, HARMLESS, LIVE, SECRET


def asked(*answers, meanwhile=lambda: None):
    """A person in a terminal who gives these answers; something may happen before the first."""
    given = iter(answers)

    def read():
        meanwhile()
        return next(given)

    return Approval(terminal=lambda: True, read=read)


def alone(**more):
    """Without a terminal."""
    return Approval(terminal=lambda: False, **more)


def test_what_was_planned_is_what_the_engine_is_given_and_it_is_recorded(road):
    done = road.run(alone(yes=True))
    ((words, plan),) = road.applied
    assert words[:3] == ["up", "--yes", "--skip-preview"]
    assert plan == ENGINE
    ((result, digest, how),) = road.records()
    assert (result, how) == ("succeeded", "--yes")
    assert len(digest) == 64
    assert done.progress.changes == {"update": 1}


def test_options_are_the_same_for_preview_and_update(road):
    road.run(alone(yes=True), options=["--parallel", "2"])
    assert road.previews == [("--parallel", "2")]
    assert road.applied[0][0][-2:] == ["--parallel", "2"]


@pytest.mark.parametrize(("options", "starts"), [([], 0), (["--message", "Say so"], 1)])
def test_a_plan_with_nothing_to_do_starts_the_engine_where_it_was_asked_for_something_itself(
    road, monkeypatch, options, starts
):
    monkeypatch.setattr(saved_plan, "is_idle", lambda *_: True)
    done = road.run(alone(yes=True), options=options)
    assert len(road.applied) == starts
    assert (set(done.progress.changes) == {"same"}) is (not starts)
    assert road.records()[0][0] == "succeeded"


def test_where_no_person_can_approve_nothing_is_even_read(road):
    with pytest.raises(UsageError, match="no terminal") as caught:
        road.run(alone())
    assert f"parity up {STACK} --yes" in caught.value.remedy
    assert (road.read, road.previews, road.records()) == (0, [], [])


def test_a_closed_gate_refuses_and_the_refusal_is_recorded(road):
    road.steps.append(DANGEROUS)
    with pytest.raises(GateError) as caught:
        road.run(alone(yes=True))
    assert f"--acknowledge '{DATABASE}'" in caught.value.remedy
    assert road.applied == []
    assert [each[0] for each in road.records()] == ["refused"]
    road.run(alone(yes=True, acknowledged=(DATABASE,)))
    assert len(road.applied) == 1
    assert [each[0] for each in road.records()] == ["refused", "succeeded"]


def test_what_else_must_hold_is_asked_before_anything_is_planned(road):
    def refuse(settings, state):
        assert {each.type for each in state.resources}, "the state that the update starts from"
        raise RefusedError("r2 would be built with the variables of r3")

    with pytest.raises(RefusedError, match="the variables of r3"):
        road.run(alone(yes=True), require=refuse)
    assert road.applied == []
    assert road.records() == []


def test_the_stacks_file_opens_the_gate_too(road):
    road.steps.append(DANGEROUS)
    road.acknowledged = (DATABASE,)
    road.run(alone(yes=True))
    assert len(road.applied) == 1


def test_a_preview_that_failed_is_no_plan(road):
    road.errors = ("a build error",)
    with pytest.raises(UpdateError, match="a build error"):
        road.run(alone(yes=True))
    assert road.applied == []


# --- Asked ------------------------------------------------------------------------------------------------------------


def test_yes_applies_what_was_shown(road):
    road.run(asked("yes"))
    assert road.records()[0][2] == "asked"
    assert "limit" in road.lab.said.getvalue()
    assert len(road.applied) == 1


@pytest.mark.parametrize("answer", ["no", "", "n"])
def test_no_changes_nothing_and_is_recorded(road, answer):
    with pytest.raises(RefusedError, match="not approved"):
        road.run(asked(answer))
    assert road.applied == []
    assert [each[0] for each in road.records()] == ["refused"]


def test_what_is_not_understood_is_asked_again_and_details_are_shown(road):
    road.run(asked("maybe", "details", "y"))
    said = road.lab.said.getvalue()
    assert said.count("yes / no / details") == 3
    assert said.count("value: 20 -> 30") == 1
    assert len(road.applied) == 1


@pytest.mark.parametrize("what", ["the program", "the state", "the world"])
def test_what_changes_while_a_person_thinks_stops_the_update(road, what):
    def change():
        if what == "the program":
            road.program.write_text("two\n")
        elif what == "the state":
            road.lab.recorded(but=[PROJECT])
        else:
            road.live[PROJECT] = "by hand"

    says = {
        "the program": "infra/build.py has",
        "the state": "the recorded state has",
        "the world": f"{short_urn(PROJECT)} has",
    }
    with pytest.raises(PlanError, match=says[what]):
        road.run(asked("yes", meanwhile=change))
    assert road.applied == []


# --- A saved plan -----------------------------------------------------------------------------------------------------


def test_a_saved_plan_is_applied_without_another_preview(road, tmp_path):
    file, digest = road.save(tmp_path, options=("--target", "x"))
    road.previews.clear()
    road.run(alone(plan=file, digest=digest))
    assert road.previews == []
    ((words, plan),) = road.applied
    assert plan == ENGINE
    assert words[-2:] == ["--target", "x"]
    assert road.records() == [("succeeded", digest, f"--plan {digest}")]


def _other_stack(file, plan):
    saved_plan.SavedPlan(**{**vars(plan), "stack": "prod"}).write(file, SECRET)


def _expired(file, plan):
    made = datetime.now(UTC) - timedelta(hours=25)
    times = {"made": made.isoformat(), "expires": (made + timedelta(hours=24)).isoformat()}
    saved_plan.SavedPlan(**{**vars(plan), **times}).write(file, SECRET)


def _edited(file, _):
    document = json.loads(file.read_text())
    document["plan"]["changes"] = []
    file.write_text(json.dumps(document))


def _sealed_by_others(file, plan):
    plan.write(file, Secret("t" * 40, "parity:secret"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_other_stack, "the plan is of storefront/prod"),
        (_expired, "expired"),
        (_edited, "edited"),
        (_sealed_by_others, "another secret"),
        (lambda file, _: file.unlink(), "cannot be read"),
    ],
)
def test_a_plan_that_is_not_the_one_is_refused_and_the_refusal_recorded(road, tmp_path, change, says):
    file, _ = road.save(tmp_path)
    change(file, saved_plan.read(file, STACK, SECRET))
    with pytest.raises(PlanError, match=says):
        road.run(alone(plan=file))
    assert road.applied == []
    assert [each[0] for each in road.records()] == ["refused"]


def test_a_plan_of_another_digest_is_refused(road, tmp_path):
    file, digest = road.save(tmp_path)
    with pytest.raises(PlanError, match="was approved"):
        road.run(alone(plan=file, digest="0" * 64))
    assert road.applied == []
    road.run(alone(plan=file, digest=digest[:12]))


@pytest.mark.parametrize(
    ("change", "by_drift"),
    [
        (lambda road: road.program.write_text("two\n"), False),
        (lambda road: road.lab.recorded(but=[PROJECT]), False),
        (lambda road: road.live.update({PROJECT: "by hand"}), True),
    ],
    ids=["the program", "the state", "the world"],
)
def test_a_plan_of_another_world_is_refused(road, tmp_path, change, by_drift):
    file, _ = road.save(tmp_path)
    change(road)
    with pytest.raises(PlanError, match="what the plan depends on has changed") as refused:
        road.run(alone(plan=file))
    assert ("`parity drift staging` says what" in str(refused.value.remedy)) == by_drift
    assert road.applied == []


def test_a_saved_plan_with_a_closed_gate_needs_the_acknowledgement(road, tmp_path):
    road.steps.append(DANGEROUS)
    file, _ = road.save(tmp_path)
    with pytest.raises(GateError):
        road.run(alone(plan=file))
    assert road.applied == []
    road.run(alone(plan=file, acknowledged=(DATABASE,)))
    assert len(road.applied) == 1


def test_what_a_mandatory_policy_refuses_is_not_applied_saved_or_not_whatever_is_acknowledged(road, tmp_path):
    road.refused = "a secret is plain"
    with pytest.raises(PolicyError, match="p: a secret is plain"):
        road.run(alone(yes=True))
    file, _ = road.save(tmp_path)
    road.refused = ""
    with pytest.raises(PolicyError, match="p: a secret is plain"):
        road.run(alone(plan=file, acknowledged=(DATABASE,)))
    assert road.applied == []


# --- Going back -------------------------------------------------------------------------------------------------------


def switch():
    step = plans.update(plans.LIVE, "shop-live", {"release": "r2"}, {"release": "r1"}, ("release",))
    return {
        **step,
        "urn": LIVE,
        "oldState": {**step["oldState"], "urn": LIVE},
        "newState": {**step["newState"], "urn": LIVE},
    }


def test_going_back_past_a_closed_gate_is_the_switch_alone(road):
    road.steps = [switch(), DANGEROUS]
    road.run(alone(yes=True), going_back="shop")
    narrowed = ("--target", LIVE, "--target-dependents")
    assert road.previews == [(), narrowed]
    ((words, _),) = road.applied
    assert tuple(words[-3:]) == narrowed
    assert "left for the next update" in road.lab.said.getvalue()


def test_going_back_with_an_open_gate_is_the_complete_plan(road):
    road.steps = [switch(), HARMLESS]
    road.run(alone(yes=True), going_back="shop")
    assert road.previews == [()]
    assert "--target" not in road.applied[0][0]


def test_going_forward_is_never_narrowed(road):
    road.steps = [switch(), DANGEROUS]
    with pytest.raises(GateError):
        road.run(alone(yes=True))
    assert road.previews == [()]


# --- Holds ------------------------------------------------------------------------------------------------------------


def hold(road, application="", **more):
    until = more.get("until")
    return holds.hold(road.lab.store, PROJECT_NAME, STACK, application=application, who="ada", why="sale", until=until)


def test_a_hold_of_the_stack_stops_an_update_before_it_is_planned(road):
    hold(road)
    with pytest.raises(HoldError, match="held by ada"):
        road.run(alone(yes=True))
    assert (road.previews, road.applied) == ([], [])
    holds.lift(road.lab.store, PROJECT_NAME, STACK, application="", who="ada", why="over")
    road.run(alone(yes=True))
    assert len(road.applied) == 1


def test_an_expired_hold_stops_nothing(road):
    hold(road, until=datetime.now(UTC) - timedelta(seconds=1))
    road.run(alone(yes=True))
    assert len(road.applied) == 1


@pytest.mark.parametrize("application", ["", "shop"])
def test_a_hold_that_arrives_between_approval_and_apply_stops_the_update_and_that_is_recorded(road, application):
    road.steps = [switch()]
    with pytest.raises(HoldError):
        road.run(asked("yes", meanwhile=lambda: hold(road, application)))
    assert road.applied == []
    assert [each[0] for each in road.records()] == ["refused"]


def test_a_saved_plan_is_stopped_too(road, tmp_path):
    road.steps = [switch()]
    file, digest = road.save(tmp_path)
    hold(road, "shop")
    with pytest.raises(HoldError, match="shop is held"):
        road.run(alone(plan=file, digest=digest))
    assert road.applied == []


def test_a_hold_of_an_application_lets_an_update_through_that_does_not_switch_it(road):
    hold(road, "shop")
    road.run(alone(yes=True))
    hold(road, "admin")
    road.steps = [switch()]
    with pytest.raises(HoldError, match="shop is held"):
        road.run(alone(yes=True))
    assert len(road.applied) == 1


def test_going_back_is_not_held(road):
    hold(road)
    hold(road, "shop")
    road.steps = [switch()]
    road.run(alone(yes=True), going_back="shop")
    assert len(road.applied) == 1


def watched(road):
    """The shop is to be watched; its file says r2 and the state r1."""
    road.watched = {"shop": SimpleNamespace(stages=())}
    road.releases = {
        "shop": SimpleNamespace(live="r2", kept={"r2": SimpleNamespace(commit="c")}, in_order=(), newest=None)
    }
    return watches.notes(road.lab.store, PROJECT_NAME, STACK).unfinished()


def test_a_watch_begins_before_the_engine_can_switch_so_that_a_death_in_between_is_known(road, monkeypatch):
    road.steps = [switch()]
    watched(road)
    seen = []
    monkeypatch.setattr(Pulumi, "update", lambda *_: seen.extend(watched(road)) or Progress())
    road.run(alone(yes=True))
    (note,) = seen
    assert {**note.begin, "time": "", "update": ""} == {
        "form": 1, "time": "", "application": "shop", "release": "r2", "before": None, "update": "",
    }  # fmt: skip
    assert note.begin["update"] == road.lab.ledger.records()[-1].id
    road.run(alone(yes=True))
    assert f"r2 of shop was not watched to its end, or still is, elsewhere: `parity watch {STACK}`" in (
        " ".join(road.lab.said.getvalue().split())
    )


@pytest.mark.parametrize(("kept", "stages"), [(("r1", "r2"), (1,)), (("r2",), ()), (("r2",), (1,))])
def test_a_release_that_users_may_still_have_is_kept_until_the_next_ones_stages_have_ended(road, kept, stages):
    watched(road)
    begun = {"application": "shop", "release": "r2", "before": "r1", "update": "u"}
    watches.notes(road.lab.store, PROJECT_NAME, STACK).begin(begun)
    road.watched["shop"].stages = stages
    road.releases["shop"].kept = dict.fromkeys(kept, SimpleNamespace(commit="c"))
    if "r1" in kept or not stages:
        road.run(alone(yes=True))
        return
    with pytest.raises(RefusedError, match="users of shop may still have r1") as caught:
        road.run(alone(yes=True))
    assert caught.value.remedy == f"Keep r1 until `parity watch {STACK}` has ended."
    assert road.applied == []


def test_what_goes_back_and_what_switches_nothing_is_not_watched(road):
    watched(road)
    road.run(alone(yes=True))
    road.steps = [switch()]
    road.run(alone(yes=True), going_back="shop")
    assert watched(road) == []


def test_a_watch_that_could_not_be_recorded_stops_the_update(road):
    road.steps = [switch()]
    watched(road)
    road.lab.in_the_cloud(ledger=False)
    road.lab.same()
    with pytest.raises(RefusedError, match="no place to record that"):
        road.run(alone(yes=True))
    assert road.applied == []


@pytest.mark.parametrize(("steps", "started"), [([HARMLESS], 2), ([], 1)])
def test_the_update_s_program_loads_while_a_plan_with_changes_is_approved(road, monkeypatch, steps, started):
    road.steps[:] = steps
    calls = []
    monkeypatch.setattr(Pulumi, "start_program", lambda _: calls.append("started"))
    approval = Approval(yes=True, terminal=lambda: False)
    monkeypatch.setattr(Approval, "require", lambda *_: calls.append("approved") or "--yes")
    road.run(approval)
    assert calls == [*["started"] * started, "approved"]
