"""Mutants are caught: a share of each kind; docs/check-mutants.md has them all."""

from __future__ import annotations

import pytest

from support import mutants
from support.amounts import examples

ALL = mutants.mutants()
OF_MODELS = [each for each in ALL if each.kind in {"catalog field", "stack setting"}]
REST = [each for each in ALL if each.kind not in {"catalog field", "stack setting"}]
SHARE = examples(24, 8)
"""Of the rest, one in so many is tried: at night more of them, and all of them by one command (docs/check.md).

Of the models' fields one in three is, and at night each.
"""

CHOSEN = [*OF_MODELS[:: examples(3, 1)], *REST[::SHARE]]


@pytest.mark.parametrize("mutant", CHOSEN, ids=str)
def test_a_mutant_is_caught(mutant):
    outcome = mutants.judge(mutant)
    if outcome.caught == "equivalent":
        assert mutant.name in mutants.EQUIVALENT, f"{mutant} declares nothing else: say why in EQUIVALENT"
    else:
        assert outcome.caught in {"unexplained", "refused"}, f"{mutant} escaped"


@pytest.mark.parametrize("mutant", CHOSEN[:: len(CHOSEN) // 4], ids=str)
def test_the_full_comparison_says_the_same_and_names_the_difference(mutant):
    outcome = mutants.judge(mutant, full=True)
    assert outcome.caught == mutants.judge(mutant).caught
    if outcome.result is not None and outcome.caught == "unexplained":
        found = outcome.result.unexplained
        # What is below a place that differs may be absent on both sides, as all of what one stack alone has and lost.
        named = {
            each.place.resource
            for each in found
            if each.one != each.other or "[secret" in each.one or "left out" in mutant.name
        }
        assert {each.place.resource for each in found} == named


@pytest.mark.parametrize("full", [False, True])
def test_without_a_mutant_nothing_is_caught(full):
    outcome = mutants.judge(mutants.Mutant("none", "none"), full=full)
    assert outcome.caught == "equivalent"
    assert outcome.result is not None
    assert outcome.result.clean


def test_a_mutant_that_follows_a_key_differs_from_one_that_follows_the_name():
    """The limit that docs/check.md states: the check itself cannot distinguish this from an intended difference."""
    by_key = mutants.judge(mutants.by_key(("parity:databases", "storefront", "connectionLimit")))
    assert by_key.caught == "escaped"
    assert by_key.result is not None
    found = [each for each in by_key.result.differences if each.place.path == "framework"]
    assert {origin.key for each in found for origin in each.origins} == {"parity:databases.storefront.connectionLimit"}


def test_every_field_of_the_models_has_a_mutant_or_a_reason():
    broken = {each.name for each in OF_MODELS}
    catalog = mutants.example("prod").catalog
    fields = mutants.fields_of(catalog) | mutants.fields_of_stacks()
    assert fields - broken == set(mutants.ONE_VALUE)


def test_every_resource_option_has_a_mutant_or_a_reason():
    assert mutants.unknown_options() == set()


def test_there_are_hundreds():
    assert len(ALL) > 500
    assert 50 < len(CHOSEN) < len(ALL)
