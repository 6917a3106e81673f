"""Finds the smallest set of changes that makes a probe fail; pure: what answers for a state is an argument.

1. The operations in their order, halved: the states that were there as they were. It needs log2 of their number.
2. The changes up to the first bad operation, by prefixes: the smallest prefix that fails names one change that is
   needed, and those before it are searched again together with it, until what was found fails alone. Each change of
   the set takes log2 of the number of changes (QuickXplain's idea: U. Junker, 2004).
3. Each change of the set is left out once, so that it is as small as delta debugging makes it: without any one of its
   changes it does not fail (1-minimal, as of ddmin: A. Zeller and R. Hildebrandt, 2002).

A state can give a third answer, neither good nor bad. Among the operations it is stepped over; of a set it means, as in
delta debugging, that the set does not fail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

State = frozenset[tuple[str, int]]
"""A state by the places that are not as they were in the good one: each with the number of its value."""


class Answer(Enum):
    """What a state answered."""

    GOOD = "good"
    BAD = "bad"
    UNRESOLVED = "unresolved"
    """It could not be had, or the probe could not say."""


class NotReproducible(Exception):
    """The two ends do not answer as they are to: there is nothing to search between."""

    def __init__(self, good: Answer, bad: Answer) -> None:
        """Take the answer of the state that is to be good, and of the one that is to be bad."""
        super().__init__(f"the good one is {good.value}, the bad one is {bad.value}")
        self.good, self.bad = good, bad


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    last_good: int
    """How many operations the last good state had."""
    first_bad: int
    """How many the first bad one had; one more, unless those between could not be resolved."""
    causes: tuple[str, ...]
    """The places whose changes make the probe fail together, none too many; the newest first."""
    needed: frozenset[str]
    """Those without which it is known not to fail; the others could not be taken apart."""
    asked: int
    """How many states were asked."""


@dataclass
class Search:
    """One search.

    Args:
        steps: for each operation, in order, the places that it changed with the number of the value that each got; 0 is
            the value of the good state.
        ask: says what a state answers.
        report: is given, before a state is asked, how many were and about how many it will be.
        can: says whether a state can be asked at all; one that cannot is unresolved, and is not counted.
        likely: so many operations are likely to be the last good state.
    """

    steps: Sequence[Mapping[str, int]]
    ask: Callable[[State], Answer]
    report: Callable[[int, int], None] = lambda _done, _about: None
    can: Callable[[State], bool] = lambda _state: True
    likely: int = 0
    known: dict[State, Answer] = field(default_factory=dict[State, Answer])
    """Answers that need not be asked for again."""
    asked: int = 0

    def halve(self) -> tuple[int, int]:
        """How many operations the last good state has, and the first bad one; raises NotReproducible."""
        values = self._values()
        first, last = _state(values[0]), _state(values[-1])
        ends = self._answer(first, 2 * len(self.steps)), self._answer(last, len(self.steps))
        if ends != (Answer.GOOD, Answer.BAD):
            raise NotReproducible(*ends)
        likely = self.likely and self._answer(_state(values[self.likely]), len(values)) is Answer.GOOD
        return self._narrow(self.likely if likely else 0, len(self.steps), lambda at: _state(values[at]))

    def run(self) -> Found:
        """Search to the smallest set of changes; raises NotReproducible."""
        low, high = self.halve()
        values = self._values()
        final, order = values[high], self._changed(values, high)
        before = sum(1 for _, last in order if last <= low)
        places = [place for place, _ in order]
        causes = self._smallest(places, before, lambda chosen: _state({each: final[each] for each in chosen}))
        return Found(low, high, *causes, self.asked)

    def _values(self) -> list[dict[str, int]]:
        """The number of each place's value after no operation, one, two, ..."""
        found: list[dict[str, int]] = [{}]
        for step in self.steps:
            found.append({**found[-1], **step})
        return found

    def _changed(self, values: Sequence[Mapping[str, int]], until: int) -> list[tuple[str, int]]:
        """The places that have another value than in the good state, with the operation that gave it, in its order."""
        last = {place: number for number in range(1, until + 1) for place in self.steps[number - 1]}
        return sorted(((each, last[each]) for each, value in values[until].items() if value), key=lambda each: each[1])

    def _answer(self, state: State, left: int) -> Answer:
        """What a state answers, asked for once; `left` is how many points it decides between."""
        if state not in self.known and not self.can(state):
            self.known[state] = Answer.UNRESOLVED
        if state not in self.known:
            self.report(self.asked + 1, self.asked + 1 + math.ceil(math.log2(max(left, 1))))
            self.asked += 1
            self.known[state] = self.ask(state)
        return self.known[state]

    def _narrow(self, low: int, high: int, state: Callable[[int], State]) -> tuple[int, int]:
        """Bring a bad state and a good one together, as far as there are answers between them."""
        skipped: set[int] = set()
        while True:
            # The largest gap, so that a run of states without an answer is left behind soon.
            one, other = max(pairwise([low, *sorted(skipped), high]), key=lambda gap: gap[1] - gap[0])
            if other - one == 1:
                return low, high
            middle = (one + other) // 2
            match self._answer(state(middle), high - low):
                case Answer.GOOD:
                    low = middle
                case Answer.BAD:
                    high = middle
                case Answer.UNRESOLVED:
                    skipped.add(middle)
            skipped = {each for each in skipped if low < each < high}

    def _first(self, low: int, high: int, fails: Callable[[int], bool]) -> int:
        """The smallest prefix that fails: the longest one does, and that of `low` does not."""
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fails(middle) else (middle, high)
        return high

    def _smallest(
        self, places: Sequence[str], before: int, state: Callable[[Sequence[str]], State]
    ) -> tuple[tuple[str, ...], frozenset[str]]:
        """The smallest set of places of a list that fails as a whole, and which of them are known to be needed.

        Args:
            places: in the order of the operations.
            before: so many of them are likely not to fail alone.
            state: the state with the changes of some of them.
        """
        chosen: list[str] = []
        left = list(places)

        def fails(count: int) -> bool:
            return self._answer(state([*chosen, *left[:count]]), len(left)) is Answer.BAD

        low = before
        while not chosen or not fails(0):
            while low and fails(low):
                left, low = left[:low], 0
            first = self._first(low, len(left), fails)
            chosen.append(left[first - 1])
            left, low = left[: first - 1], 0
        return self._needed(chosen, state)

    def _needed(
        self, chosen: list[str], state: Callable[[Sequence[str]], State]
    ) -> tuple[tuple[str, ...], frozenset[str]]:
        """Leave out each once, and again where one was left out: what fails without it does not need it."""
        needed: set[str] = set()
        for each in chosen:
            rest = [other for other in chosen if other != each]
            match self._answer(state(rest), 1) if rest else Answer.GOOD:
                case Answer.BAD:
                    return self._needed(rest, state)
                case Answer.GOOD:
                    needed.add(each)
                case Answer.UNRESOLVED:
                    pass
        return tuple(chosen), frozenset(needed)


def _state(values: Mapping[str, int]) -> State:
    return frozenset((place, value) for place, value in values.items() if value)
