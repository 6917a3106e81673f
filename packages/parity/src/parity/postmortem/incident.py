"""The incident: the operation that began it, the first sign of it, when it was over, and what its causes are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from parity.backend import blame, reading, watches
from parity.backend.ledger import DRIFT
from parity.documents import mapping, rows
from parity.postmortem.timeline import BAD, GOOD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from parity.backend.blame import Line
    from parity.backend.ledger import Record
    from parity.backend.notes import Note
    from parity.postmortem.material import Material

_USERS, _WORLD, _UPDATE = 3, 2, 1
"""How much a sign weighs: users met it, the world is otherwise than declared, an update did not end well."""


@dataclass(frozen=True)
class Sign:
    """Something that shows that not all is well."""

    time: datetime
    what: str
    weight: int
    culprit: Record | None = field(repr=False)
    """The operation that it follows from; None where that is older than what was read."""


@dataclass(frozen=True)
class Incident:
    """What went wrong in one stack."""

    material: Material = field(repr=False)
    culprit: Record | None = field(repr=False)
    """The operation that began it."""
    signs: Sequence[Sign]
    """Of it, oldest first; none where the operation was named and nothing shows that it was bad."""
    back: datetime | None
    """When the record has it as over; None where it has not."""
    back_by: Record | None = field(repr=False)

    @property
    def began(self) -> datetime | None:
        """The earliest time from which users could meet it."""
        return begin_of(self.culprit) if self.culprit else None

    @property
    def detected(self) -> datetime | None:
        """When the first sign of it was there."""
        return self.signs[0].time if self.signs else None

    @property
    def to_detect(self) -> timedelta | None:
        """From the operation's begin to the first sign."""
        return self.detected - self.began if self.detected and self.began else None

    @property
    def to_go_back(self) -> timedelta | None:
        """From the first sign to the end of what put it right."""
        return self.back - self.detected if self.back and self.detected else None


def begin_of(record: Record) -> datetime:
    """When it began; of what drift found, when the vendor has it as made."""
    since = record.begin.get("since") if record.begin.get("foreign") else None
    return datetime.fromisoformat(str(since)) if since else record.started


def find(materials: Sequence[Material]) -> Incident | None:
    """The incident of these stacks: the newest of those that touched users most; None where there is no sign of one."""
    found = [(sign, each) for each in materials for sign in signs(each) if each.within(sign.time)]
    if not found:
        return None
    sign, material = max(found, key=lambda each: (each[0].weight, each[0].time))
    return _incident(material, sign.culprit, [sign])


def of(material: Material, culprit: Record) -> Incident:
    """What an operation that is named began."""
    return _incident(material, culprit, [])


def _incident(material: Material, culprit: Record | None, known: list[Sign]) -> Incident:
    if culprit is not None:
        known = [each for each in signs(material) if each.culprit and each.culprit.id == culprit.id]
    known.sort(key=lambda each: each.time)
    by = _over(material, culprit, known[0].time) if known else None
    return Incident(material, culprit, known, (by.switched or by.ended) if by else None, by)


def _over(material: Material, culprit: Record | None, detected: datetime) -> Record | None:
    """The first operation after the first sign that put it right: it left the release, or else ended well."""
    moved = material.moves(culprit) if culprit else {}
    left = {(name, new) for name, (_, new) in moved.items()}
    for record in material.records:
        if record.ended is None or record.ended < detected or record.result != GOOD or record is culprit:
            continue
        if any((name, old) in left for name, (old, _) in material.moves(record).items()):
            return record
        if not left and record.differences and record.started >= detected:
            return record
    return None


# --- Signs ------------------------------------------------------------------------------------------------------------


def signs(material: Material) -> list[Sign]:
    """Every sign in the record of a stack."""
    found = [sign for note in material.watches for sign in _of_watch(note, material)]
    for at, record in enumerate(material.records):
        found += _of_record(record, material, material.records[: at + 1])
    return found


def _of_watch(note: Note, material: Material) -> Iterator[Sign]:
    end = mapping(note.end)
    if end.get("verdict") not in BAD or note.ended is None:
        return
    mark = f"the watch of {note.begin['release']} "
    held = (each.since for each in material.holds if each.why.startswith(mark) and each.since >= note.began)
    time = min((each for each in held if each <= note.ended), default=note.ended)
    culprit = next((each for each in material.records if each.id == note.begin["update"]), None)
    yield Sign(time, f"the watch found {watches.name_of(note)} bad: {end.get('why')}", _USERS, culprit)


def _of_record(record: Record, material: Material, until: Sequence[Record]) -> Iterator[Sign]:
    ended, name = record.ended, f"`{record.begin.get('command')}` {record.id}"
    for each in rows(mapping(record.end).get("live")):
        if each.get("fault") and ended:
            yield Sign(ended, f"{each['domain']} answered {each['fault']}", _USERS, _changed_last(until))
    if record.begin.get("command") == "rollback":
        for application, (old, new) in material.moves(record).items():
            what = f"{new} of {application} was made live again instead of {old or 'nothing'}"
            yield Sign(
                record.switched or record.started, what, _USERS, _made_live(material, until[:-1], application, old)
            )
    if record.begin.get("command") == DRIFT and record.begin.get("found"):
        yield Sign(record.started, f"drift found {len(record.differences)} that others had changed", _WORLD, record)
    if ended and (kept := reading.kept_otherwise(mapping(record.end))):
        yield Sign(ended, f"{name}: {len(kept)} of what it wrote was kept otherwise", _WORLD, record)
    if ended and record.result not in {GOOD, "refused"}:
        yield Sign(ended, f"{name} {record.result}", _UPDATE, record)


def _changed_last(records: Sequence[Record]) -> Record | None:
    return next((each for each in reversed(records) if each.differences and each.done != frozenset()), None)


def _made_live(material: Material, records: Sequence[Record], application: str, release: str) -> Record | None:
    moved = (each for each in reversed(records) if material.moves(each).get(application, ("", ""))[1] == release)
    return next(moved, None)


def causes(record: Record) -> list[Line]:
    """Each property that an operation changed, with what it follows; those that follow a key first."""
    return sorted(blame.changes(record), key=lambda each: not each.key)
