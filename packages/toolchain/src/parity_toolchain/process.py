"""Runs other programs, each with a time limit that also holds for what they start themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from parity_toolchain.errors import ProgramNotStarted, ProgramSilent

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

BEAT = 10.0
"""Seconds between two lines of progress."""

TAIL = 40
"""Lines of a long program's output that are kept for its error message."""


@dataclass(frozen=True)
class Finished:
    """A program that has ended by itself."""

    code: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """The last line it wrote, for a message."""
        lines = [line.strip() for line in (self.stdout + "\n" + self.stderr).splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}, nothing written"


def run(command: Sequence[str], *, limit: float, environ: Mapping[str, str], cwd: Path | None = None) -> Finished:
    """Run a program to its end and give what it wrote.

    Its output goes to files, not pipes: a grandchild that outlives it cannot keep the caller waiting.

    Args:
        command: The program and its arguments.
        limit: Seconds it may take.
        environ: Its complete environment.
        cwd: Where it runs; the caller's own folder by default.

    Raises:
        ProgramSilent: It did not end within the limit; it and its children were killed.
        ProgramNotStarted: It is not there or may not be run.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with _started(command, environ, cwd, out, err) as process:
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired as timeout:
                raise ProgramSilent(_silent(command, limit)) from timeout
        return Finished(code, _text(out), _text(err))


def follow(
    command: Sequence[str],
    *,
    limit: float,
    environ: Mapping[str, str],
    cwd: Path | None = None,
    on_line: Callable[[str], object] = str,
    beat: float | None = None,
    on_beat: Callable[[float], None],
) -> Finished:
    """Run a long program and report while it runs.

    Args:
        command: The program and its arguments.
        limit: Seconds it may take.
        environ: Its complete environment.
        cwd: Where it runs.
        on_line: Called for each line it writes to standard output or error, on another thread.
        beat: Seconds between two calls of `on_beat`; `BEAT` by default.
        on_beat: Called with the seconds since the start, so that the caller can say that it still runs.

    Raises:
        ProgramSilent: It did not end within the limit.
        ProgramNotStarted: It is not there or may not be run.
    """
    tail: deque[str] = deque(maxlen=TAIL)
    begin = time.monotonic()
    with _started(command, environ, cwd, subprocess.PIPE, subprocess.STDOUT) as process:
        reader = threading.Thread(target=_read, args=(process, tail, on_line), daemon=True)
        reader.start()
        while (code := _ended(process, min(beat or BEAT, max(begin + limit - time.monotonic(), 0)))) is None:
            elapsed = time.monotonic() - begin
            if elapsed >= limit:
                raise ProgramSilent(_silent(command, limit))
            on_beat(elapsed)
        reader.join(5)
    return Finished(code, "\n".join(tail), "")


def _ended(process: subprocess.Popen[bytes], within: float) -> int | None:
    try:
        return process.wait(within)
    except subprocess.TimeoutExpired:
        return None


def _read(process: subprocess.Popen[bytes], tail: deque[str], on_line: Callable[[str], object]) -> None:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip()
        tail.append(line)
        on_line(line)


@contextlib.contextmanager
def _started(
    command: Sequence[str], environ: Mapping[str, str], cwd: Path | None, out: IO[bytes] | int, err: IO[bytes] | int
) -> Generator[subprocess.Popen[bytes]]:
    """Start a program in a process group of its own, and end the group however the caller leaves."""
    with contextlib.ExitStack() as leaving:
        try:
            with _uninterrupted():
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(environ), cwd=cwd,
                    process_group=0,
                )  # fmt: skip
                leaving.callback(_end, process)
        except OSError as error:
            raise ProgramNotStarted(f"{command[0]} cannot be run: {error.strerror}") from error
        yield process


@contextlib.contextmanager
def _uninterrupted() -> Generator[None]:
    """Let Ctrl-C, which interrupts the main thread alone, wait for the body's end: what is started is known then."""
    own, held = signal.getsignal(signal.SIGINT), list[int]()
    if threading.current_thread() is not threading.main_thread() or not callable(own):
        yield
        return
    signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, own)
    if held:
        signal.raise_signal(signal.SIGINT)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _silent(command: Sequence[str], limit: float) -> str:
    return f"`{' '.join(command[:3])}` did not end within {limit:g} s and was ended"


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
