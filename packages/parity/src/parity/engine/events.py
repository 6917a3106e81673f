"""What the engine does, as its own events say it: written to a file, followed while it grows."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.documents import mapping
from parity.engine.counting import counts
from parity.resources.urn import Urn, short_urn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

_POLL_SECONDS = 0.1
_TERMINATING = "received; terminating"
"""What the engine says at a second interrupt (pulumi's backend/cancellation_scope.go)."""
_PLUGIN_GONE = "exited prematurely"
"""What it says of a plugin that is gone; after that interrupt it was ended here."""
_QUIET = {"same", "refresh", "read", "read-replacement"}


@dataclass(frozen=True)
class Operation:
    """One operation of an update that changed something, or tried to."""

    operation: str
    """`create`, `update`, `delete`, `create-replacement`, ..."""
    urn: str
    done: bool
    """False where it failed."""


@dataclass
class Progress:
    """What an update has done so far, from the engine's events."""

    changes: dict[str, int] = field(default_factory=dict[str, int])
    """Operations at the end, by kind: `{"create": 61}`; of the resources that `counting` counts."""
    finished: int = 0
    running: dict[str, str] = field(default_factory=dict[str, str])
    """URN to operation, oldest first."""
    errors: list[str] = field(default_factory=list[str])
    """Error diagnostics, with their resource's name, as the engine masked them."""
    failed: list[str] = field(default_factory=list[str])
    """URNs of the resources whose operation failed."""
    operations: list[Operation] = field(default_factory=list[Operation])
    """The operations that ended, in that order; those that only read are left out."""
    terminating: bool = False
    """Whether the engine has heard that it is to end at once."""
    uncounted: list[str] = field(default_factory=list[str])
    """The operations that ended and that the engine counts, of resources that the program does not declare."""

    @property
    def text(self) -> str:
        """The changes in words: `61 created, 2 updated`, or `nothing to change`."""
        words = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
        parts = [f"{count} {words[kind]}" for kind, count in self.changes.items() if count and kind in words]
        return ", ".join(parts) if self.changed else "nothing to change"

    @property
    def changed(self) -> int:
        """How many resources the update changed."""
        return sum(count for kind, count in self.changes.items() if kind not in _QUIET)

    def waits_for(self) -> str:
        """The oldest operation still running, in words; empty where there is none."""
        real = [
            (urn, operation)
            for urn, operation in self.running.items()
            if operation not in _QUIET and not is_component(urn)
        ]
        if not real:
            return ""
        urn, operation = real[0]
        more = f" and {len(real) - 1} more" if len(real) > 1 else ""
        return f"{operation} of {short_urn(urn)}{more} ({self.finished} done)"

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one engine event (https://www.pulumi.com/docs/iac/automation-api/ names them EngineEvent)."""
        if metadata := _metadata(event, "resourcePreEvent"):
            self.running[metadata["urn"]] = metadata["op"]
        elif metadata := _metadata(event, "resOutputsEvent"):
            self.running.pop(metadata["urn"], None)
            self._ended(metadata, done=True)
        elif metadata := _metadata(event, "resOpFailedEvent"):
            self.running.pop(metadata["urn"], None)
            self.failed.append(metadata["urn"])
            self._ended(metadata, done=False)
        elif diagnostic := _part(event, "diagnosticEvent"):
            killed = self.terminating and _PLUGIN_GONE in str(diagnostic.get("message", ""))
            if diagnostic.get("severity") == "error" and not killed:
                name = short_urn(diagnostic["urn"]) + ": " if diagnostic.get("urn") else ""
                self.errors.append(name + str(diagnostic.get("message", "")).strip())
        elif said := _part(event, "stdoutEvent"):
            self.terminating = self.terminating or _TERMINATING in str(said.get("message", ""))
        elif summary := _part(event, "summaryEvent"):
            changes = Counter(_part(summary, "resourceChanges"))
            changes.subtract(self.uncounted)
            self.changes = {kind: count for kind, count in changes.items() if count}

    def _ended(self, metadata: Mapping[str, Any], *, done: bool) -> None:
        if done and not counts(metadata["urn"]):
            self.uncounted.append(metadata["op"])
        if metadata["op"] not in _QUIET:
            self.finished += done
            self.operations.append(Operation(metadata["op"], metadata["urn"], done))


def _part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return mapping(document.get(name))


def _metadata(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    return _part(_part(event, name), "metadata")


def is_component(text: str) -> bool:
    """Whether a URN is the stack's or a component's of this project: these last as long as what is in them."""
    urn = Urn.parse(text)
    return urn.is_stack or urn.type.startswith("parity:components:")


@contextmanager
def event_log() -> Generator[tuple[Path, list[str], dict[str, str]]]:
    """A file for the engine's events, and the options and variables that have them written there."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        # The option is only there with the engine's debug commands.
        yield events, ["--event-log", str(events)], {"PULUMI_DEBUG_COMMANDS": "true"}


@contextmanager
def following(path: Path, on_progress: Callable[[Progress], None], progress: Progress) -> Generator[None]:
    """Let `progress` take the events as their log grows while the body runs, and what is left when the body ends."""
    ended = threading.Event()

    def follow() -> None:
        offset = 0
        while True:
            last = ended.wait(_POLL_SECONDS)
            offset = _read_events(path, offset, progress)
            on_progress(progress)
            if last:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _read_events(path: Path, offset: int, progress: Progress) -> int:
    """Take the complete lines after `offset`, bytes; gives the offset after the last of them."""
    if not path.exists():
        return offset
    with path.open("rb") as stream:
        stream.seek(offset)
        text = stream.read()
    end = text.rfind(b"\n") + 1
    for line in text[:end].splitlines():
        if line.strip():
            progress.take(json.loads(line))
    return offset + end
