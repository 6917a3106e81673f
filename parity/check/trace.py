"""Finds where a differing fact comes from, by exchanging parts of the config and watching what changes.

One part at a time would take as many evaluations as there are parts, and the work would grow with the square of the
applications. So parts are exchanged in groups: all parts of one *shape* at once (`domains` of every application), then,
to tell which application or database it was, all parts of those whose number has a given bit, and again of those whose
number has it not. A fact that follows one shape of one application is found by what these few groups say; only a fact
that they leave open is asked about part by part.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from parity.check.units import Unit, exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from parity.check.facts import Facts, Place

_SCOPED = {"parity:applications": "application", "parity:releases": "application", "parity:databases": "database"}
"""Keys whose second part names one of many; what they are a set of."""

_SCOPED_LENGTH = 2

Scope = tuple[str, str]
"""`("application", "shop")`, `("database", "storefront")`, or `("", "")` for what belongs to none."""

_GLOBAL: Scope = ("", "")


def scope(unit: Unit) -> Scope:
    """What a part belongs to."""
    kind = _SCOPED.get(unit[0])
    return (kind, unit[1]) if kind and len(unit) >= _SCOPED_LENGTH else _GLOBAL


def shape(unit: Unit) -> Unit:
    """A part's path with the name of its application or database left open."""
    return unit if scope(unit) == _GLOBAL else (unit[0], "*", *unit[2:])


class Tracer:
    """Origins of facts, for one pair of configs."""

    def __init__(
        self,
        evaluate: Callable[[Mapping[str, Any]], Facts],
        one: Mapping[str, Any],
        other: Mapping[str, Any],
        units: Sequence[Unit],
    ) -> None:
        """Trace the facts of `one` over `units`, in which `other` differs; `evaluate` gives a config's facts."""
        self._evaluate, self._one, self._other, self._units = evaluate, one, other, units
        self._base = evaluate(one)
        self._seen: dict[frozenset[Unit], frozenset[Place]] = {}
        self.evaluations = 1
        """How many times the program was run."""

    def origins(self, places: Iterable[Place]) -> dict[Place, frozenset[Unit]]:
        """For each place, the parts of the config that its fact follows; none where no part explains it."""
        wanted = frozenset(places)
        candidates = self._candidates(wanted)
        result: dict[Place, frozenset[Unit]] = {}
        for place in wanted:
            left = candidates[place]
            shapes = defaultdict[Unit, list[Unit]](list)
            for unit in left:
                shapes[shape(unit)].append(unit)
            if all(len(same) == 1 for same in shapes.values()):
                result[place] = frozenset(left)
            else:
                result[place] = frozenset(unit for unit in left if place in self._moved([unit]))
        return result

    def _candidates(self, wanted: frozenset[Place]) -> dict[Place, list[Unit]]:
        """The parts that no group rules out."""
        by_shape = defaultdict[Unit, list[Unit]](list)
        for unit in self._units:
            by_shape[shape(unit)].append(unit)
        following: dict[Unit, frozenset[Place]] = {key: self._moved(group) for key, group in by_shape.items()}
        ruled_out = self._scopes_ruled_out()
        return {
            place: [
                unit
                for unit in self._units
                if place in following[shape(unit)] and not any(place not in moved for moved in ruled_out[scope(unit)])
            ]
            for place in wanted
        }

    def _scopes_ruled_out(self) -> dict[Scope, list[frozenset[Place]]]:
        """For each application and database, what moved in each group that it was in."""
        groups: dict[Scope, list[frozenset[Place]]] = defaultdict(list)
        for kind in sorted({scope(unit)[0] for unit in self._units} - {""}):
            members = sorted({scope(unit) for unit in self._units if scope(unit)[0] == kind})
            for bit in range((len(members) - 1).bit_length()):
                for value in (0, 1):
                    chosen = {member for number, member in enumerate(members) if (number >> bit) & 1 == value}
                    moved = self._moved([unit for unit in self._units if scope(unit) in chosen])
                    for member in chosen:
                        groups[member].append(moved)
        return groups

    def _moved(self, units: Sequence[Unit]) -> frozenset[Place]:
        """The places whose fact changes when these parts are taken from the other config."""
        key = frozenset(units)
        if key not in self._seen:
            facts = self._evaluate(exchange(self._one, self._other, units))
            self.evaluations += 1
            self._seen[key] = changed(self._base, facts)
        return self._seen[key]


def changed(one: Facts, other: Facts) -> frozenset[Place]:
    """The places in which two sets of facts differ, also by being in one of them only."""
    return frozenset(place for place in one.keys() | other.keys() if _differs(one, other, place))


def _differs(one: Facts, other: Facts, place: Place) -> bool:
    if place not in one or place not in other:
        return True
    return type(one[place]) is not type(other[place]) or one[place] != other[place]
