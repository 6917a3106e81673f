"""Runs cases in several instances at once; each result is one line of JSON, so a run can be resumed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import queue
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from crashlab import cases, lab
from crashlab.operations import ALL
from crashlab.wire import Wire
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping, Sequence

    from crashlab.cases import Case, Reference

PACKAGES = tuple(
    f"packages/{each}" for each in ("parity/src/parity/config", "parity/src/parity/provider", "sandbox/src")
)
_MADE_FROM = (
    "infra",
    "components",
    "plugin",
    "packages/parity/src/parity/config",
    "packages/parity/src/parity/provider",
    "packages/sandbox/src",
)
_RECORDED_BY = (
    "canonical",
    "engine",
    "lab",
    "operations",
    "oracle",
    "points",
    "small_catalog",
    "stack_file",
    "wire",
)
TEMPLATE, _REFERENCES = "template", "references"


@dataclass(frozen=True)
class Plan:
    """What is to be run, and where."""

    work: Path
    operations: tuple[str, ...]
    procedures: tuple[str, ...]
    workers: int = 2
    """Instances at once."""
    name: str = "worker"
    """Of the instances' folders; two runs at once in one folder take two names."""
    reuse: bool = True
    """Whether a crash that left what another left before has that one's verdict."""
    seconds: float | None = None
    """No case is begun after so long; None: no limit."""


def ground(work: Path) -> Path:
    """The folder of the template and of what was recorded with it; another one once the code of either changes."""
    files = sorted(path for part in _MADE_FROM for path in (ROOT / part).rglob("*.py"))
    files += [Path(__file__).with_name(f"{name}.py") for name in _RECORDED_BY]
    files += [ROOT / "tools" / "support" / f"{name}.py" for name in ("program", "warm")]
    files += sorted((Path(__file__).parent / "terraform").iterdir())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return work / f"ground-{digest.hexdigest()[:12]}"


def references(work: Path, names: Sequence[str]) -> dict[str, Reference]:
    """The undisturbed run of each operation, made once for a template."""
    place = ground(work)
    source = lab.template(place / TEMPLATE)
    folder = place / _REFERENCES
    folder.mkdir(exist_ok=True, mode=0o700)
    with FileLock(f"{folder}.lock", timeout=1800):
        missing = [name for name in names if not (folder / f"{name}.json").exists()]
        if missing:
            _record(source, place / "recorder", folder, missing)
    return {name: cases.opened(ALL[name], json.loads((folder / f"{name}.json").read_text())) for name in names}


def _record(source: Path, place: Path, folder: Path, names: Sequence[str]) -> None:
    with lab.lab(source, place) as instance, fronted(instance) as wire:
        for name in names:
            document = cases.kept(cases.record(instance, wire, ALL[name]))
            part = folder / f"{name}.part"
            part.write_text(json.dumps(document))
            part.rename(folder / f"{name}.json")


@contextmanager
def fronted(instance: lab.Lab) -> Iterator[Wire]:
    """The proxy in front of an instance's PostgreSQL."""
    wire = Wire(instance.instance.local.running().ports.postgres).start()
    try:
        yield wire
    finally:
        wire.close()


def read_results(path: Path) -> list[dict[str, Any]]:
    """The results so far, one a case: verdicts of procedures that another run followed are added to it.

    The last line of an interrupted run may be half a line, and is left out.
    """
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            result = json.loads(line)
        except ValueError:
            continue
        before = found.get(result["case"], {}).get("verdicts", {})
        found[result["case"]] = {**result, "verdicts": before | result["verdicts"]}
    return list(found.values())


def run(plan: Plan, chosen: Sequence[Case], results: Path, report: Callable[[dict[str, Any]], None]) -> float:
    """Run the cases that have no result yet; gives how long it took, seconds."""
    began = time.monotonic()
    undisturbed = references(plan.work, plan.operations)
    done = read_results(results)
    finished = {each["case"] for each in done if _is_finished(each, plan)}
    waiting = [each for each in chosen if each.id not in finished]
    with multiprocessing.get_context("spawn").Manager() as manager:
        known: MutableMapping[str, list[str]] = manager.dict(known_from(done) if plan.reuse else {})
        tasks, answers = manager.Queue(), manager.Queue()
        for each in waiting:
            tasks.put(each)
        deadline = None if plan.seconds is None else time.time() + plan.seconds
        workers = [
            multiprocessing.get_context("spawn").Process(
                target=_Worker(plan, number, undisturbed, tasks, answers, known, deadline, os.getpid()).work
            )
            for number in range(min(plan.workers, max(1, len(waiting))))
        ]
        for worker in workers:
            worker.start()
        for answer in _answers(workers, answers):
            with results.open("a") as stream:
                stream.write(json.dumps(answer) + "\n")
            report(answer)
        for worker in workers:
            worker.join()
    return time.monotonic() - began


def _is_finished(result: dict[str, Any], plan: Plan) -> bool:
    """Whether there is nothing left to do: every procedure was followed, or there was nothing to recover from."""
    if "broken" in result:
        return False
    return set(plan.procedures) <= set(result["verdicts"]) or not result["reached"] or result["swallowed"]


def known_from(results: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """What earlier runs' recovery procedures led to, by what they passed."""
    return {
        key: verdict["faults"] for each in results for verdict in each["verdicts"].values() for key in verdict["passed"]
    }


def _answers(workers: Sequence[Any], answers: Any) -> Iterator[dict[str, Any]]:
    while True:
        try:
            yield answers.get(timeout=1)
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers) and answers.empty():
                return


@dataclass(frozen=True)
class _Worker:
    """One process with an instance of its own, which plays one case after the other."""

    plan: Plan
    number: int
    undisturbed: dict[str, Reference]
    tasks: Any
    answers: Any
    known: Any
    deadline: float | None
    parent: int
    """The process that gives the tasks; once it is gone no answer is read."""

    def work(self) -> None:
        """Until there is nothing left to do, or no time; an instance that failed is replaced by a new one."""
        while self._with_one_instance():
            pass

    def _with_one_instance(self) -> bool:
        """Whether another instance is needed."""
        with (
            lab.lab(ground(self.plan.work) / TEMPLATE, self.plan.work / f"{self.plan.name}-{self.number}") as instance,
            fronted(instance) as wire,
        ):
            while os.getppid() == self.parent and (self.deadline is None or time.time() < self.deadline):
                try:
                    case = self.tasks.get_nowait()
                except queue.Empty:
                    return False
                if not self._play(instance, wire, case):
                    return True
        return False

    def _play(self, instance: lab.Lab, wire: Wire, case: Case) -> bool:
        player = cases.Player(
            instance,
            wire,
            self.undisturbed[case.operation],
            self.plan.procedures,
            self.known if self.plan.reuse else None,
            self.plan.work / f"{self.plan.name}-{self.number}.log",
        )
        try:
            self.answers.put(player.play(case))
        except Exception:  # noqa: BLE001 - a case that could not be run is a result too, and never a pass
            self.answers.put({**case.document(), "verdicts": {}, "broken": traceback.format_exc()})
            return False
        return True
