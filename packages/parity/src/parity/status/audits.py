"""The drift that the last audit of a stack found: the report that `parity drift --output` kept, or a new one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from parity.documents import mapping, parse, rows
from parity.drift.model import CONCERNS
from parity.status.model import Drift, Unknown

if TYPE_CHECKING:
    from pathlib import Path

    from parity.documents import Document
    from parity.resources.kind import Concern


def read(stack: str, folder: Path) -> Drift | Unknown:
    """What `<folder>/<stack>/report.json` says, as the drift job and `parity drift --output` write it."""
    path = folder / stack / "report.json"
    try:
        return of(parse(path.read_bytes()), f"{folder.name}/{stack}")
    except FileNotFoundError:
        why = f"no audit's report is in {folder.name}/{stack}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{folder.name}/{stack}/report.json cannot be read ({type(error).__name__})"
    return unknown(stack, why)


def of(report: Document, source: str) -> Drift:
    """A report's findings that count, by what they touch.

    Raises:
        KeyError: the report is not complete.
        ValueError: its time is none.
    """
    counted = [each for each in rows(report["findings"]) if each["kind"] != "unknowable" and _counts(each)]
    counts: dict[Concern, int] = {name: sum(each["concern"] == name for each in counted) for name in CONCERNS}
    return Drift(datetime.fromisoformat(str(report["time"])), counts, len(rows(report["read_failures"])), source)


def unknown(stack: str, why: str) -> Unknown:
    """That it is not known, and what finds out."""
    return Unknown("drift", why, f"parity status {stack} --audit")


def _counts(finding: Document) -> bool:
    suppression = mapping(finding.get("suppression"))
    return not suppression or bool(suppression.get("expired"))
