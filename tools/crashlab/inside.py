"""Crashes inside recover: `python -m crashlab.inside` kills it at each of its own steps, and runs it again.

Its points are recorded as an operation's are: each request of its inventory, each commit of the refresh it runs, each
write of checkpoint, lock, ledger and the copy it keeps. SIGKILL hits recover alone, so that an engine it started lives
on, or recover and everything that it started.
"""

# ruff: noqa: T201 - it prints what it was asked for

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crashlab import cases, engine, figures, lab, matrix, mutation, procedures
from crashlab.operations import OPERATIONS
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crashlab.engine import Run, When
    from crashlab.points import Point
    from crashlab.wire import Wire

KILLED = ("recover-killed", "everything-killed")
_ENGINE_SECONDS = 90
_SNAPSHOT = "before-recover"
RESULTS = "inside.jsonl"
"""In the folder of the work; a step that stands there as reached is not tried again."""


@dataclass(frozen=True)
class Bench:
    """An instance, and where results go."""

    instance: lab.Lab
    wire: Wire
    work: Path
    name: str
    known: dict[str, list[str]]
    """What recovery procedures led to so far, the matrix's too."""

    @property
    def output(self) -> Path:
        """Takes all that is printed."""
        return self.work / f"{self.name}.log"

    def play(self, crashed: cases.Case, size: int, seed: int) -> None:
        """Crash an operation, then recover at a sample of its own points; results go to the file as the matrix's."""
        reference = matrix.references(self.work, [crashed.operation])[crashed.operation]
        if not cases.Player(self.instance, self.wire, reference, (), None, self.output).leave(crashed):
            return
        client = self.instance.instance.local.client()
        client.save_snapshot(_SNAPSHOT)
        command = procedures.PROCEDURES["recover"].commands(self.instance, OPERATIONS[crashed.operation])[0]
        with engine.running(self.instance, self.wire, command, output=self.output) as run:
            code = run.wait()
            assert code == 0, run.said()
            points = run.points()
        steps: list[tuple[Point, When, str]] = [
            (point, when, who) for point in points for when in ("before", "after") for who in KILLED
        ]
        random.Random(seed).shuffle(steps)  # noqa: S311 - a reproducible choice
        tried = {each["case"] for each in matrix.read_results(self.work / RESULTS) if each["reached"]}
        for point, when, who in steps[:size]:
            name = f"{crashed.id} > {point.id}/{when}/{who}"
            if name in tried:
                continue
            client.load_snapshot(_SNAPSHOT)
            result = self._step(reference, command, cases.Case(crashed.operation, point, when, who))
            result |= {"case": name, "of": len(steps)}
            _show(self.work, result)
        client.delete_snapshot(_SNAPSHOT)

    def _step(self, reference: cases.Reference, command: Sequence[str], case: cases.Case) -> dict[str, Any]:
        began = time.monotonic()
        result: dict[str, Any] = {**case.document(), "verdicts": {}, "swallowed": False, "state": "inside"}
        stop = engine.Stop(case.point, case.when)
        with engine.running(self.instance, self.wire, command, stop, output=self.output) as run:
            result["reached"] = run.until_reached()
            if result["reached"]:
                _kill(run, case)
                result["live"] = cases.live_faults(self.instance, reference)
                recover = procedures.PROCEDURES["recover"]
                verdict = procedures.follow(
                    self.instance, reference.operation, recover, reference.live_state, self.known, plugins=run.plugins
                )
                result["verdicts"]["recover"] = {"faults": verdict.faults[:8], "seconds": verdict.seconds}
        return result | {"seconds": round(time.monotonic() - began, 2)}


def _kill(run: Run, case: cases.Case) -> None:
    run.signal(signal.SIGKILL)
    if case.fault == "everything-killed":
        engine.end(run.mark)
    run.process.wait()
    run.resume(cut=case.when == "before" and case.point.kind != "write")
    # An engine that recover had started goes on by itself; recover rightly refuses to run at the same time.
    deadline = time.monotonic() + _ENGINE_SECONDS
    while any(Path(words[0]).name == "pulumi" for _, words in engine.marked(run.mark)):
        assert time.monotonic() < deadline, "the engine that recover had started does not end"
        time.sleep(0.1)


def _show(work: Path, result: dict[str, Any]) -> None:
    with (work / RESULTS).open("a") as stream:
        stream.write(json.dumps(result) + "\n")
    own = result["verdicts"].get("recover")
    said = "not reached" if own is None else f"FAILED: {own['faults'][0]}" if own["faults"] else "converged"
    print(f"{said}  {result['case']}: {result['point']} ({result['seconds']} s)", flush=True)


def main() -> int:
    """Run it and print the figures; 1 where a step failed."""
    parser = argparse.ArgumentParser(prog="python -m crashlab.inside", description=__doc__)
    parser.add_argument("--crashes", type=int, default=8, help="how many crashes to recover from (8)")
    parser.add_argument("--steps", type=int, default=10_000, help="how many of recover's steps of each (all)")
    parser.add_argument("--seed", type=int, default=1, help="chooses crashes and steps (1)")
    parser.add_argument(
        "--part", type=cases.Part.parse, default="1/1", metavar="K/N", help="a part of the crashes (1/1)"
    )
    parser.add_argument("--minutes", type=float, default=600, help="begin no crash after so many (600)")
    parser.add_argument("--work", type=Path, default=ROOT / ".crash", help="folder of instances and results (.crash)")
    parser.add_argument("--results", type=Path, help="a run's results (results.jsonl next to the template)")
    options = parser.parse_args()
    options.work = options.work.resolve()
    began = time.monotonic()
    found = options.results or matrix.ground(options.work) / "results.jsonl"
    crashed = options.part.its(mutation.chosen(options.work, found, options.crashes, options.seed))
    name = f"inside-{options.part.number}"
    known = matrix.known_from(matrix.read_results(found))
    with (
        lab.lab(matrix.ground(options.work) / matrix.TEMPLATE, options.work / name) as instance,
        matrix.fronted(instance) as wire,
    ):
        for case in crashed:
            if time.monotonic() - began < options.minutes * 60:
                Bench(instance, wire, options.work, name, known).play(case, options.steps, options.seed)
    results = matrix.read_results(options.work / RESULTS)
    print(figures.report(results))
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s")
    return int(any(figures.failed(each) for each in results))


if __name__ == "__main__":
    sys.exit(main())
