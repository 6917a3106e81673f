"""Whether a ledger is as it was written: each object as the ones after it name it, each at its own place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from parity.backend.ledger import BEGIN, END
from parity.backend.segments import digest
from parity.documents import mapping, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parity.backend.ledger import Ledger
    from parity.documents import Document

_RACE = timedelta(minutes=1)
"""Two that begin at once name the same objects and not each other."""


@dataclass(frozen=True)
class Fault:
    """What is not as it was written."""

    object: str
    """Its name in the ledger's folder."""
    what: str

    def __str__(self) -> str:
        """The object and what is wrong with it."""
        return f"{self.object}: {self.what}"


@dataclass(frozen=True)
class Verified:
    """What a complete reading of a ledger found."""

    objects: int
    heads: tuple[str, ...]
    """Objects that no other names yet: nothing in the ledger shows their removal."""
    faults: tuple[Fault, ...]


def verify(ledger: Ledger) -> Verified:
    """Read every object of the ledger and of its segments, and compare each with what names it."""
    data = {name: ledger.object(name) for name in ledger.store.names(ledger.folder)}
    documents: dict[str, Document] = {}
    faults: list[Fault] = []
    for name, text in data.items():
        try:
            documents[name] = parse(text)
        except ValueError as error:
            faults.append(Fault(name, f"is no record: {error}"))
    faults += _placed(ledger, documents)
    named = {name: by for by, each in documents.items() for name in mapping(each.get("after"))}
    faults += _named(data, documents)
    faults += _segments(ledger, data)
    heads = [name for name in documents if name not in named]
    faults += _unnamed(heads, documents)
    return Verified(len(data), tuple(heads), tuple(dict.fromkeys(faults)))


def broken(documents: Mapping[str, bytes]) -> list[Fault]:
    """The faults that a few objects show of each other, by name: what is not at hand is not asked for."""
    read = {name: parse(text) for name, text in documents.items()}
    return [each for each in _named(documents, read, absent=False) if each.object in documents]


def _named(data: Mapping[str, bytes], documents: Mapping[str, Document], *, absent: bool = True) -> Iterator[Fault]:
    for by, document in documents.items():
        for name, wanted in mapping(document.get("after")).items():
            if name in data and digest(data[name]) != wanted:
                yield Fault(name, f"was edited after {by} named it")
            elif name not in data and absent:
                yield Fault(name, f"is gone; {by} names it")


def _placed(ledger: Ledger, documents: Mapping[str, Document]) -> Iterator[Fault]:
    for name, document in documents.items():
        identity = name.removesuffix(END).removesuffix(BEGIN)
        if document.get("update") != identity:
            yield Fault(name, f"was moved: it is the record of {document.get('update')}")
        whose = [document.get(key, own) for key, own in (("project", ledger.project), ("stack", ledger.stack))]
        if whose != [ledger.project, ledger.stack]:
            yield Fault(name, f"was moved: it is a record of {'/'.join(map(str, whose))}")
        if name.endswith(END) and identity + BEGIN not in documents:
            yield Fault(identity + BEGIN, f"is gone; its end is {name}")


def _segments(ledger: Ledger, data: Mapping[str, bytes]) -> Iterator[Fault]:
    for identity, begin, end in ledger.segmented():
        for name, kept in ((identity + BEGIN, begin), (identity + END, end)):
            if kept and name not in data:
                yield Fault(name, "is gone; a segment repeats it")
            elif data.get(name, b"") != kept:
                yield Fault(name, "is not as a segment repeats it")


def _unnamed(heads: list[str], documents: Mapping[str, Document]) -> Iterator[Fault]:
    """Objects that a later begin would have named: they were added afterwards."""
    chained = [_time(each) for name, each in documents.items() if name.endswith(BEGIN) and each.get("after")]
    newest = max(chained, default=None)
    for name in heads:
        if newest is not None and "after" in documents[name] and _time(documents[name]) + _RACE < newest:
            yield Fault(name, "was added afterwards: no later record names it")


def _time(document: Document) -> datetime:
    return datetime.fromisoformat(str(document.get("ended") or document["time"]))
