"""What an audit found, as foreign operations of the record: one that begins what was not there before, one its end.

An audit that finds something new or gone is one numbered object below `.parity/drift/<project>/<stack>/`: every finding
that is open then, and the operations to be recorded. It is created once, so of two audits at once the second goes on
from what the first left. Its operations are written after it, with the ids that it gives them: the next audit writes
what a death left out.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity import redact
from parity.backend.ledger import BEGIN, DRIFT, identity_of
from parity.documents import mapping, rows
from parity.engine.store import document_of
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.backend.ledger import Ledger
    from parity.documents import Document
    from parity.drift.model import Finding, Report

FORM = 1
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


def record(ledger: Ledger, report: Report, actor: str) -> Recorded:
    """Record what an audit found first, and the end of what it found no more.

    What an exception suppresses is not recorded, and what no interface shows neither. Where a read failed, nothing is
    taken for gone.

    Raises:
        StoreError: nothing may be written there.
    """
    there = {each.id: each for each in report.findings if each.kind != "unknowable"}
    while True:
        number, before = _newest(ledger)
        _write(ledger, before)
        open_ = before["open"]
        new = {name: _facts(each, open_.get(name), ledger) for name, each in there.items() if _is_new(each, open_)}
        gone = {name: each for name, each in open_.items() if name not in there and not report.read_failures}
        if not new and not gone:
            return Recorded()
        brought = [_operation(ledger, actor, each, found=each is new) for each in (new, gone) if each]
        left = {name: each for name, each in (open_ | new).items() if name not in gone}
        if ledger.store.create(
            f"{_folder(ledger)}/{number + 1:08}.json", _encoded(after := {"open": left, "operations": brought})
        ):
            _write(ledger, after)
            return Recorded(tuple(new), tuple(gone))


def _folder(ledger: Ledger) -> str:
    return f".parity/drift/{ledger.project}/{ledger.stack}"


def _newest(ledger: Ledger) -> tuple[int, Document]:
    """The number of the newest object, and what it holds; 0 and nothing where no audit has found anything yet."""
    names = ledger.store.names(_folder(ledger))
    if not names:
        return 0, {"open": {}, "operations": []}
    key = f"{_folder(ledger)}/{names[-1]}"
    place = f"{ledger.store.place}/{key}"
    return int(names[-1].partition(".")[0]), document_of(ledger.store.read(key) or b"", FORM, place, "what drift found")


def _encoded(document: Document) -> bytes:
    """As it is kept, without a secret."""
    kept = {"form": FORM, "time": datetime.now(UTC).isoformat(), **redact.current().document(document)}
    return json.dumps(kept, ensure_ascii=False).encode() + b"\n"


def _write(ledger: Ledger, document: Document) -> None:
    """Record the operations that are not in the ledger yet."""
    for each in rows(document["operations"]):
        identity, facts = str(each["id"]), mapping(each["facts"])
        if not ledger.object(f"{identity}{BEGIN}"):
            time = datetime.fromisoformat(str(each["time"]))
            ledger.found(identity, time, time, facts)


def _is_new(finding: Finding, open_: Mapping[str, Document]) -> bool:
    known = open_.get(finding.id)
    return finding.counts and (known is None or known["live"] != finding.live)


def _facts(finding: Finding, known: Document | None, ledger: Ledger) -> Document:
    return {
        "kind": finding.kind,
        "urn": finding.urn or str(Urn(ledger.stack, ledger.project, (), finding.type, finding.name)),
        "path": finding.path,
        "before": known["live"] if known else finding.declared,
        "live": finding.live,
        "declared": finding.declared,
        "since": finding.since.astimezone(UTC).isoformat() if finding.since else None,
        "by": finding.by,
    }


def _operation(ledger: Ledger, actor: str, findings: Mapping[str, Document], *, found: bool) -> Document:
    times = sorted(str(each["since"]) for each in findings.values() if each["since"])
    who = dict.fromkeys(str(each["by"]) for each in findings.values() if each["by"])
    now = datetime.now(UTC)
    facts = {
        "project": ledger.project,
        "stack": ledger.stack,
        "command": DRIFT,
        "foreign": [*findings],
        "actor": (", ".join(who) or None) if found else None,
        "found": found,
        "audited_by": actor,
        "since": next(iter(times), None) if found else None,
        "why": "found by drift" if found else "put right, or not there any more",
        "result": "succeeded",
        "differences": [_row(each, found=found) for each in findings.values()],
    }
    return {"id": identity_of(now, secrets.token_hex(4)), "time": now.isoformat(), "facts": facts}


def _row(finding: Document, *, found: bool) -> Document:
    created, removed = _OPERATIONS.get(str(finding["kind"]), ("update", "update"))
    before, after = ("before", "live") if found else ("live", "declared")
    sides = {name: {"value": text} for name, text in (("before", finding[before]), ("after", finding[after])) if text}
    return {
        "urn": finding["urn"],
        "operation": created if found else removed,
        "properties": [{"path": finding["path"], **sides}] if sides else [],
    }
