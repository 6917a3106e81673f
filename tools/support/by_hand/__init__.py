"""More changes by hand, enumerated from what the vendors let one write: each is made alone and must be reported or named.

`tools/support/mutations` has a change for each property of what the program declares. Here each attribute, privilege,
command and setting of the vendors stands once more by itself, with every value that it takes, whether the program knows
of it or not. A change that an audit does not report names the reason, which docs/drift.md gives.
"""

from __future__ import annotations

from support.by_hand import github, postgres, vercel
from support.by_hand.model import Change

__all__ = ["CHANGES", "Change"]

CHANGES: tuple[Change, ...] = (*postgres.CHANGES, *github.CHANGES, *vercel.CHANGES)
