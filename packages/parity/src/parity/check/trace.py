"""Finds the origin of a differing fact by exchanging parts of the config and comparing the results.

One part at a time would take as many evaluations as there are parts, and the work would grow with the square of the
applications. So parts are exchanged in groups, each along one axis:

- all parts of one *shape* at once: `domains` of every application, `variables` of every application;
- all parts of those applications whose code has a given digit;
- all parts of those databases, and all variables within their applications, whose code has a given digit.

A code is a combination of half the digits: a hundred applications have one each of nine digits.

A part is a candidate for a fact if the fact moves in every group that holds the part. If more than one candidate of a
shape is left, each is tried alone.
"""

from __future__ import annotations

import functools
import itertools
import math
import pickle
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from parity.check.facts import but, facts
from parity.check.units import Unit, exchange
from parity.check.workers import aside, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from parity.check.facts import Facts, Place
    from parity.evaluate.graph import Graph
    from parity.evaluate.resource import Resource

Group = frozenset[Unit]

_SCOPED = {"parity:applications": "application", "parity:releases": "application", "parity:databases": "database"}
"""Keys whose second part names one of many, with what it names."""

_VARIABLE = ("parity:applications", "variables")
_VARIABLE_LENGTH = 4
_SCOPED_LENGTH = 2

_ASKED_SINGLY = 16
"""Up to so many parts of one shape are tried one by one; a fact that more of them move follows the shape."""

_RESOURCES_A_WORKER = 20_000
"""What one worker evaluates at the most, which bounds its memory."""

Scope = tuple[str, str]
"""`("application", "shop")`, `("database", "storefront")`, or `("", "")` for what belongs to none."""

_GLOBAL: Scope = ("", "")


def scope(unit: Unit) -> Scope:
    """The application or database that a part belongs to."""
    kind = _SCOPED.get(unit[0])
    return (kind, unit[1]) if kind and len(unit) >= _SCOPED_LENGTH else _GLOBAL


def _is_variable(unit: Unit) -> bool:
    return len(unit) >= _VARIABLE_LENGTH and (unit[0], unit[2]) == _VARIABLE


def shape(unit: Unit) -> Unit:
    """A part's path with the names that are data (of an application, a database, a variable) left open."""
    if scope(unit) == _GLOBAL:
        return unit
    return (unit[0], "*", unit[2], "*", *unit[4:]) if _is_variable(unit) else (unit[0], "*", *unit[2:])


def groups(units: Sequence[Unit]) -> tuple[Group, ...]:
    """The groups to exchange, each once."""
    return tuple(dict.fromkeys(group for group in _groups(units) if group))


def _groups(units: Sequence[Unit]) -> Iterator[Group]:
    by_shape = defaultdict[Unit, list[Unit]](list)
    for unit in units:
        by_shape[shape(unit)].append(unit)
    yield from map(frozenset, by_shape.values())
    by_kind: dict[str, Iterable[Group]] = {}
    for kind in sorted({scope(unit)[0] for unit in units} - {""}):
        members = sorted({scope(unit) for unit in units if scope(unit)[0] == kind})
        numbers = {member: number for number, member in enumerate(members)}
        by_kind[kind] = _by_codes({unit: numbers[scope(unit)] for unit in units if scope(unit) in numbers})
    yield from by_kind.get("application", ())
    variables = defaultdict[str, list[Unit]](list)
    for unit in units:
        if _is_variable(unit):
            variables[unit[1]].append(unit)
    by_variable = _by_codes({unit: number for each in variables.values() for number, unit in enumerate(sorted(each))})
    # At once: hardly a fact follows a database and a variable, and the parts of one that does are asked singly.
    for one, other in itertools.zip_longest(by_kind.get("database", ()), by_variable, fillvalue=Group()):
        yield one | other


def _by_codes(numbers: dict[Unit, int]) -> Iterator[Group]:
    """Groups such that each number is in a combination of its own of half of them.

    No combination holds another one, so that what moves in all groups of one number is that number's (Sperner).
    """
    count = max(numbers.values(), default=0) + 1
    length = next(length for length in itertools.count(1) if math.comb(length, length // 2) >= count)
    codes = list(itertools.islice(itertools.combinations(range(length), length // 2), count))
    for position in range(length):
        yield frozenset(unit for unit, number in numbers.items() if position in codes[number])


class Tracer:
    """Origins of facts, for one pair of configs."""

    def __init__(self, moved: Callable[[Sequence[Group]], Sequence[frozenset[Place]]], units: Sequence[Unit]) -> None:
        """Trace over `units`, in which the configs differ.

        `moved` gives, for each group, the places whose fact changes when its parts are taken from the other config.
        """
        self._ask, self._units = moved, units
        self._seen: dict[Group, frozenset[Place]] = {}
        self.asked = 0
        """Groups, an evaluation each."""
        shapes = defaultdict[Unit, list[Unit]](list)
        for unit in units:
            shapes[shape(unit)].append(unit)
        self._of_shape = {key: frozenset(same) for key, same in shapes.items()}

    @contextmanager
    def begun(self) -> Generator[None]:
        """Let the groups be asked in processes of their own, while the body runs."""
        wanted = groups(self._units)
        if not wanted:
            yield
            return
        with aside(lambda: self._ask(wanted)) as answered:
            yield
            self._seen.update(zip(wanted, answered(), strict=True))
        self.asked += len(wanted)

    def origins(self, places: Iterable[Place]) -> dict[Place, frozenset[Unit]]:
        """For each place, the parts of the config that its fact follows; none where no part explains it."""
        wanted = frozenset(places)
        asked = groups(self._units)
        self._learn(asked)
        # Groups as bits: a part fits a place where the place moved in each group that holds the part.
        holding, moving = dict.fromkeys(self._units, 0), dict.fromkeys(wanted, 0)
        for number, group in enumerate(asked):
            for unit in group:
                holding[unit] |= 1 << number
            for place in self._seen[group] & wanted:
                moving[place] |= 1 << number

        @functools.cache
        def fitting(moved: int) -> tuple[Unit, ...]:
            return tuple(unit for unit in self._units if not holding[unit] & ~moved)

        candidates = {place: [*fitting(moved)] for place, moved in moving.items()}
        # A group may hide what one part does alone: before a fact is called unexplained, every part of its shapes is
        # asked.
        for place, left in candidates.items():
            if not left:
                left += [unit for unit in self._units if place in self._seen[self._of_shape[shape(unit)]]]
        self._learn(frozenset([unit]) for left in candidates.values() for unit in _doubtful(left))
        return {place: frozenset(self._certain(place, left)) for place, left in candidates.items()}

    def _certain(self, place: Place, left: Sequence[Unit]) -> Iterator[Unit]:
        doubtful = _doubtful(left)
        for unit in left:
            if unit not in doubtful or place in self._seen[frozenset([unit])]:
                yield unit

    def _learn(self, wanted: Iterable[Group]) -> None:
        new = [group for group in dict.fromkeys(wanted) if group not in self._seen]
        self.asked += len(new)
        self._seen.update(zip(new, self._ask(new), strict=True))


def _doubtful(candidates: Sequence[Unit]) -> frozenset[Unit]:
    """The candidates that another one of the same shape may stand for, unless there are too many to ask each."""
    by_shape = defaultdict[Unit, list[Unit]](list)
    for unit in candidates:
        by_shape[shape(unit)].append(unit)
    return frozenset(unit for same in by_shape.values() if 1 < len(same) <= _ASKED_SINGLY for unit in same)


def by_exchange(
    evaluate: Callable[[Mapping[str, Any]], Graph],
    source: Mapping[str, Any],
    target: Mapping[str, Any],
    base: Graph,
    *,
    workers: int | None = None,
) -> Callable[[Sequence[Group]], Sequence[frozenset[Place]]]:
    """What `Tracer` asks: for groups of parts, the places that change when they are taken from another config.

    Parts of `source`, whose graph is `base`, are taken from `target`. There are as many workers as cores where no
    number is given.
    """
    forms = {urn: _form(each) for urn, each in base.resources.items()}
    known = facts(base)

    def moved(group: Group) -> frozenset[Place]:
        found = evaluate(exchange(source, target, group))
        # By far most resources are what they were, to the byte: the others alone are taken apart.
        same = {urn for urn, each in found.resources.items() if forms.get(urn) == _form(each)}
        return changed(but(known, base, same), facts(found, same))

    each = max(1, _RESOURCES_A_WORKER // max(1, len(forms)))
    return lambda asked: spread(moved, asked, workers=workers, each=each)


def _form(resource: Resource) -> bytes:
    return pickle.dumps((*vars(resource).values(),))


def changed(one: Facts, other: Facts) -> frozenset[Place]:
    """The places in which two sets of facts differ, including places that only one of them has."""
    here = {place for place, value in one.items() if place not in other or _unlike(value, other[place])}
    return frozenset(here.union(place for place in other if place not in one))


def differs(one: Facts, other: Facts, place: Place) -> bool:
    """Whether a fact differs between both in value or type: `1` is not `true`."""
    if place not in one or place not in other:
        return True
    return _unlike(one[place], other[place])


def _unlike(one: Any, other: Any) -> bool:
    return one.__class__ is not other.__class__ or one != other
