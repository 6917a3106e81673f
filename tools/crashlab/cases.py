"""The matrix: which cases there are, and one case run from its start to the verdicts."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from crashlab import canaries, oracle
from crashlab.engine import running
from crashlab.faults import FAULTS, INTERRUPTS, LANDING, Scene, disturb
from crashlab.points import Point
from crashlab.procedures import PROCEDURES, follow
from support.warm import WARM_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from crashlab.engine import Run, When
    from crashlab.lab import Lab
    from crashlab.operations import Operation
    from crashlab.procedures import Known
    from crashlab.wire import Wire
    from parity_sandbox.client import ControlClient


_T = TypeVar("_T")
_CRASHED = "crashed"
_SETTLE_SECONDS = (1, 8)
"""How long recover waits for what may still land: where nothing does, and where something does."""
_SHOWN = 8
"""How many faults of a verdict are kept."""


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run of an operation passes through and leaves."""

    operation: Operation
    points: tuple[Point, ...]
    live_state: oracle.Reality
    started_with: dict[str, str]
    """What was served at its start."""


def record(lab: Lab, wire: Wire, operation: Operation) -> Reference:
    """Run an operation undisturbed, one resource at a time, and keep every point and what it leaves.

    Raises:
        AssertionError: it failed.
    """
    lab.begin(operation)
    started_with = oracle.read(lab).served
    # Nothing is asked of its plugins, so they may be warm.
    with running(lab, wire, lab.command(operation, parallel=1), extra={WARM_PLUGINS: "1"}) as run:
        assert run.wait() == 0, run.said()
        points = tuple(run.points())
    return Reference(operation, points, oracle.read(lab), started_with)


def kept(reference: Reference) -> dict[str, Any]:
    """A reference as JSON; it holds the instance's secrets."""
    return {
        "points": [asdict(each) for each in reference.points],
        "objects": [[*key, count] for key, count in reference.live_state.objects.items()],
        "served": reference.live_state.served,
        "started_with": reference.started_with,
    }


def opened(operation: Operation, document: dict[str, Any]) -> Reference:
    """A reference from its JSON."""
    objects = Counter({(kind, text): count for kind, text, count in document["objects"]})
    return Reference(
        operation,
        tuple(Point(**each) for each in document["points"]),
        oracle.Reality(objects, document["served"]),
        document["started_with"],
    )


@dataclass(frozen=True)
class Case:
    """One case of the matrix."""

    operation: str
    point: Point
    when: When
    fault: str
    parallel: int = 1

    @property
    def id(self) -> str:
        """Short, the same in each run."""
        return f"{self.operation}/{self.point.id}/{self.when}/{self.fault}/p{self.parallel}"

    def document(self) -> dict[str, Any]:
        """What a result says of it."""
        return {
            "case": self.id,
            "operation": self.operation,
            "kind": self.point.kind,
            "point": self.point.title,
            "changes": self.point.changes,
            "when": self.when,
            "fault": self.fault,
            "parallel": self.parallel,
        }


def cases(references: Iterable[Reference], *, parallel: int = 1) -> list[Case]:
    """Every case of some operations, in the matrix's order."""
    return [
        Case(reference.operation.name, point, when, fault.name, parallel)
        for reference in references
        for point in reference.points
        for fault in FAULTS.values()
        if fault.happens_at(point, reference.operation.tool)
        for when in fault.moments(point)
    ]


def shuffled(matrix: Sequence[Case], seed: int) -> list[Case]:
    """All cases, one operation after the other, each in a seed's order.

    Neighbours often leave the same state: at once in two instances, each would follow the same recovery procedure.
    """
    place = {name: number for number, name in enumerate(dict.fromkeys(each.operation for each in matrix))}
    return sorted(_mixed(matrix, seed), key=lambda each: place[each.operation])


def sample(matrix: Sequence[Case], size: int, seed: int) -> list[Case]:
    """`size` cases, chosen by the seed, spread evenly over operations, kinds of point and faults."""
    groups: dict[tuple[str, str, str, bool], list[Case]] = {}
    for each in _mixed(matrix, seed):
        groups.setdefault((each.operation, each.point.kind, each.fault, each.point.changes), []).append(each)
    chosen: list[Case] = []
    order = _mixed(groups.values(), seed)
    while len(chosen) < min(size, len(matrix)):
        for group in order:
            if group and len(chosen) < size:
                chosen.append(group.pop())
    return chosen


@dataclass(frozen=True)
class Part:
    """The K-th of N parts that run at once, `K/N`; raises ValueError where there is no such part."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Part:
        """From its text."""
        part = cls(*(int(each) for each in text.split("/", 1)))
        if not 1 <= part.number <= part.of:
            raise ValueError(text)
        return part

    def its(self, items: Sequence[_T]) -> Sequence[_T]:
        """Its share of them."""
        return items[self.number - 1 :: self.of]


def _mixed(items: Iterable[_T], seed: int) -> list[_T]:
    """In a seed's order."""
    order = list(items)
    random.Random(seed).shuffle(order)  # noqa: S311 - a reproducible order, no secret
    return order


@dataclass(frozen=True)
class Player:
    """Plays cases of one operation in one instance."""

    lab: Lab
    wire: Wire
    reference: Reference
    procedures: Sequence[str]
    """The recovery procedures to follow."""
    known: Known | None
    """What recovery procedures led to so far; None: each is followed to its end."""
    output: Path
    """Takes all that the commands print."""

    def play(self, case: Case) -> dict[str, Any]:
        """Crash, inspect, follow each recovery procedure, judge; gives the result as JSON."""
        began = time.monotonic()
        self.lab.begin(self.reference.operation)
        result: dict[str, Any] = {**case.document(), "verdicts": {}}
        known, printed = canaries.secrets(self.lab), self._printed()
        command = self.lab.command(self.reference.operation, parallel=case.parallel)
        scene = Scene(self.lab, self.wire, command, self.output)
        self.lab.settle = _SETTLE_SECONDS[case.fault == LANDING]
        done = disturb(scene, case.point, case.when, case.fault, lambda run: self._inspect(run, result, case))
        known |= canaries.secrets(self.lab)
        return result | {
            "leaks": canaries.leaks(self.lab, known, self._said_since(printed)),
            "reached": done.reached,
            "swallowed": done.swallowed and not result.get("reported_done"),
            "code": done.code,
            "settled": done.settled,
            "seconds": round(time.monotonic() - began, 2),
        }

    def _printed(self) -> int:
        return self.output.stat().st_size if self.output.exists() else 0

    def _said_since(self, start: int) -> str:
        """What was printed since."""
        with self.output.open("rb") as stream:
            stream.seek(start)
            return stream.read().decode(errors="replace")

    def leave(self, case: Case) -> bool:
        """Crash, and leave the instance as the crash did, with no process of the run alive; False: nothing crashed."""
        self.lab.begin(self.reference.operation)
        command = self.lab.command(self.reference.operation, parallel=case.parallel)
        scene = Scene(self.lab, self.wire, command, self.output)
        undone: list[str] = []
        done = disturb(scene, case.point, case.when, case.fault, lambda _: undone.extend(self._undone()))
        return done.reached and (not done.swallowed or (bool(undone) and case.fault in INTERRUPTS))

    def _undone(self) -> list[str]:
        """How live state differs from what an undisturbed run leaves."""
        return oracle.read(self.lab).differences(self.reference.live_state)

    def _inspect(self, run: Run, result: dict[str, Any], case: Case) -> None:
        """Inspect what the crash has left while what outlived it still lives, and follow the recovery procedures."""
        if run.stop is not None and not run.has_reached:
            return
        assert run.ended, "the engine does not end, so nothing can be said of a crash"
        undone = self._undone()[:_SHOWN]
        result["live"] = live_faults(self.lab, self.reference)
        if run.process.returncode == 0:
            if not undone or case.fault not in INTERRUPTS:
                # Some retry swallowed the fault: there is nothing to recover, and the update has to be right.
                result["differences"] = undone
                return
            # Pulumi's `destroy` ends with 0, and says that everything is deleted, also where it was interrupted.
            result["reported_done"] = True
        result["outlived"] = len(run.plugins())
        result["state"] = f"{self.reference.operation.name} {oracle.fingerprint(self.lab)}"
        self._follow(run, result, lands=case.fault == LANDING)

    def _follow(self, run: Run, result: dict[str, Any], *, lands: bool) -> None:
        if len(self.procedures) > 1:
            self._client.save_snapshot(_CRASHED)
        for number, name in enumerate(self.procedures):
            if number:
                self._client.load_snapshot(_CRASHED)
            result["verdicts"][name] = self._recovered(run, name, lands=lands)
        if len(self.procedures) > 1:
            self._client.delete_snapshot(_CRASHED)

    def _recovered(self, run: Run, name: str, *, lands: bool) -> dict[str, Any]:
        operation, undisturbed = self.reference.operation, self.reference.live_state
        verdict = follow(
            self.lab, operation, PROCEDURES[name], undisturbed, self.known, plugins=run.plugins, lands=lands
        )
        with self.output.open("a") as stream:
            stream.write(verdict.said)
        return {
            "faults": verdict.faults[:_SHOWN],
            "seconds": verdict.seconds,
            "same_from": verdict.same_from,
            "passed": verdict.passed,
        }

    @property
    def _client(self) -> ControlClient:
        return self.lab.instance.local.client()


def live_faults(lab: Lab, reference: Reference) -> list[str]:
    """What is wrong for users right now; empty: they are served completely, or rightly not at all.

    Completely: the answer is 200 with a working login to the database, and what is served is, to the last variable, the
    release from before the operation or the one from after it.
    """
    readings = [oracle.read(lab).served]
    answer = oracle.ask(lab)
    # The vendor may switch between the two readings: what is answered is what is served at one of them.
    readings.append(oracle.read(lab).served)
    if any(each not in (reference.started_with, reference.live_state.served) for each in readings):
        return ["what is live is neither the release before nor the one after"]
    if answer.status != 200:
        return [f"the domain answers {answer.status}"] if all(readings) else []
    if not any(readings):
        return ["something answers though nothing is live"]
    faults = [] if answer.logins else ["the live release cannot log in to its database"]
    wanted = [_built(each) for each in readings if each]
    if (answer.release, answer.commit) not in wanted:
        faults.append(f"the domain answers with release {answer.release}, the project serves {wanted[0][0]}")
    return faults


def _built(served: dict[str, str]) -> tuple[str | None, str | None]:
    """Release and commit of what is served."""
    variables = json.loads(next(iter(served.values())))["variables"] if served else {}
    return variables.get("PARITY_RELEASE"), variables.get("PARITY_COMMIT")
