"""The figures of a sample, as a table: `python -m support.edits.figures RESULTS...`."""

# ruff: noqa: T201 - it prints what it was asked for

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from support.edits.edits import KINDS, TWO, by_name

VERDICTS = ("converged", "refused", "failed")


def table(rows: list[dict[str, Any]]) -> str:
    """Worlds by kinds of edit: how many converged, were refused with a way on, and failed."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        kind = by_name(row["edits"][0]).kind if len(row["edits"]) == 1 else TWO
        found[row["world"].partition(":")[0], kind][row["verdict"]] += 1
    worlds = sorted({world for world, _ in found})
    lines = [f"| world | {' | '.join(KINDS)} |", f"| --- |{' --- |' * len(KINDS)}"]
    for world in worlds:
        counts = (" / ".join(str(found[world, kind][each]) for each in VERDICTS) for kind in KINDS)
        lines.append(f"| {world} | {' | '.join(counts)} |")
    total = Counter(row["verdict"] for row in rows)
    said = ", ".join(f"{total[each]} {each}" for each in VERDICTS)
    halfway = sum(row["halfway"] > 0 for row in rows)
    steps = Counter(len(row["steps"]) for row in rows)
    return "\n".join(
        [
            *lines,
            "",
            f"{len(rows)} cases: {said}. In {halfway} an update ended halfway and the printed way on led out of it.",
            f"Commands by case: {dict(sorted(steps.items()))}.",
        ]
    )


if __name__ == "__main__":
    print(table([json.loads(line) for path in sys.argv[1:] for line in Path(path).read_text().splitlines()]))
