"""One check of `parity doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "fault"]


@dataclass(frozen=True)
class Check:
    """What one check found."""

    name: str
    state: State
    """`note`: not needed yet, or not there for a good reason."""
    detail: str
    source: str | None = None
    """Where a program came from: PATH, plugin cache, download, build, stand-in."""
    remedy: str | None = None
    brief: str = ""
    """What a line of a terminal has room for, where the detail is longer."""
