"""What would have caught it: facts of the record alone, each with what makes the next one of its kind show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.backend.ledger import DRIFT
from parity.documents import items, mapping, rows
from parity.postmortem.incident import begin_of, causes
from parity.resources.urn import short_urn
from parity.status.model import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.backend.ledger import Record
    from parity.postmortem.incident import Incident
    from parity.postmortem.material import Material


@dataclass(frozen=True)
class Missed:
    """One thing that was not there."""

    fact: str
    remedy: str
    """What to declare or to do; Markdown's code between backticks."""


def of(incident: Incident) -> list[Missed]:
    """What would have caught it."""
    record = incident.culprit
    if record is None:
        return []
    own = [*_watch(record, incident.material), *_health(record, incident.material), *_approval(record), *_size(record)]
    return [*_foreign(record), *own, *_acknowledged(record)]


def _foreign(record: Record) -> Iterator[Missed]:
    if record.begin.get("command") == DRIFT:
        late = begin_of(record)
        fact = f"an audit found it at {shown(record.started)}, and the vendor has it as made at {shown(late)} or before"
        yield Missed(fact, "a closer `schedule` in .github/workflows/drift.yml; fewer tokens that may write")
    elif record.begin.get("foreign"):
        fact = (
            f"`{record.begin.get('command')}` {record.id} was not made by Parity: no gate, approval or watch was asked"
        )
        yield Missed(fact, "let the workflows alone have the tokens that may write; `parity up` records what it does")


def _watch(record: Record, material: Material) -> Iterator[Missed]:
    watched = {str(note.begin["application"]) for note in material.watches if note.begin["update"] == record.id}
    for name, (_, new) in material.moves(record).items():
        if name not in watched:
            remedy = f'in infra/catalog.py: `Application(name="{name}", ..., watch=Watch(minutes=10))`'
            yield Missed(f"{new} of {name} was not watched after its switch: no watch is declared", remedy)


def _health(record: Record, material: Material) -> Iterator[Missed]:
    """The health page answered without a word of its database, as it was asked at the operation's end."""
    live = [
        each for each in rows(mapping(record.end).get("live")) if each.get("database") is False and not each["fault"]
    ]
    for name in dict.fromkeys(str(each["application"]) for each in live):
        if name in material.with_database:
            remedy = "answer with `database`, a list of each login: a switch then requires that each works"
            yield Missed(f"the health page of {name} says nothing of its database", remedy)


def _approval(record: Record) -> Iterator[Missed]:
    begin = record.begin
    if begin.get("foreign") or not begin.get("approval"):
        return
    actor, approver = begin.get("actor"), begin.get("approver")
    if not approver or approver == actor:
        how = str(begin["approval"]).partition(" ")[0]
        fact = f"no reviewer other than {actor or 'who began it'} is in the record ({how})"
        key = f"`parity:delivery` in Pulumi.{begin.get('stack')}.yaml"
        yield Missed(fact, f"name `reviewers` and set `preventSelfReview: true` under {key}, and update by deliver.yml")
    if begin.get("commit") and not any(each.pull_request for each in causes(record)):
        fact = "the record names no pull request of what it changed"
        yield Missed(fact, "bring a change in by a pull request: preview.yml shows there what it would do")


def _size(record: Record) -> Iterator[Missed]:
    found = causes(record)
    keys = {each.key for each in found if each.key}
    commits = {each.commit for each in found if each.commit}
    if len(keys) > 1 or len(commits) > 1:
        fact = f"it changed much at once (properties {len(found)}, keys {len(keys)}, commits {len(commits)})"
        yield Missed(fact, "a smaller one names its cause by itself: release one key or commit at a time")


def _acknowledged(record: Record) -> Iterator[Missed]:
    for urn, _, what in items(record.begin.get("dangers")):
        yield Missed(f"the gate stopped for {short_urn(urn)}, {what}, and it was acknowledged", "ask by whom, and why")
