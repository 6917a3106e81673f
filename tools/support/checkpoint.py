"""A stand-in for `pulumi`, for unit tests: a command line over one checkpoint, which it treats as the engine does.

It gives way to a lock that is held, keeps the file that it replaces, seals secrets and drops operations
without an end at an import.
"""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.backend.stack_backend import UPDATE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Document = dict[str, Any]
Happening = Callable[[], object]
"""What a test lets happen at a moment."""

_LOCKED = 255


@dataclass
class Engine:
    """The stand-in for `pulumi`: a command line over one checkpoint."""

    path: Path
    checkpoint: Path
    """It writes with gzip where that is the ending."""
    locks: Path
    stack: str
    next: list[Document] = field(default_factory=list[Document])
    """The steps that a preview shows."""
    notes: bool = False
    """Whether a refresh notes of each target that it was read."""
    heals: bool = True
    """Whether what was half made is complete once it was read."""
    backs_up: bool = True
    """Whether it keeps the file that it replaces."""
    fails: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """By command: what it says on standard output and standard error when it fails."""
    meanwhile: dict[str, list[Happening]] = field(default_factory=dict[str, list[Happening]])
    """By command: what happens while it runs, before it does anything, one at each run."""
    afterwards: dict[str, Happening] = field(default_factory=dict[str, Happening])
    """By command: what happens as soon as it has done its work."""
    commands: list[list[str]] = field(default_factory=list[list[str]])
    given: list[str] = field(default_factory=list[str])
    """What went into the imports."""
    updates: list[str] = field(default_factory=list[str])
    """Of each command that changes something: the update's id that it was given."""

    def run(self, words: Sequence[str], **given: Any) -> subprocess.CompletedProcess[str]:
        """Run a command, as `subprocess.run` does."""
        command = " ".join(words[1:3]) if words[1] == "stack" else words[1]
        if "--non-interactive" not in words or self.stack not in words:
            return _ended(words, 1, stderr="error: it would ask")
        self.commands.append(list(words[1:]))
        if self.meanwhile.get(command):
            self.meanwhile[command].pop(0)()
        if command in self.fails:
            return _ended(words, 1, *self.fails[command])
        match command:
            case "stack export":
                return _ended(words, 0, json.dumps(self.export()))
            case "preview":
                return _ended(words, 0, json.dumps({"config": {}, **({"steps": self.next} if self.next else {})}))
            case "stack import" | "refresh":
                return self._changes(words, given)
            case _:
                return _ended(words, 1, stderr=f"error: unknown command {command}")

    def _changes(self, words: Sequence[str], given: Document) -> subprocess.CompletedProcess[str]:
        if self.locks.is_dir() and any(self.locks.iterdir()):
            return _ended(words, _LOCKED, stderr="error: the stack is currently locked by 1 lock(s)")
        self.updates.append(given["env"].get(UPDATE_VARIABLE, ""))
        if words[1] == "stack":
            self.given.append(given["input"])
            self._import(json.loads(given["input"])["deployment"])
        else:
            self._refresh([words[at + 1] for at, word in enumerate(words) if word == "--target"])
        self.afterwards.get(" ".join(words[1:3]), lambda: None)()
        return _ended(words, 0)

    def _import(self, deployment: Document) -> None:
        """Operations without an end are dropped, and secrets sealed."""
        deployment.pop("pending_operations", None)
        self.write(json.loads(json.dumps(deployment), object_hook=_sealed))

    def _refresh(self, targets: Sequence[str]) -> None:
        deployment = self.export()["deployment"]
        for each in deployment["resources"]:
            if each["urn"] in targets and not each.get("delete"):
                each["outputs"] = {**each["inputs"], "id": each["id"], "read": True}
                if self.notes:
                    each["modified"] = "2026-11-25T00:00:00Z"
                if self.heals:
                    each.pop("initErrors", None)
        self.write(deployment)

    def export(self) -> Document:
        """The state, as `pulumi stack export` gives it."""
        return {"version": 3, "deployment": json.loads(self._read())["checkpoint"]["latest"]}

    def write(self, deployment: Document) -> None:
        """Write the checkpoint; the one that it replaces is kept next to it."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists() and self.backs_up:
            self.checkpoint.replace(f"{self.checkpoint}.bak")
        data = json.dumps({"version": 3, "checkpoint": {"stack": self.stack, "latest": deployment}}).encode()
        self.checkpoint.write_bytes(gzip.compress(data) if self.checkpoint.suffix == ".gz" else data)

    def _read(self) -> bytes:
        data = self.checkpoint.read_bytes()
        return gzip.decompress(data) if self.checkpoint.suffix == ".gz" else data

    def did(self, command: str) -> int:
        """How often a command was run."""
        return sum(" ".join(each).startswith(command) for each in self.commands)


def _sealed(value: Document) -> Document:
    return {**value, "plaintext": "sealed"} if "plaintext" in value else value


def _ended(words: Sequence[str], code: int, stdout: str = "", stderr: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(list(words), code, stdout, stderr)
