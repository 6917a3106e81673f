"""What is awaited of a run that has ended fails the test at once, with all that the run said."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from support.hub import Hub


@dataclass(eq=False)
class Ends:
    """A run whose act ends without a job."""

    process: subprocess.Popen[bytes]
    branch: str = "main"

    @property
    def over(self) -> bool:
        return self.process.poll() is not None

    def cancel(self) -> None:
        self.process.kill()

    def end(self) -> SimpleNamespace:
        return SimpleNamespace(text="deliver: no such workflow")


@pytest.mark.timeout(30)
def test_a_run_that_ends_without_the_job_says_why():
    hub = Hub(ask=dict)
    run = Ends(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
    threading.Thread(target=hub.await_end, args=(run.process,), daemon=True).start()
    threading.Timer(0.2, run.cancel).start()
    with pytest.raises(AssertionError, match=r"no such job came: .*\n.*no such workflow"):
        hub.find(run, lambda job: job.status == "waiting")
