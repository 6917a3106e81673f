"""The stack's written exceptions: applied to findings, and written for one with every other byte kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from parity.config import yaml_edit
from parity.config.patterns import fits
from parity.drift.model import Suppression
from parity.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from parity.config.stack_models import ParityException
    from parity.drift.model import Finding, Report

DAYS = 30
"""How long an exception holds by default, days."""


def choose(report: Report, identity: str) -> Finding:
    """Choose the finding with this id.

    Raises:
        UsageError: there is none, or it is unknowable, which needs no exception.
    """
    chosen = next((each for each in report.findings if each.id == identity), None)
    if chosen is None:
        known = ", ".join(each.id for each in report.findings if each.kind != "unknowable") or "none"
        raise UsageError(f"there is no finding {identity}", where=report.stack, remedy=f"findings now: {known}")
    if chosen.kind == "unknowable":
        raise UsageError(
            f"{identity} is unknowable: nothing was found that could be suppressed", remedy="it makes no stack unclean"
        )
    return chosen


def entry(finding: Finding, reason: str, expiry: date) -> str:
    """Write the exception as one line of YAML."""
    resource = finding.urn or finding.resource
    fields = {
        "resource": resource,
        "property": finding.path or "*",
        "reason": reason,
        "expiry": expiry.isoformat(),
    }
    # JSON's strings are valid YAML.
    more = (f", {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())
    return f"{{accepts: drift{''.join(more)}}}"


def last_day(given: str | None, today: date) -> date:
    """Parse the exception's last day; by default it is `DAYS` from today.

    Raises:
        UsageError: it is no date, or it is past.
    """
    if given is None:
        return today + timedelta(days=DAYS)
    try:
        found = date.fromisoformat(given)
    except ValueError as error:
        raise UsageError(f"{given!r} is no date", where="--expiry", remedy="write it as YYYY-MM-DD") from error
    if found < today:
        raise UsageError(f"{given} is over", where="--expiry", remedy="give a day to come")
    return found


def write(path: Path, line: str) -> None:
    """Append an exception to `parity:exceptions` of a stack's file.

    Raises:
        ProjectError: the file has no such list.
    """
    text = path.read_bytes().decode()
    found = yaml_edit.find(yaml_edit.compose(text), ("config", "parity:exceptions"))
    if found is None:
        raise ProjectError(
            "the stack's file has no `parity:exceptions`", where=str(path), remedy="add `parity:exceptions: []`"
        )
    path.write_bytes(yaml_edit.append_item(text, found[1], found[2], line).encode())


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
