"""The changes between two operations: each place on an axis, the values that it had, and who gave it each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.backend.blame import Line
    from parity.backend.ledger import Record
    from parity.bisect.search import State
    from parity.documents import Document

Axis = Literal["code", "config", "credentials", "schema"]


@dataclass(frozen=True)
class Place:
    """What can change: a key, a commit, a generation, a migration."""

    name: str
    """`shop.SEARCH_RESULTS_LIMIT`, `commit of shop`, `credentials of shop`, a resource with the property's path."""
    axis: Axis
    application: str = ""
    """The application whose releases are built with it; empty for what is in the world at once."""
    variable: str = ""
    """The variable's name where it is one."""
    urn: str = ""
    path: str = ""


@dataclass(frozen=True)
class Change:
    """What an operation made of a place."""

    place: Place
    number: int
    """Of the value that the place got; 0 is the good operation's."""
    before: Document
    """The good operation's value, as the record has it; empty where it was absent."""
    after: Document
    line: Line = field(repr=False)
    """The operation that declared the value, with key, commit and person."""


@dataclass(frozen=True)
class Timeline:
    """The operations between two, and what each changed."""

    good: Record
    operations: tuple[Record, ...]
    """Those after the good one that changed something, up to and with the bad one, oldest first."""
    made: tuple[Mapping[str, Change], ...]
    """What each of them changed, by the place's name."""
    live: tuple[Mapping[str, str], ...]
    """By application the live release: at the good operation, then after each."""
    built: Mapping[tuple[str, str], State] = field(default_factory=dict[tuple[str, str], "State"])
    """By application and release, what it was built with; not of one that has a value that was never live."""

    @property
    def steps(self) -> tuple[Mapping[str, int], ...]:
        """As the search takes them."""
        return tuple({name: change.number for name, change in each.items()} for each in self.made)

    @property
    def places(self) -> dict[str, Place]:
        """By name each place that was changed."""
        return {name: change.place for each in self.made for name, change in each.items()}

    def latest(self, until: int) -> dict[str, Change]:
        """The last change of each place, after so many operations."""
        return {name: change for each in self.made[:until] for name, change in each.items()}

    def only(self, wanted: Callable[[Place], bool]) -> Timeline:
        """The changes of some places alone; an operation that changed no other is left out."""
        names = {name for name, each in self.places.items() if wanted(each)}
        made = [{name: change for name, change in each.items() if name in names} for each in self.made]
        kept = [number for number, each in enumerate(made) if each]
        return replace(
            self,
            operations=tuple(self.operations[number] for number in kept),
            made=tuple(made[number] for number in kept),
            live=(self.live[0], *(self.live[number + 1] for number in kept)),
            built={of: frozenset(each for each in state if each[0] in names) for of, state in self.built.items()},
        )

    def between(self, low: str, high: str) -> Timeline:
        """The part after one of its operations (or the good one), up to and with another, by their ids."""
        start = sum(1 for each in self.operations if each.id <= low)
        end = sum(1 for each in self.operations if each.id <= high)
        before = self.latest(start)
        made = tuple(
            {n: _rebased(change, before.get(n)) for n, change in each.items()} for each in self.made[start:end]
        )
        good = self.operations[start - 1] if start else self.good
        built = {of: _state_from(state, before) for of, state in self.built.items()}
        operations, live = self.operations[start:end], self.live[start : end + 1]
        return Timeline(good, operations, made, live, built)


def _state_from(state: State, before: Mapping[str, Change]) -> State:
    """A state counted from another one, of which the last change of each place is given."""
    found: dict[str, int] = {}
    numbers = dict(state)
    for name in {*numbers, *before}:
        first, own = before[name].number if name in before else 0, numbers.get(name, 0)
        found[name] = 0 if own == first else first if own == 0 else own
    return frozenset((name, number) for name, number in found.items() if number)


def _rebased(change: Change, first: Change | None) -> Change:
    """A change counted from another one of its place: that one's value gets 0, and what had 0 gets its number."""
    if first is None:
        return change
    number = 0 if change.number == first.number else first.number if change.number == 0 else change.number
    return replace(change, number=number, before=first.after)
