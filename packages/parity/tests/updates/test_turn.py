"""An update that waits for its turn: until the lock is free or the time is over; the dead are not waited for."""

from __future__ import annotations

import pytest

from parity.engine.pulumi import Pulumi
from parity.errors import LockedError
from parity.updates import holding
from support.recovery import STACK, Lab, gone, here


@pytest.fixture
def lab(tmp_path, monkeypatch):
    made = Lab(tmp_path)
    made.same()
    monkeypatch.setattr(holding, "time", made.clock)
    return made


def wait(lab, minutes):
    holding.wait_for_turn(lab.stack(), lab.screen(), minutes)


def free(lab):
    for path in (lab.backend / ".pulumi/locks").rglob("*.json"):
        path.unlink()


def test_nothing_is_waited_for_where_the_stack_is_free(lab):
    wait(lab, 5)
    assert lab.clock.slept == 0


def test_a_held_lock_that_is_freed_is_awaited_with_growing_pauses(lab):
    lab.lock(here())
    lab.clock.at(40, lambda: free(lab))
    wait(lab, 5)
    assert 40 <= lab.clock.slept < 55, "it notices within one pause"
    assert lab.locks() == []


def test_when_the_time_is_over_it_says_who_holds_it_and_leaves_the_lock(lab):
    lab.lock(here())
    with pytest.raises(LockedError) as caught:
        wait(lab, 2)
    assert f"process {here()} " in caught.value.what
    assert "after 2 minutes" in caught.value.what
    assert lab.clock.slept == 120
    assert lab.locks() == ["held"]


def test_without_minutes_nothing_is_asked_or_waited_for(lab):
    lab.lock(here())
    lab.backend.rename(lab.folder / "away")
    wait(lab, 0)
    assert lab.clock.slept == 0


def test_a_dead_holder_is_left_to_recover(lab):
    lab.lock(gone())
    wait(lab, 5)
    assert lab.clock.slept == 0


def test_a_holder_of_another_machine_may_live_and_is_waited_for(lab):
    lab.lock(4242, "elsewhere", "far")
    lab.clock.at(10, lambda: free(lab))
    wait(lab, 1)
    assert 10 <= lab.clock.slept <= 20


def test_an_update_that_gave_its_lock_back_is_waited_for_until_its_end_is_recorded(lab):
    identity = lab.began(here())
    lab.clock.at(10, lambda: lab.ledger.end(identity, {"result": "succeeded"}))
    wait(lab, 1)
    assert 10 <= lab.clock.slept <= 20


def test_pulumi_cloud_says_that_one_runs_which_is_waited_for(lab, monkeypatch):
    lab.in_the_cloud(ledger=False)
    running = [True]
    monkeypatch.setattr(Pulumi, "in_progress", lambda _, stack: stack == STACK and bool(running))
    lab.clock.at(10, running.clear)
    wait(lab, 1)
    assert 10 <= lab.clock.slept <= 20
    running.append(True)
    with pytest.raises(LockedError, match="an update that Pulumi Cloud says is running") as caught:
        wait(lab, 1)
    assert f"`pulumi cancel --stack {STACK} --yes`, then `parity recover {STACK}`" in str(caught.value.remedy)
