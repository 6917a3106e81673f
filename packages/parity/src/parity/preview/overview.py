"""The first lines of a preview's Markdown: gate, policies, parity, what will be live, and what was compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity import markup
from parity.preview import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.preview.report import Report


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
    head = words.commit(report.head, url) if report.head else "no commit"
    base = report.origins.base
    return f"{head}, against {words.commit(base.commit, url)} ({markup.text(base.why)})" if base else head


def many(count: int, one: str, more: str) -> str:
    """A count with its noun."""
    return f"{count} {one if count == 1 else more}"
