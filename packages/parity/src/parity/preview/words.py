"""Writes values and names as Markdown and HTML without any markup, mention or reference of their own."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from parity.masked import MASK
from parity.preview.plan import UNCOVERED, UNKNOWN, Absent
from parity.redact import masked

if TYPE_CHECKING:
    from parity.git import Commit
    from parity.preview.plan import Property

REMOVED_FIRST = "removed before the deployment is made, which would get it"
"""Said of a variable that the engine would delete last."""

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~])")
_REFERENCES = {"@": "&#64;", "#": "&#35;"}


def text(value: str) -> str:
    """Text that Markdown shows as it is."""
    escaped = _MARKUP.sub(r"\\\1", html.escape(_line(value), quote=False).replace("&lt;", "<").replace("&gt;", ">"))
    for char, entity in _REFERENCES.items():
        escaped = re.sub(rf"(?<!&){re.escape(char)}", entity, escaped)
    return escaped


def code(value: str, *, limit: int | None = None) -> str:
    """Write text as a code span, also for table cells; `limit` in characters, the rest is counted."""
    shown = _cut(_line(value), limit).replace("|", "\\|")
    if not shown.strip():
        return f"`{json.dumps(shown)}`"
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def tag(value: str) -> str:
    """Text as HTML code, for where Markdown is not read (`<summary>`)."""
    return f"<code>{html.escape(_line(value))}</code>"


def raw(value: str) -> str:
    """Text as HTML."""
    return html.escape(_line(value), quote=False)


def _line(value: str) -> str:
    return re.sub(r"\r\n|\r|\n", "⏎", masked(value))


def _cut(value: str, limit: int | None) -> str:
    if limit is None or len(value) <= limit:
        return value
    return f"{value[:limit]}… ({len(value) - limit} characters more)"


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
    return code(spelled(value), limit=limit)


def commit(each: Commit, repository_url: str | None) -> str:
    """A commit with the first line of its message."""
    if not each.sha:
        return "not committed yet"
    short = f"[`{each.short}`]({repository_url}/commit/{each.sha})" if repository_url else f"`{each.short}`"
    return f"{short} {text(each.subject)}" if each.subject else short
