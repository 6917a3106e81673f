"""The record of a real engine: updates by the road, one by plain `pulumi up`, and one with nothing to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

WHAT = "storefront-database.connectionLimit"


def blamed(instance: Instance) -> list[tuple[str, Any]]:
    said = instance.run("parity", "blame", "staging", WHAT, "--all", "--json").ok().stdout
    return [(each["command"], each["value"]["value"]) for each in json.loads(said)]


def updates(instance: Instance) -> int:
    """How many updates the engine has made."""
    return len(json.loads(instance.pulumi("stack", "history", "--stack", "staging", "--json").ok().stdout))


def test_blame_names_what_set_a_property_an_update_by_hand_is_recorded_once_and_an_idle_one_runs_no_engine(
    small_instance: Instance,
):
    instance = small_instance
    assert f"{WHAT} is older than the record" in instance.run("parity", "blame", "staging", WHAT).ok().stdout
    instance.replace("staging", "connectionLimit: 60", "connectionLimit: 61")
    instance.run("parity", "up", "staging", "--yes").ok()
    assert blamed(instance) == [("up", 61)]

    instance.replace("staging", "connectionLimit: 61", "connectionLimit: 62")
    instance.pulumi("up", "--yes", "--skip-preview", "--stack", "staging").ok()
    assert "not recorded yet" in instance.run("parity", "log", "staging").ok().stdout
    before = updates(instance)
    for _ in range(2):
        changes = json.loads(instance.run("parity", "up", "staging", "--yes", "--json").ok().stdout)["changes"]
    assert changes.keys() == {"same"}
    assert updates(instance) == before, "for a plan without an operation the engine runs once, for the plan"
    assert blamed(instance) == [("pulumi update", 62), ("up", 61)]
    instance.run("parity", "log", "--verify").ok()

    rows = [json.loads(each) for each in instance.run("parity", "log", "staging", "--json").ok().stdout.splitlines()]
    assert (rows[-1]["result"], rows[-1]["changes"]) == ("succeeded", changes)
    removed = next(each["update"] for each in rows if each["command"] == "up")
    for path in instance.local.layout.backend.rglob(f"{removed}.*.json"):
        path.unlink()
    ended = instance.run("parity", "log", "staging", "--verify")
    assert ended.code == 22
    assert f"{removed}.2-end.json: is gone" in ended.stderr
