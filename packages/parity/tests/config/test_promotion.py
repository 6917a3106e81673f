"""The order of promotion: a tree over the stacks' files, and every fault in it at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.config import promotion
from parity.config.promotion import Order
from parity.errors import ConfigError

NAMES = "abcdefgh"


@st.composite
def forests(draw):
    """Stacks of which each names an earlier one or none, in an order of their own."""
    names = draw(st.permutations(NAMES[: draw(st.integers(1, len(NAMES)))]))
    above = {name: draw(st.sampled_from([None, *names[:place]])) for place, name in enumerate(names)}
    return Order({name: above[name] for name in sorted(above)})


@given(forests())
def test_each_stack_comes_after_the_one_that_it_promotes_from(order):
    places = {name: place for place, name in enumerate(order.stacks)}
    assert sorted(places) == sorted(order.sources)
    assert all(places[above] < places[name] for name, above in order.sources.items() if above is not None)


@given(forests())
def test_the_comparisons_hold_all_stacks_together_and_none_is_made_twice(order):
    pairs = order.pairs()
    assert len(pairs) == len(order.stacks) - 1
    reached = {order.stacks[0]}
    for one, other in pairs:
        assert one in reached, "a comparison is with a stack that is compared already"
        reached.add(other)
    assert reached == set(order.sources)
    assert all((above, name) in pairs for name, above in order.sources.items() if above is not None)


def test_two_stacks_without_an_order_are_compared_all_the_same():
    assert Order({"prod": None, "staging": None}).pairs() == (("prod", "staging"),)
    assert Order({"prod": None}).pairs() == ()
    assert Order({}).pairs() == ()


@given(st.dictionaries(st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES), min_size=1))
def test_whatever_files_say_each_stack_has_a_place_and_no_walk_is_endless(sources):
    order = Order(dict(sorted(sources.items())))
    assert sorted(order.stacks) == sorted(sources)
    assert all(one != other for one, other in order.pairs())
    for name in sources:
        way = order.circle(name)
        assert not way or (way[0] == way[-1] == name and sources[name] is not None)


def promotes(project, **sources):
    """The project's stacks with these lines; a stack that is missing is a copy of prod's file."""
    for stack, above in sources.items():
        path = project.folder / f"Pulumi.{stack}.yaml"
        text = project.text("prod").replace("environment: prod", f"environment: {stack}")
        text = text.replace("managesRepository: true", "managesRepository: false").replace(".prod.", f".{stack}.")
        text = path.read_text() if path.exists() else re.sub(r"  parity:promotesFrom: .*\n", "", text)
        line = f"  parity:promotesFrom: {above}\n" if above else ""
        path.write_text(text.replace("  parity:secret:\n", f"{line}  parity:secret:\n", 1))


def order_faults(project, stack):
    try:
        project.offline(stack)
    except ConfigError as error:
        return [each for each in error.faults if each.key == promotion.KEY]
    return []


def test_a_chain_and_a_tree_are_no_fault(project):
    promotes(project, qa="staging", prod="qa", dev="staging")
    assert [order_faults(project, stack) for stack in ("staging", "qa", "prod", "dev")] == [[]] * 4
    assert project.load("prod").promotes_from == "qa"
    assert project.load("staging").promotes_from is None
    assert promotion.read(project.folder).stacks == ("staging", "dev", "qa", "prod")


@pytest.mark.parametrize(
    ("sources", "stack", "what", "remedy"),
    [
        ({"prod": "stagin"}, "prod", "says stagin, and there is no such stack.", "Did you mean staging?"),
        ({"prod": "prod"}, "prod", "says prod, which is this stack itself.", "remove the line. Stacks here: staging."),
        ({"prod": "staging", "staging": "prod"}, "staging", "prod from staging", "Remove the line in the stack"),
    ],
)
def test_a_fault_has_its_line_and_a_remedy(project, sources, stack, what, remedy):
    promotes(project, **sources)
    (fault,) = order_faults(project, stack)
    assert (what in fault.what, remedy in fault.remedy) == (True, True), fault
    text = project.text(stack)
    assert text.splitlines()[fault.line - 1].startswith("  parity:promotesFrom:")


def test_every_stack_of_a_circle_is_named_and_no_other(project):
    promotes(project, staging="prod", qa="staging", prod="qa", dev="qa")
    said = {stack: [each.what for each in order_faults(project, stack)] for stack in ("staging", "qa", "prod", "dev")}
    assert said["dev"] == []
    assert said["qa"] == ["says staging, and that is a circle: qa from staging from prod from qa."]
    assert len(said["staging"]) == len(said["prod"]) == 1


def test_a_value_that_is_no_text_is_refused_once(project):
    promotes(project, prod="[staging]")
    assert len(order_faults(project, "prod")) == 1


def test_it_is_read_with_the_engines_values_too(project):
    promotes(project, prod="stagin")
    with pytest.raises(ConfigError, match="there is no such stack"):
        project.load("prod")
