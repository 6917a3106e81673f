"""The search finds planted causes, with few questions, and takes the third answer for what it is."""

from __future__ import annotations

import math
import random

import pytest

from parity.bisect.search import Answer, NotReproducible, Search
from support.amounts import examples
from support.planted import World, world

SEEDS = range(examples(60, 1000))


@pytest.mark.parametrize("at_once", [1, 8])
@pytest.mark.parametrize("causes", [1, 2, 3])
def test_planted_causes_are_found_in_about_log2_steps(causes, at_once):
    for seed in SEEDS:
        planted = world(seed, causes, at_once=at_once)
        found, _ = planted.search()
        assert set(found.causes) == {place for place, _ in planted.planted}, f"seed {seed}"
        assert found.needed == set(found.causes), f"seed {seed}"
        # Both ends, log2 of all for each cause, whether what was found fails alone, and each left out once.
        assert found.asked <= 2 + causes * (math.log2(64) + 2) + causes, f"seed {seed}"
        assert len(planted.asked) == len(set(planted.asked)) == found.asked, "each state is asked once"


def test_what_does_not_come_up_without_another_change_is_asked_for_no_answer():
    for seed in SEEDS:
        planted = world(seed, 2, at_once=4, needing=4)
        found, _ = planted.search()
        causes = set(found.causes)
        places = {place for place, _ in planted.planted}
        needed = places | {planted.needs[each] for each in places & planted.needs.keys()}
        assert places <= causes, f"seed {seed}"
        while more := {planted.needs[each] for each in needed & planted.needs.keys()} - needed:
            needed |= more
        assert causes <= needed, f"seed {seed}: {causes - needed} is neither a cause nor needed by one"
        assert found.needed >= causes - set(planted.needs.values()), f"seed {seed}"
        assert found.asked <= 4 + len(causes) * (math.log2(64) + 4), f"seed {seed}"


def test_states_that_cannot_be_had_are_stepped_over():
    for seed in SEEDS:
        planted = world(seed, 1)
        chance = random.Random(seed)  # noqa: S311 - the same world at each run
        (cause,) = planted.planted
        prefixes = [frozenset(place for step in planted.steps[:at] for place in step.items()) for at in range(65)]
        first = next(at for at, each in enumerate(prefixes) if cause in each)
        planted.blind = frozenset(chance.sample(prefixes[1 : first - 1] + prefixes[first + 1 : 64], 30))
        found, _ = planted.search()
        assert found.causes == (cause[0],), f"seed {seed}"
        assert found.last_good < first <= found.first_bad, f"seed {seed}"


def test_what_no_state_tells_apart_is_given_together():
    places = {"code shop": 1, "config LIMIT": 1, "config OTHER": 1}
    planted = World([{"config EARLIER": 1}, places], frozenset({("config LIMIT", 1)}))
    ends = {frozenset(), frozenset({("config EARLIER", 1)}), frozenset({("config EARLIER", 1), *places.items()})}
    search = Search(planted.steps, lambda state: planted.ask(state) if state in ends else Answer.UNRESOLVED)
    found = search.run()
    assert (found.last_good, found.first_bad) == (1, 2)
    assert set(found.causes) >= places.keys()
    assert not found.needed


def test_a_place_that_was_changed_twice_is_one_change():
    steps = [{"config LIMIT": 1}, {"code shop": 1}, {"config LIMIT": 2}, {"config OTHER": 1}]
    planted = World(steps, frozenset({("config LIMIT", 2), ("code shop", 1)}))
    found, _ = planted.search()
    assert set(found.causes) == {"config LIMIT", "code shop"}
    assert (found.last_good, found.first_bad) == (2, 3)


def test_a_place_that_got_its_first_value_back_is_no_change():
    steps = [{"config LIMIT": 1}, {"config LIMIT": 0}, {"code shop": 1}]
    found, _ = World(steps, frozenset({("code shop", 1)})).search()
    assert found.causes == ("code shop",)


def test_a_value_given_back_that_fails_is_found_by_what_it_left():
    steps = [{"code shop": 1, "config LIMIT": 1}, {"config LIMIT": 0}]
    found = Search(steps, lambda state: Answer.BAD if state == {("code shop", 1)} else Answer.GOOD).run()
    assert (found.first_bad, found.causes) == (2, ("code shop",))


def test_changes_that_hide_each_other_are_found_all_the_same():
    for seed in SEEDS:
        planted = world(seed, 2, changes=24, at_once=3)
        chance = random.Random(seed)  # noqa: S311 - the same world at each run
        hidden = chance.sample([each for step in planted.steps for each in step.items()], 2)

        def ask(state, planted=planted, hidden=hidden):
            return Answer.GOOD if set(hidden) == set(hidden) & state else planted.ask(state)

        search = Search(planted.steps, ask)
        try:
            found = search.run()
        except NotReproducible:
            continue
        alone = frozenset((each, 1) for each in found.causes)
        assert ask(alone) is Answer.BAD, f"seed {seed}"
        assert all(ask(alone - {each}) is not Answer.BAD for each in alone), f"seed {seed}"


def test_what_only_undid_a_disguise_is_left_out():
    """`a` and `b` fail together, which `x` hides until `c`."""

    def ask(state):
        names = {name for name, _ in state}
        return Answer.BAD if {"a", "b"} <= names and ("x" not in names or "c" in names) else Answer.GOOD

    found = Search([{"a": 1}, {"x": 1}, {"b": 1}, {"c": 1}], ask).run()
    assert (found.first_bad, set(found.causes), found.needed) == (4, {"a", "b"}, {"a", "b"})


@pytest.mark.parametrize(
    ("good", "bad"),
    [(Answer.GOOD, Answer.GOOD), (Answer.BAD, Answer.BAD), (Answer.UNRESOLVED, Answer.BAD)],
)
def test_ends_that_do_not_differ_are_said(good, bad):
    with pytest.raises(NotReproducible) as said:
        Search([{"code shop": 1}], lambda state: bad if state else good).run()
    assert (said.value.good, said.value.bad) == (good, bad)


def test_each_question_says_which_and_about_how_many():
    said = []
    planted = world(1, 1)
    Search(planted.steps, planted.ask, lambda done, about: said.append((done, about))).run()
    assert [done for done, _ in said] == list(range(1, len(said) + 1))
    assert all(about >= done for done, about in said)
    assert abs(said[2][1] - len(said)) <= 2, "the estimate after both ends"
