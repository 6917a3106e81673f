"""The figures that are published: what came of every case, kept in the repository and merged with each run's results.

Each operation and recovery procedure has a row for each point, in the order of the undisturbed run, and in it a letter
for each fault and moment (`COLUMNS`). Table and picture are drawn from it, so they say what was run, and what was not.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from crashlab import figures
from crashlab.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from crashlab.cases import Case

COLUMNS = tuple((name, when) for name, fault in FAULTS.items() for when in fault.timings)
CONVERGED, REPORTED_DONE, NOT_CONVERGED, BROKEN, SWALLOWED, UNTRUE, ABSENT, NONE = "cdnbsu-."
"""Crashed, users served completely and converged; the same, and the update had reported that it was done; crashed, and
not converged; crashed, and users not served completely before any recovery or a secret in the clear; swallowed by a
retry; swallowed, and yet not what the update says or a secret in the clear; not run, or the point did not come; no such
case."""
_BEGIN, _END = "<!-- record -->", "<!-- end of the record -->"


@dataclass
class Entry:
    """What is published of one operation and one recovery procedure."""

    operation: str
    procedure: str
    dates: list[str]
    """Days of the runs, as `2026-11-26`."""
    parity: list[str]
    """The commits of what was crashed: the last that changed anything but tests and docs, 12 digits each."""
    states: int | None
    """How many different states the crashes left; None: unknown, since it was run in parts."""
    points: dict[str, str] = field(default_factory=dict[str, str])
    """A letter for each of `COLUMNS`, by the point's id."""

    def counts(self) -> Counter[str]:
        """How many cases have which letter."""
        return Counter("".join(self.points.values()))

    @property
    def cases(self) -> int:
        """How many there are, whether they were run or not."""
        counts = self.counts()
        return sum(counts.values()) - counts[NONE]

    @property
    def run(self) -> int:
        """How many were run."""
        return self.cases - self.counts()[ABSENT]

    @property
    def complete(self) -> bool:
        """Whether every case was run."""
        return self.run == self.cases

    def covers(self, other: Entry) -> bool:
        """Whether everything was run here that was run in another record of the same points."""
        return all(
            mine != ABSENT or theirs == ABSENT
            for point, row in self.points.items()
            for mine, theirs in zip(row, other.points[point], strict=True)
        )

    def letter(self, case: Case) -> str:
        """What is known of a case; `ABSENT` too where its point is not known."""
        letters = self.points.get(case.point.id)
        return letters[COLUMNS.index((case.fault, case.when))] if letters else ABSENT


def letter(result: dict[str, Any] | None, procedure: str) -> str:
    """What a result says of a recovery procedure."""
    outcome = figures.outcome(result) if result else ""
    if not result or outcome in {"broken", "not reached"}:
        return ABSENT
    amiss = any(result.get(each) for each in ("live", "leaks", "differences"))
    if outcome == "swallowed":
        return UNTRUE if amiss else SWALLOWED
    if amiss:
        return BROKEN
    verdict = result["verdicts"].get(procedure)
    if verdict is None:
        return ABSENT
    return NOT_CONVERGED if verdict["faults"] else REPORTED_DONE if result.get("reported_done") else CONVERGED


def of_results(
    matrix: Iterable[Case], results: Sequence[dict[str, Any]], procedures: Sequence[str], *, date: str, version: str
) -> list[Entry]:
    """The record of some operations, one procedure after the other; of all their cases, also those without a result."""
    found = {each["case"]: each for each in results}
    by_operation: dict[str, list[Case]] = defaultdict(list)
    for each in matrix:
        by_operation[each.operation].append(each)
    made: list[Entry] = []
    for operation, cases in by_operation.items():
        of = [found[each.id] for each in cases if each.id in found]
        states = len({each["state"] for each in of if figures.outcome(each) == "crashed"})
        for name in procedures:
            if not any(name in each["verdicts"] for each in of):
                continue
            rows: dict[str, list[str]] = {}
            for each in cases:
                row = rows.setdefault(each.point.id, [NONE] * len(COLUMNS))
                row[COLUMNS.index((each.fault, each.when))] = letter(found.get(each.id), name)
            points = {point: "".join(row) for point, row in rows.items()}
            made.append(Entry(operation, name, [date], [version], states, points))
    return made


def merged(old: Sequence[Entry], new: Sequence[Entry]) -> list[Entry]:
    """The old record with the new results in it; where an operation has other points by now, its old ones go."""
    found = {(each.operation, each.procedure): each for each in old}
    for each in new:
        before = found.get((each.operation, each.procedure))
        if before is None or set(before.points) != set(each.points) or each.covers(before):
            found[each.operation, each.procedure] = each
            continue
        points = {
            point: "".join(b if n == ABSENT else n for b, n in zip(before.points[point], row, strict=True))
            for point, row in each.points.items()
        }
        dates, versions = sorted({*before.dates, *each.dates}), list(dict.fromkeys([*before.parity, *each.parity]))
        found[each.operation, each.procedure] = Entry(each.operation, each.procedure, dates, versions, None, points)
    return list(found.values())


def missing(matrix: Iterable[Case], entries: Sequence[Entry], names: Sequence[str]) -> list[Case]:
    """The cases of which one of these procedures is not published."""
    known = {(each.operation, each.procedure): each for each in entries}
    return [
        each
        for each in matrix
        if any((of := known.get((each.operation, name))) is None or of.letter(each) == ABSENT for name in names)
    ]


def read(path: Path) -> list[Entry]:
    """What is published; nothing where there is no such file."""
    return [Entry(**each) for each in json.loads(path.read_text())] if path.exists() else []


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Publish it."""
    path.write_text(json.dumps([asdict(each) for each in entries], indent=1) + "\n")


def table(entries: Iterable[Entry]) -> str:
    """The figures as a table for people."""
    heads = [
        "operation",
        "recovery procedure",
        "cases",
        "swallowed",
        "crashed",
        "different states",
        "users served completely",
        "converged",
    ]
    rows = [_row(each) for each in entries]
    return figures.markdown(heads, rows)


def put_in(page: str, entries: Iterable[Entry]) -> str:
    """A page with the table of now between its two marks.

    Raises:
        ValueError: it has no such marks.
    """
    head, _, rest = page.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not end:
        raise ValueError(f"the page has no {_BEGIN} and {_END}")
    return f"{head}{_BEGIN}\n\n{table(entries)}\n\n{_END}{tail}"


def _row(entry: Entry) -> list[str]:
    counts = entry.counts()
    crashed = sum(counts[each] for each in (CONVERGED, REPORTED_DONE, NOT_CONVERGED, BROKEN))
    swallowed = counts[SWALLOWED] + counts[UNTRUE]
    return [
        f"`{entry.operation}`",
        f"`{entry.procedure}`",
        f"all {entry.run}" if entry.complete else f"{entry.run} of {entry.cases}",
        f"{swallowed}, {counts[UNTRUE]} of them untrue" if counts[UNTRUE] else str(swallowed),
        str(crashed),
        "unknown" if entry.states is None else str(entry.states),
        str(crashed - counts[BROKEN]),
        str(counts[CONVERGED] + counts[REPORTED_DONE]),
    ]
