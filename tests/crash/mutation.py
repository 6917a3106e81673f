"""Does the matrix notice when recover is wrong? `python -m tests.crash.mutation` mutates it and counts.

1. Crashes are chosen from the results of a run of the matrix: each left another record or another reality.
2. Each is made again, and recover is run on it; what it decided on is kept.
3. Every mutant of deciding and mending is asked for its decisions on all of these. One that decides everything and
   mends everything as the real one cannot be noticed by them.
4. A sample of the others takes recover's place on a crash where it decides otherwise; the way back is followed to its
   end and judged as any cell is. A mutant that leads to the undisturbed world all the same is not caught.
"""
# ruff: noqa: T201 - it prints what it was asked for

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.crash import cells, lab, matrix, mutants, procedures, units
from tests.crash.stack_file import STACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.mutants import Captured, Mutant
    from tests.crash.operations import Operation
    from tests.crash.wire import Wire

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(mutants.__file__).resolve())
PURE = ("decide", "mend", "entries")
_WORDS = ["recover", STACK, "--settle", "1", "--skip-preview"]


@dataclass(frozen=True)
class State:
    """What a crash left, as a snapshot of the box, and what recover decided on there."""

    cell: cells.Cell
    snapshot: str
    captured: Captured


def _program(change: str) -> list[str]:
    # `-P`: without the program's own folder on the path, whose names hide the packages'.
    return [sys.executable, "-P", PROGRAM, change, "--", *_WORDS]


def way_back(mutant: str) -> procedures.Procedure:
    """Recover's, with a mutant in its place; what must have nothing to do at the end is the real one."""

    def commands(box: lab.Lab, operation: Operation) -> list[list[str]]:
        return [_program(mutant), *procedures.PROCEDURES["recover"].commands(box, operation)[1:]]

    recover = procedures.PROCEDURES["recover"]
    return procedures.Procedure("mutant", mutant, commands, recover.again, rest_of=recover.name)


def chosen(work: Path, results: Path, size: int, seed: int) -> list[cells.Cell]:
    """Cells that crashed, each with what no other left; in a seed's order, operations and faults in turn."""
    found = {each["state"]: each for each in matrix.read_results(results) if each["verdicts"] and not each["swallowed"]}
    rows = list(found.values())
    random.Random(seed).shuffle(rows)  # noqa: S311 - a reproducible choice
    seen: Counter[str] = Counter()
    picked: list[dict[str, Any]] = []
    while rows and len(picked) < size:
        row = min(rows, key=lambda each: seen[each["operation"]] + seen[each["fault"]])
        rows.remove(row)
        seen.update((row["operation"], row["fault"]))
        picked.append(row)
    rows = picked
    references = matrix.references(work, sorted({row["operation"] for row in rows}))
    every = {each.id: each for each in cells.cells(references.values())}
    return [every[row["cell"]] for row in rows if row["cell"] in every]


class Bench:
    """A box with the crashes in it."""

    def __init__(self, work: Path, box: lab.Lab, wire: Wire, name: str, known: dict[str, list[str]]) -> None:
        self.work, self.box, self.wire = work, box, wire
        self.client = box.box.local.client()
        self.log = work / f"{name}.log"
        self.known = known
        """What ways back led to, from where they went on: the real recover's, the matrix's too."""
        self.led: dict[tuple[str, str], list[str]] = {}
        """The same by a crash and what a mutant decides and mends there: two that mend alike lead alike."""

    def prepare(self, crashed: Sequence[cells.Cell]) -> list[State]:
        """Crash, keep, and see what recover decides on."""
        states: list[State] = []
        for number, cell in enumerate(crashed):
            reference = matrix.references(self.work, [cell.operation])[cell.operation]
            player = cells.Player(self.box, self.wire, reference, (), None, self.log)
            if not player.leave(cell):
                continue
            snapshot, file = f"state-{number}", self.box.folder / f"captured-{number}"
            file.unlink(missing_ok=True)
            self.client.save_snapshot(snapshot)
            # The real one, followed to its end: what a mutant leaves that it left too leads to the same.
            real = way_back(f"capture:{file}")
            verdict = procedures.follow(self.box, reference.operation, real, reference.reality, self.known)
            assert file.exists(), verdict.said
            if verdict.faults:
                print(f"  left out, recover itself does not lead back: {cell.id}", flush=True)
                continue
            states.append(State(cell, snapshot, mutants.captured(file)))
            print(f"  {cell.id}", flush=True)
        return states

    def caught(self, mutant: Mutant, state: State) -> list[str]:
        """What is wrong after a mutant's way back; empty: nothing, so it is not caught."""
        calls = state.captured.calls
        mends = "; ".join(mutants.outcome(call, mutant.id) for call in calls) if mutant.module in PURE else mutant.id
        key = state.cell.id, mends
        if key not in self.led:
            self.led[key] = self._led(mutant, state)
        return self.led[key]

    def _led(self, mutant: Mutant, state: State) -> list[str]:
        reference = matrix.references(self.work, [state.cell.operation])[state.cell.operation]
        self.client.load_snapshot(state.snapshot)
        self.box.prepare(reference.operation)
        back = way_back(mutant.id)
        return procedures.follow(self.box, reference.operation, back, reference.reality, self.known).faults


def noticed(states: Sequence[State]) -> dict[str, list[int]]:
    """For each mutant of deciding and mending: the places of the states that it treats otherwise."""
    calls = [(place, call) for place, state in enumerate(states) for call in state.captured.calls]
    real = [mutants.outcome(call, None) for _, call in calls]
    found: dict[str, list[int]] = {}
    for mutant in mutants.mutants(PURE):
        other = [
            place for (place, call), text in zip(calls, real, strict=True) if mutants.outcome(call, mutant.id) != text
        ]
        found[mutant.id] = list(dict.fromkeys(other))
    return found


def main() -> int:
    """Run it and print the figures."""
    options = _options()
    options.work = options.work.resolve()
    began = time.monotonic()
    part, parts = (int(each) for each in options.part.split("/"))
    name = f"mutation-{part}"
    found = options.results or matrix.ground(options.work) / "results.jsonl"
    crashed = chosen(options.work, found, options.states, options.seed)
    known = matrix.known_from(matrix.read_results(found))
    every = mutants.mutants()
    with (
        lab.lab(matrix.ground(options.work) / matrix.TEMPLATE, options.work / name) as box,
        matrix.fronted(box) as wire,
    ):
        bench = Bench(options.work, box, wire, name, known)
        print(f"{len(crashed)} crashes:", flush=True)
        states = bench.prepare(crashed)
        other = noticed(states)
        ran = set().union(*(state.captured.lines for state in states))
        print(f"mutants: {len(every)} ({', '.join(mutants.parts(every))})")
        for module in mutants.MODULES:
            of = [each for each in every if each.module == module]
            reached = sum((each.module, each.line) in ran for each in of)
            told = f", {sum(bool(other[each.id]) for each in of)} decide or mend otherwise" if module in PURE else ""
            print(f"  {module}: {len(of)}, of these {reached} on a line that ran{told}")
        waiting = [(each, _places(each, states, other)) for each in every]
        caught = _caught(options.units)
        waiting = [(each, places) for each, places in waiting if places and each.id not in caught]
        random.Random(options.seed).shuffle(waiting)  # noqa: S311 - a reproducible choice
        _try(bench, states, waiting[: options.mutants][part - 1 :: parts], options, began)
    return 0


def _places(mutant: Mutant, states: Sequence[State], other: dict[str, list[int]]) -> list[int]:
    """The states on which a mutant may be noticed: where it decides otherwise, or where its line ran."""
    if mutant.module in PURE:
        return other[mutant.id]
    return [n for n, state in enumerate(states) if (mutant.module, mutant.line) in state.captured.lines]


def _caught(results: Path | None) -> set[str]:
    """What the unit tests catch, as `tests.crash.units` wrote it down."""
    lines = results.read_text().splitlines() if results else ()
    return {each["mutant"] for each in map(json.loads, lines) if each["outcome"] != units.SURVIVED}


def _try(
    bench: Bench,
    states: Sequence[State],
    waiting: Sequence[tuple[Mutant, list[int]]],
    options: argparse.Namespace,
    began: float,
) -> None:
    tried = caught = 0
    for mutant, places in waiting:
        if time.monotonic() - began > options.minutes * 60:
            break
        faults: list[str] = []
        for place in places[: options.tries]:
            faults = bench.caught(mutant, states[place])
            if faults:
                break
        tried, caught = tried + 1, caught + bool(faults)
        result = {"mutant": mutant.id, "line": mutant.line, "what": mutant.what, "caught": faults[:2]}
        with (options.work / "mutation.jsonl").open("a") as stream:
            stream.write(json.dumps(result) + "\n")
        print(f"{'caught  ' if faults else 'SURVIVED'} {mutant.id} line {mutant.line} {mutant.what}", flush=True)
    print(
        f"{caught} of {tried} mutants caught, of {len(waiting)} in this part; seed {options.seed}, "
        f"{time.monotonic() - began:.0f} s"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.mutation", description=__doc__)
    parser.add_argument("--states", type=int, default=16, help="how many crashes (16)")
    parser.add_argument("--mutants", type=int, default=10_000, help="how many mutants are tried to the end (all)")
    parser.add_argument("--tries", type=int, default=2, help="on how many crashes each (2)")
    parser.add_argument("--seed", type=int, default=1, help="chooses crashes and mutants (1)")
    parser.add_argument("--units", type=Path, metavar="FILE", help="leave out what the unit tests catch (units.jsonl)")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="the K-th of N parts of the mutants (1/1)")
    parser.add_argument("--minutes", type=float, default=600, help="begin no mutant after so many (600)")
    parser.add_argument("--work", type=Path, default=ROOT / ".crash", help="folder of boxes and results (.crash)")
    parser.add_argument("--results", type=Path, help="a run's results (results.jsonl beside the template)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
