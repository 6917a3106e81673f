"""Compares two stacks' live state: the engine asks the providers, and nothing is written, not even to the state.

`pulumi refresh --preview-only` reads every recorded object and reports it in the engine's events, secrets masked. A
difference is *declared* where the program declares it and both stacks really have what they declare, *computed* where a
rule says that a provider decides it (packages/parity/src/parity/check/rules.py), and unexplained otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from parity.check.compare import Difference, Result, excepted, same_but_for_the_name, shown
from parity.check.facts import ABSENT, Facts, Place, leaves, own_properties
from parity.check.rules import rule_for
from parity.check.trace import differs
from parity.documents import Document, is_list, is_mapping, mapped, mapping
from parity.errors import UpdateError
from parity.evaluate.resource import SecretInput, is_computed
from parity.masked import MASK, is_sealed
from parity.resources import kinds
from parity.resources.equality import same, unset
from parity.resources.urn import Urn, split_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from parity.check.compare import Accepted
    from parity.engine.events import Progress
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack

ASPECT = "live"


@dataclass(frozen=True)
class Real:
    """One stack's live state."""

    stack: str
    facts: Facts
    """Presence (`resource`) and outputs (`live`) of every object; ids of objects stand as their resources' keys."""


def read(stack: Stack, report: Callable[[str], None] = lambda _: None) -> Real:
    """Ask the providers for everything that the stack has recorded, without changing anything.

    Raises:
        UpdateError: the engine failed, or a provider could not be asked.
    """

    def show(progress: Progress) -> None:
        report(f"{stack.name}: {progress.finished or 'the first'} objects read")

    done = stack.pulumi.follow("refresh", "--preview-only", "--stack", stack.name, on_progress=show)
    if done.code:
        raise UpdateError(
            f"what {stack.name} really has could not be read: {_reason(done.events) or done.error.strip()}",
            where=str(stack.project.root),
            remedy=f"pulumi refresh --preview-only --stack {stack.name} shows the full error",
        )
    return real(stack.name, done.events)


def _reason(events: Iterable[Document]) -> str:
    said = (mapping(each.get("diagnosticEvent")) for each in events)
    return "; ".join(str(each.get("message", "")).strip() for each in said if each.get("severity") == "error")


def real(stack: str, events: Iterable[Mapping[str, Any]]) -> Real:
    """Read the live state from the events of a refresh; a deleted object has none."""
    objects: dict[str, Document] = {}
    for event in events:
        metadata = mapping(mapping(event.get("resOutputsEvent")).get("metadata"))
        new = mapping(metadata.get("new"))
        if new.get("custom") and metadata.get("op") != "delete":
            objects[str(new["urn"])] = new
    # Several resources may share an id, a project's: the same one names it in every stack, whatever came first.
    named = sorted(
        ((Urn.parse(urn).key, each) for urn, each in objects.items() if _is_made_up(each)), key=itemgetter(0)
    )
    ids = {str(each["id"]): f"[id of {key}]" for key, each in named}
    facts: Facts = {}
    for urn, each in objects.items():
        key = Urn.parse(urn).key
        facts[Place(key, "resource", "")] = "there"
        for path, value in leaves(own_properties(str(each["type"]), _named(_unsealed(each.get("outputs") or {}), ids))):
            facts[Place(key, ASPECT, path)] = value
    return Real(stack, facts)


def _named(value: Any, ids: Mapping[str, str]) -> Any:
    """Replace each id by its resource's key; a list of ids is sorted, because its order means nothing."""
    if is_mapping(value):
        return {name: _named(each, ids) for name, each in value.items()}
    if is_list(value):
        if value and all(isinstance(each, str) and each in ids for each in value):
            return sorted(ids[each] for each in value)
        return [_named(each, ids) for each in value]
    return ids.get(value, value) if isinstance(value, str) else value


def _is_made_up(each: Document) -> bool:
    """Whether the provider made the object's id, so that it is no name of the program's."""
    given = {str(value) for _, value in leaves(each.get("inputs") or {})}
    return bool(each.get("id")) and str(each["id"]) not in given


def _unsealed(value: Any) -> Any:
    """Replace each secret by a mark, because its value is not compared."""
    return mapped(value, lambda each: SecretInput("") if each == MASK or is_mapping(each) else each, is_sealed)


# --- Comparison -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Declared:
    """What the program declares for both stacks, and what the offline comparison says of it."""

    result: Result
    one: Facts
    other: Facts
    asked: frozenset[str]
    """The values that stood in for a provider's answers offline; they say nothing about the real ones."""

    @classmethod
    def of(cls, result: Result, one: tuple[Graph, Facts], other: tuple[Graph, Facts]) -> Declared:
        """From the result, and from each stack's graph with its facts."""
        return cls(result, one[1], other[1], frozenset([*one[0].invokes, *other[0].invokes]))


def compare_real(one: Real, other: Real, declared: Declared, accepted: Iterable[Accepted]) -> Result:
    """Compare what two stacks really have, each difference with its verdict."""
    places = one.facts.keys() | other.facts.keys()
    judge = _Judge(one, other, declared)
    found = [judge(place) for place in sorted(places) if judge.differ(place)]
    judged, _ = excepted(found, tuple(accepted))
    return Result(
        one=one.stack,
        other=other.stack,
        resources=sum(place.aspect == "resource" for place in one.facts),
        facts=len(places),
        equal=len(places) - len(found),
        differences=tuple(judged),
        # The comparison of what is declared judges whether an exception still holds.
        unused=(),
        sealed=True,
        evaluations=declared.result.evaluations,
    )


class _Judge:
    def __init__(self, one: Real, other: Real, declared: Declared) -> None:
        self._one, self._other, self._declared = one, other, declared
        self._by_place = {(each.place.resource, each.place.path): each for each in declared.result.differences}

    def differ(self, place: Place) -> bool:
        """Whether a fact differs by more than the stack's name, and by more than being of an object only one has."""
        mine, theirs = self._one.facts.get(place, ABSENT), self._other.facts.get(place, ABSENT)
        if place.aspect != "resource":
            there = Place(place.resource, "resource", "")
            if there not in self._one.facts or there not in self._other.facts:
                return False
        if not differs(self._one.facts, self._other.facts, place):
            return False
        return ABSENT in (mine, theirs) or not same_but_for_the_name(self._one.stack, self._other.stack, mine, theirs)

    def __call__(self, place: Place) -> Difference:
        mine, theirs = self._one.facts.get(place, ABSENT), self._other.facts.get(place, ABSENT)
        one, other = shown(mine, theirs, sealed=True)
        rule = rule_for(split_key(place.resource)[0], place.path)
        if rule is not None and place.aspect == ASPECT:
            return Difference(place, one, other, "computed", rule.why)
        said = self._said(place)
        if said is None:
            why = "both stacks declare the same" if self._is_declared(place) else "nothing declares it, and no rule"
            return Difference(place, one, other, "unexplained", f"{why}: one of them is not as it should be")
        for real, facts in ((self._one, self._declared.one), (self._other, self._declared.other)):
            if self._drifted(place, facts, real.facts):
                why = f"{real.stack} does not have what it declares; `parity drift {real.stack}` says more"
                return Difference(place, one, other, "unexplained", why, said.origins)
        return Difference(place, one, other, said.verdict, said.why, said.origins)

    def _said(self, place: Place) -> Difference | None:
        """The declared difference that a real one is an effect of: at the same place, or around what only one has."""
        exact = self._by_place.get((place.resource, place.path))
        if exact is not None or place.aspect == "resource":
            return exact
        top = re.split(r"[.\[]", place.path, maxsplit=1)[0]
        alone = ABSENT in (self._one.facts.get(place, ABSENT), self._other.facts.get(place, ABSENT))
        near = (
            each
            for (resource, path), each in self._by_place.items()
            if resource == place.resource and re.split(r"[.\[]", path, maxsplit=1)[0] == top
        )
        return next(near, None) if alone else None

    def _is_declared(self, place: Place) -> bool:
        return Place(place.resource, "input", place.path) in self._declared.one

    def _drifted(self, place: Place, declared: Facts, real: Facts) -> bool:
        """Whether a real value is known to differ from the declared one."""
        wanted, value = _at(declared, place, "input"), _at(real, place, ASPECT)
        if not wanted or not all(self._is_known(each) for _, each in (*wanted, *value)):
            return False
        if "[" in place.path and wanted[0][0] != place.path:
            return not same(*([each for each in side if not unset(each[1])] for side in (wanted, value)))
        usual = kinds.of(split_key(place.resource)[0]).usual.get(place.path)
        return not same(wanted[0][1], value[0][1] if value else None, usual)

    def _is_known(self, value: Any) -> bool:
        return not isinstance(value, SecretInput) and not is_computed(value) and str(value) not in self._declared.asked


def _at(facts: Facts, place: Place, aspect: str) -> list[tuple[str, Any]]:
    """The value at a place; for an item of a list all items, because most lists are sets."""
    top, bracket, _ = place.path.partition("[")
    if not bracket or top in kinds.of(split_key(place.resource)[0]).ordered:
        found = Place(place.resource, aspect, place.path)
        return [(place.path, facts[found])] if found in facts else []
    return [
        (re.sub(r"\[\d+\]", "[]", each.path), value)
        for each, value in facts.items()
        if (each.resource, each.aspect) == (place.resource, aspect) and each.path.startswith(f"{top}[")
    ]
