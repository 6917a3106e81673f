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
_SETTLES = frozenset({"up", "destroy", "recover"})
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


def engine_history(store: Store, project: str, stack: str, *, last: int | None = None) -> list[Past]:
    """The engine's history in a folder or bucket, oldest first; with `last`, only so many of the newest.

    The form is the engine's (pulumi/pkg backend/diy/state.go); what cannot be read is left out, as the engine does.
    """
    keys = [entry.key for entry in store.entries(f".pulumi/history/{project}/{stack}")]
    wanted = sorted(key for key in keys if key.endswith(".history.json"))
    found = (_past(store.read(key)) for key in (wanted if last is None else wanted[-last:]))
    return [each for each in found if each is not None]


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


def trouble(state: State, locks: Sequence[Lock], records: Sequence[Record], past: Past | None) -> Trouble:
    """What may be half done.

    Args:
        state: the stack's state.
        locks: of dead owners too.
        records: the ledger's, oldest first.
        past: the newest of the engine's history; None where there is none.
    """
    open_ones = _since_the_last_good(records)
    touched = {
        str(operation["urn"]) for record in open_ones for operation in _operations(record) if not operation["done"]
    }
    touched |= {each.resource.urn for each in state.pending}
    failed = past if past is not None and past.result != _GOOD and not _is_covered(past, records) else None
    destroying = any(record.begin.get("command") == "destroy" for record in open_ones)
    return Trouble(
        touched=frozenset(touched),
        destroying=destroying or (failed is not None and failed.kind == "destroy"),
        intended=frozenset(each for record in open_ones for each in _intended(record)),
        clean=not (locks or state.pending or open_ones or failed),
    )


def _since_the_last_good(records: Sequence[Record]) -> list[Record]:
    """The records after the last one that ended well: those whose work may be half done."""
    found: list[Record] = []
    for record in reversed(records):
        if record.result == _GOOD and record.begin.get("command") in _SETTLES:
            break
        if record.result != _GOOD:
            found.insert(0, record)
    return found


def _operations(record: Record) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", (record.end or {}).get("operations") or [])


def _intended(record: Record) -> list[str]:
    intent = cast("dict[str, dict[str, Any]]", record.begin.get("intent") or {})
    return [f"{application}/{each['live']}" for application, each in intent.items() if each.get("live")]


def _is_covered(past: Past, records: Sequence[Record]) -> bool:
    """Whether a record that ended well came after what the engine's history says."""
    return any(
        record.result == _GOOD and record.ended is not None and record.ended >= past.ended
        for record in records
        if record.begin.get("command") in _SETTLES
    )
