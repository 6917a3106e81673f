"""What a stack holds of another stack is reported; a plain value that both declare alike is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parity.config.secret import Secret
from parity.drift import cross_stack
from parity.drift.cross_stack import Other
from parity.resources import kinds
from support.worlds import Config, Mirror, declared

if TYPE_CHECKING:
    from parity.evaluate.graph import Graph

SEED = 5


def _sides() -> Any:
    return Mirror(declared(Config(SEED).settings()), SEED).sides()


def _other(**change: Any) -> Other:
    """The same catalog as another stack, with a secret of its own."""
    settings = Config(SEED).settings()
    settings = replace(settings, stack="prod", environment="prod", secret=Secret("p" * 40), **change)
    logs = settings.logs.model_copy(update={"secret": Secret("q" * 40), "endpoint": "https://prod-logs.example/drain"})
    graph: Graph = declared(replace(settings, logs=logs))
    return Other("prod", graph, True)


def test_stacks_with_values_of_their_own_have_no_cross_stack_findings():
    other = _other()
    found = [
        each for each in cross_stack.find(_sides(), [other]) if each.type != kinds.VARIABLE or each.path != "value"
    ]
    assert [each.what for each in found] == []


def test_a_declared_secret_that_both_have_is_reported():
    settings = Config(SEED).settings()
    same = declared(replace(settings, stack="prod", environment="prod"))
    found = {(each.type, each.path) for each in cross_stack.find(_sides(), [Other("prod", same, True)])}
    assert (kinds.DRAIN, "secret") in found


def test_a_live_value_that_names_the_others_database_is_reported_without_it():
    sides = _sides()
    urn = next(urn for urn, each in sides.graph.resources.items() if each.type == kinds.GITHUB_VARIABLE)
    found = sides.live_state.under[urn][0]
    database = next(each.inputs["name"] for each in _other().graph.resources.values() if each.type == kinds.PROJECT)
    wrong = replace(found, properties={**found.properties, "value": f"postgresql://u:hidden@h/{database}"})
    live_state = replace(sides.live_state, under={**sides.live_state.under, urn: (wrong,)})
    found = [each for each in cross_stack.find(replace(sides, live_state=live_state), [_other()]) if each.urn == urn]
    assert [each.path for each in found] == ["value"]
    assert "hidden" not in found[0].live


def test_a_stack_whose_secrets_are_sealed_is_compared_by_name_only():
    other = replace(_other(), opened=False)
    assert [each for each in cross_stack.find(_sides(), [other]) if each.type == kinds.DRAIN] == []
