"""Makes each change by hand alone and says whether an audit reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support import recall
from support.mutations import MIGRATED, World

if TYPE_CHECKING:
    from support.by_hand.model import Change
    from support.program import Instance


@dataclass(frozen=True)
class Result:
    """What came of one change."""

    change: Change
    reported: bool
    findings: tuple[str, ...]
    """Everything that the audit reported."""
    failures: tuple[str, ...]
    """What it could not read."""


def alone(instance: Instance, change: Change) -> Result:
    """Make one change after the migration, and audit."""
    instance.local.client().load_snapshot(MIGRATED)
    change.make(World(instance))
    report = recall.audited(instance).report
    findings = tuple(each for each in report.findings if each.kind != "unknowable")
    said = tuple(f"{each.kind} {each.type.split(':')[-1]} {each.name} {each.path}" for each in findings)
    return Result(change, change.reported(findings), said, tuple(map(str, report.read_failures)))
