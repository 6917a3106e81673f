"""The watch's loop on a clock of the tests': what ends it, what it leaves behind when it dies, what it does twice."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from parity.backend import holds, watches
from parity.config.parameters import Watch
from parity.engine.store import FolderStore
from parity.errors import RefusedError, UnreadError, WatchError
from parity.releases import watch as watching
from parity.releases.evidence import Counts
from parity.releases.observing import Observed
from support.recovery import NAME, STACK, Lab

PLACE = (NAME, STACK)
WATCH = Watch(minutes=2, interval_seconds=10, unhealthy_answers=3)
GOOD = Observed("dpl_2", {"shop.example": ""})
SICK = Observed("dpl_2", {"shop.example": "answers 503"})


class Died(BaseException):
    """The process, killed."""


class World:
    """One release, watched; the answers come in this order, and the last one stays."""

    watch, deployment, compares = WATCH, "dpl_2", False

    def __init__(self, lab, *answers, before=None):
        self.lab, self.answers, self.now = lab, list(answers), datetime(2026, 12, 1, tzinfo=UTC)
        self.left, self.went, self.slept, self.dies_at = False, [], 0, None
        self.compares, self.counted_before = before is not None, before

    async def ask(self, since, until):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def before(self, since, until):
        assert until - since == timedelta(minutes=WATCH.minutes_before)
        return self.counted_before

    def observer(self, stack, note):
        return None if self.left else self

    def sleep(self, seconds):
        self.slept += 1
        self.now += timedelta(seconds=seconds)
        if self.slept == self.dies_at:
            raise Died

    def run(self, **more):
        clock = watching.Clock(lambda: self.now, self.sleep)
        return watching.watch(self.lab.stack(), self.lab.screen(), clock=clock, observer=self.observer, **more)

    def holds(self):
        return [(each.application, each.why) for each in holds.holds(self.lab.store, *PLACE)]

    def unfinished(self):
        return [watches.name_of(each) for each in watches.notes(self.lab.store, *PLACE).unfinished()]


@pytest.fixture
def world(tmp_path, monkeypatch):
    lab = Lab(tmp_path)

    def make(*answers, **given):
        found = World(lab, *answers, **given)

        def go(_stack, _screen, note, why):
            assert found.holds(), "it is held before anything else is done"
            found.went.append((note.begin["before"], why))
            if found.refuses:
                raise found.refuses
            found.left = True
            return note.begin["before"]

        found.refuses = None
        monkeypatch.setattr(watching.going_back, "go", go)
        begin(lab)
        return found

    monkeypatch.setattr(watching, "provenance", lambda _, command: {"command": command})
    return make


def begin(lab, release="r2", update="u1"):
    watches.notes(lab.store, *PLACE).begin(
        {"application": "shop", "release": release, "before": "r1", "update": update}
    )


def counted(requests, errors):
    return Observed("dpl_2", {"shop.example": ""}, Counts(requests, errors))


def test_a_good_release_is_watched_to_its_end(world):
    found = world(GOOD)
    (ended,) = found.run()
    assert (ended.result, ended.seconds) == ("passed", 120)
    assert (found.holds(), found.unfinished(), found.went) == ([], [], [])
    watching.require(STACK, [ended])


def test_one_bad_answer_is_none_and_three_in_a_row_are(world):
    found = world(SICK, SICK, GOOD, SICK, SICK, SICK, GOOD)
    (ended,) = found.run()
    assert (ended.result, ended.to, ended.seconds) == ("went back", "r1", 50)
    assert "answers 503, 3 times in a row" in ended.why
    ((application, why),) = found.holds()
    assert application == "shop"
    assert why.startswith("the watch of r2 found it bad: https://shop.example answers 503")
    with pytest.raises(WatchError) as caught:
        watching.require(STACK, [ended])
    assert "r2 of shop is bad and went back to r1, which is live; shop is held" in caught.value.what
    assert f"parity lift {STACK} --application shop --why TEXT" in caught.value.remedy


def test_errors_that_the_release_before_did_not_have_end_it(world):
    found = world(counted(10, 0), counted(200, 40), before=Observed(counts=Counts(3000, 3)))
    (ended,) = found.run()
    assert (ended.result, ended.seconds) == ("went back", 10)
    assert ended.why == "40 errors of 200 requests (20 %); of the release before: 3 errors of 3000 requests (0.1 %)"


def test_errors_that_it_had_too_do_not(world):
    found = world(counted(200, 40), before=Observed(counts=Counts(3000, 600)))
    assert [each.result for each in found.run()] == ["passed"]


@pytest.mark.parametrize("when", ["before", "now"])
def test_counts_that_cannot_be_read_are_no_verdict_and_are_said(world, when):
    unread = Observed("dpl_2", {"shop.example": ""}, None, "https://logs.example: it answered 500")
    found = {
        "before": lambda: world(counted(200, 0), before=unread),
        "now": lambda: world(unread, before=Observed(counts=Counts(3000, 3))),
    }[when]()
    (ended,) = found.run()
    assert (ended.result, found.holds()) == ("unread", [])
    with pytest.raises(UnreadError, match="it answered 500"):
        watching.require(STACK, [ended])


@pytest.mark.parametrize("why", ["no release was live before", "was built for an earlier schema"])
def test_where_it_cannot_go_back_it_is_held_and_said_aloud(world, why):
    found = world(SICK)
    found.refuses = RefusedError(why)
    (ended,) = found.run()
    assert (ended.result, len(found.holds())) == ("held", 1)
    assert why in ended.why
    with pytest.raises(WatchError, match="IS BAD AND STILL LIVE"):
        watching.require(STACK, [ended])


def test_a_switch_that_was_made_and_could_not_be_recorded_went_back_all_the_same(world, monkeypatch):
    found = world(SICK)

    class Unrecorded(RefusedError):
        def __init__(self):
            super().__init__("the engine died")
            found.left = True

    def go(*_):
        raise Unrecorded

    monkeypatch.setattr(watching.going_back, "go", go)
    (ended,) = found.run()
    assert (ended.result, ended.to) == ("went back", "r1")
    assert "not recorded yet: the engine died" in ended.why


def test_a_release_that_another_one_took_the_place_of_is_watched_no_more(world):
    found = world(GOOD, Observed("dpl_3", {"shop.example": "answers release r3"}))
    (ended,) = found.run()
    assert (ended.result, found.holds(), found.unfinished()) == ("superseded", [], [])


def test_one_that_never_became_live_is_not_watched(world):
    found = world(GOOD)
    found.left = True
    assert [each.result for each in found.run()] == ["superseded"]
    assert found.slept == 0


def test_a_watch_that_dies_has_no_end_and_is_taken_up_again(world):
    found = world(GOOD)
    found.dies_at = 3
    with pytest.raises(Died):
        found.run()
    assert found.unfinished() == ["r2 of shop"]
    found.dies_at = None
    (ended,) = found.run()
    assert (ended.result, ended.seconds) == ("passed", 120), "its time begins again"
    assert found.unfinished() == []
    assert found.run() == []


def test_one_that_dies_while_it_goes_back_is_held_once_and_goes_back_once(world):
    found = world(SICK)
    found.refuses = Died()
    with pytest.raises(Died):
        found.run()
    assert (len(found.holds()), found.unfinished()) == (1, ["r2 of shop"])
    found.refuses = None
    (ended,) = found.run()
    assert (ended.result, len(found.holds())) == ("went back", 1)
    assert [each for each, _ in found.went] == ["r1", "r1"], "the first one died before it switched"
    assert found.run() == []


@pytest.mark.parametrize("writes", range(4))
def test_a_death_before_each_write_is_finished_by_the_next_and_nothing_is_there_twice(world, monkeypatch, writes):
    found, left, create = world(SICK), [writes], FolderStore.create

    def dying(store, key, data):
        if not left[0]:
            raise Died
        left[0] -= 1
        return create(store, key, data)

    def finish(_stack, _screen, note, why):
        assert why == "https://shop.example answers 503, 3 times in a row", "as the hold has it"
        return note.begin["before"]

    monkeypatch.setattr(watching.going_back, "finish", finish)
    monkeypatch.setattr(FolderStore, "create", dying)
    with contextlib.suppress(Died):
        found.run()
    assert (left[0] == 0) == bool(found.unfinished() or writes == 3), "it died, or had no more to write"
    monkeypatch.setattr(FolderStore, "create", create)
    for _ in range(2):
        found.run()
    assert (found.unfinished(), len(found.went), len(found.holds())) == ([], 1, 1)
    records = [(each.begin["command"], each.begin["verdict"], each.result) for each in found.lab.ledger.records()]
    assert records == [("watch", "went back", "succeeded")]


def test_what_another_release_took_the_place_of_meanwhile_is_superseded(world, monkeypatch):
    found = world(SICK)
    found.refuses = Died()
    with pytest.raises(Died):
        found.run()
    found.left = True

    def finish(*_):
        raise RefusedError("r3 is live, and no update made it so")

    monkeypatch.setattr(watching.going_back, "finish", finish)
    (ended,) = found.run()
    assert (ended.result, ended.why) == ("superseded", "r3 is live, and no update made it so")


def test_a_hold_of_before_the_watch_is_none_of_its_own(world):
    found = world(GOOD)
    hold = {"application": "shop", "who": "ada", "why": "the watch of r2 found it bad: before", "until": None}
    holds.hold(found.lab.store, *PLACE, **hold)
    begin(found.lab, update="u2")
    found.left = True
    assert [each.result for each in found.run(update="u2")] == ["superseded"]


def test_an_update_watches_what_it_made_live_and_not_what_another_one_did(world):
    found = world(GOOD)
    begin(found.lab, "r3", "u2")
    assert [each.release for each in found.run(update="u2")] == ["r3"]
    assert found.unfinished() == ["r2 of shop"]
    assert found.run(update="") == [], "an update without a record has none"


def test_each_end_is_in_the_ledger_once(world):
    found = world(SICK)
    found.run()
    found.run()
    records = [(each.begin["command"], each.begin["verdict"], each.result) for each in found.lab.ledger.records()]
    assert records == [("watch", "went back", "succeeded")]
