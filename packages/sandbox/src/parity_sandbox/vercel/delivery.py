"""How a project's deployments are kept and run: retention, crons, function resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.vercel import wire

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
