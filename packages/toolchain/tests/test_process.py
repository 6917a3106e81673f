"""Programs end in time, whatever they start."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from packages.toolchain.tests import fakes
from parity_toolchain.errors import ProgramNotStarted, ProgramSilent
from parity_toolchain.process import follow, run

ENVIRON = {"PATH": fakes.SHELL}


def test_a_program_that_never_answers_is_ended_within_its_limit(tmp_path):
    path = fakes.program(tmp_path, "mute", f"echo $$ > {tmp_path}/pid; sleep 600")
    begin = time.monotonic()
    with pytest.raises(ProgramSilent, match=r"did not end within 0\.5 s"):
        run([str(path)], limit=0.5, environ=ENVIRON)
    assert time.monotonic() - begin < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_grandchild_that_keeps_the_output_open_does_not_keep_the_caller(tmp_path):
    path = fakes.program(tmp_path, "parent", "sleep 5 & echo done")
    begin = time.monotonic()
    assert run([str(path)], limit=60, environ=ENVIRON).stdout == "done\n"
    assert time.monotonic() - begin < 4


def test_a_program_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ProgramNotStarted, match="No such file"):
        run([str(tmp_path / "missing")], limit=5, environ=ENVIRON)


def test_a_long_program_is_followed_line_by_line_and_beat_by_beat(tmp_path):
    path = fakes.program(tmp_path, "long", "echo one; echo two >&2; sleep 1; exit 3")
    lines, beats = [], []
    done = follow([str(path)], limit=60, environ=ENVIRON, on_line=lines.append, beat=0.2, on_beat=beats.append)
    assert (done.code, sorted(lines)) == (3, ["one", "two"])
    assert len(beats) >= 3
    assert beats == sorted(beats)


def test_a_long_program_that_never_ends_is_ended_with_its_children(tmp_path):
    path = fakes.program(tmp_path, "endless", f"sleep 600 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(ProgramSilent):
        follow([str(path)], limit=0.5, environ=ENVIRON, on_line=lambda _: None, beat=0.1, on_beat=lambda _: None)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(child):
        time.sleep(0.02)
    assert not _runs(child)


def test_ctrl_c_while_a_program_is_being_started_ends_it(monkeypatch):
    started = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            started.append(self.pid)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    own = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(["sleep", "600"], limit=60, environ=ENVIRON)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "and the next one interrupts at once"
    finally:
        signal.signal(signal.SIGINT, own)
    monkeypatch.undo()
    assert not _runs(*started)


def _runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state) and not state.startswith("Z")
