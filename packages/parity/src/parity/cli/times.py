"""Times as a person gives them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def from_now(text: str, now: datetime) -> datetime:
    """The time, UTC: `90m`, `8h`, `3d` from `now`, or ISO 8601 with a zone.

    Raises:
        ValueError: it is neither, or too far away.
    """
    if span := re.fullmatch(r"(\d{1,5})([mhd])", text):
        return now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is no time") from error
    if found.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return found.astimezone(UTC)
