"""Whether a release answers with more errors than the one before it: a test on counts that may be asked at every step.

Two parts, each with half of the chance of a false abort:

1. The release before: the largest error share that its counts are still likely under, by Chernoff's bound, which is
   exact for any number of requests (W. Hoeffding, 1963, theorem 1). Asked once. Where both have users at once it is
   asked again each time: then it is the largest share that a mixture over all shares does not refute, a bound that
   holds at all times at once (Ville's inequality; R. Krichevsky and V. Trofimov, 1981, for the mixture).
2. The new release: an e-process against every share up to that one and the least difference that matters. It is a
   mixture of likelihood ratios, each of which is a supermartingale under all these shares, so that the chance that it
   ever exceeds 1/c is at most c, however often it is asked (J. Ville, 1939; H. Robbins, 1970).

Requests are taken for independent. Errors that come in bursts are what the least difference is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ALTERNATIVES = 21
"""Shares that the mixture holds against the limit: from 1, each step halfway nearer to it in two."""
_HALVINGS = 60
"""Of a search for a share: to the precision of a float."""
_SMALLEST = 1e-12
"""Share that a search begins with; the logarithm of 0 is none."""


@dataclass(frozen=True)
class Counts:
    """What one release answered in a window."""

    requests: int
    errors: int

    @property
    def share(self) -> float:
        """The share of errors; 0 where there was no request."""
        return self.errors / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        """`12 errors of 340 requests (3.5 %)`."""
        return f"{self.errors} errors of {self.requests} requests ({100 * self.share:.2g} %)"


@dataclass(frozen=True)
class Comparison:
    """The test of one watch."""

    limit: float
    """The error share up to which the new release counts as no worse; 1 where the one before served too little."""
    threshold: float
    """Of the logarithm of the evidence."""

    def is_worse(self, now: Counts) -> bool:
        """Whether the new release is worse, by all its counts so far."""
        return evidence(now, self.limit) >= self.threshold


def compare(before: Counts, least_difference: float, false_aborts: float, *, meanwhile: bool = False) -> Comparison:
    """The test against the counts of a release before, which are asked again only where it serves meanwhile.

    `least_difference` is the difference in error share that matters, above 0, and `false_aborts` the chance that a
    watch of a release that is no worse ends in an abort, however long it is.
    """
    chance = false_aborts / 2
    most = (largest_ever if meanwhile else largest)(before, chance)
    return Comparison(min(1.0, most + least_difference), -math.log(chance))


def largest_ever(counts: Counts, chance: float) -> float:
    """The largest error share that its counts do not refute at any time, but for this chance."""
    good = counts.requests - counts.errors
    mixture = math.lgamma(counts.errors + 0.5) + math.lgamma(good + 0.5) - math.lgamma(counts.requests + 1)
    most = -math.log(chance) - mixture + 2 * math.lgamma(0.5)

    def likely(share: float) -> bool:
        return share < 1 and -counts.errors * math.log(share) - good * math.log1p(-share) <= most

    return _last(likely, max(counts.share, _SMALLEST))


def largest(counts: Counts, chance: float) -> float:
    """The largest error share under which so few errors come with at least this chance, by Chernoff's bound."""
    if not counts.requests:
        return 1.0
    most = -math.log(chance) / counts.requests
    return _last(lambda share: _divergence(counts.share, share) <= most, counts.share)


def _last(likely: Callable[[float], bool], low: float) -> float:
    """Where the shares that are likely end, from `low` on: they begin there and are in one piece."""
    high = 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if likely(middle) else (low, middle)
    return high


def evidence(now: Counts, limit: float) -> float:
    """The logarithm of the evidence that the share of errors is above the limit."""
    if limit >= 1:
        return -math.inf
    good = now.requests - now.errors
    logs = [
        now.errors * math.log(share / limit) + (good * math.log((1 - share) / (1 - limit)) if good else 0.0)
        for share in (limit + (1 - limit) * 2 ** (-step / 2) for step in range(_ALTERNATIVES))
        if share < 1 or not good
    ]
    top = max(logs)
    return top + math.log(sum(math.exp(each - top) for each in logs)) - math.log(_ALTERNATIVES)


def _divergence(one: float, other: float) -> float:
    """Of Kullback and Leibler, between two shares."""
    if other >= 1:
        return 0.0 if one >= 1 else math.inf
    first = one * math.log(one / other) if one else 0.0
    return first + ((1 - one) * math.log((1 - one) / (1 - other)) if one < 1 else 0.0)
