"""The program, served to a run of the engine by a process that has loaded it already.

By itself the engine starts a language host, which lists the environment's packages and starts Python, which imports the
SDKs: a second and more in which nothing happens. The engine also takes a program from a process that runs
(`--client`, what the Automation API calls an inline program). Here it is `python3 -m parity.evaluate`, with
the interpreter that the language host would take. It can be started while other things are done, and serves one run.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from parity.errors import UpdateError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_MODULE = "parity.evaluate"
_PACK = "parity_policy"


def policy_pack() -> Path | None:
    """The folder of Parity's own policy pack, where it is installed; the engine runs it, nothing here imports it."""
    spec = importlib.util.find_spec(_PACK)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


class ProgramServer:
    """One such process.

    It ends when `close` is called, and where this process dies, with the engine: both hold the other end of its
    standard input.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it in the project's folder; it is not waited for."""
        # The one that the language host takes.
        python = shutil.which("python3", path=environment.get("PATH")) or sys.executable
        read, self.held = os.pipe()
        where, written = os.pipe()
        self._said_where = os.fdopen(where, "rb")
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        try:
            self._process = subprocess.Popen(
                [python, "-P", "-m", _MODULE],
                cwd=folder,
                env=environment,
                stdin=read,
                stdout=written,
                stderr=self._said,
                # A terminal's Ctrl-C is the engine's to handle.
                process_group=0,
            )
        finally:
            os.close(read)
            os.close(written)

    @cached_property
    def address(self) -> str:
        """Where the engine finds it, `host:port`; raises UpdateError where it did not start."""
        line = self._said_where.readline().decode().strip()
        if line:
            return line
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip().splitlines()
        raise UpdateError(
            f"the program's process did not start: {said[-1] if said else 'it said nothing'}",
            where=f"python3 -m {_MODULE}",
            remedy="`make setup` makes the environment again",
        )

    def policies(self, pack: Path, folder: Path) -> Path:
        """A program in `folder` that the engine takes for `pack`, Parity's policy pack: it says this process's port.

        In a pack's place the engine takes a program (pulumi/pkg resource/plugin/analyzer_plugin.go), and asks the port
        that it prints. Python would have to start for the pack alone while all else waits for it. Where no program may
        be run in `folder` (a temporary folder mounted `noexec`), it is the pack.
        """
        program = folder / _PACK
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' {self.address.rpartition(':')[2]}\n")
        program.chmod(0o700)
        return program if os.access(program, os.X_OK) else pack

    def close(self) -> None:
        """End it."""
        os.close(self.held)
        self._process.terminate()
        self._process.wait()
        self._said_where.close()
        self._said.close()


class ProgramServers:
    """Starts a process for each run of the engine, the next one ahead where it is known that there will be one."""

    def __init__(self) -> None:
        """Start none yet."""
        self._ahead: list[ProgramServer] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._ahead)

    def start_ahead(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start one for the next run, unless one waits already."""
        with self._lock:
            if not self._ahead:
                self._ahead.append(ProgramServer(folder, environment))

    @contextmanager
    def serving(self, folder: Path, environment: Mapping[str, str]) -> Generator[ProgramServer]:
        """One for a run of the engine; the run has to hold `held` too."""
        with self._lock:
            server = self._ahead.pop() if self._ahead else ProgramServer(folder, environment)
        try:
            yield server
        finally:
            server.close()


def _close_all(servers: list[ProgramServer]) -> None:
    while servers:
        servers.pop().close()
