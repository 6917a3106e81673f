"""Writes a plan's values and commits as Markdown, and the table that a reviewer reads first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parity import markup
from parity.masked import MASK
from parity.preview.plan import UNCOVERED, UNKNOWN, Absent
from parity.redact import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.git import Commit
    from parity.preview.plan import Property
    from parity.preview.report import Report

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


def overview(report: Report) -> Iterator[str]:
    """The table that a reviewer reads first."""
    yield "| what | result |"
    yield "| --- | --- |"
    yield f"| Gate | {_gate_line(report)} |"
    yield f"| Policies | {_policy_line(report)} |"
    yield f"| Parity | {_parity_line(report)} |"
    yield f"| Live | {_live_line(report)} |"
    yield f"| Compared | {_compared_line(report)} |"
    if report.digest:
        yield f"| Plan | `{report.digest}` |"


def _gate_line(report: Report) -> str:
    gate = report.gate
    if not report.plan.complete:
        return "⚠️ the plan is not complete"
    said: list[str] = []
    if gate.blocking:
        count = len({each.urn for each in gate.blocking})
        said.append(f"⛔ {many(count, 'dangerous change needs', 'dangerous changes need')} an acknowledgement")
    if gate.acknowledged:
        count = len({each.urn for each in gate.acknowledged})
        said.append(f"⚠️ {many(count, 'dangerous change was', 'dangerous changes were')} acknowledged")
    if gate.stale:
        said.append(f"⚠️ {many(len(gate.stale), 'acknowledgement names', 'acknowledgements name')} nothing dangerous")
    return "; ".join(said) or "✅ nothing dangerous"


def _policy_line(report: Report) -> str:
    refusals = len(report.plan.refused)
    others = len(report.plan.violations) - refusals
    said = [f"⛔ {many(refusals, 'refusal', 'refusals')}"] if refusals else []
    said += [f"⚠️ {many(others, 'advice', 'advices')}"] if others else []
    return ", ".join(said) or ("✅ nothing to object" if report.plan.complete else "⚠️ the plan is not complete")


def _parity_line(report: Report) -> str:
    mark = {"same": "✅", "different": "❌", "unknown": "⚠️"}[report.proof.state]
    return f"{mark} {markup.text(report.proof.summary)}"


def _live_line(report: Report) -> str:
    switched = [each for each in report.serving if each.switches]
    if not switched:
        return "nothing that users see is switched"
    return ", ".join(
        f"{markup.text(each.application)} {each.before or 'nothing'} → **{each.after or 'nothing'}**"
        for each in switched
    )


def _compared_line(report: Report) -> str:
    url = report.run.repository_url if report.run else None
    head = commit(report.head, url) if report.head else "no commit"
    base = report.origins.base
    return f"{head}, against {commit(base.commit, url)} ({markup.text(base.why)})" if base else head


def many(count: int, one: str, more: str) -> str:
    """A count with its noun."""
    return f"{count} {one if count == 1 else more}"
