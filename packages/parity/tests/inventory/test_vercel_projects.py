"""A project created during the inventory is found; one that is listed and cannot be read is a read failure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from parity.inventory import vercel
from parity.resources import kinds
from parity.vendors import services
from parity.vendors.http import Client, Limits

if TYPE_CHECKING:
    from parity.inventory.model import VendorState

PROJECT = {"id": "prj_1", "name": "shop-staging"}
MISSING = {"error": {"code": "not_found", "message": "Project not found."}}
EMPTY = ("envs", "domains", "deployments", "environments", "aliases", "customEnvironments")


def _read(answers: list[httpx.Response], *, listed: bool, stages: object = None, rolls: object = None) -> VendorState:
    """What is seen where the project's own path answers these one after the other."""

    def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v9/projects/shop-staging":
            return answers.pop(0)
        if path == "/v9/projects":
            return httpx.Response(200, json={"projects": [PROJECT] if listed else [], "pagination": {"next": None}})
        if path in {"/v1/webhooks", "/v1/drains"}:
            return httpx.Response(200, json=[] if path.endswith("webhooks") else {"drains": []})
        if path.endswith("/rolling-release/config"):
            return httpx.Response(200, json={"rollingRelease": stages}) if stages else httpx.Response(404, json=MISSING)
        if path.endswith("/rolling-release"):
            assert stages, "what has no stages is not asked whether it rolls"
            return httpx.Response(200, json={"rollingRelease": rolls})
        if path.startswith("/v2/teams/"):
            return httpx.Response(200, json={"id": "team_1"})
        return httpx.Response(200, json={name: [] for name in EMPTY} | {"pagination": {"next": None}})

    async def main() -> VendorState:
        limits = Limits(first_pause_seconds=0.001, deadline_seconds=5)
        async with Client(services.vercel("t", "s"), limits=limits, transport=httpx.MockTransport(handler)) as client:
            return await vercel.read(client, vercel.Scope("s", ("shop-staging",)))

    return asyncio.run(main())


def _unseen(seen: VendorState) -> list[str]:
    return [each.request for each in seen.read_failures if kinds.PROJECT in each.types]


def test_one_that_comes_about_between_two_requests_is_there():
    seen = _read([httpx.Response(404, json=MISSING), httpx.Response(200, json=PROJECT)], listed=True)
    assert [each.id for each in seen.found if each.type == kinds.PROJECT] == ["prj_1"]
    assert _unseen(seen) == []


def test_one_that_is_listed_and_never_read_is_unseen():
    seen = _read([httpx.Response(404, json=MISSING) for _ in range(2)], listed=True)
    assert _unseen(seen) == ["GET /v9/projects/shop-staging"]
    assert not any(each.type == kinds.PROJECT for each in seen.found)


def test_one_that_is_not_listed_is_not_there():
    seen = _read([httpx.Response(404, json=MISSING)], listed=False)
    assert _unseen(seen) == []
    assert not any(each.type == kinds.PROJECT for each in seen.found)


STAGES = {
    "target": "production",
    "stages": [{"targetPercentage": 5, "requireApproval": True}, {"targetPercentage": 100}],
}


def test_stages_are_read_as_the_provider_says_them_and_what_it_does_not_know_is_beyond():
    gate = {"enabled": True, "action": "rollback"}
    answer = httpx.Response(200, json={**PROJECT, "rollingRelease": STAGES})
    seen = _read([answer], listed=True, stages={**STAGES, "gate": gate})
    (found,) = [each for each in seen.found if each.type == kinds.ROLLING_RELEASE]
    assert (found.id, found.import_id, found.properties["advancementType"]) == (
        "prj_1",
        "team_1/prj_1",
        "manual-approval",
    )
    assert [each["targetPercentage"] for each in found.properties["stages"]] == [5, 100]
    assert found.beyond == {"gate": gate}


@pytest.mark.parametrize("canary", [None, "dpl_2"])
def test_what_rolls_counts_as_what_the_project_serves(canary: str | None):
    live = {"production": {"id": "dpl_1", "url": "one.vercel.app"}}
    rolls = {"state": "ACTIVE", "currentDeployment": {"id": "dpl_1"}, "canaryDeployment": {"id": canary}}
    answer = httpx.Response(200, json={**PROJECT, "targets": live, "rollingRelease": STAGES})
    seen = _read([answer], listed=True, stages=STAGES, rolls=rolls if canary else None)
    (found,) = [each for each in seen.found if each.type == kinds.LIVE]
    assert found.properties["deploymentId"] == (canary or "dpl_1")
