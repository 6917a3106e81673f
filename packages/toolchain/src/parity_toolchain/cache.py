"""The cache: entries appear only when they are complete, and two processes make one entry only once."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from parity_toolchain.errors import BuildBusy
from parity_toolchain.process import BEAT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

PATIENCE = 45 * 60.0
"""Seconds to wait for another process that makes the same entry: longer than any build."""


def root(environ: Mapping[str, str]) -> Path:
    """Where the cache is: $PARITY_CACHE, $XDG_CACHE_HOME/parity or ~/.cache/parity."""
    if chosen := environ.get("PARITY_CACHE"):
        return Path(chosen).expanduser().absolute()
    if (base := environ.get("XDG_CACHE_HOME")) and Path(base).is_absolute():
        return Path(base) / "parity"
    return Path(environ.get("HOME") or Path.home()) / ".cache" / "parity"


def entry(cache: Path, name: str) -> Path:
    """The folder of an entry, whether it is there or not."""
    return cache / "engine" / name


def ensure(
    cache: Path,
    name: str,
    make: Callable[[Path], None],
    progress: Callable[[str], None],
    *,
    patience: float = PATIENCE,
    beat: float = BEAT,
) -> Path:
    """Give the folder of an entry, making it first where it is not there.

    Args:
        cache: The cache's folder.
        name: The entry's name, which holds everything that the entry is made from.
        make: Fills the empty folder it is given. Whatever it raises, nothing of the entry stays behind.
        progress: Takes a line when another process makes the entry and this one waits.
        patience: Seconds to wait for another process.
        beat: Seconds between two lines of progress while waiting.

    Raises:
        BuildBusy: Another process did not come to an end in time.
    """
    final = entry(cache, name)
    if final.is_dir():
        return final
    with _locked(cache, name, progress, patience, beat):
        if not final.is_dir():
            _make(cache, name, final, make)
    return final


def _make(cache: Path, name: str, final: Path, make: Callable[[Path], None]) -> None:
    partial = cache / "partial"
    partial.mkdir(parents=True, exist_ok=True)
    # The lock is ours: what lies here under this name was left by a process that was killed.
    for leftover in partial.glob(f"{name}.*"):
        _remove(leftover)
    folder = partial / f"{name}.{os.getpid()}.{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        make(folder)
        _settle(folder)
        final.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(final)
    finally:
        _remove(folder)


@contextlib.contextmanager
def _locked(cache: Path, name: str, progress: Callable[[str], None], patience: float, beat: float) -> Generator[None]:
    """Hold the entry's lock; the system lets go of it when its holder ends, however it ends."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - each command searches the cache, and few make an entry

    locks = cache / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{name}.lock")
    begin = time.monotonic()
    waited = 0.0
    while True:
        try:
            lock.acquire(timeout=0 if waited == 0 else beat, poll_interval=0.1)
            break
        except Timeout as busy:
            if waited > patience:
                raise BuildBusy(
                    f"another process has been making {name} for {waited:.0f} s (lock {lock.lock_file}): "
                    "see what it does, end it if it hangs, and try again"
                ) from busy
            progress(f"{name}: another process makes it; waiting for it, {waited:.0f} s so far")
            waited = max(time.monotonic() - begin, 0.001)
    try:
        yield
    finally:
        lock.release()


def keep(file: Path, document: object) -> None:
    """Write a small document as JSON, at once or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps(document, indent=1), encoding="utf-8")
    draft.replace(file)


def _settle(folder: Path) -> None:
    """Write the files through to the disk: the rename must not outlive what it names."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
