from __future__ import annotations

import asyncio

import httpx
import pytest

from packages.parity.tests.provider.conftest import BYPASS, TEAM, World
from parity.provider import bypass
from parity.provider.errors import BadInput, NotFound, VercelError
from parity.provider.vercel import Vercel

PROJECT = "GET /v9/projects/prj_1"


def ask(world: World, retry: float = 5) -> object:
    return asyncio.run(world.vercel(retry).project(TEAM, "prj_1"))


def test_the_token_is_sent_and_the_answer_given():
    world = World()
    assert ask(world)["name"] == "shop-staging"
    assert world.headers[0]["authorization"] == "Bearer token"


def test_a_rate_limit_is_waited_out_as_long_as_it_asks():
    limited = httpx.Response(429, headers={"retry-after": "1"})
    world = World(faults={"GET": [limited]})
    ask(world)
    assert world.calls == [PROJECT, PROJECT]


def test_a_rate_limit_longer_than_the_limit_is_an_error_at_once():
    world = World(faults={"GET": [httpx.Response(429, headers={"retry-after": "600"})]})
    with pytest.raises(VercelError, match="rate limit"):
        ask(world)
    assert world.calls == [PROJECT]


@pytest.mark.parametrize("fault", [httpx.Response(500), httpx.Response(503), httpx.ConnectError("refused")])
def test_the_servers_own_faults_are_asked_again(fault: httpx.Response | Exception):
    world = World(faults={"GET": [fault]})
    ask(world)
    assert len(world.calls) == 2


def test_the_users_own_faults_are_not():
    refused = httpx.Response(403, json={"error": {"code": "forbidden", "message": "Not authorized"}})
    world = World(faults={"GET": [refused]})
    with pytest.raises(VercelError, match=r"GET /v9/projects/prj_1: 403 forbidden Not authorized.*VERCEL_API_TOKEN"):
        ask(world)
    assert len(world.calls) == 1


def test_what_is_not_there_is_an_error_of_its_own():
    with pytest.raises(NotFound):
        ask(World(exists=False))


def test_an_answer_that_is_no_json_is_not_taken_for_an_empty_project():
    with pytest.raises(VercelError, match="no JSON object"):
        ask(World(faults={"GET": [httpx.Response(200, text="<html>")]}))


def test_a_missing_token_is_said_before_any_call(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VERCEL_API_TOKEN", raising=False)
    with pytest.raises(BadInput, match="VERCEL_API_TOKEN is not set"):
        Vercel.from_environment()


def test_a_team_is_named_by_its_slug_too():
    seen: list[httpx.URL] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json={})

    asyncio.run(Vercel("token", transport=httpx.MockTransport(handle)).project("acme", "prj_1"))
    assert dict(seen[0].params) == {"slug": "acme"}


# --- The bypass -------------------------------------------------------------------------------------------------------

GIVEN = {"team": TEAM, "projectId": "prj_1", "secret": BYPASS}


def test_a_bypass_is_added_with_one_call_and_its_id_does_not_carry_it():
    world = World()
    assert asyncio.run(bypass.create(world.vercel(), GIVEN)) == GIVEN
    assert world.bypasses == {BYPASS}
    assert len(world.calls) == 1
    assert BYPASS not in bypass.id_of(GIVEN)


def test_a_bypass_that_a_crash_left_behind_is_taken_over():
    world = World(bypasses={BYPASS})
    assert asyncio.run(bypass.create(world.vercel(), GIVEN)) == GIVEN


def test_a_refusal_that_is_no_duplicate_is_an_error():
    refused = httpx.Response(400, json={"error": {"code": "bad_request", "message": "no"}})
    with pytest.raises(VercelError, match="bad_request"):
        asyncio.run(bypass.create(World(faults={"PATCH": [refused]}).vercel(), GIVEN))


def test_a_bypass_is_read_as_long_as_vercel_knows_it():
    there, gone = World(bypasses={BYPASS}), World()
    assert asyncio.run(bypass.read(there.vercel(), "team_abc/prj_1", GIVEN, GIVEN)) == ("team_abc/prj_1", GIVEN, GIVEN)
    assert asyncio.run(bypass.read(gone.vercel(), "team_abc/prj_1", GIVEN, GIVEN)) == ("", {}, {})
    assert asyncio.run(bypass.read(World(exists=False).vercel(), "team_abc/prj_1", GIVEN, GIVEN)) == ("", {}, {})


def test_a_bypass_is_revoked_and_may_be_gone_already():
    world = World(bypasses={BYPASS})
    asyncio.run(bypass.delete(world.vercel(), GIVEN))
    assert world.bypasses == set()
    asyncio.run(bypass.delete(World(exists=False).vercel(), GIVEN))


def test_the_default_of_several_is_revoked_after_the_newest_other_one_is_the_default():
    default = httpx.Response(400, json={"error": {"code": "bad_request", "message": "choose another default first"}})
    alone = World(bypasses={GIVEN["secret"]}, faults={"PATCH": [default]})
    with pytest.raises(VercelError, match="choose another default"):
        asyncio.run(bypass.delete(alone.vercel(), GIVEN))
    world = World(bypasses={GIVEN["secret"], "n" * 32}, faults={"PATCH": [default]})
    asyncio.run(bypass.delete(world.vercel(), GIVEN))
    assert (world.default, world.bypasses) == ("n" * 32, {"n" * 32})
