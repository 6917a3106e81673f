"""Shows the rehearsals of a plan's migrations: as a table in the comment, and as lines in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from parity import markup
from parity.preview.rehearsal import MODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.preview.rehearsal import Rehearsal, Step

_QUIET = MODES.index("SHARE UPDATE EXCLUSIVE")
"""A mode up to here holds up neither reads nor writes."""


def markdown(rehearsal: Rehearsal, limit: int | None) -> Iterator[str]:
    """The section of one database.

    `limit` is the most statements that are shown, those that break or lock something first; None for all.
    """
    yield from ("", f"### Migrations of {markup.text(rehearsal.database)}, rehearsed", "")
    if rehearsal.steps:
        yield f"Seen on {markup.text(rehearsal.where)}: its schema without its rows. Sizes are those of the database."
    if rehearsal.not_because:
        why = f"⚠️ Not rehearsed, because {markup.text(rehearsal.not_because)}."
        yield from ("", why) if rehearsal.steps else (why,)
    if not rehearsal.steps:
        return
    shown = sorted(range(len(rehearsal.steps)), key=lambda at: _rank(rehearsal, at))[:limit]
    yield from ("", "| statement | locks | rewrites or scans | size now | breaks |", "| --- | --- | --- | --- | --- |")
    yield from (_row(rehearsal, at) for at in sorted(shown))
    if left := len(rehearsal.steps) - len(shown):
        yield from ("", f"{left} more in the artefact `report.json`.")


def _rank(rehearsal: Rehearsal, at: int) -> int:
    step = rehearsal.steps[at]
    if step.failed or at in rehearsal.breaks:
        return 0
    return 1 if any(MODES.index(each) > _QUIET for each in step.locks.values()) else 2


def _row(rehearsal: Rehearsal, at: int) -> str:
    step = rehearsal.steps[at]
    what = f"{markup.code(f'{step.file}:{step.line}')} {markup.code(step.statement)}"
    size = ", ".join(f"{markup.code(name)} {said}" for name, said in _sizes(rehearsal, step))
    broken = ", ".join(map(markup.text, rehearsal.breaks.get(at, ())))
    if step.failed:
        return f"| ⛔ {what} | | | {size} | fails: {markup.text(step.failed)} |"
    locks = ", ".join(f"{mode} on {markup.code(name)}" for name, mode in step.locks.items())
    does = ", ".join(f"{verb} {markup.code(name)}" for verb, name in _does(step))
    return f"| {what} | {locks or 'none more'} | {does or 'no'} | {size} | {f'⛔ {broken}' if broken else 'nothing'} |"


def _does(step: Step) -> Iterator[tuple[str, str]]:
    yield from (("rewrites", each) for each in step.rewrites)
    yield from (("scans", each) for each in step.scans if each not in step.rewrites)


def _sizes(rehearsal: Rehearsal, step: Step) -> Iterator[tuple[str, str]]:
    yield from ((name, str(rehearsal.sizes[name])) for name in step.tables if name in rehearsal.sizes)


def text(rehearsal: Rehearsal) -> Iterator[str]:
    """The lines of one database, with rich's markup."""
    yield ""
    where = f" on {escape(rehearsal.where)}" if rehearsal.where else ""
    yield f"[bold]migrations of {escape(rehearsal.database)}, rehearsed[/]{where}"
    for at, step in enumerate(rehearsal.steps):
        yield f"    {escape(f'{step.file}:{step.line}')} {escape(step.statement)}"
        if step.failed:
            yield f"        [bold red]fails:[/] {escape(step.failed)}"
        for name, mode in step.locks.items():
            yield f"        locks {escape(name)}: {mode}"
        for verb, name in _does(step):
            yield f"        {verb} {escape(name)}"
        for name, said in _sizes(rehearsal, step):
            yield f"        {escape(name)} now: {said}"
        for each in rehearsal.breaks.get(at, ()):
            yield f"        [bold red]breaks:[/] {escape(each)}"
    if rehearsal.not_because:
        yield f"    [yellow]not rehearsed, because[/] {escape(rehearsal.not_because)}"
