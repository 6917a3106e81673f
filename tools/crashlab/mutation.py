"""Does the matrix notice when recover is wrong? `python -m crashlab.mutation` mutates it and counts.

1. Crashes are chosen from the results of a run of the matrix: each left another record or another live state.
2. Each is made again, and recover is run on it with all that outlived the crash; what it decided on is kept.
3. Every mutant of deciding and editing is asked for its decisions on all of these. They cannot notice one that decides
   everything and edits everything as the real one does.
4. The others take recover's place on a crash where they decide otherwise, or where their line ran; the recovery
   procedure is followed to its end and judged as in any case. A mutant of deciding or editing meets what the crash
   left; any other one the crash itself, made again, with the plugins that live on. A mutant that leads to the
   undisturbed world all the same is not caught.

Parts run at once, each with crashes of its own, and see in `mutation.jsonl` what the others caught. `--report` counts.
"""

# ruff: noqa: T201 - it prints what it was asked for

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crashlab import cases, faults, lab, matrix, mutants, procedures
from crashlab.stack_file import STACK
from crashlab.units import RESULTS as UNITS
from crashlab.units import SURVIVED
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crashlab.engine import Run
    from crashlab.mutants import Captured, Mutant
    from crashlab.operations import Operation
    from crashlab.wire import Wire

PROGRAM = str(Path(mutants.__file__).resolve())
PURE = ("reconcile_plan", "state_edit", "entries")
RESULTS = "mutation.jsonl"
_CAPTURE = "capture:"
_WORDS = ["recover", STACK, "--settle", "1"]


@dataclass(frozen=True)
class State:
    """What a crash left, as a snapshot of the instance, and what recover decided on there."""

    case: cases.Case
    snapshot: str
    captured: Captured


def _program(change: str, *, watched: bool) -> list[str]:
    # `-P`: without the program's own folder on the path, whose names hide the packages'.
    return [sys.executable, "-P", PROGRAM, change, "--", *_WORDS, *([] if watched else ["--skip-preview"])]


def recovery(change: str) -> procedures.Procedure:
    """Recover's procedure, with a mutant in recover's place, or with the real one, which captures its decisions once.

    The real one must have nothing to do at the end. A mutant's promises are checked too.
    """

    watched = not change.startswith(_CAPTURE)

    def commands(instance: lab.Lab, operation: Operation) -> list[list[str]]:
        return [_program(change, watched=watched), *procedures.PROCEDURES["recover"].commands(instance, operation)[1:]]

    recover = procedures.PROCEDURES["recover"]
    return procedures.Procedure("mutant", change, commands, recover.again, rest_of=recover.name, watched=watched)


def chosen(work: Path, results: Path, size: int, seed: int) -> list[cases.Case]:
    """Cases that crashed, each with what no other left; in a seed's order, operations and faults in turn."""
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
    every = {each.id: each for each in cases.cases(references.values())}
    return [every[row["case"]] for row in rows if row["case"] in every]


class Bench:
    """An instance with the crashes in it."""

    def __init__(self, work: Path, instance: lab.Lab, wire: Wire, name: str, known: dict[str, list[str]]) -> None:
        self.work, self.instance, self.wire = work, instance, wire
        self.client = instance.instance.local.client()
        self.log = work / f"{name}.log"
        self.known = known
        """What recovery procedures led to, from where they went on: the real recover's, the matrix's too."""
        self.outcomes: dict[tuple[str, str], list[str]] = {}
        """The same by a crash and what a mutant decides and edits there: the same edits lead to the same."""

    def prepare(self, crashed: Sequence[cases.Case]) -> list[State]:
        """Crash, keep, and see what recover decides on."""
        states: list[State] = []
        for number, case in enumerate(crashed):
            snapshot, file = f"state-{number}", self.instance.folder / f"captured-{number}"
            file.unlink(missing_ok=True)
            # The real one, followed to its end: what a mutant leaves that it left too leads to the same.
            wrong = self._crashed(case, f"{_CAPTURE}{file}", lambda name=snapshot: self.client.save_snapshot(name))
            if wrong is None or wrong:
                print(f"  left out, {wrong[0] if wrong else 'nothing crashed'}: {case.id}", flush=True)
                continue
            states.append(State(case, snapshot, mutants.captured(file)))
            print(f"  {case.id}", flush=True)
        return states

    def caught(self, mutant: Mutant, state: State, edits: str) -> list[str] | None:
        """What is wrong after the recovery by a mutant that makes these edits; empty: it is not caught.

        None: the crash did not come about this time.
        """
        key = state.case.id, edits
        if mutant.module in PURE and key in self.outcomes:
            return self.outcomes[key]
        try:
            wrong = self._left(mutant, state) if mutant.module in PURE else self._live(mutant, state)
        except subprocess.TimeoutExpired as error:
            wrong = [f"it does not end: {error}"]
        if mutant.module in PURE and wrong is not None:
            self.outcomes[key] = wrong
        return wrong

    def _left(self, mutant: Mutant, state: State) -> list[str]:
        """On what the crash left."""
        reference = self._reference(state.case)
        self.client.load_snapshot(state.snapshot)
        self.instance.prepare(reference.operation)
        procedure = recovery(mutant.id)
        return procedures.follow(self.instance, reference.operation, procedure, reference.live_state, self.known).faults

    def _live(self, mutant: Mutant, state: State) -> list[str] | None:
        """On the crash itself, with all that outlives it."""
        return self._crashed(state.case, mutant.id)

    def _crashed(self, case: cases.Case, change: str, before: Callable[[], None] = lambda: None) -> list[str] | None:
        """Crash, then follow the procedure of a changed recover; gives what is wrong, None: nothing crashed."""
        reference, wrong = self._reference(case), list[list[str]]()

        def after(run: Run) -> None:
            if (run.stop is not None and not run.has_reached) or not run.ended:
                return
            before()
            verdict = procedures.follow(
                self.instance,
                reference.operation,
                recovery(change),
                reference.live_state,
                self.known,
                plugins=run.plugins,
                lands=case.fault == faults.LANDING,
            )
            wrong.append(verdict.faults)

        self.instance.begin(reference.operation)
        command = self.instance.command(reference.operation, parallel=case.parallel)
        faults.disturb(
            faults.Scene(self.instance, self.wire, command, self.log), case.point, case.when, case.fault, after
        )
        return wrong[0] if wrong else None

    def _reference(self, case: cases.Case) -> cases.Reference:
        return matrix.references(self.work, [case.operation])[case.operation]


def noticed(states: Sequence[State]) -> dict[str, dict[int, str]]:
    """For each mutant of deciding and editing: the places of the states that it treats otherwise, and how."""
    calls = [(place, call) for place, state in enumerate(states) for call in state.captured.calls]
    real = mutants.outcomes([call for _, call in calls], None)
    found: dict[str, dict[int, str]] = {}
    for mutant in mutants.mutants(PURE):
        other: dict[int, list[str]] = defaultdict(list)
        for (place, _), text, own in zip(
            calls, mutants.outcomes([call for _, call in calls], mutant.id), real, strict=True
        ):
            other[place] += [text] if text != own else []
        found[mutant.id] = {place: "; ".join(texts) for place, texts in other.items() if texts}
    return found


def main() -> int:
    """Run it and print the figures."""
    options = _options()
    options.work = options.work.resolve()
    if options.report:
        _report(options.work, options.unit_tests)
        return 0
    began = time.monotonic()
    name = f"mutation-{options.part.number}"
    found = options.results or matrix.ground(options.work) / "results.jsonl"
    crashed = options.part.its(chosen(options.work, found, options.states, options.seed))
    known = matrix.known_from(matrix.read_results(found))
    with (
        lab.lab(matrix.ground(options.work) / matrix.TEMPLATE, options.work / name) as instance,
        matrix.fronted(instance) as wire,
    ):
        bench = Bench(options.work, instance, wire, name, known)
        print(f"{len(crashed)} crashes:", flush=True)
        states = bench.prepare(crashed)
        other = noticed(states)
        waiting = [(each, _places(each, states, other)) for each in mutants.mutants()]
        waiting = [(each, places) for each, places in waiting if places]
        print(f"{len(waiting)} mutants decide otherwise, or are on a line that ran", flush=True)
        # Each part in an order of its own, so that no two are at the same one; those that no part has tried first.
        random.Random(options.seed + options.part.number).shuffle(waiting)  # noqa: S311 - a reproducible choice
        tried = _tried(options.work)
        waiting.sort(key=lambda each: len(tried[each[0].id]))
        _try(bench, states, waiting, options, began)
    return 0


def _places(mutant: Mutant, states: Sequence[State], other: dict[str, dict[int, str]]) -> dict[int, str]:
    """The states on which a mutant may be noticed: where it decides otherwise, or where its line ran."""
    if mutant.module in PURE:
        return other[mutant.id]
    return {n: "" for n, state in enumerate(states) if (mutant.module, mutant.line) in state.captured.lines}


def _tried(work: Path) -> dict[str, list[dict[str, Any]]]:
    """What came of every try so far, of all parts, by mutant."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    path = work / RESULTS
    for line in path.read_text().splitlines() if path.exists() else ():
        each = json.loads(line)
        found[each["mutant"]].append(each)
    return found


def _try(
    bench: Bench,
    states: Sequence[State],
    waiting: Sequence[tuple[Mutant, dict[int, str]]],
    options: argparse.Namespace,
    began: float,
) -> None:
    """First every mutant on one crash, then those that were not caught on another, and so on."""
    for nth in range(options.tries):
        for mutant, places in waiting:
            if nth >= len(places) or time.monotonic() - began > options.minutes * 60:
                continue
            before = _tried(options.work)[mutant.id]
            if len(before) >= options.tries or any(each["caught"] for each in before):
                continue
            # Crashes far apart, so that mutants do not all meet the first ones.
            place = list(places)[(mutant.number + nth * max(1, len(places) // options.tries)) % len(places)]
            wrong = bench.caught(mutant, states[place], places[place])
            if wrong is None:
                continue
            result = {"mutant": mutant.id, "line": mutant.line, "what": mutant.what, "case": states[place].case.id}
            with (options.work / RESULTS).open("a") as stream:
                stream.write(json.dumps(result | {"caught": wrong[:2]}) + "\n")
            print(f"{'caught  ' if wrong else 'SURVIVED'} {mutant.id} line {mutant.line} {mutant.what}", flush=True)
    print(f"took {time.monotonic() - began:.0f} s, seed {options.seed}")


def _report(work: Path, unit_tests: Path) -> None:
    """By module: how many mutants a crash could notice, how many it caught, and how many the unit tests did, if run."""
    tried, every = _tried(work), mutants.mutants()
    crashes = {each["case"] for tries in tried.values() for each in tries}
    caught = {name for name, tries in tried.items() if any(each["caught"] for each in tries)}
    units = [json.loads(line) for line in unit_tests.read_text().splitlines()] if unit_tests.exists() else []
    by_units = {each["mutant"] for each in units if each["outcome"] != SURVIVED}
    print(f"{sum(map(len, tried.values()))} tries on {len(crashes)} crashes; {len(every)} mutants:")
    print("| module | mutants | tried | caught | by the unit tests | by either |")
    for module in (*mutants.MODULES, None):
        of = {each.id for each in every if module in (each.module, None)}
        figures = (len(each & of) for each in (of, tried.keys(), caught, by_units, caught | by_units))
        print(f"| {module or 'all'} | {' | '.join(str(each) for each in figures)} |")
    for mutant in every:
        if mutant.id in tried and mutant.id not in caught:
            said = ", the unit tests catch it" if mutant.id in by_units else ""
            print(f"SURVIVED {mutant.id} line {mutant.line} {mutant.what}, {len(tried[mutant.id])} tries{said}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crashlab.mutation", description=__doc__)
    parser.add_argument("--states", type=int, default=16, help="how many crashes, of all parts (16)")
    parser.add_argument("--tries", type=int, default=3, help="on how many crashes each mutant, of all parts (3)")
    parser.add_argument("--seed", type=int, default=1, help="chooses crashes and the order of mutants (1)")
    parser.add_argument(
        "--part", type=cases.Part.parse, default="1/1", metavar="K/N", help="a part of the crashes (1/1)"
    )
    parser.add_argument("--minutes", type=float, default=600, help="begin no mutant after so many (600)")
    parser.add_argument("--work", type=Path, default=ROOT / ".crash", help="folder of instances and results (.crash)")
    parser.add_argument("--results", type=Path, help="a run's results (results.jsonl next to the template)")
    parser.add_argument("--report", action="store_true", help="run nothing; print the figures of all parts")
    parser.add_argument(
        "--unit-tests",
        type=Path,
        default=UNITS,
        metavar="FILE",
        help="what they caught, for the report (.crash/units.jsonl)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
