"""Live state that is as declared is clean, whatever an allowed config declares; and one change in it is reported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.drift.audit import find
from parity.resources import kinds
from support.worlds import Config, Mirror, declared

SEEDS = range(40)
"""benchmarks/drift_false_alarms.py runs 1,000."""


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_as_declared_is_no_finding(seed: int):
    sides = Mirror(declared(Config(seed).settings()), seed).sides()
    assert [
        (each.kind, each.what, each.declared, each.live) for each in find(sides, []) if each.kind != "unknowable"
    ] == []


def test_the_mirror_is_no_blind_spot():
    sides = Mirror(declared(Config(3).settings()), 3).sides()
    urn = next(urn for urn, each in sides.graph.resources.items() if each.type == kinds.PROJECT)
    found = sides.live_state.under[urn][0]
    other = replace(found, properties={**found.properties, "framework": "other"})
    live_state = replace(sides.live_state, under={**sides.live_state.under, urn: (other,)})
    found = [each for each in find(replace(sides, live_state=live_state), []) if each.kind != "unknowable"]
    assert [(each.kind, each.path, each.live) for each in found] == [("changed", "framework", "other")]
