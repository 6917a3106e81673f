"""Stops a PostgreSQL whose sandbox was killed, by its data directory alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity_sandbox.postgres.processes import end_process, is_alive

if TYPE_CHECKING:
    from pathlib import Path

STOP_SECONDS = 10.0


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
