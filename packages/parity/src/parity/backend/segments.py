"""Segments: many records of a ledger in one object, so that ten thousand are read with few requests.

A segment repeats records byte for byte and says where each resource is among them. It is made from the records, is
written once, and counts for nothing where it differs from them: `parity log --verify` compares both. Small segments
are joined by a large one; what a large one covers is not read any more.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from parity.documents import mapping, parse, rows, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from parity.engine.store import Store

FORM = 1
SMALL, LARGE = 32, 1024
"""Records of a small and of a large segment."""
_LEVEL = 5
"""Of gzip: more takes twice the time for a tenth of the size."""


@dataclass(frozen=True)
class Segment:
    """Records that follow each other, oldest first."""

    data: bytes
    """As it is kept: gzipped lines; first what is where, then two lines for each record, its begin and its end."""

    @cached_property
    def _lines(self) -> list[bytes]:
        return gzip.decompress(self.data).split(b"\n")

    @cached_property
    def _where(self) -> dict[str, Any]:
        return parse(self._lines[0])

    @property
    def ids(self) -> list[str]:
        """Of its records."""
        return texts(self._where["ids"])

    def touching(self, wanted: Callable[[str], bool]) -> list[int]:
        """The numbers, from 0, of the records that change a resource whose URN is wanted."""
        found = (numbers for urn, numbers in mapping(self._where["touched"]).items() if wanted(urn))
        return sorted({number for each in found for number in each})

    def record(self, number: int) -> tuple[bytes, bytes]:
        """A record's begin and end as the ledger has them; the end is empty where the begin is all of it."""
        begin, end = self._lines[1 + 2 * number : 3 + 2 * number]
        return begin + b"\n", end and end + b"\n"


def pack(records: Sequence[tuple[str, bytes, bytes]]) -> bytes:
    """The segment of these records, each by id, begin and end; equal records give equal bytes."""
    touched: dict[str, list[int]] = defaultdict(list)
    for number, (_, begin, _end) in enumerate(records):
        for urn in dict.fromkeys(str(each["urn"]) for each in rows(parse(begin).get("differences"))):
            touched[urn].append(number)
    where = {"form": FORM, "ids": [identity for identity, *_ in records], "touched": touched}
    lines = [json.dumps(where, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"]
    for _, begin, end in records:
        lines += [begin, end or b"\n"]
    return gzip.compress(b"".join(lines), _LEVEL, mtime=0)


@dataclass(frozen=True)
class Segments:
    """A ledger's segments, as their names are listed."""

    store: Store
    folder: str
    names: tuple[str, ...]
    """`<first id>_<last id>_<records>.gz`, those that count, oldest first."""

    @classmethod
    def list(cls, store: Store, folder: str) -> Segments:
        """List them; of two that begin with the same record the one with more records counts."""
        chosen: list[str] = []
        for name in sorted(store.names(folder), key=lambda each: (first(each), -count(each))):
            if not chosen or first(name) > last(chosen[-1]):
                chosen.append(name)
        return cls(store, folder, tuple(chosen))

    @property
    def end(self) -> str:
        """The id of the last record that is in one; empty where there is none."""
        return last(self.names[-1]) if self.names else ""

    def newest(self) -> Iterator[Segment]:
        """Read them, the newest first, each when it is asked for."""
        return (self.read(name) for name in reversed(self.names))

    def read(self, name: str) -> Segment:
        """Read one; an absent one, which was deleted since it was listed, is empty."""
        return Segment(self.store.read(f"{self.folder}/{name}") or pack(()))

    def write(self, records: Sequence[tuple[str, bytes, bytes]]) -> bool:
        """Keep these records as a segment; False where it is there already."""
        name = f"{records[0][0]}_{records[-1][0]}_{len(records)}.gz"
        return self.store.create(f"{self.folder}/{name}", pack(records))

    def join(self) -> bool:
        """Join the small segments behind the last large one, where they are enough; says whether it did."""
        small: list[str] = []
        for name in self.names:
            small = [] if count(name) > SMALL else [*small, name]
        if len(small) < LARGE // SMALL:
            return False
        return self.write([each for name in small[: LARGE // SMALL] for each in _records(self.read(name))])


def _records(segment: Segment) -> Iterable[tuple[str, bytes, bytes]]:
    return ((identity, *segment.record(number)) for number, identity in enumerate(segment.ids))


def first(name: str) -> str:
    """The id of a segment's first record, of its name."""
    return name.partition("_")[0]


def last(name: str) -> str:
    """The id of a segment's last record."""
    return name.split("_")[1]


def count(name: str) -> int:
    """How many records a segment has."""
    return int(name.rpartition("_")[2].removesuffix(".gz"))


def digest(data: bytes) -> str:
    """What a record's object is named by in the chain: SHA-256, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
