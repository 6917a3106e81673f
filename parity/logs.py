"""Reads a log file as it grows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from parity.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL_SECONDS = 0.2


def lines(path: Path, *, follow: bool) -> Iterator[str]:
    """The lines of `path`, each with its line feed; with `follow`, those to come too, until interrupted.

    Raises:
        ProjectError: where there is no such file.
    """
    if not path.exists():
        raise ProjectError("there is no log yet", where=str(path), remedy="parity sandbox up")
    with path.open(encoding="utf-8", errors="replace") as stream:
        rest = ""
        while True:
            for part in stream:
                rest += part
                if rest.endswith("\n"):
                    yield rest
                    rest = ""
            if not follow:
                break
            time.sleep(_POLL_SECONDS)
        if rest:
            yield rest + "\n"
