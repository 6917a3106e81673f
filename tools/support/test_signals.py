"""A run of the tests that was started in the background still has its children end at an interrupt."""

from __future__ import annotations

import signal
import subprocess
import sys

from support.paths import ROOT
from support.signals import take_interrupts

_CHILD = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"


def test_what_a_background_job_starts_takes_an_interrupt():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        said = []
        for prepare in (lambda: None, take_interrupts):
            prepare()
            child = subprocess.run([sys.executable, "-c", _CHILD], cwd=ROOT, capture_output=True, text=True, check=True)
            said.append(child.stdout.strip())
    finally:
        signal.signal(signal.SIGINT, before)
    assert said == ["True", "False"]
