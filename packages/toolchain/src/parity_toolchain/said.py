"""Remembers what a program said of its version, as long as its file is the same: each command asks for it."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, cast

from parity_toolchain import cache as caches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_FILE = "said.json"


def remembered(program: Path, environ: Mapping[str, str], ask: Callable[[], str]) -> str:
    """What `ask` gave for this very file before, or gives now.

    A script, and a link to a program of another name, may lead somewhere else each time (asdf, mise): these are asked
    each time.
    """
    identity = _identity(program)
    if identity is None:
        return ask()
    file = caches.root(environ) / _FILE
    known = _read(file)
    if identity not in known:
        known[identity] = ask()
        if known[identity]:
            with contextlib.suppress(OSError):  # in a cache that cannot be written the program is asked again
                caches.keep(file, known)
    return known[identity]


def _identity(program: Path) -> str | None:
    real = program.resolve()
    with contextlib.suppress(OSError), real.open("rb") as stream:
        if real.name == program.name and stream.read(2) != b"#!":
            is_ = os.fstat(stream.fileno())
            return f"{real} {is_.st_ino} {is_.st_size} {is_.st_mtime_ns} {is_.st_ctime_ns}"
    return None


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}
