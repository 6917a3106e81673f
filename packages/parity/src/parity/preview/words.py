"""Writes a plan's values and commits as Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parity import markup
from parity.masked import MASK
from parity.preview.plan import UNCOVERED, UNKNOWN, Absent
from parity.redact import masked

if TYPE_CHECKING:
    from parity.git import Commit
    from parity.preview.plan import Property

REMOVED_FIRST = "removed before the deployment is made, which would get it"
"""Said of a variable that the engine would delete last."""


def spelled(value: Any) -> str:
    """A property's value as a person writes it: text bare, everything else as JSON."""
    return masked(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def cells(each: Property, limit: int | None) -> tuple[str, str]:
    """A property's two values for a table: before and after."""
    changed = each.before == MASK and each.after == MASK
    before = "" if isinstance(each.before, Absent) else _cell(each.before, limit)
    after = "" if isinstance(each.after, Absent) else _cell(each.after, limit)
    return before, f"{after}, changed" if changed else after


def _cell(value: Any, limit: int | None) -> str:
    if value == MASK:
        return "\\" + MASK
    if value == UNKNOWN:
        return "*known after the update*"
    if value == UNCOVERED:
        return "*no longer secret*, not shown"
    return markup.code(spelled(value), limit=limit)


def commit(each: Commit, repository_url: str | None) -> str:
    """A commit with the first line of its message."""
    if not each.sha:
        return "not committed yet"
    short = f"[`{each.short}`]({repository_url}/commit/{each.sha})" if repository_url else f"`{each.short}`"
    return f"{short} {markup.text(each.subject)}" if each.subject else short
