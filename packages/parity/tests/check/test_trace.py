"""Groups find the part of the config that a fact follows, in few evaluations."""

from __future__ import annotations

import os
import threading
from collections import Counter

import pytest

from parity.check.facts import Place
from parity.check.trace import Tracer, by_exchange, groups, shape
from parity.check.units import differing, exchange, look_up, spell
from parity.check.workers import aside, spread
from parity.config.secret import Secret
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource


def applications(count, value):
    return {
        "parity:applications": {
            f"app{number:03}": {
                "domains": [f"{value}{number}"],
                "variables": {f"V{each}_{number}": f"{value}{each}" for each in range(5)},
            }
            for number in range(count)
        },
        "parity:one": value,
    }


def place(name):
    return Place("r", "input", name)


def traced(one, other, program, wanted):
    """The origins of some facts, and how many evaluations they took."""
    base = program(one)
    evaluations = 0

    def ask(asked):
        nonlocal evaluations
        evaluations += len(asked)
        found = []
        for group in asked:
            facts = program(exchange(one, other, group))
            found.append(frozenset(key for key in base.keys() | facts.keys() if base.get(key) != facts.get(key)))
        return found

    origins = Tracer(ask, differing(one, other)).origins(wanted)
    return {key.path: {spell(unit) for unit in units} for key, units in origins.items()}, evaluations


def per_variable(values):
    """A fact for each variable and domain of each application, and one for the rest."""
    facts = {place("one"): values["parity:one"]}
    for name, application in values["parity:applications"].items():
        facts[place(f"{name} domain")] = application["domains"][0]
        facts[place(f"{name} all")] = str(application)
        for variable, value in application["variables"].items():
            facts[place(f"{name} {variable}")] = value
    return facts


@pytest.mark.parametrize("count", [1, 2, 7, 16])
def test_each_fact_follows_its_own_application_and_variable(count):
    one, other = applications(count, "a"), applications(count, "b")
    found, _ = traced(one, other, per_variable, per_variable(one))
    assert found["one"] == {"parity:one"}
    for number in range(count):
        name = f"app{number:03}"
        assert found[f"{name} domain"] == {f"parity:applications.{name}.domains"}
        for each in range(5):
            variable = f"V{each}_{number}"
            assert found[f"{name} {variable}"] == {f"parity:applications.{name}.variables.{variable}"}


def test_a_fact_of_several_parts_of_one_shape_follows_each_of_them():
    one, other = applications(3, "a"), applications(3, "b")
    found, _ = traced(one, other, per_variable, per_variable(one))
    assert found["app001 all"] == {
        "parity:applications.app001.domains",
        *(f"parity:applications.app001.variables.V{each}_1" for each in range(5)),
    }


def test_evaluations_grow_with_the_logarithm_of_the_applications():
    def simple(values):
        return {key: value for key, value in per_variable(values).items() if not key.path.endswith("all")}

    taken = {}
    for count in (4, 64):
        one, other = applications(count, "a"), applications(count, "b")
        _, taken[count] = traced(one, other, simple, simple(one))
    # Six of four digits have a code each, and seventy of eight.
    assert taken[64] - taken[4] == 4


@pytest.mark.parametrize("count", [2, 10])
def test_a_fact_of_a_database_and_a_variable_follows_these_two_though_both_kinds_are_exchanged_at_once(count):
    def config(end):
        databases = {f"db{number}": {"host": f"host{number}.{end}"} for number in range(count)}
        return {**applications(count, end), "parity:databases": databases}

    def program(values):
        hosts = [each["host"] for each in values["parity:databases"].values()]
        variables = [each["variables"] for each in values["parity:applications"].values()]
        return {
            place(f"{database} {application} {name}"): f"{host} {value}"
            for database, host in enumerate(hosts)
            for application, given in enumerate(variables)
            for name, value in given.items()
        }

    one, other = config("a"), config("b")
    wanted = [place(f"{database} 1 V{each}_1") for database in range(count) for each in range(5)]
    found, _ = traced(one, other, program, wanted)
    for key, origins in found.items():
        database, _, variable = key.split()
        assert origins == {f"parity:databases.db{database}.host", f"parity:applications.app001.variables.{variable}"}


def test_a_fact_that_follows_nothing_has_no_origin():
    one, other = applications(2, "a"), applications(2, "b")
    found, _ = traced(one, other, lambda values: {**per_variable(values), place("constant"): 1}, [place("constant")])
    assert found == {"constant": set()}


def test_groups_hold_every_part_and_none_is_empty():
    units = differing(applications(5, "a"), applications(5, "b"))
    found = groups(units)
    assert all(found)
    assert frozenset().union(*found) == set(units)
    assert len(set(found)) == len(found)


def test_names_that_are_data_are_left_open_in_a_shape():
    assert shape(("parity:applications", "shop", "domains")) == ("parity:applications", "*", "domains")
    assert shape(("parity:applications", "shop", "variables", "X")) == ("parity:applications", "*", "variables", "*")
    assert shape(("parity:releases", "shop")) == ("parity:releases", "*")
    assert shape(("parity:logs", "endpoint")) == ("parity:logs", "endpoint")


# --- Parts of a config ------------------------------------------------------------------------------------------------


def test_releases_and_exceptions_differ_as_a_whole_and_what_speaks_of_the_review_not_at_all():
    releases = {"shop": {"live": "r1", "kept": {"r1": 1}}}, {"shop": {"live": "r2", "kept": {"r2": 1}}}
    one = {"parity:releases": releases[0], "parity:exceptions": [1], "parity:acknowledged": [1]}
    other = {"parity:releases": releases[1], "parity:exceptions": [], "parity:acknowledged": []}
    assert differing(one, other) == (("parity:releases", "shop"), ("parity:exceptions",))


def test_a_part_that_the_other_config_lacks_is_taken_out():
    one, other = {"a": {"x": 1, "y": 2}}, {"a": {"y": 3, "z": 4}}
    units = differing(one, other)
    assert set(units) == {("a", "x"), ("a", "y"), ("a", "z")}
    assert exchange(one, other, units) == other
    assert one == {"a": {"x": 1, "y": 2}}


def test_one_is_not_true():
    assert differing({"a": 1}, {"a": True}) == (("a",),)


def test_equal_secrets_are_no_difference_between_configs():
    assert differing({"a": Secret("x")}, {"a": Secret("x")}) == ()
    assert look_up({"a": {"b": 1}}, ("a", "b")) == 1


# --- Workers ----------------------------------------------------------------------------------------------------------


def test_answers_come_in_the_order_of_the_items():
    assert spread(lambda number: (number, number * number), list(range(11)), workers=3) == [
        (number, number * number) for number in range(11)
    ]


def test_workers_are_processes_of_their_own():
    assert len(set(spread(lambda _: os.getpid(), list(range(12)), workers=3))) == 3


def test_a_worker_takes_no_more_items_than_it_may():
    taken = Counter(spread(lambda _: os.getpid(), list(range(11)), workers=2, each=3))
    assert sorted(taken.values()) == [2, 3, 3, 3]


def test_a_worker_that_dies_loses_nothing():
    here = os.getpid()

    def work(number):
        if os.getpid() != here:
            os._exit(3)
        return number

    assert spread(work, list(range(9)), workers=3) == list(range(9))


def test_what_the_work_raises_is_raised():
    def work(number):
        if number == 5:
            raise LookupError("five")
        return number

    with pytest.raises(LookupError, match="five"):
        spread(work, list(range(9)), workers=2)


def test_a_secret_does_not_travel_between_processes():
    # The worker cannot send it, so the work is done again here: nothing is lost, and nothing was written to the pipe.
    assert [each.reveal() for each in spread(lambda _: Secret("x"), list(range(6)), workers=2)] == ["x"] * 6


def test_what_runs_aside_is_a_process_of_its_own():
    with aside(os.getpid) as answer:
        child = answer()
    assert child != os.getpid()
    _is_gone(child)


def test_what_failed_aside_is_done_here():
    here = os.getpid()
    with aside(lambda: here if os.getpid() == here else os._exit(3)) as answer:
        assert answer() == here


def test_next_to_another_thread_nothing_runs_aside():
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        with aside(os.getpid) as answer:
            assert answer() == os.getpid()
    finally:
        ended.set()
        other.join()


def test_what_is_not_asked_for_is_ended():
    reading, writing = os.pipe()
    with aside(lambda: os.write(writing, os.getpid().to_bytes(4)) and threading.Event().wait()):
        child = int.from_bytes(os.read(reading, 4))
    assert child != os.getpid()
    _is_gone(child)


def _is_gone(process):
    with pytest.raises(ChildProcessError):
        os.waitpid(process, os.WNOHANG)


def declared(values):
    """A graph with two resources, of which one has an input of the config."""
    places = [(f"urn:pulumi:prod::p::t::{name}", "t", name, "", True) for name in ("moving", "still")]
    given = [{"it": values["parity:one"]}, {"it": 7}]
    made = [
        Resource(*place, inputs, frozenset(), {}, "", {"protect": True})
        for place, inputs in zip(places, given, strict=True)
    ]
    return Graph("p", "prod", {each.urn: each for each in made}, {}, {})


@pytest.mark.parametrize(("before", "after"), [(1, 2), (1, True), (0, False), ("x", None), ({"a": 1}, {"a": True})])
def test_an_exchange_moves_a_value_and_its_type_and_nothing_else(before, after):
    one, other = {"parity:one": before}, {"parity:one": after}
    (moved,) = by_exchange(declared, one, other, declared(one), workers=1)([frozenset([("parity:one",)])])
    assert {(each.resource, each.aspect) for each in moved} == {("t::moving", "input")}
