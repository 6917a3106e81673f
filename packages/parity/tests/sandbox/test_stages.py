"""A release that gets to its users by stages: given to all where it is good, taken back by one call where it is bad."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from support.amounts import examples
from support.asker import asking
from support.watched import NEW, SHOP, declare, run

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

BAD, OFTEN = 17, 10.0
"""An exit code; requests a second, which a watch judges by."""
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


def released(instance: Instance, minutes: int = 1) -> int:
    """Declare stages and a new release of the shop; gives the number of the last request before its delivery."""
    stages = f"Stage(percent=20, minutes={minutes}), Stage(percent=60, minutes={minutes})"
    declare(instance, minutes=minutes, stages=stages)
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live").ok()
    return instance.last_request()


@pytest.mark.timeout(400)
def test_a_good_release_is_approved_stage_by_stage_though_its_update_died_once_it_rolled(
    small_instance: Instance, tmp_path: Path
):
    instance, since = small_instance, released(small_instance, minutes=3)
    dying = run(instance, "dying", r"/ledger/.*2-end", "1", "deliver", "staging", "--yes")
    assert dying.code == -signal.SIGKILL, dying.said
    assert calls(instance, since) == ["start"]
    (shop,) = json.loads(instance.run("parity", "releases", "staging", "shop", "--json").ok().stdout)
    assert (shop["rolls"], shop["faults"]) == ("r2 is rolling: 20 % of users, stage 1 of 2", []), shop
    assert shop["served_release"] == "r1", "the release before is live until all users have the new one"
    found = instance.run("parity", "drift", "staging", "--json")
    assert found.code == 0, f"a declared release that rolls is no drift: {found.said}"
    with asking(instance, tmp_path, SHOP, often=OFTEN) as asked:
        done = run(instance, "sooner", "watch", "staging")
    assert done.code == 0, done.said
    assert "r2 of shop passed" in done.stderr
    assert calls(instance, since) == ["start", "approve-stage", "complete"]
    served = "".join(str(each.release) for each in asked.of(SHOP))
    assert "r2r1" in served, "both had users at once"
    assert served.endswith("r2")
    assert not [each for each in asked.of(SHOP) if each.status != 200]
    assert instance.run("parity", "up", "staging", "--yes").code == 0
    assert calls(instance, since) == ["start", "approve-stage", "complete"], "the next update finds it live"


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("pattern", "number"), POINTS[: examples(1, len(POINTS))])
def test_a_faulty_one_goes_back_by_one_call_and_few_users_met_it_whatever_died_meanwhile(
    small_instance: Instance, tmp_path: Path, pattern: str, number: int
):
    instance = small_instance
    instance.local.client().add_build_rule(match={"project": "shop-staging", "release": "r2"}, errors=0.5)
    since = released(instance)
    main = instance.project.stack_files()["staging"].read_text()
    with asking(instance, tmp_path, SHOP, often=OFTEN) as asked:
        killed = run(instance, "dying", pattern, str(number), "deliver", "staging", "--yes")
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
