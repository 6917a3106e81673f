"""The last operations of a stack: the one place of the status that reads the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    """When the update began that made a release live; None where no record of these says it."""
    for each in reversed(records):
        before, after = (_live(each.begin, name, application) for name in ("before", "intent"))
        if each.result == "succeeded" and after == release != before:
            return each.started
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
    for name in mapping(begin.get("intent")):
        before, after = _live(begin, "before", name), _live(begin, "intent", name)
        if before != after:
            yield f"{name} {before or 'nothing'} → {after or 'nothing'}"


def _live(begin: Mapping[str, Any], side: str, application: str) -> str | None:
    return mapping(mapping(begin.get(side)).get(application)).get("live")


def _links(begin: Mapping[str, Any], repository: str) -> Iterator[Link]:
    commit, _, changed = str(begin.get("commit") or "").partition("+")
    if commit:
        yield Link(f"{commit[:SHORT]}{' with changes' if changed else ''}", f"{repository}/commit/{commit}")
    if number := begin.get("pull_request"):
        yield Link(f"#{number}", f"{repository}/pull/{number}")
    if url := str(mapping(begin.get("run")).get("url") or ""):
        yield Link("run", url)
