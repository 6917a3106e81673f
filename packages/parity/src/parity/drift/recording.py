"""What an audit found, as foreign operations of the record: one that begins what was not there before, one its end.

A finding that is open is a note below `.parity/drift/<project>/<stack>/`, which ends when an audit finds it no more.
Where it begins, the note comes first and names the operation: a death between the two leaves a note whose operation is
not there, and the next audit records the finding again. Where it ends, the operation comes first and names the note.
"""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity.backend.ledger import BEGIN, DRIFT, identity_of
from parity.backend.notes import Notes
from parity.documents import texts
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.backend.ledger import Ledger
    from parity.backend.notes import Note
    from parity.documents import Document
    from parity.drift.model import Finding, Report

_OPERATIONS = {"unmanaged": ("create", "delete"), "missing": ("delete", "create")}
"""By kind, what the change by hand was, and what put it right; of every other kind both are an update."""


@dataclass(frozen=True)
class Recorded:
    """What an audit brought into the record."""

    found: tuple[str, ...] = ()
    """Ids of findings that no audit had found before, or whose value is another one now."""
    gone: tuple[str, ...] = ()
    """Ids of those that are there no more."""

    def __str__(self) -> str:
        """For people."""
        return f"Recorded: {len(self.found)} found for the first time, {len(self.gone)} gone."


@dataclass(frozen=True)
class _Change:
    """One row of an operation."""

    finding: Document
    """`id`, `kind`, `urn`, `path`, `live`, `declared`, `since` and `by`, as the note has it."""
    before: str
    after: str
    ends: bool = False

    @property
    def row(self) -> Document:
        each = self.finding
        pair = _OPERATIONS.get(str(each["kind"]), ("update", "update"))
        sides = {name: {"value": text} for name, text in (("before", self.before), ("after", self.after)) if text}
        return {
            "urn": each["urn"],
            "operation": pair[self.ends],
            "properties": [{"path": each["path"], **sides}] if sides else [],
        }


def record(ledger: Ledger, report: Report, actor: str) -> Recorded:
    """Record what an audit found first, and the end of what it found no more.

    What an exception suppresses is not recorded, and what no interface shows neither. Where a read failed, nothing is
    taken for gone.

    Raises:
        StoreError: nothing may be written there.
    """
    notes = Notes(ledger.store, f".parity/drift/{ledger.project}/{ledger.stack}")
    open_ = _open(ledger, notes)
    there = {each.id: each for each in report.findings if each.kind != "unknowable"}
    new = [each for each in there.values() if each.counts and _is_new(each, open_.get(each.id))]
    gone = [] if report.read_failures else [each for name, each in open_.items() if name not in there]
    if new:
        identity, changes = _identity(), [_change(each, open_.get(each.id), ledger) for each in new]
        for each in changes:
            notes.begin({**each.finding, "operation": identity})
        _append(ledger, identity, changes, actor)
    if gone:
        _end(ledger, notes, gone, actor)
    return Recorded(tuple(each.id for each in new), tuple(str(each.begin["id"]) for each in gone))


def _open(ledger: Ledger, notes: Notes) -> dict[str, Note]:
    """By finding the newest note that is recorded; older ones, whose value is another one by now, are ended."""
    found: dict[str, Note] = {}
    for note in notes.unfinished():
        if not ledger.object(f"{note.begin['operation']}{BEGIN}"):
            notes.end(note.id, {"operation": None})
            continue
        if before := found.get(str(note.begin["id"])):
            notes.end(before.id, {"operation": note.begin["operation"]})
        found[str(note.begin["id"])] = note
    return found


def _end(ledger: Ledger, notes: Notes, gone: Sequence[Note], actor: str) -> None:
    """Record that they are gone, then end the notes: what a death between the two left is recorded already."""
    known = _ended(ledger, gone)
    left = [each for each in gone if each.id not in known]
    if left:
        pairs = ((dict(each.begin), str(each.begin["live"]), str(each.begin["declared"])) for each in left)
        identity = _append(ledger, _identity(), [_Change(*each, ends=True) for each in pairs], actor, left)
        known |= {each.id: identity for each in left}
    for each in gone:
        notes.end(each.id, {"operation": known[each.id]})


def _ended(ledger: Ledger, gone: Sequence[Note]) -> dict[str, str]:
    """By note the operation that has its end."""
    urns, oldest = {str(each.begin["urn"]) for each in gone}, min(str(each.begin["operation"]) for each in gone)
    later = itertools.takewhile(lambda each: each.id > oldest, ledger.newest(urns.__contains__))
    return {note: record.id for record in later for note in texts(record.begin.get("ends"))}


def _change(finding: Finding, known: Note | None, ledger: Ledger) -> _Change:
    urn = finding.urn or str(Urn(ledger.stack, ledger.project, (), finding.type, finding.name))
    facts: Document = {
        "id": finding.id,
        "kind": finding.kind,
        "urn": urn,
        "path": finding.path,
        "live": finding.live,
        "declared": finding.declared,
        "since": finding.since.astimezone(UTC).isoformat() if finding.since else None,
        "by": finding.by,
    }
    return _Change(facts, str(known.begin["live"]) if known else finding.declared, finding.live)


def _is_new(finding: Finding, known: Note | None) -> bool:
    return known is None or known.begin["live"] != finding.live


def _identity() -> str:
    return identity_of(datetime.now(UTC), secrets.token_hex(4))


def _append(ledger: Ledger, identity: str, changes: Sequence[_Change], actor: str, ended: Sequence[Note] = ()) -> str:
    times = sorted(str(each.finding["since"]) for each in changes if each.finding["since"])
    who = dict.fromkeys(str(each.finding["by"]) for each in changes if each.finding["by"])
    now = datetime.now(UTC)
    facts = {
        "project": ledger.project,
        "stack": ledger.stack,
        "command": DRIFT,
        "foreign": [each.finding["id"] for each in changes],
        "actor": None if ended else ", ".join(who) or None,
        "found": not ended,
        "ends": [each.id for each in ended],
        "audited_by": actor,
        "since": None if ended else next(iter(times), None),
        "why": "put right, or not there any more" if ended else "found by drift",
        "result": "succeeded",
        "differences": [each.row for each in changes],
    }
    ledger.found(identity, now, now, facts)
    return identity
