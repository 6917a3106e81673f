"""Reads what a post-mortem is written from: the record of a stack, its holds and its watches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity.backend import holds, reading, watches
from parity.documents import mapping, rows
from parity.resources import kinds
from parity.resources.urn import Urn
from parity.updates import foreign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from parity.backend.holds import Hold
    from parity.backend.ledger import Record
    from parity.backend.notes import Note
    from parity.backend.stack_backend import Backend
    from parity.config.parameters import Catalog

_BEFORE = 50
"""Operations before the time that is asked for, among which the cause of what happened in it is searched."""


@dataclass(frozen=True)
class Answer:
    """One answer that users were given, as the sandbox's edge has it."""

    time: datetime
    domain: str
    status: int | None
    """None where the connection was cut."""

    @property
    def failed(self) -> bool:
        """Whether it is an error of the server's."""
        return self.status is None or self.status >= _ERROR


_ERROR = 500


@dataclass(frozen=True)
class Material:
    """What is known of one stack."""

    stack: str
    since: datetime
    until: datetime
    records: Sequence[Record]
    """Oldest first, with those of before that may have caused what happened."""
    holds: Sequence[Hold] = ()
    watches: Sequence[Note] = ()
    answers: Sequence[Answer] = ()
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """The applications' names by their first ones."""
    with_database: frozenset[str] = frozenset()
    """The applications that have a database."""

    @property
    def inside(self) -> list[Record]:
        """The operations that went on in the time."""
        return [each for each in self.records if (each.ended or each.started) >= self.since and self.has(each.started)]

    def has(self, time: datetime) -> bool:
        """Whether it is not after the time that is asked for."""
        return time < self.until

    def within(self, time: datetime | None) -> bool:
        """Whether it is in the time that is asked for."""
        return time is not None and self.since <= time < self.until

    def moves(self, record: Record) -> dict[str, tuple[str, str]]:
        """By application the releases from which and to which an operation switched; the first may be empty."""
        aims = reading.aims(record.begin)
        if record.result == "succeeded":
            return aims
        done = self._switched(record)
        return {name: pair for name, pair in aims.items() if name in done}

    def _switched(self, record: Record) -> set[str]:
        done = (Urn.parse(str(each["urn"])) for each in rows(mapping(record.end).get("operations")) if each["done"])
        names = (kinds.application_of(each.name) for each in done if each.type == kinds.LIVE)
        return {self.renamed.get(each, each) for each in names}


def read(place: Backend, since: datetime, until: datetime, catalog: Catalog) -> Material:
    """Read a stack's record, newest first, until it is older than the time by so many operations.

    Raises:
        ProjectError: something of it cannot be read.
    """
    ledger = place.ledger
    assert ledger is not None  # noqa: S101 - the command has seen to it
    found: list[Record] = []
    older = 0
    for record in ledger.newest():
        found.append(record)
        older += record.started < since
        if older >= _BEFORE:
            break
    found.reverse()
    records = sorted([*found, *foreign.shown(place, found)], key=lambda each: each.id)
    where = ledger.store, ledger.project, ledger.stack
    return Material(
        ledger.stack,
        since,
        until,
        records,
        holds.history(*where),
        watches.notes(*where).all(),
        renamed=catalog.renamed,
        with_database=frozenset(each.name for each in catalog.applications if each.databases),
    )
