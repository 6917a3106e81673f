"""Simulated worlds with planted causes, for the tests of the search and its benchmark."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity.bisect.search import Answer, Search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.bisect.search import Found, State

AXES = ("code", "config", "credentials", "schema")


@dataclass
class World:
    """Operations that change places, and a probe that fails where all planted changes are there."""

    steps: list[Mapping[str, int]]
    planted: frozenset[tuple[str, int]]
    needs: dict[str, str] = field(default_factory=dict[str, str])
    """A place that does not come up without another one's change: code without its migration."""
    blind: frozenset[State] = frozenset()
    """States that cannot be had."""
    asked: list[State] = field(default_factory=list["State"])

    def ask(self, state: State) -> Answer:
        self.asked.append(state)
        changed = {place for place, _ in state}
        if state in self.blind or any(one in changed and other not in changed for one, other in self.needs.items()):
            return Answer.UNRESOLVED
        return Answer.BAD if self.planted <= state else Answer.GOOD

    def search(self) -> tuple[Found, Search]:
        search = Search(self.steps, self.ask)
        return search.run(), search


def world(seed: int, causes: int, *, changes: int = 64, at_once: int = 1, needing: int = 0) -> World:
    """A world of so many changes on four axes, `at_once` in an operation at the most, with a planted set of them."""
    chance = random.Random(seed)  # noqa: S311 - the same world at each run
    places = [f"{chance.choice(AXES)} {number}" for number in range(changes)]
    steps: list[Mapping[str, int]] = []
    left = list(places)
    while left:
        count = chance.randint(1, at_once)
        steps.append(dict.fromkeys(left[:count], 1))
        left = left[count:]
    planted = frozenset((place, 1) for place in chance.sample(places, causes))
    # What is needed comes in the same operation or before it, as a migration comes with the code that needs it.
    pairs = (sorted(chance.sample(range(changes), 2), reverse=True) for _ in range(needing))
    return World(steps, planted, {places[later]: places[earlier] for later, earlier in pairs})
