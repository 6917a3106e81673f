"""When two values are the same: one answer for drift, check and recover."""

from __future__ import annotations

import pytest

from parity.check.compare import Difference, Result
from parity.check.facts import Place
from parity.check.live import ASPECT, Declared, Real, compare_real
from parity.evaluate.resource import SecretInput
from parity.resources import kinds
from parity.resources.equality import flat, normal, same, same_object


@pytest.mark.parametrize(
    ("one", "other"),
    [(None, False), ("", None), ([], None), (0, None), (["b", "a"], ["a", "b"]), (1.0, 1), ({"a": None}, {})],
)
def test_what_is_the_same(one: object, other: object):
    assert same(one, other)
    assert same(normal(one), normal(other))


@pytest.mark.parametrize(("one", "other"), [("20", 20), (True, 1), (["a"], ["a", "a", "b"]), ("a", "A"), (0, 1)])
def test_what_is_not(one: object, other: object):
    assert not same(one, other)
    assert not same(normal(one), normal(other))


def test_paths_go_through_objects_and_not_through_lists():
    assert flat({"a": {"b": 1, "c": [{"d": 2}]}, "__defaults": []}) == {"a.b": 1, "a.c": [{"d": 2}]}


@pytest.mark.parametrize(
    ("type_", "name", "same_"),
    [
        (kinds.TRACE_DRAIN, "samplingRules", False),
        (kinds.TRACING, "samplingRules", False),
        (kinds.ROLE, "searchPaths", False),
        (kinds.PROJECT, "samplingRules", True),
    ],
)
def test_the_order_of_a_list_counts_where_its_kind_says_so(type_: str, name: str, same_: bool):
    one, other = {name: [{"rate": 1}, {"rate": 0.1}]}, {name: [{"rate": 0.1}, {"rate": 1.0}]}
    ordered = kinds.of(type_).ordered
    assert same_object(one, other, {}, ordered) is same_
    assert same(*(flat(each, ordered)[name] for each in (one, other))) is same_


def test_types_count_at_every_depth():
    assert not same({"a": [True]}, {"a": [1]})
    assert not same(["20"], [20])
    assert same({"a": [{"b": False, "c": 1.0}]}, {"a": [{"c": 1}]})


def test_a_sealed_secret_equals_only_itself():
    one = SecretInput(None)
    assert same([one], [one])
    assert not same([one], [SecretInput(None)])


def test_what_is_usual_stands_for_what_is_not_there():
    assert same(None, True, usual=True)
    assert not same(False, None, usual=True)
    assert not same("", None, usual="infinity")
    assert same(False, None)
    assert same_object({"a": {"b": False}}, {}, {})
    assert not same_object({"a": {"b": False}}, {}, {"a.b": True})


# --- Of what two stacks really have ---

KEY = f"{kinds.PROJECT}::shop"
ROLE = f"{kinds.ROLE}::r"


def verdict(path, declared, live, resource=KEY):
    """Of a difference that the config explains, where both declare their own value and have what `live` gives."""
    sides = [{Place(resource, "input", at): value for at, value in each.items()} for each in declared]
    real = [
        {Place(resource, "resource", ""): "there"} | {Place(resource, ASPECT, at): value for at, value in each.items()}
        for each in live
    ]
    said = Difference(Place(resource, "input", path), "", "", "declared", "the config says so")
    result = Result("a", "b", 1, 1, 0, (said,), (), False, 0)
    found = compare_real(Real("a", real[0]), Real("b", real[1]), Declared(result, *sides, frozenset()), ())
    return {each.place.path: each.verdict for each in found.differences}


@pytest.mark.parametrize(
    ("declared", "live", "expected"),
    [
        (({"x": False}, {"x": True}), ({}, {"x": True}), "declared"),
        (({"x": ""}, {"x": "a"}), ({"x": None}, {"x": "a"}), "declared"),
        (({"x": True}, {"x": "a"}), ({}, {"x": "a"}), "unexplained"),
        (({"x": 1}, {"x": 2}), ({"x": 1.0}, {"x": 2}), "declared"),
        (({"x": 1}, {"x": 2}), ({"x": 1}, {"x": 3}), "unexplained"),
    ],
)
def test_a_difference_is_declared_where_both_have_what_they_declare(declared, live, expected):
    assert verdict("x", declared, live) == {"x": expected}


def test_the_vendors_default_counts_in_the_live_comparison_too():
    path = "gitProviderOptions.createDeployments"
    assert verdict(path, ({path: False}, {path: True}), ({}, {path: True})) == {path: "unexplained"}
    assert verdict(path, ({path: True}, {path: False}), ({}, {path: False})) == {path: "declared"}


def test_a_list_is_a_set_in_the_live_comparison_too():
    declared = ({"x[0]": "b", "x[1]": "a"}, {"x[0]": "c", "x[1]": "a"})
    turned = ({"x[0]": "a", "x[1]": "b"}, {"x[0]": "a", "x[1]": "c"})
    assert verdict("x[1]", declared, turned) == {"x[1]": "declared"}
    other = ({"x[0]": "a", "x[1]": "z"}, {"x[0]": "a", "x[1]": "c"})
    assert verdict("x[1]", declared, other) == {"x[1]": "unexplained"}


def test_a_list_whose_order_decides_is_none():
    declared = ({"searchPaths[0]": "b"}, {"searchPaths[0]": "c"})
    assert verdict("searchPaths[0]", declared, declared, ROLE) == {"searchPaths[0]": "declared"}
    turned = ({"searchPaths[0]": "b", "searchPaths[1]": "a"}, {"searchPaths[0]": "c", "searchPaths[1]": "a"})
    swapped = ({"searchPaths[0]": "a", "searchPaths[1]": "b"}, {"searchPaths[0]": "c", "searchPaths[1]": "a"})
    found = verdict("searchPaths[0]", turned, swapped, ROLE)
    assert found["searchPaths[0]"] == "unexplained"
