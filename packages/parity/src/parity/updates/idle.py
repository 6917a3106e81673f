"""Whether the engine has nothing to do for a plan: no operation, and nothing that it would record otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.documents import is_list, is_mapping, mapping, parse

if TYPE_CHECKING:
    from parity.documents import Document
    from parity.engine.state import State

_NOT_RECORDED = frozenset({"type", "name", "custom", "deleteBeforeReplace", "structuredAliases"})
"""Of a goal in the engine's plan: what the URN says, and what the state does not keep."""


def is_idle(plan: bytes, state: State) -> bool:
    """Whether an update by this plan would change neither the world nor the record.

    The plan is the engine's own: of each resource it has the steps, what its inputs and outputs would become, and with
    what it would be recorded (dependencies, protection, provider, ...).
    """
    goals = mapping(parse(plan).get("resourcePlans"))
    rows = {each.urn: each for each in state.resources if not each.delete}
    return (
        not state.pending
        and len(rows) == len(state.resources)
        and goals.keys() == rows.keys()
        and all(_same(mapping(each), rows[urn].document) for urn, each in goals.items())
    )


def _same(plan: Document, recorded: Any) -> bool:
    goal: Document = {"inputDiff": None, "outputDiff": None} | mapping(plan.get("goal"))
    changed = _set(goal.pop("inputDiff")), _set(goal.pop("outputDiff"))
    kept = goal.keys() - _NOT_RECORDED
    return (
        plan.get("steps") == ["same"] and not any(changed) and all(_set(goal[k]) == _set(recorded.get(k)) for k in kept)
    )


def _set(value: Any) -> Any:
    """A value in one form: lists in order, and nothing for what is unset at every depth."""
    if is_mapping(value):
        return {name: each for name, inner in value.items() if (each := _set(inner)) is not None} or None
    if is_list(value):
        return sorted(str(each) for each in value) or None
    return value or None
