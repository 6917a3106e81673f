"""Renders a report for people: plain text, Markdown for an issue, one HTML page."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from parity.drift.model import KINDS, Finding, Report
from parity.redact import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parity.drift.model import Kind
    from parity.drift.remediation import Step

TITLES: dict[Kind, str] = {
    "cross-stack": "Cross-stack: holds what belongs to another stack",
    "missing": "Missing: declared, and does not exist",
    "changed": "Changed: exists, and is not as declared",
    "unmanaged": "Unmanaged: exists, and is not declared",
    "unknowable": "Unknowable: no API shows it, so it may differ",
}


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
    when = f"since {finding.since:%Y-%m-%d %H:%M:%S} UTC at the latest" if _is_dated(finding) else ""
    who = f"by {finding.by}" if finding.by and finding.kind != "unknowable" else ""
    if when or who:
        found.append(" ".join(part for part in (when, who) if part))
    if finding.detail:
        found.append(finding.detail)
    if finding.suppression:
        state = "expired" if finding.suppression.expired else "suppressed"
        until = f" until {finding.suppression.expiry}" if finding.suppression.expiry else ""
        found.append(f"{state}{until}: {finding.suppression.reason}")
    return found


def _is_dated(finding: Finding) -> bool:
    return finding.since is not None and finding.kind in {"changed", "unmanaged", "cross-stack"}


def text(report: Report, steps: Sequence[Step], *, drifted: bool) -> str:
    """The report for a terminal or a log."""
    out = [verdict(report, drifted=drifted)]
    if report.last_update:
        out.append(f"last update: {report.last_update}")
    for each in report.read_failures:
        out += ["", f"read failure: {each}"]
    for kind in KINDS:
        chosen = report.of(kind)
        if chosen:
            out += ["", TITLES[kind]]
            for each in chosen:
                out.append(f"  {each.id}  {each.what}")
                out += [f"      {line}" for line in lines(each)]
    suppressed = [each for each in report.findings if not each.counts]
    if suppressed:
        out += ["", "Suppressed in the stack's file"]
        out += [f"  {each.id}  {each.kind} {each.what}: {_until(each)}" for each in suppressed]
    if steps:
        out += ["", "Remediation"]
        for step in steps:
            out += [
                f"  {step.finding.id}  {step.by}: {step.finding.what}",
                f"      {step.command}",
                f"      {step.why}",
            ]
    out += [f"note: {note}" for note in report.notes]
    return "\n".join(out)


def _until(finding: Finding) -> str:
    suppression = finding.suppression
    if suppression is None:
        return ""
    return f"{suppression.reason} (until {suppression.expiry})" if suppression.expiry else suppression.reason


def markdown(report: Report, steps: Sequence[Step], *, drifted: bool) -> str:
    """The report for an issue or a job's summary."""
    out = [f"**{_md(verdict(report, drifted=drifted))}**", "", f"Read at {report.time:%Y-%m-%d %H:%M} UTC."]
    if report.last_update:
        out.append(f"Last update: {_md(report.last_update)}.")
    if report.read_failures:
        out += ["", "### Read failures", ""]
        out += [f"- {_md(str(each))}" for each in report.read_failures]
    for kind in KINDS:
        chosen = report.of(kind)
        if not chosen:
            continue
        body = ["", "| finding | what | before | after | more |", "|---|---|---|---|---|", *map(_row, chosen)]
        if kind == "unknowable":
            out += ["", f"<details><summary>{TITLES[kind]} ({len(chosen)})</summary>", *body, "", "</details>"]
        else:
            out += ["", f"### {TITLES[kind]}", *body]
    suppressed = [each for each in report.findings if not each.counts]
    if suppressed:
        out += ["", "### Suppressed in the stack's file", ""]
        out += [f"- `{each.id}` {each.kind} {_md(each.what)}: {_md(_until(each))}" for each in suppressed]
    if steps:
        out += ["", "### Remediation", ""]
        for step in steps:
            out += [f"- `{step.finding.id}` {step.by}: {_md(step.why)}", "", "  ```", f"  {step.command}", "  ```"]
    out += [f"\n> {_md(note)}" for note in report.notes]
    return "\n".join(out) + "\n"


def _row(finding: Finding) -> str:
    more = (
        "; ".join(line for line in lines(finding)[1:] if line) if finding.declared or finding.live else finding.detail
    )
    cells = (f"`{finding.id}`", finding.what, finding.declared, finding.live, more)
    return "| " + " | ".join(_md(each) if index else each for index, each in enumerate(cells)) + " |"


def _md(value: str) -> str:
    """Text that Markdown shows as it is: no markup, no mention of a person, no link that GitHub makes by itself."""
    escaped = html.escape(masked(value).replace("\n", " "), quote=False)
    for each in "\\`*_[]|~#":
        escaped = escaped.replace(each, f"\\{each}")
    return escaped.replace("@", "@\u200b")


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #d0d7de;padding:.35rem .6rem;text-align:left;"
    "vertical-align:top}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}h2{margin-top:2rem}"
    "@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}td,th{border-color:#30363d}}"
)


def page(report: Report, steps: Sequence[Step], *, drifted: bool) -> str:
    """The report as one HTML page that needs nothing else."""
    parts = [f"<h1>{_html(verdict(report, drifted=drifted))}</h1>"]
    parts.append(f"<p>Read at {report.time:%Y-%m-%d %H:%M} UTC. {_html(_last(report))}</p>")
    if report.read_failures:
        parts += ["<h2>Read failures</h2>", _list(str(each) for each in report.read_failures)]
    for kind in KINDS:
        if report.of(kind):
            parts += [f"<h2>{_html(TITLES[kind])}</h2>", _table(report.of(kind))]
    suppressed = [f"{each.id} {each.kind} {each.what}: {_until(each)}" for each in report.findings if not each.counts]
    if suppressed:
        parts += ["<h2>Suppressed in the stack's file</h2>", _list(suppressed)]
    if steps:
        parts.append("<h2>Remediation</h2><table><tr><th>finding</th><th>by</th><th>command</th><th>why</th></tr>")
        parts += [_tr(step.finding.id, step.by, f"\0{step.command}", step.why) for step in steps] + ["</table>"]
    parts.append(_list(report.notes))
    title = _html(f"Drift of {report.stack}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>{"".join(parts)}</html>\n'
    )


def _last(report: Report) -> str:
    return f"Last update: {report.last_update}." if report.last_update else ""


def _list(rows: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_html(row)}</li>' for row in rows)}</ul>"


def _table(findings: Iterable[Finding]) -> str:
    head = "<table><tr><th>finding</th><th>what</th><th>before</th><th>after</th><th>more</th></tr>"
    rows = (
        _tr(f"\0{each.id}", each.what, each.declared, each.live, "; ".join(lines(each)[1:] or [each.detail]))
        for each in findings
    )
    return f"{head}{''.join(rows)}</table>"


def _tr(*cells: str) -> str:
    """A table row; a value that begins with a null character is code."""
    shown = (f"<code>{_html(each[1:])}</code>" if each.startswith("\0") else _html(each) for each in cells)
    return f"<tr>{''.join(f'<td>{each}</td>' for each in shown)}</tr>"


def _html(value: str) -> str:
    return html.escape(masked(value))
