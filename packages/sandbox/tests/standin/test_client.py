"""The client behaves as the real provider's: who is asked, what is repeated, how errors read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from parity_sandbox.standin.errors import ApiError, ConfigurationError, ConnectionFailedError, StandInError, not_found
from parity_sandbox.standin.schema import Call

if TYPE_CHECKING:
    from parity_sandbox.standin.client import Client
    from support.fake_vercel import Vercel

CALL = Call("GET", "/v1/things/{thing}")
WRITE = Call("POST", "/v1/things")


def send(vercel: Vercel, call: Call = CALL, team: str | None = None, **options: object) -> object:
    return asyncio.run(vercel.client().send(call, {"thing": "x", "teamId": team}, **options))  # pyright: ignore[reportArgumentType]


def test_the_providers_team_is_named_unless_the_resource_has_its_own(vercel: Vercel):
    vercel.say("GET /v1/things/x", {})
    send(vercel)
    send(vercel, team="team_2")
    assert [path for _, path, _ in vercel.requests] == ["/v1/things/x?teamId=team_1", "/v1/things/x?teamId=team_2"]


def test_a_body_is_sent_as_json_with_the_token(vercel: Vercel):
    vercel.say("POST /v1/things", {})
    send(vercel, WRITE, body={"name": "a", "none": None})
    assert vercel.requests[0][2] == {"name": "a", "none": None}
    assert vercel.headers[0]["authorization"] == "Bearer " + "t" * 24
    assert vercel.headers[0]["content-type"] == "application/json"


def test_a_rate_limit_is_waited_for_as_long_as_it_says(vercel: Vercel):
    limited = (429, {"error": {"code": "rate_limited", "message": "slow"}}, {"Retry-After": "7"})
    vercel.say("GET /v1/things/x", limited, {"ok": True})
    assert send(vercel) == {"ok": True}
    assert vercel.waits == [7]


def test_a_rate_limit_that_says_nothing_is_waited_for_a_second_at_most_three_times(vercel: Vercel):
    vercel.say("GET /v1/things/x", (429, {"error": {"code": "rate_limited", "message": "slow"}}))
    with pytest.raises(ApiError, match="rate_limited - slow"):
        send(vercel)
    assert vercel.waits == [1, 1, 1]
    assert len(vercel.requests) == 4


def test_a_rate_limit_of_five_minutes_is_not_waited_for(vercel: Vercel):
    vercel.say("GET /v1/things/x", (429, {"error": {"code": "c", "message": "m"}}, {"Retry-After": "300"}))
    with pytest.raises(ApiError):
        send(vercel)
    assert vercel.waits == []


@pytest.mark.parametrize("status", [400, 500, 503])
def test_no_other_error_is_repeated(vercel: Vercel, status: int):
    vercel.say("GET /v1/things/x", (status, {"error": {"code": "c", "message": "m"}}))
    with pytest.raises(ApiError) as caught:
        send(vercel)
    assert caught.value.status == status
    assert len(vercel.requests) == 1


def test_only_404_means_gone(vercel: Vercel):
    vercel.say("GET /v1/things/x", (404, {"error": {"code": "not_found", "message": "m"}}), (403, None))
    with pytest.raises(ApiError) as gone:
        send(vercel)
    assert not_found(gone.value)
    with pytest.raises(ApiError) as forbidden:
        send(vercel)
    assert not not_found(forbidden.value)


def test_an_error_without_vercels_form_shows_status_and_text(vercel: Vercel):
    vercel.say("GET /v1/things/x", (502, {"unexpected": 1}))
    with pytest.raises(StandInError, match="error performing API request: 502"):
        send(vercel)


def test_a_read_is_repeated_once_on_a_connection_that_worked_before(vercel: Vercel):
    broken = httpx.RemoteProtocolError("Server disconnected")
    vercel.say("GET /v1/things/x", {"n": 1}, broken, {"n": 2})

    async def twice(client: Client) -> object:
        await client.send(CALL, {"thing": "x"})
        return await client.send(CALL, {"thing": "x"})

    assert asyncio.run(twice(vercel.client())) == {"n": 2}


def test_a_write_and_a_first_read_are_never_repeated(vercel: Vercel):
    broken = httpx.RemoteProtocolError("Server disconnected")
    vercel.say("GET /v1/things/x", broken, {})
    vercel.say("POST /v1/things", broken, {})
    with pytest.raises(ConnectionFailedError, match=r"GET https://api\.vercel\.com/v1/things/x"):
        send(vercel)
    with pytest.raises(ConnectionFailedError):
        send(vercel, WRITE, body={})
    assert len(vercel.requests) == 2


def test_a_team_that_does_not_exist_is_a_fault_of_the_settings(vercel: Vercel):
    vercel.say("GET /v2/teams/none", (404, {"error": {"code": "not_found", "message": "m"}}))
    with pytest.raises(ConfigurationError, match="Vercel Team not found"):
        asyncio.run(vercel.client().use_team("none"))


def test_a_team_is_looked_up_without_a_team(vercel: Vercel):
    vercel.say("GET /v2/teams/acme", {"id": "team_9"})
    client = vercel.client()
    asyncio.run(client.use_team("acme"))
    assert client.team_of({}) == "team_9"
    assert vercel.requests[0][1] == "/v2/teams/acme"
