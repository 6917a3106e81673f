"""A preview as Markdown: the comment and the job's summary, folded until it fits, risky changes never dropped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity import markup
from parity.preview import rehearsal_lines, words
from parity.preview.picture import mermaid
from parity.preview.plan import OPERATIONS, Absent
from parity.preview.report import VERDICTS
from parity.problems import some
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parity.preview.origin import Origin
    from parity.preview.plan import Change, Operation
    from parity.preview.report import Entry, Report

_RECORDED = 5
"""Properties of a change that are named with the operation that set them."""

COMMENT_LIMIT = 65_536
"""Characters that GitHub takes in a comment; more is refused with 422, "body is too long"."""

RESERVE = 8_000
"""Characters of a comment that its marker and its history may take."""

SUMMARY_LIMIT = 1_000_000
"""Bytes of a step's summary, which GitHub drops if it is larger than 1 MiB (its page "Workflow commands")."""

_MARKS = {"failed": "❌", "blocked": "⛔", "refused": "⛔", "ready": "✅", "unchanged": "✅"}


@dataclass(frozen=True)
class _Fold:
    """How much of a report is left out."""

    value: int | None = None
    """Characters of a value in a change without risk."""
    made: bool = True
    """Whether new and deleted resources without risk show their properties."""
    quiet: str = "table"
    """Changes without risk: `table`, a `line` each, or in `groups`."""
    picture: bool = True
    risky_value: int | None = None
    risky: str = "table"
    """Risky changes: `table`, a `line` each, or `names`."""
    said: int | None = None
    """Characters of an error or warning."""
    rehearsed: int | None = None
    """Statements of a database's rehearsal."""


_FOLDS = (
    _Fold(),
    _Fold(value=200, made=False, said=4000),
    _Fold(value=200, made=False, quiet="line", said=4000),
    _Fold(quiet="groups", risky_value=2000, said=2000, rehearsed=80),
    _Fold(quiet="groups", picture=False, risky_value=200, said=2000, rehearsed=40),
    _Fold(quiet="groups", picture=False, risky="line", said=1000, rehearsed=10),
    _Fold(quiet="counts", picture=False, risky="names", said=300, rehearsed=3),
)
"""From nothing left out to the least that still names every risky change."""


class TooLarge(Exception):
    """Even the names of the risky changes alone do not fit."""


def render(report: Report, *, limit: int) -> str:
    """The report in at most `limit` characters (and as many bytes where it is the summary's limit).

    Raises:
        TooLarge: there are so many risky changes that their names alone do not fit.
    """
    for number, fold in enumerate(_FOLDS):
        body = "\n".join(_body(report, fold, folded=number > 0)).rstrip() + "\n"
        if (len(body.encode()) if limit >= SUMMARY_LIMIT else len(body)) <= limit:
            return body
    raise TooLarge


def too_large(report: Report) -> str:
    """Say how many risky changes there are if not even their names fit, and that the plan does not pass."""
    risky = sum(each.risky for each in report.entries)
    return (
        f"## ⛔ Preview of {markup.text(report.stack)}: too large to review\n\n**{report.counts()}**\n\n"
        f"{risky} changes are risky, too many for a comment to name, so the gate is closed whatever is acknowledged. "
        "The artefact `report.json` has all of them. Make the change in parts.\n"
    )


def _body(report: Report, fold: _Fold, *, folded: bool) -> Iterator[str]:
    yield f"## {_MARKS[report.verdict]} Preview of {markup.text(report.stack)}: {VERDICTS[report.verdict]}"
    yield ""
    yield f"**{report.counts()}**"
    yield ""
    yield from words.overview(report)
    if folded:
        yield ""
        yield "> Folded to fit into a comment. The job's summary and the artefact `report.json` have the full plan."
    yield from _errors(report, fold)
    yield from _gate(report, fold)
    yield from _live(report)
    for each in report.plan.rehearsals:
        yield from rehearsal_lines.markdown(each, fold.rehearsed)
    entries = report.entries
    if fold.picture and (drawn := mermaid(entries, report.plan)):
        yield from ("", "### What changes", "", *markup.fenced(drawn, "mermaid"))
    yield from _changes(report, entries, fold)
    yield from _policies(report)
    yield from _warnings(report, fold)


# --- What stops it ----------------------------------------------------------------------------------------------------


def _errors(report: Report, fold: _Fold) -> Iterator[str]:
    if not report.plan.errors:
        return
    yield from ("", "### Why it failed")
    for error in report.plan.errors:
        yield from ("", *_block(error, fold.said))
    if report.plan.changes:
        yield from ("", "What follows is as far as the preview came.")


def _block(said: str, limit: int | None) -> Iterator[str]:
    yield from markup.fenced(said if limit is None or len(said) <= limit else f"{said[:limit]}…")


def _gate(report: Report, fold: _Fold) -> Iterator[str]:
    gate, file = report.gate, markup.code(report.origins.file)
    if gate.blocking:
        yield from ("", "### Must be acknowledged", "")
        yield f"Where they are meant, name them in {file} and take them out again after the update:"
        urns = [f"    - {urn}" for urn in dict.fromkeys(each.urn for each in gate.blocking)]
        if fold.risky == "names":
            urns = ["    # the URNs are in the artefact `report.json`; the changes are named below"]
        yield from ("", *markup.fenced("\n".join(("  parity:acknowledged:", *urns)), "yaml"))
    if gate.stale:
        yield from ("", "### Acknowledgements to take out", "")
        yield f"They name nothing dangerous in this plan. Left in {file}, one lets a change pass:"
        yield ""
        yield from (f"- {markup.code(urn)}" for urn in gate.stale)


def _live(report: Report) -> Iterator[str]:
    if not report.serving:
        return
    url = report.run.repository_url if report.run else None
    yield from ("", "### What will be live", "")
    yield "| application | now | afterwards | commit | deployment |"
    yield "| --- | --- | --- | --- | --- |"
    for each in report.serving:
        after = each.after or "nothing"
        commit = f"`{each.commit_after[:9]}`" if each.commit_after else ""
        if url and each.commit_after:
            commit = f"[{commit}]({url}/commit/{each.commit_after})"
        place = markup.code(each.deployment_id) if each.deployment_id else ""
        built = f"already there {place}".strip() if each.deployment == "already there" else each.deployment
        name = markup.text(each.application)
        after = f"**{after}**" if each.switches else after
        yield f"| {name} | {each.before or 'nothing'} | {after} | {commit} | {built} |"


# --- Changes ----------------------------------------------------------------------------------------------------------


def _changes(report: Report, entries: Sequence[Entry], fold: _Fold) -> Iterator[str]:
    if report.origins.note and entries:
        yield from ("", f"Where the changes come from is not known: {markup.text(report.origins.note)}.")
    risky = [each for each in entries if each.risky]
    quiet = [each for each in entries if not each.risky]
    if risky:
        yield from ("", f"### Review these first ({len(risky)})")
        yield from _risky(report, risky, fold)
    if quiet:
        yield from ("", f"### {'Everything else' if risky else 'Changes'} ({len(quiet)})")
        yield from _quiet(report, quiet, fold)


def _risky(report: Report, entries: Sequence[Entry], fold: _Fold) -> Iterator[str]:
    if fold.risky == "names":
        yield from _names(entries)
        return
    if fold.risky == "line":
        yield ""
    for each in entries:
        if fold.risky == "line":
            yield f"- {_mark(each)} {_what(each)}: {'; '.join(markup.text(reason) for reason in each.reasons)}"
        else:
            yield from _full(report, each, fold.risky_value, properties=True)


def _names(entries: Sequence[Entry]) -> Iterator[str]:
    """Every risky change by name and nothing else, those of one kind and reason together."""
    groups: dict[tuple[str, Operation, str, str], list[str]] = defaultdict(list)
    for each in entries:
        reason = each.reasons[0] if each.reasons else ""
        groups[_mark(each), each.change.operation, each.change.kind, reason].append(each.change.name)
    for (mark, operation, kind, reason), names in groups.items():
        what = f"{mark} {operation} {markup.text(kind)}: {markup.text(reason)}"
        yield from ("", f"- {what}: {markup.code(' '.join(names))}")


def _quiet(report: Report, entries: Sequence[Entry], fold: _Fold) -> Iterator[str]:
    if fold.quiet in {"groups", "counts"}:
        yield ""
        yield from _grouped(entries, named=fold.quiet == "groups")
        return
    if fold.quiet == "line":
        yield ""
    many = fold.quiet == "table" and len(entries) > _MANY
    if many:
        yield from ("", f"<details><summary>{len(entries)} changes without risk</summary>")
    for each in entries:
        if fold.quiet == "line":
            yield f"- {_what(each)}{_after_dash(_short_origin(each.origins))}"
        else:
            yield from _full(report, each, fold.value, properties=fold.made or each.change.operation == "update")
    if many:
        yield from ("", "</details>")


_MANY = 12
"""More changes without risk than that are opened together first."""

_FIRST = 8


def _grouped(entries: Iterable[Entry], *, named: bool) -> Iterator[str]:
    groups: dict[tuple[Operation, str], list[str]] = defaultdict(list)
    for each in entries:
        groups[each.change.operation, each.change.kind].append(each.change.name)
    for (operation, kind), names in groups.items():
        shown = f": {some([markup.code(name, limit=80) for name in names], _FIRST)}" if named else ""
        yield f"- {OPERATIONS[operation].sign} {operation} {len(names)} × {markup.text(kind)}{shown}"  # noqa: RUF001 - a multiplication sign


def _mark(entry: Entry) -> str:
    if entry.blocking or any(each.level == "mandatory" for each in entry.violations):
        return "⛔"
    return "⚠️"


def _what(entry: Entry) -> str:
    change = entry.change
    return f"{change.sign} {change.operation} {markup.text(change.kind)} {markup.code(change.name)}"


def _full(report: Report, entry: Entry, limit: int | None, *, properties: bool) -> Iterator[str]:
    """One change: its line, and inside what it does, why, and where it comes from."""
    change = entry.change
    title = f"{change.sign} {change.operation} {markup.raw(change.kind)} {markup.tag(change.name)}"
    if entry.risky:
        title = f"{_mark(entry)} {title}"
    reason = "; ".join(markup.raw(each) for each in entry.reasons)
    aside = reason or _at_a_glance(change) or markup.raw(_short_origin(entry.origins))
    yield ""
    yield f"<details{' open' if entry.dangers else ''}><summary>{title}{_after_dash(aside)}</summary>"
    yield ""
    yield from _facts(report, entry)
    if properties and change.properties:
        yield ""
        yield from _table(entry, limit)
    yield ""
    yield "</details>"


_GLANCE = 60
"""Characters of a property's two values that are shown in its change's line."""


def _at_a_glance(change: Change) -> str:
    """The one property that an update changes, as HTML; empty if there are more, or it is long."""
    if change.operation not in {"update", "option"} or len(change.properties) != 1:
        return ""
    only = change.properties[0]
    if only.secret:
        return f"{markup.tag(only.path)} changed, a secret"
    before, after = (words.spelled(each) if not isinstance(each, Absent) else "nothing" for each in only.values)
    if len(before) + len(after) > _GLANCE:
        return markup.tag(only.path)
    return f"{markup.tag(only.path)} {markup.raw(before)} → {markup.raw(after)}"


def _after_dash(said: str) -> str:
    return f" · {said}" if said else ""


def _facts(report: Report, entry: Entry) -> Iterator[str]:
    change = entry.change
    yield f"- URN {markup.code(change.urn)}"
    if entry.dangers and not entry.blocking:
        yield f"- acknowledged in {markup.code(report.origins.file)}; to be taken out after the update"
    if entry.first:
        yield f"- {words.REMOVED_FIRST}"
    if change.operation == "replace":
        forced = ", ".join(markup.code(each) for each in change.forced_by) or "the provider names no property"
        order = "the old one is deleted first" if change.deletes_first else "the new one is made first"
        yield f"- replaced because of {forced}; {order}"
    for each in entry.origins:
        yield f"- {_origin(report, each)}"
    for path, said in list(entry.recorded.items())[:_RECORDED]:
        yield f"- {markup.code(path)} is as it is now {markup.text(said)}"
    for each in entry.violations:
        yield f"- {each.level} policy {markup.code(each.policy)}: {markup.text(each.message)}"


def _origin(report: Report, each: Origin) -> str:
    url = report.run.repository_url if report.run else None
    commits = ", ".join(words.commit(commit, url) for commit in each.commits)
    if each.kind == "config":
        file = markup.code(report.origins.file)
        line = f" (line {each.line} of {file})" if each.line else f" (gone from {file})"
        values = f" {markup.code(each.values)}" if each.values else ""
        return f"follows {markup.code(each.key)}{values}{line}: {commits or 'no commit'}"
    if each.kind == "program":
        return f"follows the program: {commits}"
    return "follows nothing on this branch: it was changed by hand, or an earlier change was not applied"


def _short_origin(origins: Sequence[Origin]) -> str:
    if not origins:
        return ""
    first = origins[0]
    commit = f", {first.commits[0].short}" if first.commits else ""
    more = f" and {len(origins) - 1} more" if len(origins) > 1 else ""
    said = {"config": first.key, "program": "the program", "world": "not from this branch"}[first.kind]
    return f"{said}{commit}{more}"


def _table(entry: Entry, limit: int | None) -> Iterator[str]:
    operation = entry.change.operation
    if operation in {"create", "import", "delete", "forget"}:
        column = 1 if operation in {"create", "import"} else 0
        yield f"| property | {'value' if column else 'value now'} |"
        yield "| --- | --- |"
        for each in entry.change.properties:
            yield f"| {markup.code(each.path)} | {words.cells(each, limit)[column]} |"
        return
    yield "| property | before | after |"
    yield "| --- | --- | --- |"
    for each in entry.change.properties:
        before, after = words.cells(each, limit)
        forced = " **forces the replacement**" if each.forces else ""
        yield f"| {markup.code(each.path)}{forced} | {before} | {after} |"


# --- The rest ---------------------------------------------------------------------------------------------------------


def _policies(report: Report) -> Iterator[str]:
    found = report.elsewhere()
    if not found:
        return
    yield from ("", "### Policies, on what does not change", "")
    for each in found:
        mark = "⛔" if each.level == "mandatory" else "⚠️"
        where = markup.code(Urn.parse(each.urn).name) if each.urn else "the stack"
        yield f"- {mark} {where} {markup.code(each.policy)}: {markup.text(each.message)}"


def _warnings(report: Report, fold: _Fold) -> Iterator[str]:
    unexplained = report.proof.unexplained
    if unexplained:
        yield from ("", f"<details><summary>What differs between the stacks ({len(unexplained)})</summary>", "")
        yield from _block("\n".join(unexplained), fold.said)
        yield from ("", "</details>")
    if report.plan.warnings:
        yield from ("", f"<details><summary>Warnings ({len(report.plan.warnings)})</summary>", "")
        yield from _block("\n\n".join(report.plan.warnings), fold.said)
        yield from ("", "</details>")
