"""One call of the stand-in to Vercel's API, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One call to Vercel's API: `{name}` in the path is filled in when it is sent."""

    method: str
    path: str
