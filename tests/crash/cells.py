"""The matrix: which cells there are, and one cell run from its start to the verdicts."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.crash import oracle
from tests.crash.engine import running, update
from tests.crash.faults import FAULTS, disturb
from tests.crash.operations import OPERATIONS
from tests.crash.points import Point
from tests.crash.procedures import PROCEDURES, follow

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence
    from pathlib import Path

    from tests.crash.engine import Run, When
    from tests.crash.lab import Lab
    from tests.crash.operations import Operation
    from tests.crash.wire import Wire


_SHOWN = 8
"""How many faults of a verdict are kept."""


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run of an operation passes through and leaves."""

    operation: Operation
    points: tuple[Point, ...]
    reality: oracle.Reality
    started_with: dict[str, str]
    """What was served at its start."""
    sealed: dict[str, str]
    """The sealed values of the record at its start, by ciphertext."""


def record(lab: Lab, wire: Wire, operation: Operation) -> Reference:
    """Run an operation undisturbed, one resource at a time, and keep every point and what it leaves.

    Raises:
        AssertionError: it failed.
    """
    lab.begin(operation)
    started_with, sealed = oracle.read(lab).served, oracle.ciphertexts(lab)
    with running(lab, wire, update(operation.command)) as run:
        assert run.wait() == 0, run.said()
        points = tuple(run.points())
    return Reference(operation, points, oracle.read(lab), started_with, sealed)


def kept(reference: Reference) -> dict[str, Any]:
    """A reference as JSON; it holds the box's secrets."""
    return {
        "points": [asdict(each) for each in reference.points],
        "objects": [[*key, count] for key, count in reference.reality.objects.items()],
        "served": reference.reality.served,
        "started_with": reference.started_with,
        "sealed": reference.sealed,
    }


def opened(operation: Operation, document: dict[str, Any]) -> Reference:
    """A reference from its JSON."""
    objects = Counter({(kind, text): count for kind, text, count in document["objects"]})
    return Reference(
        operation,
        tuple(Point(**each) for each in document["points"]),
        oracle.Reality(objects, document["served"]),
        document["started_with"],
        document["sealed"],
    )


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix."""

    operation: str
    point: Point
    when: When
    fault: str
    parallel: int = 1

    @property
    def id(self) -> str:
        """Short, the same in each run."""
        return f"{self.operation}/{self.point.id}/{self.when}/{self.fault}/p{self.parallel}"


def cells(references: Iterable[Reference], *, parallel: int = 1) -> list[Cell]:
    """The whole matrix of some operations, in its order."""
    return [
        Cell(reference.operation.name, point, when, fault.name, parallel)
        for reference in references
        for point in reference.points
        for fault in FAULTS.values()
        if point.kind in fault.points
        for when in fault.timings
    ]


def sample(matrix: Sequence[Cell], size: int, seed: int) -> list[Cell]:
    """So many cells, chosen by the seed, as evenly as may be over operations, kinds of point and faults."""
    shuffled = list(matrix)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a reproducible choice, no secret
    groups: dict[tuple[str, str, str, bool], list[Cell]] = {}
    for each in shuffled:
        groups.setdefault((each.operation, each.point.kind, each.fault, each.point.changes), []).append(each)
    chosen: list[Cell] = []
    order = list(groups.values())
    random.Random(seed).shuffle(order)  # noqa: S311 - as above
    while len(chosen) < min(size, len(matrix)):
        for group in order:
            if group and len(chosen) < size:
                chosen.append(group.pop())
    return chosen


def play(
    lab: Lab,
    wire: Wire,
    reference: Reference,
    cell: Cell,
    procedures: Sequence[str],
    known: MutableMapping[str, dict[str, Any]],
    output: Path,
) -> dict[str, Any]:
    """Run one cell: crash, look, follow each way back, judge; gives its result as JSON.

    Args:
        lab: the box, whatever is in it.
        wire: the proxy in front of its PostgreSQL.
        reference: the undisturbed run.
        cell: which one.
        procedures: the ways back to follow.
        known: verdicts by what the crash left and by way back; a crash that left the very same record and the very
            same reality as one before has the same verdict. Empty and dropped: every way is followed anew.
        output: takes all that the engine prints.
    """
    began = time.monotonic()
    operation = OPERATIONS[cell.operation]
    lab.begin(operation)
    result: dict[str, Any] = {
        "cell": cell.id,
        "operation": cell.operation,
        "kind": cell.point.kind,
        "point": cell.point.title,
        "when": cell.when,
        "fault": cell.fault,
        "parallel": cell.parallel,
        "verdicts": {},
    }

    def after(run: Run) -> None:
        if not (run.stop is None or run.has_reached):
            return
        result["live"] = live_faults(lab, reference)
        if run.ended and run.process.returncode == 0:
            # Some retry swallowed the fault: there is nothing to recover, only to look whether it is true.
            result["differences"] = oracle.read(lab).differences(reference.reality)[:_SHOWN]
            return
        result["outlived"] = len(run.plugins())
        state = f"{cell.operation} {oracle.read(lab).digest} {oracle.record(lab, reference.sealed).digest}"
        result["state"] = state
        wanted = [name for name in procedures if f"{name} {state} {bool(run.plugins())}" not in known]
        for name in procedures:
            if name not in wanted:
                result["verdicts"][name] = {**known[f"{name} {state} {bool(run.plugins())}"], "same_as_before": True}
        outlived = bool(run.plugins())
        if len(wanted) > 1:
            lab.box.local.client().save_snapshot("crashed")
        for number, name in enumerate(wanted):
            if number:
                lab.box.local.client().load_snapshot("crashed")
            verdict = follow(lab, operation, PROCEDURES[name], reference.reality)
            if PROCEDURES[name].again and run.plugins():
                verdict.faults.append(f"{len(run.plugins())} plugins of the dead engine live on")
            found = {"faults": verdict.faults[:_SHOWN], "seconds": verdict.seconds}
            known[f"{name} {state} {outlived}"] = found
            result["verdicts"][name] = found
            with output.open("a") as stream:
                stream.write(verdict.said)
        if len(wanted) > 1:
            lab.box.local.client().delete_snapshot("crashed")

    command = update(operation.command, parallel=cell.parallel)
    done = disturb(lab, wire, command, cell.point, cell.when, cell.fault, output, after)
    result |= {
        "reached": done.reached,
        "swallowed": done.swallowed,
        "code": done.code,
        "settled": done.settled,
        "seconds": round(time.monotonic() - began, 2),
    }
    return result


def live_faults(lab: Lab, reference: Reference) -> list[str]:
    """What is wrong for users right now; empty: the domain answers whole, or rightly not at all.

    Whole: the answer is 200 with a working login to the database, and what is served is, to the last variable, the
    release from before the operation or the one from after it.
    """
    served = oracle.read(lab).served
    before, after = reference.started_with, reference.reality.served
    if served not in (before, after):
        return ["what is live is neither the release before nor the one after"]
    answer = oracle.ask(lab)
    if not served:
        return [] if answer.status != 200 else ["something answers though nothing is live"]
    faults: list[str] = []
    if answer.status != 200:
        faults.append(f"the domain answers {answer.status}")
    elif not answer.logins:
        faults.append("the live release cannot log in to its database")
    meta = json.loads(next(iter(served.values())))["meta"] or {}
    if answer.status == 200 and (answer.release, answer.commit) != (meta.get("release"), meta.get("commit")):
        faults.append(f"the domain answers with release {answer.release}, the project serves {meta.get('release')}")
    return faults
