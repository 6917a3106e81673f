"""One call to Vercel's API, as the resources declare it and the client sends it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One call to Vercel's API: `{name}` in the path is filled in when it is sent."""

    method: str
    path: str
