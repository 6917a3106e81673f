"""A release that gets to its users by stages: given to all where it is good, taken back by one call where it is bad."""

from __future__ import annotations

import json
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from support.amounts import examples
from support.asker import asking
from support.paths import ROOT
from support.watched import NEW, SHOP, declare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

BAD = 17
SWITCHES = ("/promote/", "/rollback/", "/rolling-release/start", "/approve-stage", "/rolling-release/complete")
POINTS = [
    pytest.param("/holds/", 1, id="the hold"),
    pytest.param("/locks/", 1, id="the call back"),
    pytest.param(r"/ledger/.*1-begin", 2, id="the update that records it"),
]


def calls(instance: Instance, since: int) -> list[str]:
    """The calls that change who gets which release, by the last part of their paths, without ids."""
    paths = [row["path"] for row in instance.requests(since) if row["method"] == "POST"]
    found = [next((each for each in SWITCHES if each in path), "") for path in paths]
    return [each.strip("/").rpartition("/")[2] for each in found if each]


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.2)


def released(instance: Instance, **given: Any) -> int:
    """Declare stages and a new release of the shop; gives the number of the last request before its delivery."""
    declare(instance, stages="Stage(percent=20, minutes=1), Stage(percent=60, minutes=1)", **given)
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live").ok()
    return instance.last_request()


@pytest.mark.timeout(500)
def test_a_good_release_is_approved_stage_by_stage_until_all_users_have_it(finished_instance: Instance, tmp_path: Path):
    instance, since = finished_instance, released(finished_instance)
    with asking(instance, tmp_path, SHOP) as asked, ThreadPoolExecutor(1) as pool:
        delivered = pool.submit(instance.run, "parity", "deliver", "staging", "--yes")
        until(lambda: delivered.done() or "start" in calls(instance, since))
        (shop,) = json.loads(instance.run("parity", "releases", "staging", "shop", "--json").stdout)
        found = instance.run("parity", "drift", "staging", "--json")
        done = delivered.result()
    assert "r2 is rolling: 20 % of users, stage 1 of 2" in " ".join(shop["faults"]), shop
    assert shop["served_release"] == "r1", "the release before is live until all users have the new one"
    assert found.code == 0, f"a declared release that rolls is no drift: {found.said}"
    assert done.code == 0, done.said
    assert "r2 of shop passed" in done.stderr
    assert calls(instance, since) == ["start", "approve-stage", "complete"]
    served = [each.release for each in asked.of(SHOP)]
    assert (served[0], served[-1]) == ("r1", "r2")
    assert not [each for each in asked.of(SHOP) if each.status != 200]
    since = instance.last_request()
    instance.run("parity", "rollback", "staging", "shop", "--up").ok()
    assert calls(instance, since) == ["rollback"], "going back is no rolling release"
    assert instance.run("parity", "drift", "staging").code == 0


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("pattern", "number"), [(None, 0), *POINTS[: examples(1, len(POINTS))]])
def test_a_faulty_one_goes_back_by_one_call_and_few_users_met_it(
    finished_instance: Instance, tmp_path: Path, pattern: str | None, number: int
):
    instance = finished_instance
    instance.local.client().add_build_rule(match={"project": "shop-staging", "release": "r2"}, errors=0.5)
    since = released(instance)
    main = instance.project.stack_files()["staging"].read_text()
    with asking(instance, tmp_path, SHOP) as asked:
        if pattern is None:
            done = instance.run("parity", "deliver", "staging", "--yes")
        else:
            deliver = (sys.executable, "-m", "support.dying", pattern, str(number), "deliver", "staging", "--yes")
            killed = instance.run(*deliver, extra={"PYTHONPATH": f"{instance.project.root}:{ROOT / 'tools'}"})
            assert killed.code == -signal.SIGKILL, killed.said
            instance.project.stack_files()["staging"].write_text(main)
            done = instance.run("parity", "watch", "staging")
    assert done.code == BAD, done.said
    assert "r2 of shop is bad and went back to r1, which is live; shop is held" in done.stderr
    assert calls(instance, since) == ["start", "rollback"], "one call back, at the first stage"
    served = [each.release for each in asked.of(SHOP) if each.status == 200]
    assert (served[0], served[-1]) == ("r1", "r1")
    assert set(served) == {"r1", "r2"}, "both had users at once"
    assert instance.run("parity", "watch", "staging").ok().stdout == "No release of staging is left to be watched.\n"
    rows = [json.loads(row) for row in instance.run("parity", "log", "staging", "--json").ok().stdout.splitlines()]
    assert [row["verdict"] for row in rows if row["command"] == "watch"] == ["went back"]


@pytest.mark.timeout(400)
def test_an_update_that_dies_once_a_release_rolls_is_watched_through_its_stages(finished_instance: Instance):
    instance, since = finished_instance, released(finished_instance)
    path = {"PYTHONPATH": f"{instance.project.root}:{ROOT / 'tools'}"}
    dying = (sys.executable, "-m", "support.dying", r"/ledger/.*2-end", "1", "deliver", "staging", "--yes")
    assert instance.run(*dying, extra=path).code == -signal.SIGKILL
    assert calls(instance, since) == ["start"]
    instance.run("parity", "watch", "staging").ok()
    assert calls(instance, since) == ["start", "approve-stage", "complete"]
    assert instance.run("parity", "up", "staging", "--yes").code == 0
    assert calls(instance, since) == ["start", "approve-stage", "complete"], "the next update finds it live"
