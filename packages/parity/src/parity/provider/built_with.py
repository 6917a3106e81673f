"""Whether a deployment can hold other variables than those declared: by name, by Vercel's times and by values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.config.patterns import fits
from parity.resources import kinds
from parity.resources.vercel import variable_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = Mapping[str, Any]

_PRODUCTION = "production"
_SERVED = "PROMOTED"
"""Vercel's `readySubstate` of a deployment that domains served already: it was compared before that."""
_SYSTEM = "system"
"""Vercel's type of a variable that only names one of its own."""


def has_served(deployment: Document) -> bool:
    """Whether domains served it before, so that making it live again is going back, or forward again."""
    return deployment.get("readySubstate") == _SERVED


@dataclass(frozen=True)
class Declared:
    """The production variables that the newest release of a project may hold."""

    project: str
    """Its name."""
    values: Mapping[str, str | None]
    """By name; None where Vercel never shows the value."""
    accepted: Mapping[str, str]
    """What is not declared and accepted in writing: a pattern of its type and name, with the last day (`YYYY-MM-DD`) or
    an empty text."""

    def accepts(self, variable: Document) -> bool:
        """Whether a written exception lets this undeclared variable pass today."""
        name = variable_name(f"{self.project}/{variable.get('key')}", _targets(variable), variable.get("gitBranch"))
        resource = f"{kinds.of(kinds.VARIABLE).name} {name}"
        today = datetime.now(UTC).date().isoformat()
        return any(fits(resource, each) for each, last in self.accepted.items() if not last or last >= today)


def faults(deployment: Document, variables: Sequence[Document], declared: Declared) -> list[str]:
    """Why the deployment may hold what was not declared: a phrase for each variable, no value.

    Args:
        deployment: Vercel's document; `createdAt` is when it took its variables.
        variables: all of the project's, as Vercel lists them.
        declared: what it may hold.
    """
    made = _milliseconds(deployment, "createdAt")
    ours = [each for each in variables if _PRODUCTION in _targets(each)]
    found = [_fault(each, made, declared) for each in ours]
    gone = sorted(declared.values.keys() - {str(each.get("key")) for each in ours})
    return sorted({each for each in found if each} | {f"{name} is not there" for name in gone})


def _fault(variable: Document, made: int, declared: Declared) -> str:
    name = str(variable.get("key"))
    if name not in declared.values:
        # Created later, the deployment does not hold it, and the next one would.
        passes = variable.get("type") == _SYSTEM or declared.accepts(variable)
        return "" if passes else f"{name} is not declared"
    if _milliseconds(variable, "createdAt") > made:
        return f"{name} was created after the release was built"
    if _milliseconds(variable, "updatedAt") > made:
        return f"{name} was changed after the release was built"
    wanted = declared.values[name]
    return f"{name} is not as declared" if wanted is not None and variable.get("value") != wanted else ""


def _targets(variable: Document) -> Sequence[str]:
    target = variable.get("target") or ()
    return (target,) if isinstance(target, str) else target


def _milliseconds(document: Document, name: str) -> int:
    """Vercel's time; 0 where there is none, which is before everything."""
    value = document.get(name)
    return int(value) if isinstance(value, int | float) else 0
