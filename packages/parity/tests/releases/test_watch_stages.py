"""The watch of a release that gets to its users by stages: when it goes on, when not, and what it compares with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from packages.parity.tests.releases.test_watch import GOOD, PLACE, STACK, WATCH, Died
from packages.parity.tests.releases.test_watch import world as world  # noqa: PLC0414 - a fixture
from parity.backend import watches
from parity.config.parameters import Stage
from parity.errors import UnreadError
from parity.releases import watch as watching
from parity.releases.evidence import Counts
from parity.releases.observing import Observed
from parity.vendors.http import VendorError
from parity.vendors.rolling import Roll, roll_of

SHARES = (5.0, 50.0, 100.0)
STAGED = WATCH.model_copy(update={"stages": (Stage(percent=5, minutes=1), Stage(percent=50, minutes=3))})
REFUSED = VendorError("Vercel", "POST", "/approve-stage", 500, "m")


def rolls(stage, counts=None, unread=""):
    return Observed("dpl_2", {"dpl.vercel.app": ""}, counts, unread, Roll("dpl_1", "dpl_2", stage, SHARES))


@pytest.fixture
def staged(world):
    """A release at its first stage; it goes on when the watch says so, and then what is seen is as given."""

    def make(counts=None, before=None, refused=()):
        found = world(rolls(0, counts), before=before)
        found.watch, found.advanced, found.windows = STAGED, [], []
        failures = list(refused)

        async def advance(roll):
            found.advanced.append((roll.stage, roll.last, found.now))
            if failures and (error := failures.pop(0)):
                raise error
            found.answers = [replace(GOOD, counts=counts) if roll.last else rolls(roll.stage + 1, counts)]

        async def meanwhile(since, until):
            found.windows.append((since, until))
            return found.counted_before

        found.advance, found.before = advance, meanwhile
        return found

    return make


def test_each_stage_has_its_time_then_all_users_have_it_for_the_watchs(staged):
    found = staged()
    began = found.now
    (ended,) = found.run()
    assert [(stage, last, (at - began).total_seconds()) for stage, last, at in found.advanced] == [
        (0, False, 60),
        (1, True, 60 + 10 + 180),
    ]
    assert (ended.result, ended.seconds) == ("passed", 60 + 10 + 180 + 10 + 120)
    assert found.holds() == []


def test_it_is_compared_with_what_the_release_before_answers_meanwhile(staged):
    found = staged(Counts(400, 80), before=Observed(counts=Counts(8000, 8)))
    (note,) = watches.notes(found.lab.store, *PLACE).unfinished()
    began = found.now
    (ended,) = found.run()
    assert (ended.result, found.advanced) == ("went back", [])
    assert found.windows == [(note.began, began)], "since it began, and not the hour before"


def test_a_fault_that_both_have_at_once_is_none_of_the_release(staged):
    found = staged(Counts(400, 80), before=Observed(counts=Counts(8000, 1600)))
    assert [each.result for each in found.run()] == ["passed"]


def test_without_counts_no_stage_ends_and_the_watch_is_left_to_be_taken_up(staged):
    found = staged(before=Observed(unread="it answered 500"))
    (ended,) = found.run()
    assert (ended.result, found.advanced, found.unfinished()) == ("unread", [], ["r2 of shop"])
    assert ended.why == "it answered 500; it is rolling: 5 % of users, stage 1 of 2"
    assert ended.seconds == 60 + 120, "it has as long again as the watch itself"
    with pytest.raises(UnreadError, match="stage 1 of 2"):
        watching.require(STACK, [ended])
    found.counted_before = Observed(counts=Counts(8000, 8))
    found.answers = [rolls(0, Counts(400, 0))]
    assert found.run()[0].why.startswith("the next stage") is False
    assert [stage for stage, *_ in found.advanced][:1] == [0], "it is taken up at its stage"


def test_an_approval_that_fails_is_asked_for_again(staged):
    found = staged(refused=[REFUSED])
    assert [each.result for each in found.run()] == ["passed"]
    assert [stage for stage, *_ in found.advanced] == [0, 0, 1]


def test_a_stage_is_approved_once_though_vercel_shows_it_a_little_longer(staged):
    found = staged()
    advance = found.advance

    async def slow(roll):
        await advance(roll)
        if not roll.last:
            found.answers = [rolls(roll.stage), rolls(roll.stage), rolls(roll.stage + 1)]

    found.advance = slow
    assert [each.result for each in found.run()] == ["passed"]
    assert [stage for stage, *_ in found.advanced] == [0, 1]


def test_where_vercel_cannot_be_asked_no_stage_ends(staged):
    found = staged()
    found.answers = [rolls(0), Observed("", {"dpl.vercel.app": ""})]
    (ended,) = found.run()
    assert (ended.result, found.advanced) == ("unread", [])
    assert "Vercel does not say" in ended.why


def test_until_vercel_says_that_all_have_it_the_release_before_is_no_other_release(staged):
    found = staged()
    advance = found.advance

    async def late(roll):
        await advance(roll)
        if roll.last:
            found.answers = [Observed("dpl_1", {"dpl.vercel.app": ""}), GOOD]

    found.advance = late
    assert [each.result for each in found.run()] == ["passed"]


def test_one_that_a_person_took_back_is_watched_no_more(staged):
    found = staged()
    found.answers = [rolls(0), Observed("dpl_1", {"dpl.vercel.app": ""})]
    (ended,) = found.run()
    assert (ended.result, found.holds()) == ("superseded", [])


def test_a_watch_that_dies_at_a_stage_begins_that_stage_again(staged):
    found = staged()
    found.dies_at = 9
    with pytest.raises(Died):
        found.run()
    assert [stage for stage, *_ in found.advanced] == [0]
    found.dies_at, began = None, found.now
    assert [each.result for each in found.run()] == ["passed"]
    assert [(stage, (at - began).total_seconds()) for stage, _, at in found.advanced] == [(0, -30), (1, 180)]


def test_what_vercel_says_is_read():
    stages = [{"targetPercentage": each} for each in SHARES]
    said = {
        "state": "ACTIVE",
        "currentDeployment": {"id": "dpl_1"},
        "canaryDeployment": {"id": "dpl_2"},
        "stages": stages,
        "activeStage": {"index": 1},
        "updatedAt": 1716210600000,
    }
    roll = roll_of({"rollingRelease": said})
    assert roll == Roll("dpl_1", "dpl_2", 1, SHARES, 1716210600)
    assert (roll.last, str(roll)) == (True, "rolling: 50 % of users, stage 2 of 2")
    assert [roll_of({"rollingRelease": each}) for each in (None, {**said, "state": "ABORTED"})] == [None, None]
