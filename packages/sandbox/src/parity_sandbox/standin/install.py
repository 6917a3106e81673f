"""Puts the stand-in where the engine finds plugins."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

VERSION = "5.21.1"
"""The version that the locked Python SDK asks for; the plugin cache matches it exactly."""

POLL_VARIABLE = "PARITY_STANDIN_POLL_SECONDS"
"""Names the seconds between two reads of something that is waited for."""
_EXECUTABLE = "pulumi-resource-vercel"


def install(pulumi_home: Path | str, python: Path | str = sys.executable) -> Path:
    """Place the stand-in in a plugin cache and give its folder; doing it again changes nothing.

    A folder that holds anything else than a stand-in is left alone: a released plugin always wins.

    Args:
        pulumi_home: The engine's PULUMI_HOME; made where it is missing.
        python: The interpreter of an environment in which this package and the Pulumi SDK are installed.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = Path(pulumi_home) / "plugins" / f"resource-vercel-v{VERSION}"
    executable = folder / _EXECUTABLE
    wanted = script(python)
    if executable.exists() and not is_stand_in(executable):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if not executable.exists() or executable.read_text() != wanted:
        part = folder / f".{_EXECUTABLE}.{os.getpid()}"
        part.write_text(wanted)
        part.chmod(0o755)
        part.replace(executable)
    # The engine takes a cache folder with such a file next to it for an installation that was interrupted.
    folder.with_name(folder.name + ".partial").unlink(missing_ok=True)
    return folder


def script(python: Path | str) -> str:
    """The executable: a shell script that becomes the stand-in's process, in the engine's working directory."""
    return f'#!/bin/sh\n# {_MARK}\nexec {shlex.quote(str(python))} -P -m parity_sandbox.standin "$@"\n'


def is_stand_in(executable: Path) -> bool:
    """Whether a plugin's executable is the stand-in."""
    with executable.open("rb") as file:
        return _MARK.encode() in file.read(200)


_MARK = "parity: the sandbox's stand-in for pulumi-resource-vercel"
