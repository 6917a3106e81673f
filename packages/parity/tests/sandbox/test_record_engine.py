"""The record of a real engine: blame names the update through the road, and one by plain `pulumi up` joins it once."""

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


def test_blame_names_what_set_a_property_and_an_update_by_hand_is_recorded_once(small_instance: Instance):
    instance = small_instance
    assert f"{WHAT} is older than the record" in instance.run("parity", "blame", "staging", WHAT).ok().stdout
    instance.replace("staging", "connectionLimit: 60", "connectionLimit: 61")
    instance.run("parity", "up", "staging", "--yes").ok()
    assert blamed(instance) == [("up", 61)]

    instance.replace("staging", "connectionLimit: 61", "connectionLimit: 62")
    instance.pulumi("up", "--yes", "--skip-preview", "--stack", "staging").ok()
    assert "not recorded yet" in instance.run("parity", "log", "staging").ok().stdout
    for _ in range(2):
        instance.run("parity", "up", "staging", "--yes").ok()
    assert blamed(instance) == [("pulumi update", 62), ("up", 61)]
    instance.run("parity", "log", "--verify").ok()

    newest = instance.run("parity", "log", "staging", "--json").ok().stdout.splitlines()
    updates = [json.loads(each) for each in newest]
    removed = next(each["update"] for each in updates if each["command"] == "up")
    for path in instance.local.layout.backend.rglob(f"{removed}.*.json"):
        path.unlink()
    ended = instance.run("parity", "log", "staging", "--verify")
    assert ended.code == 22
    assert f"{removed}.2-end.json: is gone" in ended.stderr
