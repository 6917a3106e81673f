"""Holds: set, lifted, expired, each its own; none is lost, and one that cannot be read is not taken for none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from parity.backend import holds
from parity.cli import times
from parity.engine.store import FolderStore
from parity.errors import HoldError, ProjectError

PLACE = ("storefront", "prod")
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path)


def hold(store, application="", until=None, why="the sale", who="ada"):
    return holds.hold(store, *PLACE, application=application, who=who, why=why, until=until)


def lift(store, application=""):
    return holds.lift(store, *PLACE, application=application, who="grace", why="over")


def applications(store):
    return [each.application for each in holds.holds(store, *PLACE)]


def test_a_hold_says_who_why_and_until_when_and_how_it_is_lifted(store):
    until = datetime.now(UTC) + timedelta(hours=1)
    hold(store, "shop", until)
    with pytest.raises(HoldError) as caught:
        holds.require_none(holds.holds(store, *PLACE), "prod", ["shop"])
    for part in ("shop is held by ada", "the sale", f"until {until:%Y-%m-%d %H:%M} UTC"):
        assert part in caught.value.what
    assert "parity lift prod --application shop --why TEXT" in caught.value.remedy


def test_a_hold_of_an_application_stops_only_its_own_release_and_one_of_the_stack_everything(store):
    hold(store, "shop")
    holds.require_none(holds.holds(store, *PLACE), "prod", ["admin"])
    hold(store)
    with pytest.raises(HoldError, match="prod is held by ada"):
        holds.require_none(holds.holds(store, *PLACE), "prod", [])


def test_the_holds_of_a_stack_and_of_its_application_are_lifted_apart(store):
    hold(store)
    hold(store, "shop")
    assert [each.application for each in lift(store)] == [""]
    assert applications(store) == ["shop"]
    assert [each.application for each in lift(store, "shop")] == ["shop"]
    assert applications(store) == []
    assert lift(store) == [], "there is none to lift"


def test_an_expired_hold_is_none_and_stays_in_the_history(store):
    found = hold(store, until=datetime.now(UTC) - timedelta(seconds=1))
    assert applications(store) == []
    assert found.stands(found.until - timedelta(seconds=1))
    assert not found.stands(found.until)
    assert [each.why for each in holds.history(store, *PLACE)] == ["the sale"]


def test_both_ends_are_kept(store):
    hold(store)
    lift(store)
    (found,) = holds.history(store, *PLACE)
    assert (found.who, found.why, found.lifted_by, found.lifted_why) == ("ada", "the sale", "grace", "over")
    assert found.since <= found.lifted


def test_of_two_who_lift_at_once_one_did(store):
    hold(store)
    with ThreadPoolExecutor(8) as pool:
        lifted = list(pool.map(lambda _: lift(store), range(8)))
    assert sum(map(len, lifted)) == 1


def test_eight_who_hold_at_once_lose_nothing(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: hold(store, why=str(number)), range(8)))
    assert sorted(each.why for each in holds.holds(store, *PLACE)) == [str(number) for number in range(8)]


def test_stacks_do_not_see_each_other(store):
    hold(store)
    assert holds.holds(store, "storefront", "staging") == []


@pytest.mark.parametrize(
    "text", ["", "{", '{"form": 2}', '{"form": 1, "time": "2026-12-01T09:00:00+00:00"}', '{"form": 1, "time": "soon"}']
)
def test_a_hold_that_cannot_be_read_is_an_error_with_its_place_and_not_none(store, text):
    found = hold(store)
    (path,) = store.root.rglob(f"{found.id}.1-begin.json")
    path.write_text(text)
    with pytest.raises(ProjectError) as caught:
        holds.holds(store, *PLACE)
    assert found.id in caught.value.where


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90m", NOW + timedelta(minutes=90)),
        ("8h", NOW + timedelta(hours=8)),
        ("3d", NOW + timedelta(days=3)),
        ("2026-12-01T12:00+01:00", NOW + timedelta(hours=2)),
        ("2026-12-01T09:00Z", NOW),
    ],
)
def test_a_time_is_a_span_from_now_or_one_with_its_zone(text, time):
    assert times.from_now(text, NOW) == time


@pytest.mark.parametrize(("text", "said"), [("soon", "no time"), ("2026-12-01T09:00", "no zone"), ("9w", "no time")])
def test_what_is_no_time_or_has_no_zone_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        times.from_now(text, NOW)
