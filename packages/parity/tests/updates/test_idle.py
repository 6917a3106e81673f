"""The engine is left out only where it would change neither the world nor the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parity.engine import state
from parity.updates.saved_plan import is_idle

URN = "urn:pulumi:staging::storefront::vercel:index/project:Project::shop"
OTHER = f"{URN}-other"
ROW: dict[str, Any] = {
    "urn": URN,
    "type": "vercel:index/project:Project",
    "id": "prj_1",
    "custom": True,
    "provider": "urn:provider::id",
    "dependencies": ["one", "two"],
    "propertyDependencies": {"name": None, "ref": ["one"]},
}
GOAL: dict[str, Any] = {
    "type": ROW["type"],
    "name": "shop",
    "custom": True,
    "inputDiff": {},
    "outputDiff": {},
    "protect": False,
    "provider": "urn:provider::id",
    "dependencies": ["two", "one"],
    "propertyDependencies": {"name": [], "ref": ["one"]},
    "customTimeouts": {},
    "deleteBeforeReplace": True,
    "structuredAliases": [{"Name": "before"}],
}
SAME = ["same"]


def idle(goal: dict[str, Any] | None = None, *, steps: list[str] = SAME, urn: str = URN, **deployment: Any) -> bool:
    plan = {"resourcePlans": {urn: {"goal": {**GOAL, **(goal or {})}, "steps": steps}}}
    document = {"deployment": {"resources": [ROW], **deployment}}
    return is_idle(json.dumps(plan).encode(), state.parse(document))


def test_a_plan_that_would_record_what_is_recorded_needs_no_engine():
    assert idle()


@pytest.mark.parametrize(
    "goal",
    [
        {"inputDiff": {"updates": {"framework": "nextjs"}}},
        {"outputDiff": {"adds": {"url": "x"}}},
        {"protect": True},
        {"dependencies": ["one"]},
        {"propertyDependencies": {"name": ["one"], "ref": ["one"]}},
        {"provider": "urn:provider::other"},
        {"additionalSecretOutputs": ["secret"]},
        {"retainOnDelete": True},
        {"what no version has yet": 1},
    ],
    ids=lambda each: next(iter(each)),
)
def test_whatever_would_be_recorded_otherwise_is_for_the_engine(goal: dict[str, Any]):
    assert not idle(goal)


@pytest.mark.parametrize(
    "more",
    [
        {"steps": ["update"]},
        {"steps": []},
        {"urn": OTHER},
        {"resources": [ROW, {**ROW, "urn": OTHER}]},
        {"resources": [ROW, {**ROW, "delete": True}]},
        {"pending_operations": [{"type": "creating", "resource": ROW}]},
    ],
    ids=["a step", "no step", "made", "deleted", "to be deleted", "without an end"],
)
def test_each_operation_is_for_the_engine(more: dict[str, Any]):
    assert not idle(**more)
