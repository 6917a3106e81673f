"""The time line of a stack: operations, approvals, holds, watches, recoveries and what others did, in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parity.backend import reading, watches
from parity.backend.ledger import ASIDE, DRIFT
from parity.documents import mapping, rows, texts
from parity.resources.urn import short_urn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from parity.backend.holds import Hold
    from parity.backend.ledger import Record
    from parity.backend.notes import Note
    from parity.postmortem.material import Material

GOOD = "succeeded"
BAD = frozenset({"went back", "held"})
"""A watch's verdicts on a bad release."""

Kind = Literal["operation", "foreign", "recovery", "rollback", "hold", "lift", "watch"]
_KINDS: dict[str, Kind] = {"recover": "recovery", "rollback": "rollback"}


@dataclass(frozen=True)
class Event:
    """One line of the time line."""

    time: datetime
    """UTC."""
    stack: str
    kind: Kind
    what: str
    operation: str = ""
    """Its id; empty where it is none."""
    bad: bool = False


def of(material: Material) -> list[Event]:
    """Every event in the time that was asked for, oldest first."""
    found = [event for record in material.records for event in _of_record(record, material)]
    found += [event for hold in material.holds for event in _of_hold(hold, material)]
    found += [event for note in material.watches for event in _of_watch(note, material.stack)]
    return sorted((each for each in found if material.within(each.time)), key=lambda each: each.time)


def _of_record(record: Record, material: Material) -> Iterator[Event]:
    command = str(record.begin.get("command"))
    if command in ASIDE - {DRIFT}:  # holds and watches have their own notes, with more in them
        return
    kind: Kind = "foreign" if record.begin.get("foreign") else _KINDS.get(command, "operation")

    if command == DRIFT:
        yield Event(record.started, material.stack, kind, _drifted(record), record.id, bool(record.begin.get("found")))
        return

    def event(time: datetime, what: str, *, bad: bool = False) -> Event:
        return Event(time, material.stack, kind, what, record.id, bad)

    if record.switched:
        yield event(record.switched, f"every domain served what `{command}` went back to")
    yield event(record.started, _begin(record))
    if record.ended is None:
        return
    yield event(record.ended, _end(record), bad=record.result != GOOD)
    end = mapping(record.end)
    for each in texts(end.get("errors")):
        yield event(record.ended, f"error: {next(iter(each.splitlines()), '')}", bad=True)
    for each in rows(end.get("live")):
        yield event(record.ended, f"{each['domain']} answered: {answered(each)}", bad=bool(each.get("fault")))
    for each in reading.kept_otherwise(end):
        yield event(record.ended, f"verify: {each}", bad=True)


def _begin(record: Record) -> str:
    begin = record.begin
    run, host = mapping(begin.get("run")), mapping(begin.get("host"))
    where = f" in {run['url']}" if run else f" on {host['name']}" if host.get("name") else ""
    source = f" from commit {reading.commit(begin['commit'])}" if begin.get("commit") else ""
    pull = f", pull request {begin['pull_request']}" if begin.get("pull_request") else ""
    other = ", not by Parity" if begin.get("foreign") else ""
    approval = f", {approved}" if (approved := reading.approval(begin)) else ""
    who = begin.get("actor") or "an unknown user"
    why = f": {begin['why']}" if begin.get("why") else ""
    return f"`{begin.get('command')}` began by {who}{other}{where}{source}{pull}{_aim(record)}{approval}{why}"


def _drifted(record: Record) -> str:
    """What an audit found that others had made, or its end."""
    begin = record.begin
    by = f" by {begin['actor']}" if begin.get("actor") else ""
    since = f", made{by} at {begin['since']} or before" if begin.get("since") else by
    names = dict.fromkeys(short_urn(str(each["urn"])) for each in record.differences)
    return f"drift: {', '.join(names)}: {begin.get('why')}{since}"


def _end(record: Record) -> str:
    end, command = mapping(record.end), record.begin.get("command")
    text = f"`{command}` {record.result}"
    if record.result == "killed" and end.get("found_by"):
        text = f"`{command}` was found to have been killed, by recover {end['found_by']}"
    operations = rows(end.get("operations"))
    done = Counter(str(each["operation"]) for each in operations if each["done"])
    parts = [f"done: {', '.join(f'{count} {kind}' for kind, count in sorted(done.items()))}"] if done else []
    parts += [
        f"failed: {each['operation']} of {short_urn(str(each['urn']))}" for each in operations if not each["done"]
    ]
    return "; ".join((text, *parts))


def _aim(record: Record) -> str:
    """What it was to switch, as it was planned."""
    aims = reading.aims(record.begin).items()
    wanted = [f"{name} {old or 'nothing'} to {new}" for name, (old, new) in aims if new]
    return f", to switch {', '.join(wanted)}" if wanted else ""


def _of_hold(hold: Hold, material: Material) -> Iterator[Event]:
    what = hold.application or material.stack
    yield Event(hold.since, material.stack, "hold", f"{what} was held by {hold.who}: {hold.why}", bad=True)
    if hold.lifted:
        yield Event(hold.lifted, material.stack, "lift", f"{what} was lifted by {hold.lifted_by}: {hold.lifted_why}")
    elif hold.until:
        yield Event(hold.until, material.stack, "lift", f"the hold of {what} ended by itself")


def _of_watch(note: Note, stack: str) -> Iterator[Event]:
    name, before = watches.name_of(note), note.begin.get("before")
    yield Event(note.began, stack, "watch", f"the watch of {name} began; live before it: {before or 'nothing'}")
    if note.ended:
        end = mapping(note.end)
        why = f": {end['why']}" if end.get("why") else ""
        what = f"the watch of {name} ended, {end.get('verdict')}{why}"
        yield Event(note.ended, stack, "watch", what, bad=end.get("verdict") in BAD)


# --- Parts of a record in words ---------------------------------------------------------------------------------------


def answered(live: dict[str, str]) -> str:
    """What a domain answered at an operation's end."""
    served = f"{live['release']} of commit {reading.commit(live['commit'])}" if live.get("release") else ""
    return ", ".join(filter(None, (served, live.get("fault")))) or "no release named"
