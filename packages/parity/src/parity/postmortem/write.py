"""Writes a post-mortem as Markdown with a picture that GitHub draws, and as one HTML page that needs nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parity import markup
from parity.postmortem import sections
from parity.postmortem.sections import Items, Picture, Table
from parity.status.model import shown
from parity.status.page import complete, escaped, pill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from parity.postmortem.report import Report
    from parity.postmortem.sections import Block
    from parity.postmortem.served import Served

_CODE = re.compile(r"`([^`]+)`")
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
    name = sections.title(report)
    return complete(
        name,
        heading=name,
        read=_inline(sections.lead(report)),
        skip=("line", "the time line"),
        command="parity postmortem",
        body=_body(report),
    )


def _body(report: Report) -> Iterator[str]:
    for each in sections.of(report):
        yield f'<section aria-labelledby="{each.name}"><h2 id="{each.name}" tabindex="-1">{escaped(each.title)}</h2>'
        for block in each.blocks:
            yield from _html(block, report)
        yield "</section>"


def _html(block: Block, report: Report) -> Iterator[str]:
    if isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Items):
        blank = f" {pill('warn', 'to be written')}" if block.open_ else ""
        yield f'<ul class="unknown">{"".join(f"<li>{_inline(each)}{blank}</li>" for each in block.rows)}</ul>'
    elif isinstance(block, Picture):
        yield from _picture(report)
    else:
        yield f"<p>{_inline(block)}</p>"


def _table(table: Table) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{escaped(each)}</th>' for each in table.heads)
    yield f'<table class="free"><thead><tr>{heads}</tr></thead><tbody>'
    labels = [f'<span class="label" aria-hidden="true">{escaped(each)}</span>' for each in table.heads[1:]]
    for first, *rest in table.rows:
        inner = "".join(f"<td>{label}{_inline(text)}</td>" for label, text in zip(labels, rest, strict=True))
        yield f'<tr><th scope="row">{_inline(first)}</th>{inner}</tr>'
    yield "</tbody></table>"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escaped(text))


def _picture(report: Report) -> Iterator[str]:
    """The releases as bars: the table below it has the same in words."""
    names = list(dict.fromkeys(f"{each.stack} {each.application}" for each in report.served))
    bars = [(each, *_bar(each, report)) for each in report.served]
    begin, end = report.shown
    scale = (_WIDTH - _LEFT) / max((end - begin).total_seconds(), 1)
    view = f"0 0 {_WIDTH} {len(names) * _ROW}"
    yield f'<svg viewBox="{view}" width="100%" role="img" aria-label="What users were served, as below">'
    for row, name in enumerate(names):
        yield _text(0, row, name, "currentColor")
    for each, start, stop in bars:
        row, tone = names.index(f"{each.stack} {each.application}"), "bad" if each.bad else "good"
        left, width = _LEFT + (start - begin).total_seconds() * scale, (stop - start).total_seconds() * scale
        place = f'x="{left:.1f}" y="{row * _ROW + 3}" width="{max(2.0, width):.1f}" height="{_ROW - 6}"'
        title = escaped(f"{each.release}, {shown(start)} to {shown(stop)}")
        yield f'<rect {place} fill="var(--{tone}-soft)" stroke="var(--{tone})"><title>{title}</title></rect>'
        if width > _ROW:
            yield _text(left + 4, row, each.release, f"var(--{tone})")
    yield "</svg>"


def _text(left: float, row: int, text: str, color: str) -> str:
    return f'<text x="{left:.1f}" y="{row * _ROW + 20}" fill="{color}" font-size="14">{escaped(text)}</text>'
