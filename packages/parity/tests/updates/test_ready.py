"""More than GitHub keeps in an environment is refused before the first call."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from parity.errors import AccessError
from parity.evaluate.graph import Graph
from parity.resources import kinds
from parity.updates import ready
from parity.updates.approval import Approval
from support.recovery import HEAD, declared

if TYPE_CHECKING:
    from support.road import Road


@pytest.mark.parametrize(("kind", "what"), [(kinds.SECRET, "secrets"), (kinds.GITHUB_VARIABLE, "variables")])
def test_a_hundred_of_each_are_taken_and_one_more_is_a_fault(kind: str, what: str):
    def of(count: int) -> list[str]:
        resources = {f"urn{number}": cast("Any", SimpleNamespace(type=kind)) for number in range(count)}
        return [f"{each.key} {each.what}" for each in ready.too_many(Graph("storefront", "staging", resources, {}, {}))]

    assert of(100) == []
    assert of(101) == [f"GitHub's {what}: 101 are declared for the stack's environment, which keeps 100."]


def test_such_an_update_is_refused_before_it_is_planned(road: Road):
    urns = [f"{HEAD}::{kinds.GITHUB_VARIABLE}::variable-{number}" for number in range(101)]
    road.lab.declares(*(declared(each, {}) for each in urns))
    with pytest.raises(AccessError, match="101 are declared for the stack's environment, which keeps 100"):
        road.run(Approval(terminal=lambda: False, yes=True))
    assert road.applied == []
