"""An update with nothing to do runs the engine once, for its plan, and is recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def updates(instance: Instance) -> int:
    """How many updates the engine has made."""
    return len(json.loads(instance.pulumi("stack", "history", "--stack", "staging", "--json").ok().stdout))


def test_an_update_without_an_operation_is_recorded_and_runs_no_second_engine(small_instance: Instance):
    instance, before = small_instance, updates(small_instance)
    done = instance.run("parity", "up", "staging", "--yes", "--json").ok()
    changes = json.loads(done.stdout)["changes"]
    assert changes.keys() == {"same"}
    assert updates(instance) == before
    newest = json.loads(instance.run("parity", "log", "staging", "--json").ok().stdout.splitlines()[-1])
    assert (newest["result"], newest["changes"]) == ("succeeded", changes)
    instance.run("parity", "recover", "staging", "--plan").ok()

    # A change, and what was asked of the engine itself, it does.
    instance.replace("staging", "connectionLimit: 60", "connectionLimit: 61")
    instance.run("parity", "up", "staging", "--yes").ok()
    instance.run("parity", "up", "staging", "--yes", "--message", "Say so").ok()
    assert updates(instance) == before + 2
