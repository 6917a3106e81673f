"""Renders a preview for a terminal, in the order and words of the comment, without its markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from parity.masked import MASK
from parity.preview import rehearsal_lines, words
from parity.preview.plan import OPERATIONS, Absent
from parity.preview.report import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.preview.origin import Origin
    from parity.preview.plan import Property
    from parity.preview.report import Entry, Report

_VALUE = 160
"""The most characters of a value that are shown; `--json` has all of it."""


def lines(report: Report) -> Iterator[str]:
    """The report, a line each, with rich's markup."""
    colour = {"ready": "green", "unchanged": "green"}.get(report.verdict, "red")
    yield f"[bold]{escape(report.stack)}[/]: [bold {colour}]{VERDICTS[report.verdict]}[/] ({report.counts()})"
    base = report.origins.base
    if base is not None:
        yield f"  compared with {escape(base.commit.short)}, {escape(base.why)}"
    if report.digest:
        yield f"  plan: {report.digest}"
    yield f"  parity: {escape(report.proof.summary)}"
    for each in report.serving:
        if each.switches:
            commit = f", commit {each.commit_after[:9]}" if each.commit_after else ""
            yield (
                f"  live: {escape(each.application)} {each.before or 'nothing'} -> [bold]{each.after or 'nothing'}[/]"
                f"{commit}, deployment {each.deployment}"
            )
    for error in report.plan.errors:
        yield f"[bold red]failed:[/] {escape(error)}"
    for each in report.entries:
        yield from _entry(each)
    for rehearsal in report.plan.rehearsals:
        yield from rehearsal_lines.text(rehearsal)
    for each in report.elsewhere():
        yield f"[yellow]{each.level} policy {escape(each.policy)}[/]: {escape(each.message)}"
    for urn in report.gate.stale:
        yield f"[yellow]acknowledged, and nothing dangerous in this plan; take it out:[/] {escape(urn)}"
    for warning in report.plan.warnings:
        yield f"[yellow]warning:[/] {escape(warning)}"


def _entry(entry: Entry) -> Iterator[str]:
    change = entry.change
    sign, colour, _ = OPERATIONS[change.operation]
    yield ""
    what = f"[{colour}]{sign} {change.operation}[/]"
    yield f"{what} {escape(change.kind)} [bold]{escape(change.name)}[/]"
    for reason in entry.reasons:
        style, mark = ("bold red", "must be acknowledged") if entry.blocking else ("yellow", "review")
        yield f"    [{style}]{mark}:[/] {escape(reason)}"
    if entry.dangers:
        yield f"    {'acknowledge' if entry.blocking else 'acknowledged'}: {escape(change.urn)}"
    if entry.first:
        yield f"    {words.REMOVED_FIRST}"
    for each in entry.origins:
        yield f"    [dim]{escape(_origin(each))}[/]"
    for each in entry.violations:
        yield f"    [yellow]{each.level} policy {escape(each.policy)}[/]: {escape(each.message)}"
    for each in change.properties:
        yield f"    {_property(each)}"
        if each.path in entry.recorded:
            yield f"      [dim]{escape(entry.recorded[each.path])}[/]"


def _origin(each: Origin) -> str:
    commits = ", ".join(f"{commit.short} {commit.subject}".strip() for commit in each.commits)
    if each.kind == "config":
        return f"follows {each.key} {each.values}".rstrip() + f": {commits}"
    if each.kind == "program":
        return f"follows the program: {commits}"
    return "follows nothing on this branch: changed by hand, or an earlier change was not applied"


def _property(each: Property) -> str:
    forced = " [yellow](forces the replacement)[/]" if each.forces else ""
    path = escape(each.path)
    if isinstance(each.before, Absent):
        return f"{path}: {_value(each.after)}{forced}"
    if isinstance(each.after, Absent):
        return f"{path}: {_value(each.before)} -> nothing{forced}"
    changed = " (changed)" if each.before == MASK and each.after == MASK else ""
    return f"{path}: {_value(each.before)} -> {_value(each.after)}{changed}{forced}"


def _value(value: Any) -> str:
    shown = words.spelled(value)
    return escape(shown if len(shown) <= _VALUE else f"{shown[:_VALUE]}… ({len(shown) - _VALUE} characters more)")
