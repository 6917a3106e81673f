"""Whether a deployment can hold what was not declared: variables by name, time and value; settings by value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.config.patterns import fits
from parity.documents import mapping
from parity.resources import kinds
from parity.resources.vercel import variable_name
from parity.resources.vercel_settings import undeclared

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
class Settings:
    """What a build of a project takes of its settings."""

    resources: tuple[str, ...]
    """The project as exceptions name it: type and name, and its URN."""
    declared: Document
    """By Pulumi's names."""
    accepted: Mapping[str, Mapping[str, str]]
    """By pattern of the resource and of the property: the last day (`YYYY-MM-DD`) or an empty text."""

    def accepts(self, path: str) -> bool:
        """Whether a written exception lets this property pass today; never one that is declared."""
        return path.partition(".")[0] not in self.declared and any(
            any(fits(each, resource) for each in self.resources) and fits(path, pattern) and _holds(last)
            for resource, patterns in self.accepted.items()
            for pattern, last in patterns.items()
        )

    def faults(self, project: Document, deployment: Document) -> list[str]:
        """A phrase for each setting that is not as declared, no value."""
        found = (each for each in undeclared(self.declared, project, deployment) if not self.accepts(each[0]))
        return [f"{self.resources[0]}: {path} is not as declared, {when}" for path, when in found]


@dataclass(frozen=True)
class Declared:
    """What the newest release of a project may be built with."""

    project: str
    """Its name."""
    values: Mapping[str, str | None]
    """By name; None where Vercel never shows the value."""
    accepted: Mapping[str, str]
    """What is not declared and accepted in writing: a pattern of its type and name, with the last day (`YYYY-MM-DD`) or
    an empty text."""
    settings: Settings | None = None
    """None of a program that declares none to the switch."""
    sensitive: Mapping[str, Document] = field(default_factory=dict[str, "Document"])
    """Of each variable that Vercel never shows: `id`, and `value`, a mark that changes with the declared value."""
    compared: Mapping[str, Document] = field(default_factory=dict[str, "Document"])
    """The same and `updatedAt`, Vercel's time, as of the last release that passed."""

    def writes(self, variables: Sequence[Document]) -> Mapping[str, Document]:
        """When Vercel says that each sensitive variable was written, for the next release's comparison."""
        ours = {str(each.get("key")): each for each in variables if _PRODUCTION in _targets(each)}
        return {
            name: {**each, "updatedAt": _milliseconds(ours[name], "updatedAt")}
            for name, each in self.sensitive.items()
            if name in ours
        }

    def accepts(self, variable: Document) -> bool:
        """Whether a written exception lets this undeclared variable pass today."""
        name = variable_name(f"{self.project}/{variable.get('key')}", _targets(variable), variable.get("gitBranch"))
        resource = f"{kinds.of(kinds.VARIABLE).name} {name}"
        return any(fits(resource, each) and _holds(last) for each, last in self.accepted.items())


def _holds(last: str) -> bool:
    """Whether an exception's last day is not over; an empty text is none."""
    return not last or last >= datetime.now(UTC).date().isoformat()


def faults(project: Document, deployment: Document, variables: Sequence[Document], declared: Declared) -> list[str]:
    """Why the deployment may hold what was not declared: a phrase for each variable and setting, no value.

    Args:
        project: Vercel's document.
        deployment: Vercel's document; `createdAt` is when it took its variables.
        variables: all of the project's, as Vercel lists them.
        declared: what it may hold.
    """
    made = _milliseconds(deployment, "createdAt")
    ours = [each for each in variables if _PRODUCTION in _targets(each)]
    found = [_fault(each, made, declared) for each in ours]
    gone = sorted(declared.values.keys() - {str(each.get("key")) for each in ours})
    settings = declared.settings.faults(project, deployment) if declared.settings else []
    return [*sorted({each for each in found if each} | {f"{name} is not there" for name in gone}), *settings]


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
    if wanted is None:
        by_hand = _written_by_another(variable, declared.sensitive.get(name), declared.compared.get(name))
        return f"{name} was written by something else than an update" if by_hand else ""
    return "" if variable.get("value") == wanted else f"{name} is not as declared"


def _written_by_another(variable: Document, declared: Document | None, compared: Document | None) -> bool:
    """Whether something else than an update wrote a variable that Vercel never shows.

    An update writes one that is made again, or has another declared value, since the last release that passed. Only
    Vercel's times are compared, with each other.
    """
    if declared is None:
        return False
    if variable.get("id") != declared["id"]:
        return True
    unchanged = compared is not None and all(compared.get(each) == declared[each] for each in declared)
    return unchanged and _milliseconds(variable, "updatedAt") != _milliseconds(mapping(compared), "updatedAt")


def _targets(variable: Document) -> Sequence[str]:
    target = variable.get("target") or ()
    return (target,) if isinstance(target, str) else target


def _milliseconds(document: Document, name: str) -> int:
    """Vercel's time; 0 where there is none, which is before everything."""
    value = document.get(name)
    return int(value) if isinstance(value, int | float) else 0
