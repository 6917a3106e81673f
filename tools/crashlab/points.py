"""The moments of an operation, recorded in an undisturbed run: requests, commits, writes of state and lock."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crashlab.wire import Commit
    from crashlab.writes import Write

Kind = Literal["request", "commit", "write"]

_LONGEST_TITLE = 90
_GENERATED_HOST = re.compile(r"^[a-z0-9-]+\.vercel\.app(?=/)")
_IDENTIFIER = re.compile(r"(?<=[/=])(?:[a-z]{3,4}_\w+|(?=[A-Za-z]*\d)\w{5,})(?=[/?&]|$)|(?<=/env/)\w{16}")
_READS = re.compile(r"^(SELECT|SET|SHOW)\b", re.IGNORECASE)
_ANY = re.compile(
    r"\d{8}T[\d.]+Z-[0-9a-f]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8}[\w-]+|[0-9a-f]{12,}|dpl_\w+"
)
_WRITTEN = {
    (".pulumi", "stacks"): "checkpoint",
    (".pulumi", "locks"): "lock",
    (".parity", "kept"): "copy of the state",
    (".parity", "built"): "record of what a deployment was built with",
    (".parity",): "ledger's record",
}


@dataclass(frozen=True)
class Point:
    """One moment: the `nth`, from 1, of those with the same key."""

    kind: Kind
    key: str
    """`SERVICE METHOD REGULAR-EXPRESSION` of a request, a commit's text, or a file below the backend."""
    nth: int
    title: str
    changes: bool
    """Whether it changes anything at a vendor, in the database or in the record; false for a GET."""

    @property
    def id(self) -> str:
        """Short, the same in each run, unlike any other of its operation."""
        digest = hashlib.sha256(f"{self.kind} {self.key}".encode()).hexdigest()[:8]
        return f"{self.kind}-{digest}-{self.nth}"


def of_requests(rows: Iterable[dict[str, Any]]) -> list[Point]:
    """The points of a request log's rows, in their order."""
    counts: Counter[str] = Counter()
    found: list[Point] = []
    for row in rows:
        if row["service"] not in {"vercel", "github", "edge"}:
            continue
        key = f"{row['service']} {row['method']} {pattern(row['path'])}"
        counts[key] += 1
        title = f"{row['service']} {row['method']} {_shown(row['path'])}"
        found.append(Point("request", key, counts[key], title[:_LONGEST_TITLE], row["method"] != "GET"))
    return found


def pattern(path: str) -> str:
    """A regular expression for this path with whatever identifiers another run gives its objects."""
    host = _GENERATED_HOST.match(path)
    parts = [r"^", r"[a-z0-9-]+\.vercel\.app" if host else ""]
    rest = path[host.end() :] if host else path
    end = 0
    for match in _IDENTIFIER.finditer(rest):
        parts += [re.escape(rest[end : match.start()]), "[^/?&]+"]
        end = match.end()
    return "".join([*parts, re.escape(rest[end:]), "$"])


def _shown(path: str) -> str:
    return _IDENTIFIER.sub("*", _GENERATED_HOST.sub("*.vercel.app", path.partition("?")[0]))


def of_commits(commits: Iterable[Commit]) -> list[Point]:
    """The points of what was committed, but for transactions that only read."""
    found: list[Point] = []
    for each in commits:
        statements = [part for part in each.text.removeprefix("COMMIT of ").split("; ") if not _READS.match(part)]
        if statements:
            found.append(Point("commit", each.text, each.nth, "; ".join(statements)[:_LONGEST_TITLE], changes=True))
    return found


class Files:
    """Names the files of a backend so that two runs agree, and counts their changes."""

    def __init__(self, backend: Path) -> None:
        self._backend = backend
        self._counts: Counter[str] = Counter()

    def point(self, write: Write) -> Point | None:
        """The point of a change: checkpoint or lock, or what recover keeps next to them; None for any other file.

        Nothing reads the copy that the engine keeps of the checkpoint before (`.bak`), its history and its backups:
        the moment before each of them is the moment after the write before it.
        """
        try:
            path = write.path.relative_to(self._backend)
        except ValueError:
            return None
        what = _WRITTEN.get(path.parts[:2]) or _WRITTEN.get(path.parts[:1])
        if what is None or path.suffix != ".json":
            return None
        name = _ANY.sub("*", path.as_posix())
        key = f"{write.kind} {name}"
        self._counts[key] += 1
        verb = "removed" if write.kind == "remove" else "written"
        return Point("write", key, self._counts[key], f"{what} {verb}", changes=True)
