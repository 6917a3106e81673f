"""A cancelled job: the runner's own signals at a step's own file, with the real engine in the middle of an update.

GitHub's runner sends SIGINT to the step's process alone, SIGTERM 7.5 seconds later, and 2.5 seconds after that it kills
what is left of the job (actions/runner, ProcessInvoker.cs: `CancelAndKillProcessTree`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from parity.backend import locks
from parity.backend.store import FolderStore

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

UNHEARD_SECONDS = 2.0
"""In which a signal that arrives is heard many times over: the runner waits longer, and nothing more happens."""
HEARD = "interrupt again to end at once"
STACK = "staging"
WAIT = "waitMinutes: {}\n"


class Step:
    """One step of a job, held at a request of its update."""

    def __init__(self, instance: Instance, folder: Path, line: str) -> None:
        cold = instance.cold().environment()
        programs = instance.project.root / ".venv" / "bin"
        programs.mkdir(parents=True)
        found = shutil.which("parity", path=cold["PATH"])
        assert found is not None
        (programs / "parity").symlink_to(found)
        script = folder / "step.sh"
        script.write_text(f"{line}\n")
        instance.replace(STACK, WAIT.format(0), WAIT.format(1))
        self.client = instance.local.client()
        self.fault = self.client.add_fault(
            service="github", method="PUT", path="/environments/staging", when="before", action="hang"
        )
        self.process = subprocess.Popen(
            ["bash", "-e", str(script)], cwd=instance.project.root, env=cold, text=True,
            stdin=subprocess.DEVNULL, stdout=(folder / "out").open("w"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.client.fault(self.fault["id"], fired=1, seconds=240)
        self.family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        self.said = folder / "out"

    def interrupted(self) -> bool:
        """Interrupt it as the runner does first; whether it heard that, longer where the machine has much to do."""
        self.process.send_signal(signal.SIGINT)
        until = time.monotonic() + UNHEARD_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        while HEARD not in self.said.read_text():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def ended(self) -> int:
        """Kill what is left of it, as the runner does last; gives the exit code."""
        for each in self.family:
            if each.is_running():
                each.kill()
        return self.process.wait(timeout=60)


def held(instance: Instance) -> list[str]:
    return [str(each) for each in locks.held(FolderStore(instance.local.layout.backend), "storefront", STACK)]


def results(instance: Instance) -> list[tuple[str, str]]:
    said = instance.run("parity", "ledger", STACK, "--json").ok().stdout
    return [(record["command"], record["result"]) for record in map(json.loads, said.splitlines())]


def test_a_step_that_cannot_end_by_itself_gives_the_lock_back_and_records_its_end(
    own_instance: Instance, tmp_path: Path
):
    step = Step(own_instance, tmp_path, f"exec .venv/bin/parity up {STACK} --yes")
    assert held(own_instance)
    assert step.interrupted()
    # The runner sends the second one after 7.5 s, in which the held request has no end.
    step.process.send_signal(signal.SIGTERM)
    code = step.process.wait(timeout=120)
    step.ended()
    step.client.remove_fault(step.fault["id"], cut=True)
    said = step.said.read_text()
    assert code == 6, said
    assert "Live now: " in said
    assert results(own_instance) == [("up", "killed")]
    assert held(own_instance) == []
    # The next run, on another machine, needs no person.
    own_instance.run("parity", "up", STACK, "--yes").ok()
    assert results(own_instance)[-1] == ("up", "succeeded")


def test_without_exec_no_signal_arrives_and_the_lock_is_left(own_instance: Instance, tmp_path: Path):
    """Why a rule of the workflows asks for `exec`."""
    step = Step(own_instance, tmp_path, f".venv/bin/parity up {STACK} --yes\ntrue")
    assert not step.interrupted()
    step.process.send_signal(signal.SIGTERM)
    step.ended()
    step.client.remove_fault(step.fault["id"], cut=True)
    assert "nterrupted" not in step.said.read_text()
    assert results(own_instance) == [("up", "unfinished")]
    assert held(own_instance)
