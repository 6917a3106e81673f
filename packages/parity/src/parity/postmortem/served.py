"""What users were served when: from each operation that switched, what domains answered, watches, and the edge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parity.backend import reading
from parity.documents import mapping, rows
from parity.postmortem.timeline import BAD

if TYPE_CHECKING:
    from datetime import datetime

    from parity.backend.ledger import Record
    from parity.postmortem.material import Material


@dataclass(frozen=True)
class Served:
    """One release of one application while it was live."""

    stack: str
    application: str
    release: str
    """Empty where nothing was live."""
    commit: str
    """40 hex digits; empty where the record does not say it."""
    earliest: datetime
    """Users had it from some time after this one, UTC,"""
    latest: datetime
    """to this one on."""
    until: datetime | None
    """They had another one from some time after this, and none before; None where it is still live."""
    source: str
    """What shows that it was live."""
    said: tuple[str, ...] = ()
    """What was found of it."""
    bad: bool = False
    """Whether something found that it is not good."""
    answers: int = 0
    """That users got of it, by the sandbox's edge; its health page is none of them."""
    failed: int = 0
    first_failed: datetime | None = None


def of(material: Material) -> list[Served]:
    """Every release that was live in the time, by application, oldest first."""
    names = dict.fromkeys(name for each in material.records for name in mapping(each.begin.get("intent")))
    found = [each for name in names for each in _of_application(material, name)]
    return [each for each in found if (each.until is None or each.until >= material.since)]


def _of_application(material: Material, name: str) -> list[Served]:
    found: list[Served] = []
    for record in material.records:
        if not material.has(record.started) or name not in mapping(record.begin.get("intent")):
            continue
        old, new = reading.live(record.begin, "before", name), material.moves(record).get(name, ("", ""))[1]
        if not found and old:
            found.append(_span(material, name, record, old, "before"))
        seen = _seen(record, name)
        now = seen or new or (found[-1].release if found else "")
        if now and (not found or found[-1].release != now):
            if found:
                found[-1] = replace(found[-1], until=_earliest(material, name, record, found[-1]))
            found.append(_span(material, name, record, now, "intent"))
        if found:
            found[-1] = _with_faults(found[-1], record, name)
    return [_counted(_watched(each, material), material) for each in found]


def _span(material: Material, name: str, record: Record, release: str, side: str) -> Served:
    command = record.begin.get("command")
    known = mapping(mapping(record.begin.get(side)).get(name))
    commit = str(known.get("commit") or "") if known.get("live") == release else ""
    if side == "before":
        return Served(
            material.stack, name, release, commit, material.since, material.since, None,
            f"recorded as live when `{command}` {record.id} began",
        )  # fmt: skip
    start = _earliest(material, name, record, None)
    latest = record.switched or record.ended or record.started
    return Served(material.stack, name, release, commit, start, latest, None, f"switched by `{command}` {record.id}")


def _earliest(material: Material, name: str, record: Record, left: Served | None) -> datetime:
    """The earliest time of an operation's switch: a rollback switches before the update that is its record."""
    if record.switched:
        return record.switched
    if record.begin.get("command") != "rollback":
        return record.started
    before = [each.since for each in material.holds if each.application == name and each.since < record.started]
    floor = left.latest if left else material.since
    return max((each for each in before if each >= floor), default=record.started)


def _with_faults(span: Served, record: Record, name: str) -> Served:
    faults = [
        f"{each['domain']} answered {each['fault']} at the end of `{record.begin.get('command')}` {record.id}"
        for each in _rows(record, name)
        if each.get("fault")
    ]
    return replace(span, said=(*span.said, *faults), bad=span.bad or bool(faults))


def _watched(span: Served, material: Material) -> Served:
    for note in material.watches:
        mine = (str(note.begin["application"]), str(note.begin["release"])) == (span.application, span.release)
        if not mine or not _overlaps(span, note.began, note.ended):
            continue
        end = mapping(note.end)
        verdict = str(end.get("verdict") or "it has no end")
        said = ", ".join(filter(None, (f"the watch: {verdict}", str(end.get("why") or ""))))
        span = replace(span, said=(*span.said, said), bad=span.bad or verdict in BAD)
    return span


def _overlaps(span: Served, began: datetime, ended: datetime | None) -> bool:
    return began <= (span.until or began) and (ended is None or ended >= span.earliest)


def _counted(span: Served, material: Material) -> Served:
    """The edge's answers while it surely was the live one."""
    end = span.until or material.until
    own = {str(each["domain"]) for record in material.records for each in _rows(record, span.application)}
    got = [each for each in material.answers if each.domain in own and span.latest <= each.time < end]
    failed = [each for each in got if each.failed]
    first = min((each.time for each in failed), default=None)
    return replace(span, answers=len(got), failed=len(failed), first_failed=first)


def _seen(record: Record, name: str) -> str:
    """The release that the application's domains answered with at an operation's end; empty where they disagree."""
    found = {str(each["release"]) for each in _rows(record, name) if each.get("release")}
    return found.pop() if len(found) == 1 else ""


def _rows(record: Record, name: str) -> list[dict[str, str]]:
    return [each for each in rows(mapping(record.end).get("live")) if each.get("application") == name]
