"""Finds and ends a process that is not this program's child, after it has checked which process it is.

So a PostgreSQL whose sandbox was killed is stopped, by its data directory alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from parity_sandbox.errors import PostgresError

STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02


def is_alive(pid: int, word: str) -> bool:
    """Whether process `pid` lives and has `word` in its command line."""
    if Path("/proc/self/cmdline").exists():
        try:
            return word in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")  # empty for a zombie
        except (FileNotFoundError, ProcessLookupError):
            return False
    said = subprocess.run(
        ["ps", "-ww", "-o", "stat=,args=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    state, _, line = said.stdout.strip().partition(" ")
    return word in line and not state.startswith("Z")


def end_process(pid: int, word: str, seconds: float) -> None:
    """End a PostgreSQL server: fast, then at once, each with a deadline of `seconds`.

    Raises:
        PostgresError: where it still lives.
    """
    for how in (signal.SIGINT, signal.SIGQUIT):
        if not is_alive(pid, word):
            return
        os.kill(pid, how)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_alive(pid, word):
                return
            time.sleep(_POLL_SECONDS)
    raise PostgresError(f"PostgreSQL, process {pid}, left by an earlier sandbox, does not stop. End it: kill -9 {pid}")


def stop_leftover(data: Path) -> bool:
    """Stop the server that runs on `data`, clear away what a dead one left; says whether one ran.

    Only a process whose command line names this very folder is touched.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return False
    if not is_alive(pid, str(data)):
        pid_file.unlink(missing_ok=True)
        return False
    end_process(pid, str(data), STOP_SECONDS)
    return True


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, joined by ` | `."""
    try:
        return " | ".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"
