"""Renders a report as one HTML page: the verdict, then each finding with its remedy, the gravest first."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from parity.drift.render import UNKNOWABLE, groups, lines, until, verdict
from parity.redact import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parity.drift.model import Finding, Report
    from parity.drift.remediation import Step

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--good:#1a7f37;--bad:#cf222e;--warn:#9a6700}
@media(prefers-color-scheme:dark){:root{--good:#3fb950;--bad:#f85149;--warn:#d29922}}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
header{border-left:.5rem solid var(--tone);background:var(--soft);padding:.75rem 1.25rem;border-radius:.4rem}
.clean{--tone:var(--good)}.drifted{--tone:var(--bad)}.unread{--tone:var(--warn)}
h1{font-size:1.35rem;margin:0;color:var(--tone)}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
article{border:1px solid var(--line);border-radius:.4rem;padding:.75rem 1rem;margin:.75rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .75rem;margin:.4rem 0}dt{opacity:.7}dd{margin:0}
code,pre,dd{overflow-wrap:anywhere}code,pre{font:13px ui-monospace,monospace}
pre{background:var(--soft);padding:.5rem .75rem;border-radius:.3rem;white-space:pre-wrap;margin:.5rem 0 .2rem}
p{margin:.3rem 0}small,.id{opacity:.7;font-weight:normal}.id{white-space:nowrap}
summary{cursor:pointer;font-weight:600;margin:2rem 0 .5rem}
"""


def page(report: Report, steps: Sequence[Step], *, drifted: bool) -> str:
    """The report as one HTML page that needs nothing else."""
    title = _html(f"Drift of {report.stack}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body>{''.join(_body(report, steps, drifted=drifted))}</body></html>\n"
    )


def _body(report: Report, steps: Sequence[Step], *, drifted: bool) -> Iterator[str]:
    state = "unread" if report.read_failures else "drifted" if drifted else "clean"
    yield f'<header class="{state}"><h1>{_html(verdict(report, drifted=drifted))}</h1>'
    last = f" Last update: {report.last_update}." if report.last_update else ""
    # What cannot be known is no finding: a clean stack has nothing to do.
    rest = " Nothing is to be done." if state == "clean" else ""
    yield f"<p>{_html(f'Read at {report.time:%Y-%m-%d %H:%M} UTC.{last}{rest}')}</p></header>"
    yield from _list("Could not be read", map(str, report.read_failures))
    remedies = {step.finding.id: step for step in steps}
    for title, chosen in groups(report, unknowable=True):
        yield from _group(title, chosen, remedies)
    suppressed = (f"{each.id} {each.kind} {each.what}: {until(each)}" for each in report.findings if not each.counts)
    yield from _list("Suppressed in the stack's file", suppressed)
    yield from _list("Notes", report.notes)


def _group(name: str, findings: Sequence[Finding], remedies: dict[str, Step]) -> Iterator[str]:
    title = f"{_html(name)} ({len(findings)})"
    folded = name == UNKNOWABLE
    yield f"<details><summary>{title}</summary>" if folded else f"<h2>{title}</h2>"
    for each in findings:
        yield from _finding(each, remedies.get(each.id))
    if folded:
        yield "</details>"


def _finding(finding: Finding, step: Step | None) -> Iterator[str]:
    yield f'<article><h3>{_html(f"{finding.kind}: {finding.what}")} <code class="id">{finding.id}</code></h3>'
    values = [(name, value) for name, value in (("declared", finding.declared), ("live", finding.live)) if value]
    if values:
        yield f"<dl>{''.join(f'<dt>{name}</dt><dd><code>{_html(value)}</code></dd>' for name, value in values)}</dl>"
    yield from (f"<p>{_html(line)}</p>" for line in lines(finding)[bool(values) :])
    if step is not None:
        command = f"<pre>{_html(step.command)}</pre>" if step.command else ""
        yield f"{command}<small>{_html(f'{step.by}: {step.why}')}</small>"
    yield "</article>"


def _list(title: str, rows: Iterable[str]) -> Iterator[str]:
    items = "".join(f"<li>{_html(row)}</li>" for row in rows)
    if items:
        yield f"<h2>{_html(title)}</h2><ul>{items}</ul>"


def _html(value: str) -> str:
    return html.escape(masked(value))
