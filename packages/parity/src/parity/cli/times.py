"""Times as a person gives them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from parity.errors import UsageError

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _read(text: str, now: datetime, sign: int) -> datetime:
    """So many minutes, hours or days after `now`, or before it, or ISO 8601; raises ValueError where it is neither."""
    if span := re.fullmatch(r"(\d{1,5})([mhd])", text):
        return now + sign * timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is no time") from error


def from_now(text: str, now: datetime) -> datetime:
    """The time, UTC: `90m`, `8h`, `3d` from `now`, or ISO 8601 with a zone; raises ValueError where it is neither."""
    found = _read(text, now, 1)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return found.astimezone(UTC)


def ago(text: str | None, now: datetime, option: str) -> datetime | None:
    """The time, UTC: `90m`, `8h`, `3d` before `now`, or ISO 8601, UTC where it has no zone; None for none.

    Raises UsageError, which names the option, where it is neither.
    """
    if text is None:
        return None
    try:
        found = _read(text, now, -1)
    except ValueError:
        remedy = "give 2h, 30m, 3d, 2026-11-24 or 2026-11-24T21:00"
        raise UsageError(f"{text!r} is no time", where=option, remedy=remedy) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
