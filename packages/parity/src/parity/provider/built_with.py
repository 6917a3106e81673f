"""Whether a deployment can hold other variables than those declared: by Vercel's times and by values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = Mapping[str, Any]

_PRODUCTION = "production"
_SERVED = "PROMOTED"
"""Vercel's `readySubstate` of a deployment that domains served already: it was compared before that."""


def has_served(deployment: Document) -> bool:
    """Whether domains served it before, so that making it live again is going back, or forward again."""
    return deployment.get("readySubstate") == _SERVED


def faults(deployment: Document, variables: Sequence[Document], declared: Mapping[str, str | None]) -> list[str]:
    """Why the deployment may hold what was not declared: a phrase for each variable, no value.

    Args:
        deployment: Vercel's document; `createdAt` is when it took its variables.
        variables: all of the project's, as Vercel lists them.
        declared: the value of each production variable by name; None where Vercel never shows it.
    """
    made = _milliseconds(deployment, "createdAt")
    ours = [each for each in variables if _PRODUCTION in _targets(each)]
    found = [_fault(each, made, declared) for each in ours]
    gone = sorted(declared.keys() - {str(each.get("key")) for each in ours})
    return sorted({each for each in found if each} | {f"{name} is not there" for name in gone})


def _fault(variable: Document, made: int, declared: Mapping[str, str | None]) -> str:
    name = str(variable.get("key"))
    if _milliseconds(variable, "createdAt") > made:
        return f"{name} was created after the release was built"
    if _milliseconds(variable, "updatedAt") > made:
        return f"{name} was changed after the release was built"
    wanted = declared.get(name)
    if wanted is not None and variable.get("value") != wanted and not variable.get("gitBranch"):
        return f"{name} is not as declared"
    return ""


def _targets(variable: Document) -> Sequence[str]:
    target = variable.get("target") or ()
    return (target,) if isinstance(target, str) else target


def _milliseconds(document: Document, name: str) -> int:
    """Vercel's time; 0 where there is none, which is before everything."""
    value = document.get(name)
    return int(value) if isinstance(value, int | float) else 0
