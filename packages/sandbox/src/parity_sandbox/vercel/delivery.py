"""How a project's deployments are kept and released: retention, rolling releases, crons, function resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity_sandbox.vercel import wire
from parity_sandbox.vercel.documents import items
from parity_sandbox.vercel.errors import BadRequest

if TYPE_CHECKING:
    from parity_sandbox.store import Document
    from parity_sandbox.vercel.world import World

DAYS = {"1d": 1, "1w": 7, "1m": 30, "2m": 60, "3m": 90, "6m": 180, "1y": 365, "unlimited": 36500}
"""Vercel's words for how long a deployment is kept, and the days that a project's document gives."""

RETENTION: wire.Shape = {
    "expiration": "string",
    "expirationProduction": "string",
    "expirationCanceled": "string",
    "expirationErrored": "string",
}
_RETAINED = {
    "expiration": "expirationDays",
    "expirationProduction": "expirationDaysProduction",
    "expirationCanceled": "expirationDaysCanceled",
    "expirationErrored": "expirationDaysErrored",
}
ROLLING: wire.Shape = {
    "enabled": "boolean", "advancementType": "string", "stages": "array?", "canaryResponseHeader": "boolean",
    "target": "string",
}  # fmt: skip
_STAGE: wire.Shape = {
    "targetPercentage": "number", "duration": "number?", "requireApproval": "boolean", "linearShift": "boolean",
}  # fmt: skip
_ALL_TRAFFIC = 100


def set_retention(world: World, project: Document, given: Document) -> Document:
    """Set how long deployments are kept; what is absent stays. Returns Vercel's words. Raises BadRequest."""
    wire.check(given, RETENTION)
    kept: Document = project.get("deploymentExpiration") or dict.fromkeys(_RETAINED.values(), DAYS["unlimited"])
    for name, value in given.items():
        wire.one_of(name, value, DAYS)
        kept[_RETAINED[name]] = DAYS[value]
    project["deploymentExpiration"] = {"deploymentsToKeep": 10, **kept}
    world.save(project)
    words = {days: word for word, days in DAYS.items()}
    return {"deploymentExpiration": {name: words[kept[field]] for name, field in _RETAINED.items()}}


def rolling_release(project: Document) -> Document:
    """The project's rolling release configuration, null where there is none."""
    return {"rollingRelease": project.get("rollingRelease")}


def set_rolling_release(world: World, project: Document, given: Document) -> Document:
    """Set the stages of a rolling release, or remove it with `enabled: false`; raises BadRequest."""
    wire.check(given, ROLLING)
    if given.get("enabled") is False:
        return clear_rolling_release(world, project)
    stages: list[Document] = items(given, "stages")
    _check_stages(stages, given.get("advancementType"))
    project["rollingRelease"] = {"target": "production", **given}
    world.save(project)
    return rolling_release(project)


def clear_rolling_release(world: World, project: Document) -> Document:
    """Remove the rolling release configuration."""
    project.pop("rollingRelease", None)
    world.save(project)
    return {"rollingRelease": None}


def _check_stages(stages: list[Document], advancement: Any) -> None:
    if advancement is not None:
        wire.one_of("advancementType", advancement, ("automatic", "manual-approval"))
    for stage in stages:
        wire.check(stage, _STAGE, ("targetPercentage",), "`stages` ")
    shares = [stage["targetPercentage"] for stage in stages]
    if len(shares) < 2 or shares[-1] != _ALL_TRAFFIC or shares != sorted(set(shares)):  # noqa: PLR2004 - the description's minimum
        raise BadRequest(
            "Invalid request: `stages` should be at least two, with growing percentages, and end with 100."
        )


def set_crons(world: World, project: Document, *, enabled: bool) -> None:
    """Switch all of a project's crons on or off."""
    now = world.now
    crons: Document = project.get("crons") or {"definitions": [], "deploymentId": None, "enabledAt": now}
    project["crons"] = {**crons, "updatedAt": now, "disabledAt": None if enabled else now}
    if enabled:
        project["crons"]["enabledAt"] = now
    world.save(project)


def set_function_cpu(world: World, project: Document, memory: str) -> Document:
    """Set the default memory type of a project's functions; raises BadRequest."""
    wire.one_of("defaultMemoryType", memory, ("standard_legacy", "standard", "performance"))
    project["resourceConfig"]["functionDefaultMemoryType"] = memory
    world.save(project)
    return function_cpu(project)


def function_cpu(project: Document) -> Document:
    """The default memory type of a project's functions."""
    return {"defaultMemoryType": project["resourceConfig"].get("functionDefaultMemoryType")}
