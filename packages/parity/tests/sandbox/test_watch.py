"""A release that answers with errors is found by the drain's counts, goes back by one call, and is held."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from parity.backend import holds
from parity.engine.store import FolderStore
from support.amounts import everything
from support.asker import asking
from support.watched import NEW, SHOP, declare, run

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

BAD, HELD = 17, 16
OFTEN = 10.0
"""Requests a second: what a watch judges by."""
BEGIN, END, SWITCH = r"/ledger/.*1-begin", r"/ledger/.*2-end", "/locks/"
POINTS = [
    pytest.param(SWITCH, 1, id="the switch"),
    pytest.param(BEGIN, 2, id="the update that records the switch"),
    pytest.param(END, 2, id="the end of that update"),
    pytest.param("/holds/", 1, id="the hold"),
    pytest.param(BEGIN, 3, id="the verdict in the ledger"),
    pytest.param(r"/watches/.*2-end", 1, id="the end of the watch"),
]
"""Before which write the process is killed."""


@pytest.mark.timeout(300)
def test_a_faulty_release_goes_back_and_is_held(small_instance: Instance, tmp_path: Path):
    instance = small_instance
    declare(instance)
    instance.local.client().add_build_rule(match={"project": "shop-staging", "release": "r2"}, errors=0.5)
    summary = tmp_path / "summary.md"
    file = instance.project.stack_files()["staging"]
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live").ok()
    main, since = file.read_text(), instance.last_request()
    with asking(instance, tmp_path, SHOP, often=OFTEN) as asked:
        done = instance.run("parity", "deliver", "staging", "--yes", "--summary", str(summary))
    assert done.code == BAD, done.said
    assert "r2 of shop is bad and went back to r1, which is live; shop is held" in done.stderr
    failed = [each.body for each in asked.of(SHOP) if each.release == "r1" and each.status != 200]
    assert failed == [], "the release before never failed a user"
    assert "of the release before: 0 errors of" in done.stderr, done.said
    assert "staging: bad, and held" in summary.read_text()

    served = [each.release for each in asked.of(SHOP) if each.status == 200]
    assert (served[0], served[-1]) == ("r1", "r1")
    assert [each for each in asked.answers if each.status == 500], "no user met the faulty release"
    promotions = [row["path"] for row in instance.requests(since) if "/promote/" in row["path"]]
    assert len(promotions) == 2, "one call forward and one back"
    back = file.read_text()
    assert back != main
    file.write_text(main)

    assert "parity rollback staging shop --to r1 --unchecked" in done.stderr
    instance.run("parity", "rollback", "staging", "shop", "--to", "r1", "--unchecked").ok()
    assert file.read_text() == back, "in a checkout of main it records what the watch did"
    instance.run("parity", "live", "staging", "shop", "r2").ok()
    held = instance.run("parity", "up", "staging", "--yes")
    assert held.code == HELD
    assert "the watch of r2 found it bad" in held.stderr
    assert instance.run("parity", "watch", "staging").ok().stdout == "No release of staging is left to be watched.\n"
    drafted = json.loads(instance.run("parity", "postmortem", "--json").ok().stdout)
    found, spans = drafted["incident"], [each for each in drafted["served"] if each["application"] == "shop"]
    assert (found["stack"], found["seconds_to_detect"] > 0, found["seconds_to_go_back"] > 0) == ("staging", True, True)
    assert "the watch found r2 of shop bad" in found["signs"][0]["what"]
    (bad,) = [each for each in spans if each["bad"]]
    assert (bad["release"], bad["failed"] > 0) == ("r2", True), "the edge of the sandbox counted what users got"
    assert not any("no watch is declared" in each["fact"] for each in drafted["missed"])
    rows = [json.loads(row) for row in instance.run("parity", "log", "staging", "--json").ok().stdout.splitlines()]
    verdicts = [(row["command"], row.get("verdict")) for row in rows][-3:]
    assert verdicts == [("deliver", None), ("rollback", None), ("watch", "went back")]


@pytest.mark.timeout(300)
@pytest.mark.skipif(not everything(), reason="PARITY_EXAMPLES=all; test_stages.py kills one, a unit test at each write")
@pytest.mark.parametrize(("pattern", "number"), POINTS)
def test_a_watch_that_is_killed_before_a_write_is_finished_by_the_next_command(
    small_instance: Instance, tmp_path: Path, pattern: str, number: int
):
    instance = small_instance
    declare(instance)
    instance.local.client().add_build_rule(match={"project": "shop-staging", "release": "r2"}, errors=0.5)
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live").ok()
    file = instance.project.stack_files()["staging"]
    main, since = file.read_text(), instance.last_request()
    with asking(instance, tmp_path, SHOP, often=OFTEN) as asked:
        killed = run(instance, "dying", pattern, str(number), "deliver", "staging", "--yes")
        if pattern != SWITCH:
            file.write_text(main)  # the next job checks main out, which still names the bad release
        finished = instance.run("parity", "watch", "staging")
    assert killed.code == -signal.SIGKILL, killed.said
    assert finished.code == BAD, finished.said
    assert "r2 of shop is bad and went back to r1, which is live; shop is held" in finished.stderr
    assert [each.release for each in asked.of(SHOP) if each.status == 200][-1] == "r1"
    promotions = [row["path"] for row in instance.requests(since) if "/promote/" in row["path"]]
    assert len(promotions) == 2, "one call forward and one back"
    assert len(holds.history(FolderStore(instance.local.layout.backend), "storefront", "staging")) == 1
    rows = [json.loads(row) for row in instance.run("parity", "log", "staging", "--json").ok().stdout.splitlines()]
    assert [row["verdict"] for row in rows if row["command"] == "watch"] == ["went back"]
    assert [row["result"] for row in rows if row["command"] == "rollback"][-1] == "succeeded"
    assert all(row["end"] for row in rows), "nothing is left without an end"
    assert instance.run("parity", "watch", "staging").ok().stdout == "No release of staging is left to be watched.\n"
