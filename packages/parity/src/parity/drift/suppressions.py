"""Writes an exception for a finding into the stack's file and keeps every other byte."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

from parity.config import yaml_edit
from parity.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

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
        "accepts": "drift",
        "resource": resource,
        "property": finding.path or "*",
        "reason": reason,
        "expiry": expiry.isoformat(),
    }
    return "{" + ", ".join(f"{name}: {_scalar(name, value)}" for name, value in fields.items()) + "}"


def _scalar(name: str, value: str) -> str:
    """Write a YAML scalar; JSON's strings are valid YAML."""
    return value if name == "accepts" else json.dumps(value, ensure_ascii=False)


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
