"""Tries sources one after the other and keeps a record of each attempt."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity_toolchain.errors import EngineError
from parity_toolchain.local import PassedOver
from parity_toolchain.model import Attempt, Outcome, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Way = tuple[Source, Callable[[], "Found"]]
    """A source and how to ask it; asking raises an EngineError where it gives nothing."""

_log = logging.getLogger("engine")


@dataclass(frozen=True)
class Found:
    """An executable that a source gave."""

    path: Path
    version: str
    detail: str


class NotKept(EngineError):
    """An earlier run left nothing: no attempt worth a record. It never leaves the package."""


class Skipped(EngineError):
    """An attempt that is known to fail. It never leaves the package."""


class Trail:
    """All attempts of one run of the resolver, in order."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    def first(self, part: str, ways: Iterable[Way]) -> tuple[Source, Found] | None:
        """Ask each source until one gives something, or give None."""
        for source, ask in ways:
            begin = time.monotonic()
            try:
                found = ask()
            except NotKept:
                continue
            except Skipped as reason:
                self.note(source, part, "skipped", str(reason), begin)
            except PassedOver as reason:
                self.note(source, part, "passed over", str(reason), begin)
            except EngineError as error:
                self.note(source, part, "failed", str(error), begin)
            else:
                self.note(source, part, "used", found.detail, begin)
                return source, found
        return None

    def note(self, source: Source, part: str, outcome: Outcome, detail: str, begin: float | None = None) -> None:
        """Record an attempt that began at a time of `time.monotonic`."""
        seconds = 0.0 if begin is None else time.monotonic() - begin
        attempt = Attempt(source, part, outcome, round(seconds, 3), detail)
        self.attempts.append(attempt)
        _log.info("%s", attempt)

    def complaint(self, part: str, remedy: str) -> str:
        """The message for a part that no source gave."""
        tried = [f"  {item.source}: {item.outcome}: {item.detail}" for item in self.attempts if item.part == part]
        return "\n".join([f"{part} cannot be had:", *tried, f"To do: {remedy}"])
