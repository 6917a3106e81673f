"""What a post-mortem says, the most important first: sections of text, lists and tables, which Markdown and HTML show.

A text may have code between backticks; what others chose is escaped by whoever writes it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.backend.blame import spelled
from parity.resources.urn import short_urn
from parity.status.model import shown
from parity.status.operations import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from parity.backend.blame import Line
    from parity.postmortem.incident import Incident
    from parity.postmortem.report import Report
    from parity.postmortem.served import Served

_FEW = 3
"""Keys that are named at the top."""
MOST = 40
"""Causes that are shown; `--json` and `parity show` have all."""
BLANKS = (
    "What users met, and how many of them:",
    "How it was noticed, and by whom:",
    "Why it happened, as far down as it goes:",
    "What went well, and what was luck:",
    "What is changed so that it does not happen again, by whom and until when:",
)
"""What only people know; each is left open."""


@dataclass(frozen=True)
class Table:
    """Rows below their heads."""

    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Items:
    """A list of sentences; `open_` where a person has to go on with each."""

    rows: Sequence[str]
    open_: bool = False


@dataclass(frozen=True)
class Picture:
    """Where the picture of what users were served belongs."""


Block = str | Table | Items | Picture


@dataclass(frozen=True)
class Section:
    """One section."""

    name: str
    """Of its heading, for a link."""
    title: str
    blocks: tuple[Block, ...]


def title(report: Report) -> str:
    """`Post-mortem: staging, 2026-11-30`."""
    found = report.incident
    stack = found.material.stack if found else ", ".join(report.stacks)
    day = (found.began or found.detected) if found else None
    return f"Post-mortem: {stack}, {day or report.since:%Y-%m-%d}"


def lead(report: Report) -> str:
    """What it is written from."""
    return (
        f"A draft from the record of {', '.join(report.stacks)}, from {shown(report.since)} to {shown(report.until)}; "
        f"{report.operations} operations. What only people know is left open at the end."
    )


def of(report: Report) -> Iterator[Section]:
    """The sections."""
    yield Section("short", "In short", tuple(_short(report)))
    yield Section("served", "What users were served", tuple(_served(report)))
    if report.incident and report.incident.culprit:
        yield Section("causes", "What the operation changed", tuple(_causes(report, report.incident)))
        yield Section("missed", "What would have caught it", tuple(_missed(report)))
    events = [(shown(each.time), each.stack, each.kind, each.what) for each in report.events]
    line = Table(("time", "stack", "kind", "what"), events) if events else "Nothing is recorded in this time."
    yield Section("line", "Time line", (line,))
    if report.half_done:
        yield Section("half", "What was half done, and how it was decided", (Items(report.half_done),))
    yield Section("people", "For people to say", (Items(BLANKS, open_=True),))


def _short(report: Report) -> Iterator[Block]:
    found = report.incident
    if found is None:
        yield (
            "The record has no sign of an incident in this time: no watch found a release bad, no domain failed at an "
            "operation's end, nothing was rolled back, and every operation ended well. `--operation OP` takes one as "
            "its begin all the same."
        )
        return
    yield Items([*_operation(found), *_keys(report), *_signs(found), *_end(found)])


def _operation(found: Incident) -> Iterator[str]:
    record = found.culprit
    if record is None:
        yield "What began it is older than the operations that were read, or is not recorded."
        return
    begin = record.begin
    pairs = found.material.moves(record).items()
    moves = [f"{name} {old or 'nothing'} to {new or 'nothing'}" for name, (old, new) in pairs]
    aim = f" switched {', '.join(moves)}" if moves else " changed what is below"
    who = f", by {begin.get('actor') or 'an unknown user'}"
    name = f"`{begin.get('command')}` {record.id} of {found.material.stack}"
    yield f"It began with {name} at {shown(record.started)}, which{aim}{who}."


def _keys(report: Report) -> Iterator[str]:
    """The keys that changed, which are the likeliest causes."""
    keys = dict.fromkeys(
        (each.key, _follows(each), each.commit, each.pull_request) for each in report.causes if each.key
    )
    for _, follows, commit, pull in [*keys][:_FEW]:
        parts = (follows, f"commit {commit[:SHORT]}" if commit else "", f"pull request {pull}" if pull else "")
        yield f"It followed {', '.join(filter(None, parts))}."
    if len(keys) > _FEW:
        yield f"It followed {len(keys) - _FEW} more keys."


def _signs(found: Incident) -> Iterator[str]:
    if not found.signs:
        yield "The record has no sign that this operation was bad."
        return
    first, *more = found.signs
    late = f", {span(found.to_detect)} after the operation began" if found.to_detect else ""
    yield f"First sign, {shown(first.time)}{late}: {first.what}."
    yield from (f"Then, {shown(each.time)}: {each.what}." for each in more)


def _end(found: Incident) -> Iterator[str]:
    if found.back and found.back_by:
        name = f"`{found.back_by.begin.get('command')}` {found.back_by.id}"
        late = f", {span(found.to_go_back)} after the first sign" if found.to_go_back else ""
        yield f"Over at {shown(found.back)} by {name}{late}."
    elif found.signs:
        yield "The record does not have it as over."


def _served(report: Report) -> Iterator[Block]:
    if not report.served:
        yield "The record names no live release in this time."
        return
    yield Picture()
    edge = any(each.answers for each in report.served)
    heads = ("stack", "application", "release", "from", "until", "known by", "found", *(("answers",) if edge else ()))
    yield Table(heads, [(*_row(each), *((_answers(each),) if edge else ())) for each in report.served])


def _row(each: Served) -> tuple[str, ...]:
    release = f"{each.release}{f' ({each.commit[:SHORT]})' if each.commit else ''}"
    found = "; ".join(each.said) or ("bad" if each.bad else "failed answers" if each.failed else "nothing bad")
    return (each.stack, each.application, release, _from(each), _until(each.until), each.source, found)


def _from(each: Served) -> str:
    if each.source.startswith("recorded"):
        return f"before {shown(each.latest)}"
    if (each.latest - each.earliest).total_seconds() < 1:
        return shown(each.latest)
    return f"between {shown(each.earliest)} and {shown(each.latest)}"


def _until(time: datetime | None) -> str:
    return f"after {shown(time)}" if time else "still live"


def _answers(each: Served) -> str:
    first = f", the first at {shown(each.first_failed)}" if each.first_failed else ""
    return f"{each.answers}, {each.failed} failed{first}"


def _causes(report: Report, found: Incident) -> Iterator[Block]:
    if not report.causes:
        yield "It has no property that changed."
        return
    heads = ("property", "before", "after", "follows", "commit", "pull request", "approved by")
    yield Table(heads, [_cause(each) for each in report.causes[:MOST]])
    rest = len(report.causes) - MOST
    if rest > 0 and found.culprit:
        yield f"{rest} more: `parity show {found.material.stack}:{found.culprit.id}`"


def _cause(each: Line) -> tuple[str, ...]:
    place = f"{short_urn(each.urn)} {each.path}{'' if each.certain else ', in doubt'}"
    pull = str(each.pull_request or "none recorded")
    follows = _follows(each) if each.key else "no key of the stack's file"
    return (
        place,
        _code(spelled(each.before)),
        _code(spelled(each.after)),
        follows,
        _commit(each),
        pull,
        str(each.record.begin.get("approver") or "none recorded"),
    )


def _code(value: str) -> str:
    return value if "`" in value else f"`{value}`"


def _follows(each: Line) -> str:
    where = f" (line {each.line})" if each.line else ""
    return " ".join(filter(None, (each.key, each.values))) + where


def _commit(each: Line) -> str:
    return each.commit[:SHORT] or "none recorded"


def _missed(report: Report) -> Iterator[Block]:
    if not report.missed:
        yield "By the record nothing of what Parity has was left out."
        return
    yield Items([f"{each.fact}: {each.remedy}" for each in report.missed])


def span(given: timedelta | None) -> str:
    """`38 s`, `4 min 10 s`, `2 h 5 min`."""
    seconds = round(given.total_seconds()) if given else 0
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
