"""The published matrix as one picture: a square for each case, so that what was not run shows like what failed."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from crashlab import record
from crashlab.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crashlab.record import Entry

_STEP, _SIDE = 6, 5
"""From one square to the next, and a square's side, pixels."""
_LEFT, _LINE, _NARROWEST = 150, 14, 880
_LABELLED = 6
"""Columns that a kind's name needs."""
_KINDS = {"request": "requests", "commit": "commits", "write": "writes"}
_COLOURS = {
    record.CONVERGED: ("#2f9e62", "crashed: served completely, converged"),
    record.REPORTED_DONE: ("#2a7f9e", "the same, though the update had reported it done"),
    record.NOT_CONVERGED: ("#f08c00", "crashed: not converged"),
    record.BROKEN: ("#d0342c", "crashed: not served completely, or a secret in the clear"),
    record.SWALLOWED: ("#b9c4cf", "swallowed by a retry"),
    record.UNTRUE: ("#8a4fbf", "swallowed, and not what the update said"),
    record.ABSENT: ("#f3e6c4", "not run"),
}
_LEGEND_COLUMNS, _LEGEND_WIDTH = 3, 290


def svg(entries: Iterable[Entry]) -> str:
    """The picture: a block an operation and procedure, in it a row a fault and its moment, a column a point."""
    blocks: list[str] = []
    width, top = _NARROWEST, 66
    for each in entries:
        body, wide, high = _block(each)
        blocks.append(f'<g transform="translate(8 {top})">{body}</g>')
        width, top = max(width, wide + 16), top + high
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" '
        'font-family="system-ui, sans-serif" font-size="10" fill="#243040">'
    )
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, ground, _legend(), *blocks, "</svg>"]) + "\n"


def _block(entry: Entry) -> tuple[str, int, int]:
    used = [n for n in range(len(record.COLUMNS)) if any(row[n] != record.NONE for row in entry.points.values())]
    squares: dict[str, list[str]] = defaultdict(list)
    for column, letters in enumerate(entry.points.values()):
        for row, place in enumerate(used):
            x, y = _LEFT + _STEP * column, 2 * _LINE + _STEP * row
            squares[letters[place]].append(f"M{x} {y}h{_SIDE}v{_SIDE}h-{_SIDE}z")
    title = f"{entry.operation}, {entry.procedure}: {entry.run} of {entry.cases} cases"
    parts = [_text(0, 10, title, 'font-size="12" font-weight="600"')]
    first = 0
    for kind, group in groupby(entry.points, key=lambda point: point.partition("-")[0]):
        wide = len(list(group))
        if wide >= _LABELLED or first + wide == len(entry.points):
            parts.append(_text(_LEFT + _STEP * first, 2 * _LINE - 4, _KINDS[kind], 'fill="#6b7785" font-size="8"'))
        first += wide
    for row, place in enumerate(used):
        fault, when = record.COLUMNS[place]
        said = f"{fault}, {when}" if len(FAULTS[fault].timings) > 1 else fault
        parts.append(_text(_LEFT - 6, 2 * _LINE + _STEP * row + _SIDE, said, 'text-anchor="end" font-size="6.5"'))
    parts += [
        f'<path fill="{colour}" d="{"".join(squares[letter])}"/>'
        for letter, (colour, _) in _COLOURS.items()
        if squares[letter]
    ]
    return "".join(parts), _LEFT + _STEP * len(entry.points), 2 * _LINE + _STEP * len(used) + _LINE


def _legend() -> str:
    parts: list[str] = []
    for number, (colour, said) in enumerate(_COLOURS.values()):
        x, y = 8 + _LEGEND_WIDTH * (number % _LEGEND_COLUMNS), 8 + 16 * (number // _LEGEND_COLUMNS)
        parts.append(f'<rect x="{x}" y="{y}" width="10" height="10" fill="{colour}"/>' + _text(x + 15, y + 9, said))
    return "".join(parts)


def _text(x: int, y: int, said: str, how: str = "") -> str:
    return f'<text x="{x}" y="{y}" {how}>{escape(said)}</text>'
