"""What is known of updates that did not end well: from Parity's ledger, the engine's history and the state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from parity.recover.model import Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.ledger import Record
    from parity.locks import Lock
    from parity.state import State
    from parity.store import Store

RECORDS = 50
"""How many of the newest records are read: far more than there are since the last update that ended well."""

_GOOD = "succeeded"
_UPDATES = frozenset({"up", "update", "destroy"})
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
    message: str
    changes: dict[str, int]


def engine_history(store: Store, project: str, stack: str) -> list[Past]:
    """The engine's history in a folder or bucket, oldest first.

    The form is the engine's (pulumi/pkg backend/diy/state.go); what cannot be read is left out, as the engine does.
    """
    found = (_past(store.read(key)) for key in _history_keys(store, project, stack))
    return [each for each in found if each is not None]


def latest(store: Store | None, project: str, stack: str) -> list[Past]:
    """The newest of the engine's history, oldest first, back to the last update or destroy that ended well.

    `RECORDS` at the most; none for Pulumi Cloud, whose history is no file.
    """
    found: list[Past] = []
    for key in reversed(_history_keys(store, project, stack)[-RECORDS:] if store else []):
        past = _past(store.read(key)) if store else None
        if past is not None:
            found.insert(0, past)
            if past.kind in _UPDATES and past.result == _GOOD:
                break
    return found


def _history_keys(store: Store, project: str, stack: str) -> list[str]:
    keys = [entry.key for entry in store.entries(f".pulumi/history/{project}/{stack}")]
    return sorted(key for key in keys if key.endswith(".history.json"))


def _past(data: bytes | None) -> Past | None:
    try:
        document = cast("dict[str, Any]", json.loads(data or b""))
        return Past(
            str(document["kind"]),
            str(document["result"]),
            datetime.fromtimestamp(float(document["startTime"]), UTC),
            datetime.fromtimestamp(float(document["endTime"]), UTC),
            str(document.get("message", "")),
            cast("dict[str, int]", document.get("resourceChanges") or {}),
        )
    except (ValueError, KeyError, TypeError):
        return None


def trouble(state: State, locks: Sequence[Lock], records: Sequence[Record], past: Sequence[Past]) -> Trouble:
    """What may be half done, and what those who did not end well were to do.

    A recover that ended well settles the operations, not the intent: a stack that was being destroyed still is.

    Args:
        state: the stack's state.
        locks: of dead owners too.
        records: the ledger's, oldest first.
        past: the newest of the engine's history, oldest first, as `latest` gives it.
    """
    half_done = _since_the_last_good(records, _SETTLES)
    touched = {
        str(operation["urn"]) for record in half_done for operation in _operations(record) if not operation["done"]
    }
    touched |= {each.resource.urn for each in state.pending}
    failed = [each for each in past if each.result != _GOOD and not _is_covered(each, records, _SETTLES)]
    meant = _since_the_last_good(records, _UPDATES)
    died = [each.kind for each in past if each.result != _GOOD and not _is_covered(each, records, _UPDATES)]
    return Trouble(
        touched=frozenset(touched),
        destroying="destroy" in (*died, *(record.begin.get("command") for record in meant)),
        intended=frozenset(each for record in meant for each in _intended(record)),
        clean=not (locks or state.pending or half_done or failed),
    )


def _since_the_last_good(records: Sequence[Record], ending: frozenset[str]) -> list[Record]:
    """The records that did not end well after the last one that did, of the commands `ending`."""
    found: list[Record] = []
    for record in reversed(records):
        if record.result == _GOOD and record.begin.get("command") in ending:
            break
        if record.result != _GOOD:
            found.insert(0, record)
    return found


def _operations(record: Record) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", (record.end or {}).get("operations") or [])


def _intended(record: Record) -> list[str]:
    intent = cast("dict[str, dict[str, Any]]", record.begin.get("intent") or {})
    return [f"{application}/{each['live']}" for application, each in intent.items() if each.get("live")]


def _is_covered(past: Past, records: Sequence[Record], ending: frozenset[str]) -> bool:
    """Whether a record of the commands `ending` ended well after what the engine's history says."""
    return any(
        record.result == _GOOD and record.ended is not None and record.ended >= past.ended
        for record in records
        if record.begin.get("command") in ending
    )
