"""The status for a terminal: lines that fit its width, with a style for each."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from parity.status.attention import counted, needs
from parity.status.model import ago, shown
from parity.status.operations import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.status.model import Application, Operation, Stack, Status, Unknown

Line = tuple[str, str]
"""A line and its style: `title`, `bad`, `good`, `dim` or none."""

_MARKS = {"healthy": "✓", "failing": "✗", "unknown": "?", "nothing live": "-"}
_STYLES = {"healthy": "good", "failing": "bad"}
_OPERATIONS = 8
"""The newest that a terminal is given; `--json` and the page have more."""


def lines(status: Status, width: int = 80) -> Iterator[Line]:
    """The status, top to bottom: what needs a person, the stacks, the record, what is not known."""
    return ((_printable(line), style) for line, style in _lines(status, width))


def _lines(status: Status, width: int) -> Iterator[Line]:
    yield f"{status.project}, {shown(status.time)}", "title"
    yield from _needs(status, width)
    for stack in status.stacks:
        yield "", ""
        yield from _stack(stack, status, width)
    if status.operations:
        yield "", ""
        yield "Last operations", "title"
        for each in status.operations[:_OPERATIONS]:
            yield from _operation(each, width)
    for each in status.ending:
        yield from _wrapped(f"ends soon: {each}", width, "")
    if status.unknowns:
        yield "", ""
        yield "Not known", "title"
        for name, each in status.unknowns:
            yield from _unknown(name, each, width)


def _needs(status: Status, width: int) -> Iterator[Line]:
    found = needs(status)
    if not found:
        yield "Nothing that is known needs a person.", "good"
        return
    yield "", ""
    yield "Needs a person now", "title"
    for each in found:
        where = f"{each.stack}: " if each.stack else ""
        yield from _wrapped(f"! {where}{each.what}", width, "  ", "bad")
        if each.command:
            yield f"    {each.command}", ""


def _stack(stack: Stack, status: Status, width: int) -> Iterator[Line]:
    yield f"{stack.name}{f'  from {stack.promotes_from}' if stack.promotes_from else ''}", "title"
    for each in stack.applications:
        yield _short(_head(each, status), width), _STYLES.get(each.health, "")
        yield from _wrapped("; ".join(_more(each)), width, "      ", "dim")
    for name, value, style in _facts(stack, status):
        yield from _wrapped(f"{name:<8}{value}", width, "  ", style)


def _head(each: Application, status: Status) -> str:
    when = each.since or each.built
    age = f"  {'live' if each.since else 'built'} {ago(when, status.time)}" if when else ""
    first = f"  {_MARKS[each.health]} {each.name:<12} {each.live or 'none':<5} {each.health}{age}"
    return f"{first}  {each.commit[:SHORT]} {each.subject}" if each.commit else first


def _more(each: Application) -> Iterator[str]:
    if each.pull_request:
        yield f"pull request {each.pull_request.text}"
    if each.image:
        yield f"image {each.image}"
    if each.kept:
        yield f"kept {', '.join(kept.release for kept in each.kept)}"
    if each.behind:
        yield f"{each.behind} has another commit live"
    if each.rolls:
        yield each.rolls
    yield from each.faults


def _facts(stack: Stack, status: Status) -> Iterator[tuple[str, str, str]]:
    if stack.drift:
        unread = f"; {stack.drift.unread} reads failed" if stack.drift.unread else ""
        age = f"audited {ago(stack.drift.time, status.time)} ago, {stack.drift.source}"
        yield "drift", f"{counted(stack.drift)}{unread} ({age})", "bad" if stack.drift.grave else ""
    if stack.parity:
        yield "parity", stack.parity.said, "" if stack.parity.clean else "bad"
    if stack.running != "none":
        yield "update", f"{stack.running}{f': {stack.running_why}' if stack.running_why else ''}", ""
    for each in stack.holds:
        yield "hold", f"{each.what} is {each.said}", ""
    for each in stack.ending:
        yield "ends", each, ""


def _operation(each: Operation, width: int) -> Iterator[Line]:
    lasted = "" if each.seconds is None else f", {each.seconds:.0f} s"
    links = " ".join(link.text for link in each.links)
    first = f"  {each.started:%m-%d %H:%M} UTC  {each.stack} {each.command}: {each.result}{lasted}  {links}"
    yield _short(first, width), "" if each.result == "succeeded" else "bad"
    yield from _wrapped("; ".join((*each.moves, *((each.why,) if each.why else ()))), width, "      ", "dim")


def _unknown(stack: str, each: Unknown, width: int) -> Iterator[Line]:
    yield from _wrapped(f"? {f'{stack}: ' if stack else ''}{each.what}: {each.why}", width, "  ")
    if each.command:
        yield f"    {each.command}", "dim"


def _wrapped(text: str, width: int, indent: str, style: str = "") -> Iterator[Line]:
    wrap = textwrap.TextWrapper(width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)
    return ((line, style) for line in wrap.wrap(text))


def _printable(text: str) -> str:
    """Without what a terminal would obey: a commit's subject may hold any character."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
