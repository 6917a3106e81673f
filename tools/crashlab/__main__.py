"""The crash matrix from the command line: `python -m crashlab --help`."""

# ruff: noqa: T201 - it prints what it was asked for

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crashlab import cases, figures, matrix, picture, record
from crashlab.operations import ALL, OPERATIONS, TERRAFORM
from crashlab.procedures import PROCEDURES
from support.paths import ROOT
from support.signals import take_interrupts

RECORD, PICTURE, PAGE = (ROOT / "docs" / name for name in ("crash-record.json", "crash-record.svg", "crash.md"))
CRASHED = ("components", "infra", "plugin", "packages/parity/src", "packages/sandbox/src")
"""What the record names the version of."""


def main() -> int:
    """Run the cases; 1 where users were not served completely, `parity recover` did not converge, or a case broke."""
    take_interrupts()
    options = _options()
    options.work = options.work.resolve()
    operations = tuple(options.operation or (TERRAFORM if options.procedure == ["terraform-apply"] else OPERATIONS))
    options.work.mkdir(parents=True, exist_ok=True)
    results = options.results or matrix.ground(options.work) / "results.jsonl"
    if not options.report:
        undisturbed = matrix.references(options.work, operations)
        every = cases.cases(undisturbed.values(), parallel=options.parallel)
        if options.fault:
            every = [each for each in every if each.fault in options.fault]
        if options.case:
            every = [each for each in every if each.id in options.case]
        if options.missing:
            every = record.missing(every, record.read(RECORD), options.procedure)
        chosen = (
            cases.shuffled(every, options.seed)
            if options.all or options.case
            else cases.sample(every, options.sample, options.seed)
        )
        print(f"{len(chosen)} of {len(every)} cases, seed {options.seed}, --parallel {options.parallel}")
        plan = matrix.Plan(
            options.work,
            operations,
            tuple(options.procedure),
            options.workers,
            options.name,
            reuse=not options.no_reuse,
            seconds=options.minutes and options.minutes * 60,
        )
        seconds = matrix.run(plan, chosen, results, _show)
        print(f"took {seconds:.0f} s with {plan.workers} instances at once")
    found = matrix.read_results(results)
    print(figures.report(found))
    if options.publish:
        _publish(options, found)
    return int(any(figures.failed(each) for each in found))


def _publish(options: argparse.Namespace, found: list[dict[str, Any]]) -> None:
    names = [name for name in ALL if any(each["operation"] == name for each in found)]
    every = cases.cases(matrix.references(options.work, names).values(), parallel=options.parallel)
    last = ["git", "log", "-1", "--format=%h", "--abbrev=12", "--", *CRASHED]
    version = subprocess.run(last, cwd=ROOT, capture_output=True, check=True, text=True).stdout.strip()
    today = datetime.now(UTC).date().isoformat()
    entries = record.merged(
        record.read(RECORD), record.of_results(every, found, list(PROCEDURES), date=today, version=version)
    )
    order = list(ALL)
    entries.sort(key=lambda each: (list(PROCEDURES).index(each.procedure), order.index(each.operation)))
    record.write(RECORD, entries)
    draw()
    print(record.table(entries))


def draw() -> None:
    """Draw the published record: its picture, and the table in the page about it."""
    entries = record.read(RECORD)
    PICTURE.write_text(picture.svg(entries))
    PAGE.write_text(record.put_in(PAGE.read_text(), entries))


def _show(result: dict[str, object]) -> None:
    verdicts = result["verdicts"]
    assert isinstance(verdicts, dict)
    said = ", ".join(f"{name} {'FAILED' if each['faults'] else 'converged'}" for name, each in verdicts.items())
    print(f"{figures.outcome(result):11} {result['case']}: {said or '-'} ({result.get('seconds')} s)", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crashlab", description=__doc__)
    parser.add_argument("--all", action="store_true", help="run every case, not a sample")
    parser.add_argument("--sample", type=int, default=24, metavar="N", help="run N cases, chosen by the seed (24)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="chooses the sample (1)")
    parser.add_argument("--operation", action="append", choices=list(ALL), help="only this one; may be repeated")
    parser.add_argument("--fault", action="append", help="only this one; may be repeated")
    parser.add_argument("--case", action="append", help="only this one, as a report names it; may be repeated")
    parser.add_argument(
        "--procedure", nargs="+", choices=list(PROCEDURES), default=["recover"], help="recovery procedures (recover)"
    )
    parser.add_argument("--parallel", type=int, default=1, metavar="N", help="the engine's --parallel (1)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="instances at once (2)")
    parser.add_argument(
        "--name", default="worker", help="of the instances; two runs at once in one folder take two (worker)"
    )
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no case after M minutes")
    parser.add_argument("--no-reuse", action="store_true", help="follow every procedure, also from a state seen before")
    parser.add_argument("--work", type=Path, default=ROOT / ".crash", help="folder of instances and results (.crash)")
    parser.add_argument(
        "--results",
        type=Path,
        help="default: results.jsonl next to the template; cases that it holds are not run again",
    )
    parser.add_argument("--report", action="store_true", help="run nothing; print the figures of the results")
    parser.add_argument("--missing", action="store_true", help="leave out what the published record holds already")
    parser.add_argument("--publish", action="store_true", help="put the results into the published record, and draw it")
    options = parser.parse_args()
    if options.publish and options.parallel != 1:
        parser.error("--publish is for --parallel 1: at more the points of a case are not the run's own")
    return options


if __name__ == "__main__":
    sys.exit(main())
