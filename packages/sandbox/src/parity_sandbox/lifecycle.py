"""Starts, stops and inspects a sandbox from outside its process, for the command line and the tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from parity_sandbox.client import ControlClient
from parity_sandbox.credentials import load_credentials, of_a_job
from parity_sandbox.errors import NotRunning, StartFailed, StopFailed
from parity_sandbox.layout import Layout, read_json
from parity_sandbox.locks import hold, is_held
from parity_sandbox.options import ServeOptions
from parity_sandbox.ports import Ports
from parity_sandbox.postgres import ADMINISTRATOR
from parity_sandbox.postgres.processes import is_alive, stop_leftover
from parity_sandbox.standin import POLL_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from parity_sandbox.store import Document

_POLL_SECONDS = 0.02
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_QUIET_SECONDS = 3.0
_STAND_IN_POLL = "1"
"""Seconds: a build here takes two, so the real provider's five would be spent waiting for nothing."""
PASSPHRASE = "parity-sandbox"  # noqa: S105 - public: it protects nothing but a sandbox's state


@dataclass(frozen=True)
class Running:
    """A sandbox that runs."""

    directory: Path
    pid: int
    started: float
    """Seconds since 1970."""
    ports: Ports

    @property
    def control_url(self) -> str:
        """The page; the control API is below `/_sandbox/`."""
        return f"http://127.0.0.1:{self.ports.control}"

    def client(self) -> ControlClient:
        """Speaks to its control API."""
        return ControlClient(self.control_url, load_credentials(Layout(self.directory).credentials).control_token)


def _quiet(_message: str) -> None:
    """Report no progress."""


def _layout(directory: Path) -> Layout:
    return Layout(directory.absolute())


def running(directory: Path) -> Running | None:
    """The sandbox that runs in `directory` and is ready, or None.

    A server.json that a killed process left behind is not believed: whoever wrote it would still hold the lock.
    """
    layout = _layout(directory)
    record = read_json(layout.server) if is_held(layout.lock) else None
    if record is None:
        return None
    return Running(layout.directory, record["pid"], record["started"], Ports(**record["ports"]))


def require(directory: Path) -> Running:
    """The sandbox that runs in `directory`; raises NotRunning."""
    found = running(directory)
    if found is None:
        raise NotRunning(f"No sandbox runs in {directory}. Start one: parity sandbox up --dir {directory}")
    return found


def up(directory: Path, options: ServeOptions | None = None, progress: Callable[[str], None] = _quiet) -> Running:
    """Start the sandbox in `directory`, making it where there is none, and wait until everything answers.

    One that runs already is left as it is. Idempotent, and safe when two start at once.

    Raises:
        StartFailed: where it ended by itself or was not ready in time, with the end of its log.
    """
    layout = _layout(directory)
    layout.create()
    with _alone(layout, directory):
        return running(directory) or _start(layout, options or ServeOptions(), progress)


def _alone(layout: Layout, directory: Path) -> AbstractContextManager[None]:
    """Keep other commands from starting or stopping it meanwhile."""
    refusal = f"Another command has been starting or stopping the sandbox in {directory} for too long."
    return hold(layout.starting, _START_SECONDS, refusal)


def _start(layout: Layout, options: ServeOptions, progress: Callable[[str], None]) -> Running:
    progress(
        "starting the sandbox"
        if layout.ports.exists()
        else "starting the sandbox: making its PostgreSQL and certificates"
    )
    log_start = layout.log.stat().st_size if layout.log.exists() else 0
    descriptor = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        words = ["-m", "parity_sandbox", "serve", "--dir", str(layout.directory), *_words(options)]
        process = spawn(words, _clean_environment(), descriptor)
    finally:
        os.close(descriptor)
    return _wait_ready(layout, process, log_start, progress)


def spawn(words: list[str], environment: dict[str, str], output: int) -> subprocess.Popen[bytes]:
    """Start Python with these words in a session of its own; both its streams go to the descriptor `output`."""
    return subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=Path(__file__).parent.parent,
        env=environment,
        start_new_session=True,
    )


def _clean_environment() -> dict[str, str]:
    """This environment without what would lead the server through a proxy or to another PostgreSQL."""
    unwanted = ("PG", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def _words(options: ServeOptions) -> list[str]:
    words: list[str] = []
    for each in fields(ServeOptions):
        value = getattr(options, each.name)
        if value is not None:
            words += [f"--{each.name.replace('_', '-')}", str(value)]
    return words


def _wait_ready(
    layout: Layout, process: subprocess.Popen[bytes], log_start: int, progress: Callable[[str], None]
) -> Running:
    began = time.monotonic()
    reported = began
    while True:
        ended = process.poll() is not None
        found = running(layout.directory)
        if found is not None and found.pid == process.pid:
            progress(f"sandbox ready in {time.monotonic() - began:.1f} s: {found.control_url}")
            return found
        if ended:
            raise StartFailed(f"The sandbox ended while it started. {_last_words(layout, log_start)}")
        now = time.monotonic()
        if now - began > _START_SECONDS:
            process.terminate()
            raise StartFailed(f"The sandbox was not ready in {_START_SECONDS:.0f} s. {_last_words(layout, log_start)}")
        if now - reported > _QUIET_SECONDS:
            reported = now
            progress(f"its PostgreSQL, proxy and control API ({now - began:.0f} s)")
        time.sleep(_POLL_SECONDS)


def _last_words(layout: Layout, log_start: int) -> str:
    with layout.log.open("rb") as log:
        log.seek(log_start)
        said = log.read().decode(errors="replace").strip().splitlines()
    reason = said[-1].removeprefix("sandbox: ") if said else "It said nothing."
    return f"{reason} (log: {layout.log})"


def down(directory: Path, *, wipe: bool = False, progress: Callable[[str], None] = _quiet) -> bool:
    """Stop the sandbox in `directory`, also one whose server was killed; says whether there was anything to stop.

    Args:
        directory: The sandbox's folder.
        wipe: Delete the folder and all that is in it afterwards.
        progress: Takes a line about what is waited for.

    Raises:
        StopFailed: where it does not end within the deadline.
    """
    layout = _layout(directory)
    if not layout.directory.exists():
        return False
    with _alone(layout, directory):
        stopped = _stop(layout, progress)
        stopped = stop_leftover(layout.postgres / "data") or stopped
        if wipe:
            _check_is_sandbox(layout)
            shutil.rmtree(layout.directory)
    return stopped


def _stop(layout: Layout, progress: Callable[[str], None]) -> bool:
    found = running(layout.directory)
    if found is None:
        return False
    progress("stopping the sandbox")
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_held(layout.lock) or is_alive(found.pid, str(layout.directory)):
        if time.monotonic() > deadline:
            raise StopFailed(f"The sandbox, process {found.pid}, does not stop. End it by hand: kill -9 {found.pid}")
        time.sleep(_POLL_SECONDS)
    return True


def _check_is_sandbox(layout: Layout) -> None:
    """Refuse to delete a folder that holds anything but a sandbox."""
    own = {"store.db-wal", "store.db-shm", *(path.name for path in vars(layout).values())}
    foreign = sorted(
        path.name for path in layout.directory.iterdir() if path.name not in own and not path.name.startswith(".")
    )
    if foreign:
        raise StopFailed(
            f"{layout.directory} also holds {', '.join(foreign[:5])}, which is no part of a sandbox: "
            "nothing was deleted. Move that away, or delete the folder by hand."
        )


def status(directory: Path) -> Document:
    """What runs in `directory`: `{"running", "directory", "pid", "started", "ports", "url", "health"}`."""
    found = running(directory)
    if found is None:
        return {"running": False, "directory": str(_layout(directory).directory)}
    return {
        "running": True,
        "directory": str(found.directory),
        "pid": found.pid,
        "started": found.started,
        "ports": {each.name: getattr(found.ports, each.name) for each in fields(Ports)},
        "url": found.control_url,
        "health": found.client().health(),
    }


def environment(directory: Path) -> dict[str, str]:
    """The variables that lead the engine, its plugins and any client to the sandbox; holds secrets.

    Raises:
        NotRunning: where no sandbox runs in `directory`.
    """
    found = require(directory)
    layout = _layout(directory)
    credentials = load_credentials(layout.credentials)
    names = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
    proxy = dict.fromkeys(names, f"http://127.0.0.1:{found.ports.proxy}")
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    return (
        proxy
        | direct
        | {
            "SSL_CERT_FILE": str(layout.bundle),
            "PULUMI_BACKEND_URL": f"file://{layout.backend}",
            "PULUMI_HOME": str(layout.pulumi),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "VERCEL_API_TOKEN": credentials.vercel_token,
            "GITHUB_TOKEN": credentials.github_token,
            **of_a_job(credentials.github_token),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(found.ports.postgres),
            "PGUSER": ADMINISTRATOR,
            "PGPASSWORD": credentials.postgres_administrator,
            "PGSSLMODE": "disable",
            "PGDATABASE": "postgres",
            "PGHOST_REHEARSAL": "own",
            POLL_VARIABLE: os.environ.get(POLL_VARIABLE, _STAND_IN_POLL),
        }
    )


def logs(directory: Path, lines: int = 50, *, follow: bool = False) -> Iterator[str]:
    """The last lines of the server's log, and with `follow` each new one until the sandbox stops."""
    layout = _layout(directory)
    if not layout.log.exists():
        return
    with layout.log.open(encoding="utf-8", errors="replace") as log:
        yield from (line.rstrip("\n") for line in deque(log, maxlen=lines))
        while follow:
            line = log.readline()
            if line:
                yield line.rstrip("\n")
            elif not is_held(layout.lock):
                return
            else:
                time.sleep(0.2)
