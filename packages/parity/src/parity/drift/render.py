"""Renders a report for people: plain text, and Markdown for an issue; and one HTML page."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from parity import markup
from parity.drift.model import CONCERNS, KINDS, Finding, Report
from parity.redact import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parity.drift.model import Finding, Report
    from parity.drift.remediation import Step

UNKNOWABLE = "Unknowable: no API shows it, so it may differ"


def verdict(report: Report, *, drifted: bool) -> str:
    """Say in one sentence whether the stack is clean."""
    if report.read_failures:
        rest = "what could be read is below" if report.inventoried else "nothing could be read"
        return f"{report.stack}: not everything could be read, so it is not known to be clean; {rest}"
    if drifted:
        counts = ", ".join(f"{len(report.of(kind))} {kind}" for kind in KINDS if report.of(kind))
        return f"{report.stack}: drifted: {counts}"
    unknowable = len(report.of("unknowable"))
    more = f"; {unknowable} values are shown by no API" if unknowable else ""
    return f"{report.stack}: clean: {report.inventoried} of {report.declared} resources are as declared{more}"


def lines(finding: Finding) -> list[str]:
    """A finding's facts, a line each, without its heading."""
    found: list[str] = []
    if finding.declared or finding.live:
        found.append(f"{finding.declared} -> {finding.live}" if finding.declared else finding.live)
    if finding.kind in {"changed", "unmanaged", "cross-stack"} and (finding.since or finding.by):
        at = f" at {finding.since:%Y-%m-%d %H:%M:%S} UTC" if finding.since else ""
        found.append(f"changed{f' by {finding.by}' if finding.by else ''}{at} (or before)")
    if finding.recorded:
        found.append(f"declared {finding.recorded}")
    if finding.detail:
        found.append(finding.detail)
    if finding.suppression:
        state = "expired" if finding.suppression.expired else "suppressed"
        until = f" until {finding.suppression.expiry}" if finding.suppression.expiry else ""
        found.append(f"{state}{until}: {finding.suppression.reason}")
    return found


def text(report: Report, steps: Sequence[Step], *, drifted: bool, unknowable: bool = False) -> str:
    """The report for a terminal or a log; what is unknowable is counted where it is not asked for."""
    out = [verdict(report, drifted=drifted)]
    if report.last_update:
        out.append(f"last update: {report.last_update}")
    for each in report.read_failures:
        out += ["", f"read failure: {each}"]
    for title, chosen in groups(report, unknowable=unknowable):
        out += ["", title]
        for each in chosen:
            out.append(f"  {each.id}  {each.kind}: {each.what}")
            out += [f"      {line}" for line in lines(each)]
    if not unknowable and (hidden := len(report.of("unknowable"))):
        out += ["", f"{hidden} more may differ, and no API shows it: --unknowable lists them"]
    suppressed = [each for each in report.findings if not each.counts]
    if suppressed:
        out += ["", "Suppressed in the stack's file"]
        out += [f"  {each.id}  {each.kind} {each.what}: {until(each)}" for each in suppressed]
    if steps:
        out += ["", "Remediation"]
        for step in steps:
            out.append(f"  {step.finding.id}  {step.by}: {step.finding.what}")
            out += [f"      {line}" for line in (step.command, step.why) if line]
    out += [f"note: {note}" for note in report.notes]
    return "\n".join(out)


def groups(report: Report, *, unknowable: bool) -> list[tuple[str, tuple[Finding, ...]]]:
    """The findings by what they touch, the gravest first."""
    found = [(title, report.about(concern)) for concern, title in CONCERNS.items()]
    found += [(UNKNOWABLE, report.of("unknowable"))] if unknowable else []
    return [(title, chosen) for title, chosen in found if chosen]


def until(finding: Finding) -> str:
    """Why a finding is suppressed, and until when."""
    suppression = finding.suppression
    if suppression is None:
        return ""
    return f"{suppression.reason} (until {suppression.expiry})" if suppression.expiry else suppression.reason


def markdown(report: Report, steps: Sequence[Step], *, drifted: bool) -> str:
    """The report for an issue or a job's summary."""
    out = [f"**{markup.text(verdict(report, drifted=drifted))}**", "", f"Read at {report.time:%Y-%m-%d %H:%M} UTC."]
    if report.last_update:
        out.append(f"Last update: {markup.text(report.last_update)}.")
    if report.read_failures:
        out += ["", "### Read failures", ""]
        out += [f"- {markup.text(str(each))}" for each in report.read_failures]
    for title, chosen in groups(report, unknowable=True):
        body = ["", "| finding | what | before | after | more |", "|---|---|---|---|---|", *map(_row, chosen)]
        if title == UNKNOWABLE:
            out += ["", f"<details><summary>{title} ({len(chosen)})</summary>", *body, "", "</details>"]
        else:
            out += ["", f"### {title}", *body]
    suppressed = [each for each in report.findings if not each.counts]
    if suppressed:
        out += ["", "### Suppressed in the stack's file", ""]
        out += [f"- `{each.id}` {each.kind} {markup.text(f'{each.what}: {until(each)}')}" for each in suppressed]
    if steps:
        out += ["", "### Remediation", ""]
        for step in steps:
            out += [f"- `{step.finding.id}` {step.by}: {markup.text(step.why)}", ""]
            out += markup.fenced(step.command, "sh", indent="  ") if step.command else []
    out += [f"\n> {markup.text(note)}" for note in report.notes]
    return "\n".join(out) + "\n"


def _row(finding: Finding) -> str:
    more = (
        "; ".join(line for line in lines(finding)[1:] if line) if finding.declared or finding.live else finding.detail
    )
    values = [markup.code(each) if each else "" for each in (finding.declared, finding.live)]
    what = markup.text(f"{finding.kind}: {finding.what}")
    return f"| `{finding.id}` | {what} | {' | '.join(values)} | {markup.text(more)} |"


# --- One HTML page ----------------------------------------------------------------------------------------------------


_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


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
