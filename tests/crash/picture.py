"""The matrix as one picture: a square for each cell, so that what was not run shows as well as what failed."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from tests.crash import figures
from tests.crash.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.crash.cells import Cell

_STEP, _SIDE = 6, 5
"""From one square to the next, and a square's side, pixels."""
_LEFT, _TOP, _LINE = 176, 46, 14
_KINDS = {"request": "requests", "commit": "commits", "write": "writes"}
WHOLE, SWALLOWED, LOST, BROKEN, ABSENT = "whole", "swallowed", "not led back", "users not whole", "not run"
_COLOURS = {
    WHOLE: ("#2f9e62", "crashed: users whole, led back"),
    SWALLOWED: ("#b9c4cf", "swallowed by a retry"),
    LOST: ("#f08c00", "crashed: not led back"),
    BROKEN: ("#d0342c", "users not whole before any recovery, a secret in the clear, or an untrue end"),
    ABSENT: ("#f0e3c0", "not run, or the point did not come"),
}


def mark(result: dict[str, Any] | None, way: str) -> str:
    """What a cell's square says of a way back."""
    outcome = figures.outcome(result) if result else ""
    if not result or outcome in {"broken", "not reached"}:
        return ABSENT
    if result.get("live") or result.get("leaks") or result.get("differences"):
        return BROKEN
    if outcome == "swallowed":
        return SWALLOWED
    verdict = result["verdicts"].get(way)
    return ABSENT if verdict is None else LOST if verdict["faults"] else WHOLE


def svg(matrix: Iterable[Cell], results: Sequence[dict[str, Any]], way: str) -> str:
    """The picture as SVG: a block an operation, a row a fault and its moment, a column a point."""
    found = {each["cell"]: each for each in results}
    blocks, width, top = [], 0, _TOP
    for operation, group in groupby(matrix, key=lambda each: each.operation):
        body, wide, high = _block(operation, list(group), found, way)
        blocks.append(f'<g transform="translate(0 {top})">{body}</g>')
        width, top = max(width, wide), top + high
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {max(width, 860)} {top}" '
        'font-family="system-ui, sans-serif" font-size="10" fill="#243040">'
    )
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, ground, _legend(), *blocks, "</svg>"]) + "\n"


def _block(operation: str, cells: Sequence[Cell], found: dict[str, dict[str, Any]], way: str) -> tuple[str, int, int]:
    points = list(dict.fromkeys(each.point for each in cells))
    column = {point: number for number, point in enumerate(points)}
    every = [(name, when) for name, fault in FAULTS.items() for when in fault.timings]
    used = {(each.fault, each.when) for each in cells}
    row = {each: number for number, each in enumerate(each for each in every if each in used)}
    squares: dict[str, list[str]] = defaultdict(list)
    for each in cells:
        x, y = _LEFT + _STEP * column[each.point], 2 * _LINE + _STEP * row[each.fault, each.when]
        squares[mark(found.get(each.id), way)].append(f"M{x} {y}h{_SIDE}v{_SIDE}h-{_SIDE}z")
    done = len(cells) - len(squares[ABSENT])
    parts = [_text(0, 10, f"{operation}: {done} of {len(cells)} cells", 'font-size="12" font-weight="600"')]
    for kind, group in groupby(points, key=lambda each: each.kind):
        first = column[next(group)]
        parts.append(_text(_LEFT + _STEP * first, 2 * _LINE - 4, _KINDS[kind], 'fill="#6b7785"'))
    for (fault, when), number in row.items():
        said = f"{fault}, {when}" if len(FAULTS[fault].timings) > 1 else fault
        parts.append(_text(_LEFT - 6, 2 * _LINE + _STEP * number + _SIDE, said, 'text-anchor="end" font-size="6.5"'))
    parts += [f'<path fill="{_COLOURS[name][0]}" d="{"".join(paths)}"/>' for name, paths in squares.items() if paths]
    return "".join(parts), _LEFT + _STEP * len(points) + _STEP, 2 * _LINE + _STEP * len(row) + _LINE


def _legend() -> str:
    parts, x, y = [], 0, 6
    for colour, said in _COLOURS.values():
        parts.append(f'<rect x="{x}" y="{y}" width="10" height="10" fill="{colour}"/>' + _text(x + 14, y + 9, said))
        x += 190
        if x > 3 * 190:
            x, y = 0, y + 16
    return "".join(parts)


def _text(x: int, y: int, said: str, how: str = "") -> str:
    return f'<text x="{x}" y="{y}" {how}>{escape(said)}</text>'
