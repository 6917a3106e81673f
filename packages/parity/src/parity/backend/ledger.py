"""The ledger: the record of every operation on a stack, kept with its state; written before, and again at its end.

An operation is two objects below `.parity/ledger/<project>/<stack>/`: `<id>.1-begin.json` and `<id>.2-end.json`; one
that others made and that was found afterwards is its begin alone. Each is created once and never changed, so an append
is one write that happens or does not, in a folder and in any bucket
(docs/decisions/0012-the-ledger-is-objects-next-to-the-state.md). Each begin names the SHA-256 of every object before it
that none names yet, and each end that of its begin, so that an edit and a removal show (parity/backend/chain.py). An
update that was killed has no end until `parity recover` writes it.
"""

from __future__ import annotations

import itertools
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from parity import redact
from parity.backend.segments import SMALL, Segments, digest, first, last
from parity.documents import is_list, is_mapping, mapping, rows
from parity.engine.store import document_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from parity.documents import Document
    from parity.engine.store import Store
    from parity.redact import Redactor

FORM = 1
"""The form of the documents; a reader refuses one that it does not know."""

BEGIN, END = ".1-begin.json", ".2-end.json"
ALONE = "alone"
"""The event of a begin that is all of its record."""

DRIFT = "drift"
"""The command of an operation that an audit found, which others made, or its end."""
ASIDE = frozenset({"hold", "lift", "watch", DRIFT})
"""Commands that are recorded and update nothing themselves."""

_NAMES = frozenset({"form", "update", "event", "time", "command", "project", "stack", "result", "urn", "operation"})
"""Fields that the record is found and read by; they are names, and stay as they are."""
_OF_OBJECTS = frozenset({"event", "time", "ended", "after"})
"""Fields of a record's two objects that are not fields of the record."""
NEWEST = 50
"""Of the newest records, how many are searched at the most: for the last update, for objects that none names yet."""
_AT_ONCE = 16
"""Objects that are read at the same time."""
_SETTLED = timedelta(hours=1)
"""Older records go into a segment: no clock is so wrong that one is still written among them."""

Raw = tuple[str, bytes, bytes]
"""A record as it is kept: id, begin, and end, which is empty where there is none."""


@dataclass(frozen=True)
class Record:
    """One update."""

    id: str
    """`20261124T211500.123Z-9f86d081`: when it began, and digits that make it unique."""
    begin: Mapping[str, Any] = field(repr=False)
    end: Mapping[str, Any] | None = field(repr=False)

    @property
    def started(self) -> datetime:
        """When it began, UTC."""
        return datetime.fromisoformat(str(self.begin["time"]))

    @property
    def ended(self) -> datetime | None:
        """When it ended, UTC; None where no end is recorded."""
        return datetime.fromisoformat(str(self.end["time"])) if self.end else None

    @property
    def seconds(self) -> float | None:
        """How long it took, to the millisecond; None where no end is recorded."""
        return round((self.ended - self.started).total_seconds(), 3) if self.ended else None

    @property
    def switched(self) -> datetime | None:
        """When every domain served what it went back to, UTC: before it began; None where its update switched."""
        return datetime.fromisoformat(str(self.begin["switched"])) if self.begin.get("switched") else None

    @property
    def result(self) -> str:
        """`succeeded`, `failed`, `interrupted`, `killed`, `refused`; `unfinished` where no end is recorded."""
        return str(self.end["result"]) if self.end else "unfinished"

    @property
    def differences(self) -> list[Document]:
        """What it was to change, a row for each resource: `urn`, `operation`, and `properties` with both values."""
        return rows(self.begin.get("differences"))

    @property
    def done(self) -> frozenset[str] | None:
        """The URNs of what it changed; None where that is not known, since it was killed or goes on."""
        if self.result == "succeeded" or self.begin.get("foreign"):  # of a foreign one the world's own was compared
            return frozenset(str(each["urn"]) for each in self.differences)
        if self.result == "refused":
            return frozenset()
        known = mapping(self.end).get("operations")
        return None if known is None else frozenset(str(each["urn"]) for each in rows(known) if each["done"])

    def document(self) -> Document:
        """The complete record, as one JSON object."""
        begin = {key: value for key, value in self.begin.items() if key not in _OF_OBJECTS}
        end = {key: value for key, value in (self.end or {}).items() if key not in {*_OF_OBJECTS, "form", "update"}}
        times = {"start": self.begin["time"], "end": self.end["time"] if self.end else None, "seconds": self.seconds}
        return {**begin, **times, "result": self.result, **end}


@dataclass(frozen=True)
class Ledger:
    """The ledger of one stack."""

    store: Store
    project: str
    stack: str
    redactor: Redactor = field(default_factory=redact.current, compare=False)
    """Masks secrets in what is recorded."""
    _kept: dict[str, bytes] = field(default_factory=dict[str, bytes], compare=False, repr=False)
    """What was read already, by key; no object ever changes."""

    @property
    def folder(self) -> str:
        """Where its objects are, in the store."""
        return f".parity/ledger/{self.project}/{self.stack}"

    @property
    def place(self) -> str:
        """The same, for people."""
        return f"{self.store.place.rstrip('/')}/{self.folder}"

    def begin(self, facts: Mapping[str, Any]) -> str:
        """Record that an update is about to begin, before it does anything; gives its id.

        Args:
            facts: what is known of it, plain JSON; secrets in its texts are masked.
        """
        now, after = datetime.now(UTC), self._heads()
        # The order of the ids is that of the operations, also of two in one millisecond.
        while any(name.startswith(identity_of(now, "")) for name in after):
            now += timedelta(milliseconds=1)
        identity = identity_of(now, secrets.token_hex(4))
        self._append(identity, BEGIN, {"event": "begin", "time": now.isoformat(), "after": after, **facts})
        return identity

    def end(self, identity: str, facts: Mapping[str, Any]) -> bool:
        """Record how an update ended; False, and nothing changed, where its end is recorded already."""
        begun = self._get(f"{self.folder}/{identity}{BEGIN}")
        after = {"after": {identity + BEGIN: digest(begun)}} if begun else {}
        return self._append(identity, END, {"event": "end", "time": datetime.now(UTC).isoformat(), **after, **facts})

    def found(self, identity: str, started: datetime, ended: datetime, facts: Mapping[str, Any]) -> bool:
        """Record an operation that others made; False, and nothing changed, where it is recorded already."""
        times = {"time": started.isoformat(), "ended": ended.isoformat()}
        return self._append(identity, BEGIN, {"event": ALONE, **times, "after": self._heads(), **facts})

    def records(self, *, last: int | None = None) -> list[Record]:
        """The records, oldest first; with `last`, only so many of the newest.

        Raises:
            ProjectError: a record cannot be read.
        """
        return list(itertools.islice(self.newest(), last))[::-1]

    def under_way(self) -> bool:
        """Whether one of the newest records has no end; holds and lifts may come after it. Raises as `records`."""
        return any(each.end is None for each in self.records(last=10))

    def newest(self, touching: Callable[[str], bool] | None = None) -> Iterator[Record]:
        """The records, newest first, each read when it is asked for; raises as `records`.

        Args:
            touching: only those that were to change a resource whose URN it accepts.
        """
        for raw in self._raw(touching):
            record = self._record(raw)
            if touching is None or any(touching(str(each["urn"])) for each in record.differences):
                yield record

    def matching(self, prefix: str) -> list[Record]:
        """The records whose id begins with a text, newest first; raises as `records`."""
        segments, size = self._segments(), len(prefix)
        raws = self._read_all([each for each in self._ids(segments)[::-1] if each.startswith(prefix)])
        for name in reversed(segments.names):
            if first(name)[:size] <= prefix <= last(name)[:size]:
                segment = segments.read(name)
                chosen = [number for number, each in enumerate(segment.ids) if each.startswith(prefix)]
                raws += [(segment.ids[number], *segment.record(number)) for number in reversed(chosen)]
        return [self._record(raw) for raw in raws]

    def compact(self) -> int:
        """Put old records into segments, which readers take in place of them; says how many segments were written."""
        segments = self._segments()
        until = f"{datetime.now(UTC) - _SETTLED:%Y%m%dT%H%M%S}"
        old = [each for each in self._ids(segments) if each < until]
        written = 0
        for at in range(0, len(old) - SMALL + 1, SMALL):
            raws = self._read_all(old[at : at + SMALL])
            if any(not end and self._record((name, begin, end)).end is None for name, begin, end in raws):
                break
            written += segments.write(raws)
        return written + self._segments().join()

    def object(self, name: str) -> bytes:
        """One of its objects, by its name in the folder; empty where there is none."""
        return self._get(f"{self.folder}/{name}")

    def at_hand(self) -> dict[str, bytes]:
        """The objects that were read already, by name."""
        return {key.rpartition("/")[2]: data for key, data in self._kept.items()}

    def segmented(self) -> Iterator[Raw]:
        """What its segments repeat, newest first."""
        for segment in self._segments().newest():
            yield from ((name, *segment.record(number)) for number, name in enumerate(segment.ids))

    def _segments(self) -> Segments:
        return Segments.list(self.store, f".parity/segments/{self.project}/{self.stack}")

    def _ids(self, segments: Segments) -> list[str]:
        """Of the records behind the segments, oldest first."""
        names = self.store.names(self.folder, f"{segments.end}~" if segments.end else "")
        return [name.removesuffix(BEGIN) for name in names if name.endswith(BEGIN)]

    def _raw(self, touching: Callable[[str], bool] | None = None) -> Iterator[Raw]:
        segments = self._segments()
        ids = self._ids(segments)[::-1]
        for at in range(0, len(ids), _AT_ONCE):
            yield from self._read_all(ids[at : at + _AT_ONCE])
        for segment in segments.newest():
            known = segment.ids
            numbers = range(len(known)) if touching is None else segment.touching(touching)
            yield from ((known[number], *segment.record(number)) for number in reversed(numbers))

    def _read_all(self, ids: Sequence[str]) -> list[Raw]:
        keys = [f"{self.folder}/{identity}{ending}" for identity in ids for ending in (BEGIN, END)]
        found = self._get_all(keys)
        return list(zip(ids, found[::2], found[1::2], strict=True))

    def _get_all(self, keys: Sequence[str]) -> list[bytes]:
        if not self.store.shared:  # a thread costs more than a file
            return [self._get(key) for key in keys]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._get, keys))

    def _get(self, key: str) -> bytes:
        data = self._kept.get(key) or self.store.read(key) or b""
        if data:
            self._kept[key] = data
        return data

    def _heads(self) -> dict[str, str]:
        """The newest objects that none names yet: the names, and the SHA-256 of each."""
        there: dict[str, str] = {}
        named: set[str] = set()
        for identity, begin, end in itertools.islice(self._raw(), NEWEST):
            for ending, data in ((BEGIN, begin), (END, end)):
                if data:
                    there[identity + ending] = digest(data)
                    named |= mapping(self._document(identity + ending, data).get("after")).keys()
        return {name: there[name] for name in sorted(there.keys() - named)}

    def _record(self, raw: Raw) -> Record:
        identity, begin, end = raw
        document = self._document(identity + BEGIN, begin)
        if document.get("event") == ALONE:
            return Record(identity, document, {**document, "time": document["ended"]})
        return Record(identity, document, self._document(identity + END, end) if end else None)

    def _append(self, identity: str, ending: str, facts: Mapping[str, Any]) -> bool:
        document = {"form": FORM, "update": identity, **self._masked(facts)}
        data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        return self.store.create(f"{self.folder}/{identity}{ending}", data)

    def _masked(self, value: Any) -> Any:
        if is_mapping(value):
            return {name: each if name in _NAMES else self._masked(each) for name, each in value.items()}
        if is_list(value):
            return [self._masked(each) for each in value]
        return self.redactor.document(value)

    def _document(self, name: str, data: bytes) -> Document:
        return document_of(data, FORM, f"{self.place}/{name}", "a record of the ledger")


def identity_of(time: datetime, digits: str) -> str:
    """The id of an operation that begins at a time, UTC, with 8 hex digits that make it unique."""
    return f"{time:%Y%m%dT%H%M%S}.{time.microsecond // 1000:03d}Z-{digits}"


def lines(records: Iterable[Record]) -> str:
    """The records as JSON lines, oldest first."""
    return "".join(json.dumps(record.document(), ensure_ascii=False) + "\n" for record in records)
