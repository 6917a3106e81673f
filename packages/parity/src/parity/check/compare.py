"""Compares what two stacks declare and gives each difference its verdict."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from parity.check.derived import spelled
from parity.check.facts import ABSENT, Facts, Place, facts
from parity.check.trace import Tracer, by_exchange, changed
from parity.check.units import STACK_NAME, Unit, differing, is_missing, look_up, spell
from parity.config.patterns import fits
from parity.config.secret import Secret
from parity.engine.counting import counted
from parity.evaluate.resource import SecretInput
from parity.masked import MASK
from parity.resources.urn import split_key, without_stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.evaluate.graph import Graph

Evaluate = Callable[[str, "Mapping[str, Any]"], "Graph"]
"""The program: a stack's name and its config give the graph that it declares."""

_NAMES_AND_CONFIGS = 4
"""Evaluations: each of both configs under each of both names."""

_NONE: Mapping[str, str] = MappingProxyType({})

NOT_AT_HAND = "[secret, not at hand]"
CLEAR = "[in the clear]"
"""Replaces a value that the other stack keeps as a secret, because it is most likely one too."""

Verdict = Literal["declared", "excepted", "computed", "unexplained"]

_KEY = secrets.token_bytes(32)
"""The key of this process's fingerprints of secrets, which say equal or different and nothing else."""


@dataclass(frozen=True)
class Accepted:
    """An entry of `parity:exceptions`, as this comparison uses it."""

    stack: str
    resource: str
    property: str
    reason: str
    expiry: str
    """The last day it holds, `YYYY-MM-DD`; empty if it has no end."""
    expired: bool = False
    where: str = ""
    """Its place, `Pulumi.prod.yaml:80`."""


@dataclass(frozen=True)
class Side:
    """One of the two stacks."""

    stack: str
    values: Mapping[str, Any]
    """Its config by full key; secrets are `Secret` objects, all of them with a value (a stand-in where sealed)."""
    accepted: tuple[Accepted, ...] = ()
    locate: Callable[[Unit], str] = lambda _: ""
    """Gives the place of a part of the config, `Pulumi.prod.yaml:22`; empty if it is not known."""


@dataclass(frozen=True)
class Value:
    """One stack's value of a part of the config, as it may be shown, and its place."""

    text: str
    where: str


@dataclass(frozen=True)
class Origin:
    """A part of the config that a differing fact follows."""

    key: str
    one: Value
    other: Value


@dataclass(frozen=True)
class Difference:
    """One fact that is not the same in both stacks."""

    place: Place
    one: str
    other: str
    verdict: Verdict
    why: str
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True)
class Unused:
    """An exception that matches nothing or has expired, which is a fault too."""

    accepted: Accepted
    why: str
    matched: bool = False
    """Whether it matches a difference all the same."""


@dataclass(frozen=True)
class Result:
    """The result of comparing two stacks."""

    one: str
    other: str
    resources: int
    """Resources that the first stack declares."""
    facts: int
    """Facts that were compared."""
    equal: int
    """Facts that are equal up to the stack's name."""
    differences: tuple[Difference, ...]
    unused: tuple[Unused, ...]
    sealed: bool
    """Whether secrets' values were not known, so that none of them was compared."""
    evaluations: int
    """How many times the program was run."""

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """The differences that neither a key nor an exception explains."""
        return tuple(each for each in self.differences if each.verdict == "unexplained")

    @property
    def clean(self) -> bool:
        """Whether keys and exceptions explain all differences, and no exception is unused."""
        return not self.unexplained and not self.unused


def compare(
    one: Side,
    other: Side,
    evaluate: Evaluate,
    *,
    derived: Mapping[str, str] = _NONE,
    sealed: bool = False,
    workers: int | None = None,
) -> Result:
    """Compare two stacks' graphs, trace each difference and judge it.

    Args:
        one: the stack to compare from.
        other: the stack to compare to.
        evaluate: the program: a stack's name and a config give a graph.
        derived: what each secret that the program derived is for, by its value; filled while the program runs.
        sealed: the secrets' values are stand-ins: where they go is compared, what they are is not.
        workers: processes that evaluate; as many as there are cores where it is not given.

    Raises:
        Whatever the program raises for either stack.
    """
    # Parts are exchanged under the other stack's name, so that what follows the name alone does not move.
    under_other = under_name(one.values, other.stack)
    try:
        source = evaluate(other.stack, under_other)
    except Exception:
        evaluate(one.stack, one.values)  # what fails for this config is said of its own stack
        raise
    units = differing(one.values, other.values)

    def traced(values: Mapping[str, Any], target: Mapping[str, Any], base: Graph) -> Tracer:
        moved = by_exchange(lambda mixed: evaluate(other.stack, mixed), values, target, base, workers=workers)
        return Tracer(moved, units)

    tracer = traced(under_other, other.values, source)
    with tracer.begun():
        mine, renamed = facts(evaluate(one.stack, one.values)), facts(source)
        target = evaluate(other.stack, other.values)
        theirs = facts(target)
        # Both configs are tried under both names: a branch may show under one of the configs alone.
        name = _Name(one.stack, other.stack, derived)
        back = facts(evaluate(one.stack, under_name(other.values, one.stack)))
        branching = name.branches(mine, renamed) | name.branches(back, theirs)
        # Facts that are equal under one name are equal; all others must follow the config.
        unequal = changed(renamed, theirs)
    origins = tracer.origins(unequal)
    evaluations = _NAMES_AND_CONFIGS + tracer.asked
    # If two keys make a difference only together, each of them alone removes it from the other side.
    unexplained = [place for place in unequal if not origins[place]]
    if unexplained:
        backwards = traced(other.values, under_other, target)
        origins |= backwards.origins(unexplained)
        evaluations += backwards.asked
    judge = _Judge(one, other, mine, theirs, sealed)
    differences = [
        judge(place, origins.get(place, frozenset()), branching=place in branching)
        for place in sorted(unequal | branching)
    ]
    judged, unused = excepted(differences, (*one.accepted, *other.accepted))
    total = len(mine.keys() | theirs.keys())
    return Result(
        one=one.stack,
        other=other.stack,
        resources=counted(place.resource for place in mine if place.aspect == "resource"),
        facts=total,
        equal=total - len(unequal | branching),
        differences=tuple(judged),
        unused=tuple(unused),
        sealed=sealed,
        evaluations=evaluations,
    )


def branches(one: Side, other: Side, evaluate: Evaluate, derived: Mapping[str, str] = _NONE) -> frozenset[Place]:
    """The places that follow the stack's name; they are unexplained, whatever else they follow.

    Both configs are tried under both names: a branch may show under one of the configs alone.
    """
    name = _Name(one.stack, other.stack, derived)
    found: frozenset[Place] = frozenset()
    for values in (one.values, other.values):
        before, after = (facts(evaluate(stack, under_name(values, stack))) for stack in (one.stack, other.stack))
        found |= name.branches(before, after)
    return found


def under_name(values: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """A config as the stack `stack` would have it."""
    return {**values, "parity:environment": stack}


class _Name:
    """Decides whether two values are the same up to the stack's name inside a name."""

    def __init__(self, one: str, other: str, derived: Mapping[str, str]) -> None:
        self._derived = derived
        self._either = f"(?:{re.escape(one)}|{re.escape(other)})"
        self._pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])")

    def _spelled(self, value: Any) -> Any:
        return spelled(value, self._derived) if isinstance(value, str) else value

    def branches(self, before: Facts, after: Facts) -> frozenset[Place]:
        """The places that change with the stack's name alone, and not as a part of a name."""
        return frozenset(
            place
            for place in changed(before, after)
            if not self.only(before.get(place, ABSENT), after.get(place, ABSENT))
        )

    def only(self, one: Any, other: Any) -> bool:
        """Whether `other` is `one` with the stack's name exchanged, everywhere or in some places.

        In some, because a value may also hold the name as a part of what the config gives (a host). A secret that is
        derived counts as what it is derived for: a role's name and a number.
        """
        if isinstance(one, SecretInput) and isinstance(other, SecretInput):
            return self.only(*(self._spelled(each.value) for each in (one, other)))
        if isinstance(one, str) and isinstance(other, str):
            parts = [re.escape(part) for part in self._pattern.split(one)]
            return re.fullmatch(self._either.join(parts), other, re.DOTALL) is not None
        return type(one) is type(other) and one == other


def same_but_for_the_name(stack: str, other_stack: str, one: Any, other: Any) -> bool:
    """Whether two values are the same but for the stack's name in them."""
    return _Name(stack, other_stack, {}).only(one, other)


@dataclass(frozen=True)
class _Judge:
    """Gives a differing fact its verdict."""

    one: Side
    other: Side
    mine: Facts
    theirs: Facts
    sealed: bool

    def __call__(self, place: Place, origins: frozenset[Unit], *, branching: bool) -> Difference:
        sealed = self.sealed and not self._in_the_clear(origins)
        one, other = shown(*self._values(place, origins), sealed=sealed)
        named = tuple(self._origin(unit) for unit in sorted(origins))
        if branching:
            why = "follows the stack's name, and not as a part of a name: the program treats the stacks differently"
            named = (*named, Origin(spell(STACK_NAME), Value(self.one.stack, ""), Value(self.other.stack, "")))
            return Difference(place, one, other, "unexplained", why, named)
        if not origins:
            return Difference(place, one, other, "unexplained", "no key of the stacks' files explains it")
        return Difference(place, one, other, "declared", "follows the stacks' files", named)

    def _values(self, place: Place, origins: frozenset[Unit]) -> tuple[Any, Any]:
        """Both values; where the program seals what both files have in the clear, there is no secret to mask."""
        sealed = self.mine.get(place, ABSENT), self.theirs.get(place, ABSENT)
        plain = [
            each.value
            for each, side in zip(sealed, (self.one, self.other), strict=True)
            if isinstance(each, SecretInput)
            and any(_text(look_up(side.values, unit)) == _fact(each.value) for unit in origins)
        ]
        return (plain[0], plain[1]) if len(plain) == len(sealed) else sealed

    def _in_the_clear(self, origins: frozenset[Unit]) -> bool:
        """Whether a value follows only plain parts of the config, so that it is known without the secrets."""
        values = [look_up(side.values, unit) for unit in origins for side in (self.one, self.other)]
        return bool(values) and not any(isinstance(value, Secret) for value in values)

    def _origin(self, unit: Unit) -> Origin:
        one, other = look_up(self.one.values, unit), look_up(self.other.values, unit)
        texts = _shown_config(one, other, sealed=self.sealed)
        return Origin(spell(unit), *map(Value, texts, (self.one.locate(unit), self.other.locate(unit))))


def _shown_config(one: Any, other: Any, *, sealed: bool) -> tuple[str, str]:
    if isinstance(one, Secret) or isinstance(other, Secret):
        if is_missing(one) or is_missing(other):
            return tuple(ABSENT if is_missing(each) else MASK for each in (one, other))  # pyright: ignore[reportReturnType]
        return _compared(equal=type(one) is type(other) and one == other, sealed=sealed)
    return _text(one), _text(other)


def _text(value: Any) -> str:
    """Write a value of the config as one line, with secrets masked."""
    if is_missing(value):
        return ABSENT
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def shown(one: Any, other: Any, *, sealed: bool) -> tuple[str, str]:
    """Show both values as text; of secrets only whether they are equal."""
    if isinstance(one, SecretInput) or isinstance(other, SecretInput):
        if ABSENT in (one, other):
            return tuple(ABSENT if each == ABSENT else MASK for each in (one, other))  # pyright: ignore[reportReturnType]
        if type(one) is not type(other):
            return tuple(MASK if isinstance(each, SecretInput) else CLEAR for each in (one, other))  # pyright: ignore[reportReturnType]
        return _compared(equal=fingerprint(one) == fingerprint(other), sealed=sealed)
    return _fact(one), _fact(other)


def _fact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _compared(*, equal: bool, sealed: bool) -> tuple[str, str]:
    if sealed:
        return NOT_AT_HAND, NOT_AT_HAND
    return MASK, "[secret, equal]" if equal else "[secret, different]"


def fingerprint(value: Any) -> str:
    """A keyed fingerprint, 16 hex digits, good for comparing within this process and for nothing else."""
    inner = value.value if isinstance(value, SecretInput) else value
    return hmac.new(_KEY, repr(inner).encode(), hashlib.sha256).hexdigest()[:16]


def excepted(differences: Sequence[Difference], accepted: Sequence[Accepted]) -> tuple[list[Difference], list[Unused]]:
    """Except each unexplained difference that an exception names; exceptions that name none are faults."""
    used: set[Accepted] = set()
    judged: list[Difference] = []
    for each in differences:
        wanted = accepted if each.verdict == "unexplained" else ()
        match = next((entry for entry in wanted if _matches(entry, each.place)), None)
        if match is None:
            judged.append(each)
            continue
        used.add(match)
        if not match.expired:
            why = f"excepted in {match.stack}: {match.reason}"
            each = Difference(each.place, each.one, each.other, "excepted", why, each.origins)  # noqa: PLW2901
        judged.append(each)
    unused = [Unused(entry, "matches no difference; remove it") for entry in accepted if entry not in used]
    late = "has expired; renew it with a reason or remove the difference"
    return judged, unused + [Unused(entry, late, matched=True) for entry in used if entry.expired]


def _matches(entry: Accepted, place: Place) -> bool:
    """Whether an entry names a place: the resource by URN, type and name, or name; only `*` is special."""
    wanted = without_stack(entry.resource)
    type_, name = split_key(place.resource)
    known = (place.resource, f"{type_}::{name}", name)
    return any(fits(text, wanted) for text in known) and fits(place.path or "*", entry.property)
