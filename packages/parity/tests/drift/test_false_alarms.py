"""Live state that is as declared is clean, whatever an allowed config declares; and one change in it is reported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.drift.audit import find
from parity.inventory.collect import arrange
from parity.inventory.model import VendorState, live_object
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


def test_what_every_repository_has_is_not_unmanaged_where_it_is_not_declared():
    graph = declared(Config(3).settings())
    graph = replace(
        graph, resources={urn: each for urn, each in graph.resources.items() if each.type != kinds.PERMISSIONS}
    )
    there = live_object(kinds.PERMISSIONS, "storefront", "storefront", {"repository": "storefront", "enabled": True})
    assert arrange(graph, {"github": VendorState((there,))}).unmanaged == ()
