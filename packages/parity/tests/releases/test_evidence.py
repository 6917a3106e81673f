"""The test on counts: how often it is wrong on what is no worse, and how soon it is right; exact where it can be."""

from __future__ import annotations

import math
import random

import pytest

from parity.releases.evidence import Counts, compare, evidence, largest, largest_ever
from support.amounts import examples

SEED = 20261130
QUESTIONS, BETWEEN = 40, 100
"""Of one watch: how often it is asked, and requests between two questions."""


def drawn(random_: random.Random, requests: int, share: float) -> int:
    """How many of the requests fail, each with this chance: from one failure to the next, so that few are drawn."""
    errors, at = 0, 0.0
    while share and (at := at + 1 + math.floor(math.log(1 - random_.random()) / math.log(1 - share))) <= requests:
        errors += 1
    return errors


def aborted(random_: random.Random, share: float, difference: float, false_aborts: float) -> bool:
    """Whether a watch ends a release whose share is as much worse as is allowed, asked at each step."""
    before = Counts(2000, drawn(random_, 2000, share))
    test, errors = compare(before, 0.005, false_aborts), 0
    for number in range(1, QUESTIONS + 1):
        errors += drawn(random_, BETWEEN, share + difference)
        if test.is_worse(Counts(number * BETWEEN, errors)):
            return True
    return False


@pytest.mark.parametrize(("share", "difference"), [(0.01, 0.0), (0.01, 0.005), (0.2, 0.005)])
def test_a_release_that_is_no_worse_is_ended_no_more_often_than_is_declared(share, difference):
    random_ = random.Random(SEED)  # noqa: S311 - a seed makes it the same each time
    watches, chance = examples(400, 10_000), 0.1
    wrong = sum(aborted(random_, share, difference, chance) for _ in range(watches))
    assert wrong <= chance * watches, f"{wrong} of {watches} with seed {SEED}"


@pytest.mark.parametrize("limit", [0.005, 0.05, 0.5])
def test_the_evidence_is_expected_to_be_one_at_the_limit_and_less_below_it(limit):
    """Over every number of errors of 60 requests: what makes it an e-value, without a draw."""

    def expected(share: float) -> float:
        rows = ((errors, math.comb(60, errors) * share**errors * (1 - share) ** (60 - errors)) for errors in range(61))
        return sum(chance * math.exp(evidence(Counts(60, errors), limit)) for errors, chance in rows)

    assert expected(limit) == pytest.approx(1.0)
    assert expected(limit * 0.8) < 1.0


@pytest.mark.parametrize(("requests", "errors"), [(200, 0), (200, 3), (1000, 100)])
def test_so_few_errors_are_rare_above_the_bound(requests, errors):
    chance = 0.01
    share = largest(Counts(requests, errors), chance)
    rows = (math.comb(requests, k) * share**k * (1 - share) ** (requests - k) for k in range(errors + 1))
    assert sum(rows) <= chance
    assert share > errors / requests


@pytest.mark.parametrize(("share", "most"), [(1.0, 4), (0.2, 60), (0.05, 600)])
def test_a_bad_release_is_found_within_so_many_requests(share, most):
    test = compare(Counts(2000, 2), 0.005, 1e-4)
    assert test.is_worse(Counts(most, round(most * share)))


def test_what_has_nothing_to_be_compared_with_is_never_worse():
    assert not compare(Counts(0, 0), 0.005, 1e-4).is_worse(Counts(1000, 1000))


def test_no_request_is_no_evidence():
    assert not compare(Counts(2000, 0), 0.005, 0.1).is_worse(Counts(0, 0))
    assert evidence(Counts(0, 0), 0.1) == pytest.approx(0.0)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2])
def test_the_bound_that_may_be_asked_each_time_is_below_the_share_as_seldom_as_it_says(share):
    random_, chance, below = random.Random(SEED), 0.05, 0  # noqa: S311 - a simulation
    for _ in range(200):
        errors = 0
        for requests in range(25, 1001, 25):
            errors += sum(random_.random() < share for _ in range(25))
            if largest_ever(Counts(requests, errors), chance) < share:
                below += 1
                break
    assert below <= 200 * chance, "at any of the forty questions"


def test_the_bound_comes_near_to_the_share_with_many_requests_and_is_all_with_none():
    assert largest_ever(Counts(0, 0), 1e-4) == pytest.approx(1)
    assert 0.01 < largest_ever(Counts(100_000, 1000), 1e-4) < 0.013
    assert largest_ever(Counts(100_000, 0), 1e-4) < 0.001
    assert largest_ever(Counts(10, 10), 1e-4) == pytest.approx(1)


def test_against_a_release_before_that_goes_on_serving_a_worse_one_is_found():
    test = compare(Counts(9500, 10), 0.005, 1e-4, meanwhile=True)
    assert test.is_worse(Counts(500, 50))
    assert not test.is_worse(Counts(500, 2))
    assert not compare(Counts(0, 0), 0.005, 1e-4, meanwhile=True).is_worse(Counts(500, 500))
