"""Which machine, process and person this is: recorded with every update, so that its death can be established later."""

from __future__ import annotations

import getpass
import hashlib
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOCK_SLACK = timedelta(seconds=2)
"""A process's start is known to the clock tick, a lock's time to the second, and clocks are set."""


@dataclass(frozen=True)
class Host:
    """One machine, distinct from others of the same name; digests, so that nothing about it is published."""

    name: str
    """Its host name, as the engine writes it into its lock."""
    machine: str
    """Of the machine's own id; empty where it has none."""
    boot: str
    """Of this boot; another one on the same machine means that every process of before is gone."""
    processes: str
    """Of the namespace in which process ids count: containers on one machine have their own."""


@dataclass(frozen=True)
class Run:
    """A GitHub Actions run."""

    repository: str
    """`owner/name`."""
    id: int
    attempt: int
    url: str

    @property
    def repository_url(self) -> str:
        """Its repository's page."""
        return self.url.removesuffix(f"/actions/runs/{self.id}")


def here() -> Host:
    """This machine."""
    return Host(socket.gethostname(), _digest(_machine_id()), _digest(_boot_id()), _digest(_namespace()))


def run_of(environment: Mapping[str, str]) -> Run | None:
    """The GitHub Actions run that this process belongs to, from the variables that Actions sets; None elsewhere."""
    repository, number = environment.get("GITHUB_REPOSITORY", ""), environment.get("GITHUB_RUN_ID", "")
    if environment.get("GITHUB_ACTIONS") != "true" or not repository or not number.isdigit():
        return None
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    attempt = environment.get("GITHUB_RUN_ATTEMPT", "1")
    return Run(repository, int(number), int(attempt), f"{server}/{repository}/actions/runs/{number}")


def actor(environment: Mapping[str, str]) -> str:
    """Who runs this: GitHub's actor in Actions, else the user's name on this machine."""
    if environment.get("GITHUB_ACTIONS") == "true" and environment.get("GITHUB_ACTOR"):
        return environment["GITHUB_ACTOR"]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def is_alive(pid: int, since: datetime) -> bool:
    """Whether the process that wrote something at `since` still runs here.

    A process that started after that has only been given the same id. A zombie has ended.
    """
    import psutil  # noqa: PLC0415 - only where something was left by another process

    try:
        process = psutil.Process(pid)
        started = datetime.fromtimestamp(process.create_time(), UTC)
        return process.status() != psutil.STATUS_ZOMBIE and started <= since + _CLOCK_SLACK
    except psutil.NoSuchProcess:
        return False


def _machine_id() -> str:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            return Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
    return _sysctl("kern.uuid")


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return _sysctl("kern.bootsessionuuid")


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _sysctl(name: str) -> str:
    """A value of macOS's kernel; empty elsewhere."""
    if sys.platform != "darwin":
        return ""
    return subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False).stdout.strip()


def _digest(text: str) -> str:
    return hashlib.sha256(f"parity/machine/{text}".encode()).hexdigest()[:16] if text else ""
