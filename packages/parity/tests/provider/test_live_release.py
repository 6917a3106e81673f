from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from packages.parity.tests.provider.conftest import BYPASS, World, answer, inputs
from parity.provider import live_release
from parity.provider.errors import BadInput, LiveElsewhere, Rolling, Unfinished, Unhealthy, VercelError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROMOTE = "POST /v10/projects/prj_1/promote/d2"
START = "POST /v1/projects/prj_1/rolling-release/start"
ROLLBACK = "POST /v1/projects/prj_1/rollback/d2"
PROJECT = "GET /v9/projects/prj_1"


def switch(
    world: World, wanted: dict[str, Any] | None = None, olds: Mapping[str, Any] | None = None, retry: float = 5
) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async with world.web() as web:
            return await live_release.switch(world.vercel(retry), wanted or inputs(), olds, lambda _: None, web=web)

    return asyncio.run(run())


def read(world: World, resource_id: str, state: dict[str, Any], given: dict[str, Any]) -> Any:
    return asyncio.run(live_release.read(world.vercel(), resource_id, state, given))


# --- The switch -------------------------------------------------------------------------------------------------------


def test_a_healthy_deployment_is_promoted_with_one_changing_call_and_waited_for():
    world = World(polls=2)
    outputs = switch(world, olds=inputs("d1", "r1"))
    assert world.live == "d2"
    assert [call for call in world.calls if not call.startswith("GET")] == [PROMOTE]
    assert world.asked == ["d2.vercel.app", "shop.example.com"], "first the deployment itself, at last the domain"
    assert outputs == {**inputs(), "previous": "", "compared": {}}


def test_a_deployment_that_already_serves_is_neither_asked_nor_promoted():
    world = World(live="d2")
    switch(world, olds=inputs("d1", "r1"))
    assert world.calls.count(PROMOTE) == 0
    assert world.asked == ["shop.example.com"]


def test_a_promotion_that_is_under_way_is_not_asked_for_again():
    world = World(polls=2)
    world._moving, world._left = "d2", 2
    switch(world)
    assert world.calls.count(PROMOTE) == 0
    assert world.live == "d2"


def test_the_health_check_is_repeated_until_it_passes():
    world = World(unhealthy={"d2.vercel.app": [httpx.Response(503), httpx.Response(200, json=answer("r1"))]})
    switch(world)
    assert world.asked.count("d2.vercel.app") == 3


@pytest.mark.parametrize(
    ("response", "shown"),
    [
        (httpx.Response(503, json=answer("r2", ok=False)), "503 with release r2"),
        (httpx.Response(200, json=answer("r2", ok=False)), "DATABASE_URL failed, wanted a working login"),
        (httpx.Response(200, json=answer("r1")), "wanted release r2"),
        (httpx.Response(200, json=answer("r2", "f" * 40)), "wanted release r2 of commit c1f0a7d3be59"),
        (httpx.Response(200, json={"release": "r2", "commit": answer("r2")["commit"]}), "database not ok"),
        (httpx.Response(200, text="<html>canary</html>"), "200 without a JSON object"),
        (httpx.Response(401, text="canary"), "deployment protection refused"),
    ],
)
def test_an_unhealthy_deployment_is_not_promoted_and_the_last_answer_is_shown(response: httpx.Response, shown: str):
    world = World(unhealthy={"d2.vercel.app": [response] * 50})
    with pytest.raises(Unhealthy) as caught:
        switch(world, olds=inputs("d1", "r1"))
    assert shown in str(caught.value)
    assert "still live" in str(caught.value)
    assert "canary" not in str(caught.value), "an application's own text may hold a secret"
    assert world.live == "d1"
    assert world.calls == [PROJECT]


def test_deployment_protection_is_passed_with_the_bypass_secret_alone():
    switch(World(protected=True))
    with pytest.raises(Unhealthy):
        switch(World(protected=True), inputs(protectionBypass="x" * 32))


def test_what_a_person_made_live_by_hand_is_not_undone_unasked():
    world = World(live="d9")
    with pytest.raises(LiveElsewhere) as caught:
        switch(world, olds=inputs("d1", "r1"))
    assert "d9" in str(caught.value)
    assert "pulumi refresh" in str(caught.value)
    assert world.calls == [PROJECT]
    assert world.asked == []


def test_a_rolling_release_that_a_person_turned_on_stops_the_switch_before_the_call():
    world = World(rolling=True)
    with pytest.raises(Rolling) as caught:
        switch(world, olds=inputs("d1", "r1"))
    assert "`parity drift STACK`" in str(caught.value)
    assert world.live == "d1"
    assert PROMOTE not in world.calls
    assert world.asked == []


def test_going_back_is_not_held_up_by_a_rolling_release_and_is_none():
    world = World(rolling=True, served={"d2"})
    switch(world, olds=inputs("d1", "r1"))
    assert world.live == "d2"
    assert changing(world) == [ROLLBACK], "a promotion would begin stages"


# --- By stages --------------------------------------------------------------------------------------------------------


def changing(world: World) -> list[str]:
    return [call for call in world.calls if not call.startswith("GET")]


def test_a_declared_rolling_release_is_begun_and_the_release_before_stays_live():
    world = World(rolling=True)
    outputs = switch(world, inputs(rolling=True), inputs("d1", "r1"))
    assert (world.live, world.canary, changing(world)) == ("d1", "d2", [START])
    assert world.asked == ["d2.vercel.app"], "a domain answers with either of them"
    assert outputs["deploymentId"] == "d2"
    assert read(world, "team_abc/prj_1", outputs, inputs(rolling=True))[1] == outputs, "under way as declared"
    switch(world, inputs(rolling=True), outputs)
    assert changing(world) == [START], "it is begun once"


@pytest.mark.parametrize("newest", [True, False])
def test_the_newest_release_rolls_again_and_another_that_served_is_for_all_at_once(newest: bool):
    world = World(rolling=True, served={"d2"})
    given = {"newest": newest, "variables": {}}
    switch(world, inputs(rolling=True, **given), inputs("d1", "r1"))
    assert changing(world) == [START if newest else ROLLBACK]


@pytest.mark.parametrize("declared", [True, False])
def test_what_rolls_is_taken_back_by_one_call(declared: bool):
    world = World(live="d2", rolling=True, canary="d1", served={"d2"})
    switch(world, inputs(rolling=declared or None), inputs("d1", "r1"))
    assert (world.live, world.canary, changing(world)) == ("d2", None, [ROLLBACK])


def test_another_release_waits_until_the_one_that_rolls_has_all_users_or_none():
    world = World(rolling=True, canary="d3")
    with pytest.raises(Rolling, match="to its users by stages"):
        switch(world, inputs(rolling=True), inputs("d1", "r1"))
    assert changing(world) == []


def test_where_nothing_is_live_there_is_nothing_to_roll_from():
    world = World(live=None, rolling=True)
    switch(world, inputs(rolling=True))
    assert (world.live, changing(world)) == ("d2", [PROMOTE])


def test_without_stages_vercel_is_asked_for_none():
    world = World()
    switch(world, olds=inputs("d1", "r1"))
    assert not [call for call in world.calls if "rolling" in call]


def test_once_it_is_recorded_it_may_be_switched_again():
    world = World(live="d9", releases={"d9": ("unknown", "unknown"), "d2": ("r2", inputs()["commit"])})
    switch(world, olds=inputs("d9", "unknown"))
    assert world.live == "d2"


def test_what_was_live_before_an_unfinished_attempt_is_no_news():
    world = World(live="d1")
    world.releases["d3"] = ("r3", inputs()["commit"])
    switch(world, inputs("d3", "r3"), olds={**inputs(), "previous": "d1"})
    assert world.live == "d3"


def test_the_first_switch_takes_over_whatever_is_live():
    world = World(live="d9")
    switch(world)
    assert world.live == "d2"


# --- Failures after the call ------------------------------------------------------------------------------------------


def test_a_promotion_that_does_not_end_is_recorded_and_says_what_is_served():
    world = World(stuck="in-progress")
    with pytest.raises(Unfinished) as caught:
        switch(world, olds=inputs("d1", "r1"))
    assert "the project serves d1" in str(caught.value)
    assert "goes on from there" in str(caught.value)
    assert caught.value.resource_id == "team_abc/prj_1"
    assert caught.value.properties["deploymentId"] == "d2"
    assert caught.value.properties["previous"] == "d1"
    assert world.calls.count(PROMOTE) == 1


def test_a_domain_that_serves_the_old_release_keeps_it_waiting():
    old = httpx.Response(200, json=answer("r1"))
    world = World(unhealthy={"shop.example.com": [old, old]})
    switch(world)
    assert world.asked.count("shop.example.com") == 3
    with pytest.raises(Unfinished, match=r"shop\.example\.com: 200 with release r1"):
        switch(World(unhealthy={"shop.example.com": [old] * 50}))


def test_a_failed_promotion_is_asked_for_again_within_the_limit():
    world = World(stuck="failed")
    with pytest.raises(Unfinished, match="the promotion failed"):
        switch(world)
    assert world.calls.count(PROMOTE) > 1


def test_vercel_being_busy_with_another_promotion_is_waited_out():
    busy = httpx.Response(409, json={"error": {"code": "conflict", "message": "busy"}})
    world = World(faults={"POST": [busy, busy]})
    switch(world)
    assert world.calls.count(PROMOTE) == 3
    assert world.live == "d2"


def test_a_refused_promotion_leaves_the_record_as_it_was():
    refused = httpx.Response(403, json={"error": {"code": "forbidden", "message": "no"}})
    with pytest.raises(VercelError, match="403 forbidden no") as caught:
        switch(World(faults={"POST": [refused]}))
    assert not isinstance(caught.value, Unfinished)


def test_a_promotion_without_an_answer_may_have_happened_and_is_recorded():
    world = World(faults={"POST": [httpx.ConnectError("reset")] * 50})
    with pytest.raises(Unfinished):
        switch(world, retry=0.3)


def test_a_dropped_answer_is_repeated_because_promoting_twice_is_promoting_once():
    world = World(faults={"POST": [httpx.ReadError("reset"), httpx.Response(502)]})
    switch(world)
    assert world.calls.count(PROMOTE) == 3
    assert world.live == "d2"


# --- Read -------------------------------------------------------------------------------------------------------------


def test_reading_what_is_recorded_asks_the_project_alone():
    world = World(live="d2")
    state = {**inputs(), "previous": ""}
    assert read(world, "team_abc/prj_1", state, inputs()) == ("team_abc/prj_1", state, inputs())
    assert world.calls == [PROJECT]


def test_a_rollback_by_hand_is_read_as_the_release_that_is_live():
    found, state, given = read(World(live="d1"), "team_abc/prj_1", {**inputs(), "previous": ""}, inputs())
    assert found == "team_abc/prj_1"
    for document in (state, given):
        assert document["deploymentId"] == "d1"
        assert document["release"] == "r1"
        assert document["deploymentUrl"] == "d1.vercel.app"
    assert given["health"] == inputs()["health"], "what Vercel does not know stays as declared"


def test_a_deployment_that_parity_did_not_make_is_read_as_an_unknown_release():
    world = World(live="d9", releases={"d9": ("", "")})
    _, _, given = read(world, "team_abc/prj_1", {}, inputs())
    assert given["release"] == "unknown"


@pytest.mark.parametrize("world", [World(exists=False), World(live=None)], ids=["no project", "nothing live"])
def test_a_switch_without_anything_live_is_gone(world: World):
    assert read(world, "team_abc/prj_1", inputs(), inputs()) == ("", {}, {})


def test_import_takes_team_and_project():
    found, _, given = read(World(live="d1"), "team_abc/shop-staging", {}, {})
    assert found == "team_abc/prj_1"
    assert given["projectId"] == "prj_1"
    assert given["release"] == "r1"


def test_import_of_another_form_is_refused():
    with pytest.raises(BadInput, match="<team>/<project name or id>"):
        read(World(), "shop-staging", {}, {})


def test_the_bypass_is_in_no_error_text():
    world = World(unhealthy={"d2.vercel.app": [httpx.Response(500)] * 50})
    with pytest.raises(Unhealthy) as caught:
        switch(world)
    assert BYPASS not in str(caught.value)
