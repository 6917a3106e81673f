"""What really exists, read through the vendors' own interfaces, against what the real engine made and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from parity import inventory
from parity.evaluate.stack import Stack, ambient
from parity.inventory.keys import opened
from parity.resources import kinds

if TYPE_CHECKING:
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.inventory.model import LiveState
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def _stack(instance: Instance, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Graph, State]:
    """What is declared and recorded; from here on this process is led into the sandbox."""
    for variable, value in instance.environment().items():
        monkeypatch.setenv(variable, value)
    stack = Stack(name, instance.project, ambient(instance.project))
    return stack.declared(stack.settings()), stack.recorded()


def _normal(value: object) -> object:
    """Lists as sets, and what is not set left out."""
    if isinstance(value, dict):
        return {name: _normal(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return sorted((_normal(each) for each in value), key=str)
    return value


def test_all_that_is_declared_is_found_once_with_its_recorded_id_and_declared_values(
    finished_instance: Instance, monkeypatch: pytest.MonkeyPatch
):
    for name in ("staging", "prod"):
        graph, recorded = _stack(finished_instance, name, monkeypatch)
        live_state = inventory.collect_live_state(graph)
        assert live_state.read_failures == ()
        assert {
            each.type for each in graph.resources.values() if each.custom and "providers" not in each.type
        } <= kinds.MANAGED
        for urn, resource in graph.resources.items():
            if urn not in live_state.keys:
                continue
            found = live_state.under[urn]
            own = recorded.of(urn)
            assert own is not None
            assert [each.id for each in found] == [own.id], urn
            inputs = opened(dict(live_state.inputs[urn]))
            for property_ in sorted(inputs.keys() & found[0].properties.keys() - found[0].hidden.keys()):
                now = found[0].properties[property_]
                if isinstance(now, dict):
                    declared = {each: inputs[property_][each] for each in inputs[property_] if each in now}
                    now = {each: now[each] for each in declared}
                    assert _within(declared, now), (urn, property_)
                else:
                    assert _normal(now) == _normal(inputs[property_]), (urn, property_)
            assert resource.type == found[0].type
        assert all(each.works for each in live_state.logins)
        roles = (each.inputs for each in graph.resources.values() if each.type == kinds.ROLE)
        assert {each.role for each in live_state.logins} == {role["name"] for role in roles if role.get("login")}


def _within(declared: object, now: object) -> bool:
    """Whether everything declared is so, whatever else is."""
    if isinstance(declared, dict):
        return isinstance(now, dict) and all(_within(each, now.get(name)) for name, each in declared.items())
    if isinstance(declared, list):
        return (
            isinstance(now, list)
            and len(declared) == len(now)
            and all(any(_within(each, other) for other in now) for each in declared)
        )
    return declared == now


def test_what_is_unmanaged_is_reported_and_twins_are_both_found(
    finished_instance: Instance, monkeypatch: pytest.MonkeyPatch
):
    graph, _ = _stack(finished_instance, "staging", monkeypatch)
    with httpx.Client(
        base_url="https://api.vercel.com",
        headers={"authorization": f"Bearer {finished_instance.environment()['VERCEL_API_TOKEN']}"},
        params={"slug": "storefront"},
    ) as client:
        body = {"key": "EXTRA", "value": "1", "type": "plain", "target": ["production"]}
        client.post("/v10/projects/shop-staging/env", json=body).raise_for_status()
        twin = next(
            each
            for each in client.get("/v6/deployments", params={"projectId": "shop-staging"}).json()["deployments"]
            if each["meta"].get("release") == "r1"
        )
        again = {
            "name": "shop-staging",
            "target": "production",
            "gitSource": {
                "type": "github",
                "org": "storefront-example",
                "repo": "storefront",
                "ref": twin["meta"]["commit"],
            },
            "meta": {name: twin["meta"][name] for name in ("release", "commit", "config")},
        }
        client.post("/v13/deployments", json=again).raise_for_status()
    live_state: LiveState = inventory.collect_live_state(graph, passwords=False)
    assert [each.key for each in live_state.unmanaged if each.type == kinds.VARIABLE] == [("shop-staging", "EXTRA")]
    urn = next(urn for urn in graph.resources if urn.endswith("::shop-deployment-r1"))
    assert len(live_state.under[urn]) == 2
    assert live_state.under[urn][0].id == twin["uid"], "the one that was made first comes first"
    assert [each.type for each in live_state.unmanaged].count(kinds.DEPLOYMENT) == 1


def test_a_vendor_that_does_not_answer_is_reported_and_the_others_are_read(
    finished_instance: Instance, monkeypatch: pytest.MonkeyPatch
):
    graph, _ = _stack(finished_instance, "staging", monkeypatch)
    finished_instance.local.client().add_fault(service="github", times=None, status=403)
    live_state = inventory.collect_live_state(graph, passwords=False)
    assert [(each.vendor, each.status) for each in live_state.read_failures] == [("GitHub", 403)]
    for urn, resource in graph.resources.items():
        if urn in live_state.keys:
            assert live_state.was_read(urn, resource.type) != resource.type.startswith("github:")
            assert bool(live_state.under[urn]) != resource.type.startswith("github:")
