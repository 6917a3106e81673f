"""Reads which updates did not end well from Parity's ledger, the engine's history and the state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from parity.documents import mapping, rows
from parity.engine import engine_files
from parity.recover.model import FailedUpdates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.backend.ledger import Record
    from parity.backend.locks import Lock
    from parity.documents import Document
    from parity.engine.state import State
    from parity.engine.store import Store

RECORDS = 50
"""How many of the newest records are read: far more than there are since the last update that ended well."""

_GOOD = "succeeded"
REFUSED = "refused"
"""Of an update that was stopped before its first call: it did nothing, and settles nothing of before."""
_UPDATES = frozenset({"up", "release", "promote", "rollback", "prune", "deliver", "demo", "update", "destroy"})
"""Commands that carry out an intent, as the ledger and as the engine's history name them: where one ends well, what
those before it were to do is over."""
_SETTLES = _UPDATES | {"recover"}
"""Commands after which, where they end well, nothing of before can be half done."""


@dataclass(frozen=True)
class Past:
    """One update as the engine's own history has it."""

    kind: str
    """`update`, `destroy`, `refresh`, `import`, ..."""
    result: str
    """`succeeded` or `failed`; the engine writes nothing for one that was killed."""
    started: datetime
    ended: datetime


def latest(store: Store | None, project: str, stack: str) -> list[Past]:
    """The newest of the engine's history, oldest first, back to the last update or destroy that ended well.

    `RECORDS` at the most; none for Pulumi Cloud, whose history is no file.
    """
    found: list[Past] = []
    history = engine_files.history(store, project, stack) if store else ()
    for past in filter(None, map(_past, islice(history, RECORDS))):
        found.insert(0, past)
        if past.kind in _UPDATES and past.result == _GOOD:
            break
    return found


def _past(document: Document) -> Past | None:
    try:
        return Past(
            str(document["kind"]),
            str(document["result"]),
            datetime.fromtimestamp(float(document["startTime"]), UTC),
            datetime.fromtimestamp(float(document["endTime"]), UTC),
        )
    except (ValueError, KeyError, TypeError):
        return None


def failed_updates(
    state: State, locks: Sequence[Lock], records: Sequence[Record], past: Sequence[Past]
) -> FailedUpdates:
    """What may be half done, and what those who did not end well were to do.

    A recover that ended well settles the operations, not the intent: a stack that was being destroyed still is.

    The records are oldest first, and so is `past`, as `latest` gives it; the locks are of dead owners too.
    """
    half_done = _since_the_last_good(records, _SETTLES)
    touched = {
        str(operation["urn"])
        for record in half_done
        for operation in rows((record.end or {}).get("operations"))
        if not operation["done"]
    }
    touched |= {each.resource.urn for each in state.pending}
    meant = _since_the_last_good(records, _UPDATES)
    commands = [record.begin.get("command") for record in meant]
    commands += [each.kind for each in _uncovered(past, records, _UPDATES)]
    return FailedUpdates(
        touched=frozenset(touched),
        destroying="destroy" in commands,
        intended=frozenset(each for record in meant for each in _intended(record)),
        clean=not (locks or state.pending or half_done or _uncovered(past, records, _SETTLES)),
    )


def _since_the_last_good(records: Sequence[Record], ending: frozenset[str]) -> list[Record]:
    """The records that did not end well after the last one that did, of the commands `ending`."""
    found: list[Record] = []
    for record in reversed(records):
        if _ended_well(record, ending):
            break
        if record.result not in {_GOOD, REFUSED}:
            found.insert(0, record)
    return found


def _intended(record: Record) -> list[str]:
    intent = mapping(record.begin.get("intent"))
    return [f"{application}/{each['live']}" for application, each in intent.items() if each.get("live")]


def _uncovered(past: Sequence[Past], records: Sequence[Record], ending: frozenset[str]) -> list[Past]:
    """What failed by the engine's history, and after which no record of the commands `ending` ended well."""
    ends = [record.ended for record in records if _ended_well(record, ending) and record.ended is not None]
    last = max(ends, default=None)
    return [each for each in past if each.result != _GOOD and (last is None or last < each.ended)]


def _ended_well(record: Record, commands: frozenset[str]) -> bool:
    return record.result == _GOOD and record.begin.get("command") in commands
