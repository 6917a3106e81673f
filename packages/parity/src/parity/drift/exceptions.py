"""Applies the stack's written exceptions to findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from parity.config.patterns import fits
from parity.drift.model import Finding, Suppression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parity.config.stack_models import ParityException


def apply(findings: Iterable[Finding], exceptions: Iterable[ParityException], today: date) -> list[Finding]:
    """Give each finding the exception that suppresses it; an expired exception no longer does."""
    own = [each for each in exceptions if each.accepts == "drift"]
    return [_with(finding, own, today) for finding in findings]


def _with(finding: Finding, exceptions: list[ParityException], today: date) -> Finding:
    for each in exceptions:
        if _matches(each, finding):
            expired = each.expiry is not None and date.fromisoformat(each.expiry) < today
            return replace(finding, suppression=Suppression(each.reason, each.expiry or "", expired))
    return finding


def _matches(exception: ParityException, finding: Finding) -> bool:
    names = (finding.resource, finding.urn or finding.resource)
    return any(fits(name, exception.resource) for name in names) and fits(finding.path or "*", exception.property)
