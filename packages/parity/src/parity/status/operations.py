"""The last operations of a stack: the one place of the status that reads the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.backend import reading
from parity.documents import mapping
from parity.status.model import Link, Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from parity.backend.ledger import Record

LAST = 12
"""How many of a stack's newest records are read: each is two requests to a bucket."""
SHORT = 9
"""Digits of a commit that a person is shown."""


def of(records: Sequence[Record], stack: str, repository: str) -> tuple[Operation, ...]:
    """A stack's records, newest first; `repository` is its address on the web, for the links."""
    return tuple(_operation(each, stack, repository) for each in reversed(records))


def live_since(records: Sequence[Record], application: str, release: str) -> datetime | None:
    """When a rollback switched to a release, or the update that made it live began; None where no record says it."""
    for each in reversed(records):
        if each.result == "succeeded" and reading.aims(each.begin).get(application, ("", ""))[1] == release:
            return each.switched or each.started
    return None


def _operation(record: Record, stack: str, repository: str) -> Operation:
    begin = record.begin
    return Operation(
        id=record.id,
        stack=stack,
        command=str(begin.get("command") or "update"),
        started=record.started,
        seconds=record.seconds,
        result=record.result,
        actor=str(begin.get("approver") or begin.get("actor") or ""),
        why=str(begin.get("why") or ""),
        moves=tuple(_moves(begin)),
        links=tuple(_links(begin, repository)),
    )


def _moves(begin: Mapping[str, Any]) -> Iterator[str]:
    for name, (before, after) in reading.aims(begin).items():
        yield f"{name} {before or 'nothing'} → {after or 'nothing'}"


def _links(begin: Mapping[str, Any], repository: str) -> Iterator[Link]:
    if commit := str(begin.get("commit") or ""):
        yield Link(reading.commit(commit, SHORT), f"{repository}/commit/{commit.partition('+')[0]}")
    if number := begin.get("pull_request"):
        yield Link(f"#{number}", f"{repository}/pull/{number}")
    if url := str(mapping(begin.get("run")).get("url") or ""):
        yield Link("run", url)
