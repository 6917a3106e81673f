"""Writes a post-mortem as Markdown with a picture that GitHub draws, and as one HTML page that needs nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parity import markup
from parity.postmortem import sections
from parity.postmortem.sections import Items, Picture, Table
from parity.status.page import rendered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from parity.postmortem.report import Report
    from parity.postmortem.sections import Block
    from parity.postmortem.served import Served

_ROW, _LEFT, _WIDTH = 30, 190, 960
"""Of the picture, pixels."""


def markdown(report: Report) -> str:
    """The draft as Markdown."""
    lines = [f"# {markup.text(sections.title(report))}", "", markup.text(sections.lead(report)), ""]
    for section in sections.of(report):
        lines += [f"## {section.title}", ""]
        for block in section.blocks:
            lines += [*_markdown(block, report), ""]
    return "\n".join(lines)


def _markdown(block: Block, report: Report) -> Iterator[str]:
    if isinstance(block, Table):
        yield f"| {' | '.join(block.heads)} |"
        yield f"|{' --- |' * len(block.heads)}"
        yield from (f"| {' | '.join(markup.text(each) for each in row)} |" for row in block.rows)
    elif isinstance(block, Items):
        yield from (f"- {markup.text(each)}{' (to be written)' if block.open_ else ''}" for each in block.rows)
    elif isinstance(block, Picture):
        yield from _gantt(report)
    else:
        yield markup.text(block)


def _gantt(report: Report) -> Iterator[str]:
    """The releases as bars; Mermaid takes the times as they stand, so they are UTC wherever they are read."""
    yield from ("```mermaid", "gantt", "  title What users were served (UTC)")
    yield from ("  dateFormat YYYY-MM-DDTHH:mm:ss", "  axisFormat %H:%M:%S")
    last = ""
    for each in report.served:
        name = _plain(f"{each.stack} {each.application}")
        if name != last:
            yield f"  section {name}"
        last = name
        start, end = (f"{time:%Y-%m-%dT%H:%M:%S}" for time in _bar(each, report))
        yield f"  {_plain(each.release)} :{'crit, ' if each.bad else ''}{start}, {end}"
    yield "```"


def _plain(name: str) -> str:
    """A name without what Mermaid would obey."""
    return re.sub(r"[^A-Za-z0-9 ._-]", "_", name) or "none"


def _bar(each: Served, report: Report) -> tuple[datetime, datetime]:
    """Where it begins and ends on the picture."""
    first, last = report.shown
    start = min(max(each.latest, first), last)
    return start, max(start, min(each.until or last, last))


# --- The page ---------------------------------------------------------------------------------------------------------


def page(report: Report) -> str:
    """The draft as one HTML page."""
    names = list(dict.fromkeys(f"{each.stack} {each.application}" for each in report.served))
    return rendered(
        "postmortem/page.html",
        title=sections.title(report),
        lead=sections.lead(report),
        sections=[*sections.of(report)],
        names=names,
        bars=[*_bars(report, names)],
        row=_ROW,
        width=_WIDTH,
    )


def _bars(report: Report, names: list[str]) -> Iterator[dict[str, Any]]:
    """The releases, as the picture's bars."""
    begin, end = report.shown
    scale = (_WIDTH - _LEFT) / max((end - begin).total_seconds(), 1)
    for each in report.served:
        start, stop = _bar(each, report)
        yield {
            "row": names.index(f"{each.stack} {each.application}"),
            "tone": "bad" if each.bad else "good",
            "left": _LEFT + (start - begin).total_seconds() * scale,
            "width": (stop - start).total_seconds() * scale,
            "release": each.release,
            "start": start,
            "stop": stop,
        }
