"""Whether the audit ran by its schedule, asked of the sandbox's GitHub in every state that GitHub may have it in."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from parity.drift import watch
from parity.errors import UnreadError
from parity.vendors import services
from parity.vendors.http import Client, NotFound
from parity_sandbox.context import Context
from parity_sandbox.github import seed
from parity_sandbox.store import Store
from support.github_api import COMMIT, ORGANIZATION, SEED, TOKEN, Api

NOW = datetime.now(UTC)
PAGE = f"https://github.com/{ORGANIZATION}/storefront/actions/workflows/drift.yml"


def run(hours: float, conclusion: str | None = "success", **more: str):
    began = f"{NOW - timedelta(hours=hours):%FT%TZ}"
    row = {"workflow": "drift.yml", "head_sha": COMMIT, "event": "schedule", "conclusion": conclusion}
    return {**row, "created_at": began, **more}


@pytest.fixture
def watched(tmp_path):
    def ask(*runs: dict[str, object]) -> watch.Watched:
        with closing(Store(tmp_path / "state.db")) as store:
            context = Context(store)
            repository = {**SEED["repositories"][0], "runs": runs}
            seed(context, {**SEED, "repositories": [repository]})

            async def through() -> watch.Watched:
                transport = httpx.ASGITransport(Api(context)._transactional)
                async with Client(services.github(TOKEN), transport=transport) as client:
                    return await watch.ask(client, f"{ORGANIZATION}/storefront", "drift.yml")

            return asyncio.run(through())

    return ask


def test_the_last_run_that_came_to_its_end_counts_whatever_it_found(watched):
    found = watched(run(80), run(30, "failure"), run(4, "cancelled"), run(3, None, status="in_progress"))
    assert found.since == (NOW - timedelta(hours=30)).replace(microsecond=0)
    found.require(NOW, 31)


@pytest.mark.parametrize(
    "other", [{"event": "workflow_dispatch"}, {"conclusion": "cancelled"}, {"workflow": "promote.yml"}]
)
def test_a_schedule_that_has_not_run_is_said_whatever_else_did(watched, other):
    found = watched(run(80), {**run(1), **other})
    with pytest.raises(UnreadError) as said:
        found.require(NOW, 36)
    assert said.value.what == (
        f"the schedule of drift.yml has not run since {NOW - timedelta(hours=80):%Y-%m-%d %H:%M} UTC; "
        "it must within 36 hours"
    )
    assert (said.value.where, said.value.remedy) == (PAGE, "start it there by hand; GitHub drops runs under load")


def test_a_new_schedule_has_its_time_and_no_schedule_at_all_is_an_error(watched):
    with pytest.raises(NotFound):
        watched()
    found = watched(run(1, "cancelled"))
    assert found.since == (NOW - timedelta(hours=1)).replace(microsecond=0)


@pytest.mark.parametrize("state", ["disabled_inactivity", "disabled_manually"])
def test_a_schedule_that_is_disabled_is_said_at_once(state):
    found = watch.Watched("drift.yml", NOW, state, PAGE)
    with pytest.raises(UnreadError, match=f"GitHub says {state}") as said:
        found.require(NOW, 36)
    assert said.value.remedy == "enable it there"
