"""Compares what two stacks declare and gives each difference its verdict."""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from parity.check.facts import ABSENT, Facts, Place, facts
from parity.check.trace import Tracer, changed
from parity.check.units import STACK_NAME, Unit, differing, is_missing, look_up, spell
from parity.graph import SecretInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity.graph import Graph

Verdict = Literal["declared", "excepted", "break"]

_KEY = secrets.token_bytes(32)
"""Fingerprints of secrets are keyed for this process alone: they say equal or different and nothing else."""


@dataclass(frozen=True)
class Accepted:
    """An entry of `parity:exceptions`, as this comparison uses it."""

    stack: str
    resource: str
    property: str
    reason: str
    expired: bool


@dataclass(frozen=True)
class Side:
    """One of the two stacks."""

    stack: str
    values: Mapping[str, Any]
    """Its config by full key; secrets are `infra.secret.Secret`, all of them with a value (a stand-in where sealed)."""
    evaluate: Callable[[str, Mapping[str, Any]], Graph]
    """The program: a stack's name and a config give a graph."""
    accepted: tuple[Accepted, ...] = ()
    sealed: bool = False


@dataclass(frozen=True)
class Origin:
    """A part of the config that a differing fact follows, with both values as they may be shown."""

    key: str
    one: str
    other: str


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
    """An exception that matches nothing, or no longer holds: a fault in itself."""

    accepted: Accepted
    why: str


@dataclass(frozen=True)
class Result:
    """What the comparison of two stacks came to."""

    one: str
    other: str
    resources: int
    """Resources that the first stack declares."""
    facts: int
    """Facts that were compared."""
    equal: int
    """Facts that are the same, up to the stack's name in theirs."""
    differences: tuple[Difference, ...]
    unused: tuple[Unused, ...]
    sealed: bool
    """Whether secrets' values were not at hand, so that none of them was compared."""
    evaluations: int

    @property
    def breaks(self) -> tuple[Difference, ...]:
        """The differences that nothing written down explains."""
        return tuple(each for each in self.differences if each.verdict == "break")

    @property
    def clean(self) -> bool:
        """Whether staging and prod are the same but for what is written down."""
        return not self.breaks and not self.unused


def compare(one: Side, other: Side) -> Result:
    """Compare two stacks' graphs, trace each difference and judge it.

    Raises:
        Whatever the program raises for either stack.
    """
    mine, theirs = facts(one.evaluate(one.stack, one.values)), facts(other.evaluate(other.stack, other.values))
    renamed = facts(one.evaluate(other.stack, under_name(one.values, other.stack)))
    back = facts(other.evaluate(one.stack, under_name(other.values, one.stack)))
    name = _Name(one.stack, other.stack)
    # Both configs are tried under both names: a branch may show under one of the configs alone.
    branching = frozenset(
        place
        for before, after in ((mine, renamed), (back, theirs))
        for place in changed(before, after)
        if not name.only(_at(before, place), _at(after, place))
    )
    # What is equal once both have one name is equal; what then differs must follow the config.
    unequal = changed(renamed, theirs)
    units = differing(one.values, other.values)
    # Parts are exchanged under the other stack's name, so that what follows the name alone does not move.
    tracer = Tracer(
        lambda values: facts(other.evaluate(other.stack, values)),
        under_name(one.values, other.stack),
        other.values,
        units,
    )
    origins = tracer.origins(unequal)
    judge = _Judge(one, other, mine, theirs)
    differences = [
        judge(place, origins.get(place, frozenset()), branching=place in branching)
        for place in sorted(unequal | branching)
    ]
    judged, unused = _except(differences, (*one.accepted, *other.accepted))
    total = len(mine.keys() | theirs.keys())
    return Result(
        one=one.stack,
        other=other.stack,
        resources=sum(place.aspect == "resource" for place in mine),
        facts=total,
        equal=total - len(unequal),
        differences=tuple(judged),
        unused=tuple(unused),
        sealed=one.sealed or other.sealed,
        evaluations=4 + tracer.evaluations,
    )


def under_name(values: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """A config as the stack `stack` would have it."""
    return {**values, "parity:environment": stack}


class _Name:
    """Knows when two values are the same up to the stack's name in a name."""

    def __init__(self, one: str, other: str) -> None:
        self._either = f"(?:{re.escape(one)}|{re.escape(other)})"
        self._pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])")

    def only(self, one: Any, other: Any) -> bool:
        """Whether `other` is `one` with the stack's name exchanged, everywhere or in some places.

        In some, because a value may also hold the name as a part of what the config gives (a host). A secret that is
        derived under the name counts as such.
        """
        if isinstance(one, SecretInput) and isinstance(other, SecretInput):
            return self.only(_underived(one.value), _underived(other.value))
        if isinstance(one, str) and isinstance(other, str):
            parts = [re.escape(part) for part in self._pattern.split(one)]
            return re.fullmatch(self._either.join(parts), other, re.DOTALL) is not None
        return type(one) is type(other) and one == other


_DERIVED = re.compile(r"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]{43}|[0-9a-f]{32})(?![A-Za-z0-9_-])")
"""What is derived from the stack secret: a password (32 bytes, base64url) or a protection bypass (32 hex digits)."""


def _underived(value: Any) -> Any:
    """A secret value with each derived password made the same; a connection URL keeps its role, host and database."""
    return _DERIVED.sub("[derived]", value) if isinstance(value, str) else value


def _at(source: Facts, place: Place) -> Any:
    return source.get(place, ABSENT)


@dataclass(frozen=True)
class _Judge:
    """Gives a differing fact its verdict."""

    one: Side
    other: Side
    mine: Facts
    theirs: Facts

    def __call__(self, place: Place, origins: frozenset[Unit], *, branching: bool) -> Difference:
        one, other = _shown(_at(self.mine, place), _at(self.theirs, place))
        named = tuple(_origin(unit, self.one, self.other) for unit in sorted(origins))
        if branching:
            why = "follows the stack's name, and not as a part of a name: the program treats the stacks differently"
            named = (*named, Origin(spell(STACK_NAME), self.one.stack, self.other.stack))
            return Difference(place, one, other, "break", why, named)
        if not origins:
            return Difference(place, one, other, "break", "no key of the stacks' config explains it")
        return Difference(place, one, other, "declared", "follows the stacks' config", named)


def _origin(unit: Unit, one: Side, other: Side) -> Origin:
    shown = _shown_config(look_up(one.values, unit), look_up(other.values, unit), sealed=one.sealed or other.sealed)
    return Origin(spell(unit), *shown)


def _shown_config(one: Any, other: Any, *, sealed: bool) -> tuple[str, str]:
    if hasattr(one, "reveal") or hasattr(other, "reveal"):
        if sealed:
            return "[secret, not at hand]", "[secret, not at hand]"
        same = type(one) is type(other) and one == other
        return "[secret]", "[secret, equal]" if same else "[secret, different]"
    return _text(one), _text(other)


def _text(value: Any) -> str:
    if is_missing(value):
        return ABSENT
    return value if isinstance(value, str) else repr(value)


def _shown(one: Any, other: Any) -> tuple[str, str]:
    """Both values as text; of secrets only whether they are equal."""
    if isinstance(one, SecretInput) or isinstance(other, SecretInput):
        if ABSENT in (one, other):
            return _shown_secret(one), _shown_secret(other)
        return "[secret]", "[secret, equal]" if fingerprint(one) == fingerprint(other) else "[secret, different]"
    return str(one), str(other)


def _shown_secret(value: Any) -> str:
    return ABSENT if value == ABSENT else "[secret]"


def fingerprint(value: Any) -> str:
    """A keyed fingerprint, 16 hex digits, good for comparing within this process and for nothing else."""
    inner = value.value if isinstance(value, SecretInput) else value
    return hmac.new(_KEY, repr(inner).encode(), hashlib.sha256).hexdigest()[:16]


def _except(differences: Sequence[Difference], accepted: Sequence[Accepted]) -> tuple[list[Difference], list[Unused]]:
    """Give each break that an exception names its reason; the exceptions that name none are faults."""
    used: set[Accepted] = set()
    judged: list[Difference] = []
    for each in differences:
        match = next((entry for entry in accepted if each.verdict == "break" and _matches(entry, each.place)), None)
        if match is None:
            judged.append(each)
            continue
        used.add(match)
        if not match.expired:
            why = f"excepted in {match.stack}: {match.reason}"
            each = Difference(each.place, each.one, each.other, "excepted", why, each.origins)  # noqa: PLW2901
        judged.append(each)
    unused = [Unused(entry, "matches no difference; remove it") for entry in accepted if entry not in used]
    unused += [
        Unused(entry, "has expired; renew it with a reason or mend the difference") for entry in used if entry.expired
    ]
    return judged, unused


def _matches(entry: Accepted, place: Place) -> bool:
    resource = fnmatch.fnmatchcase(place.resource, entry.resource) or fnmatch.fnmatchcase(
        place.resource.rpartition("::")[2], entry.resource
    )
    return resource and fnmatch.fnmatchcase(place.path or "*", entry.property)
