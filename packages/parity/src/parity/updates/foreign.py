"""Operations that others made: the engine's own history has an update that no record of the ledger is of.

A plain `pulumi up` writes its history and its checkpoint next to the state, and nothing into the ledger. The next
update through the road records it, with both values of what differs between the two checkpoints. An update of ours
names its operation in the engine's history: where the ledger has no such record, that was removed.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from parity.backend.ledger import NEWEST, Record, identity_of
from parity.documents import is_list, is_mapping, mapping, parse, rows
from parity.engine import engine_files
from parity.masked import is_sealed
from parity.preview.parse import differences
from parity.updates import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parity.backend.stack_backend import Backend
    from parity.documents import Document
    from parity.engine.store import Store

AGENT = "parity/"
"""What the engine's history has as the agent of an update of ours, before the operation's id (`--exec-agent`)."""
_MARGIN = timedelta(seconds=1)
"""The engine's times are seconds without a fraction, on the clock of the command that runs it."""
_SEALED = "\0sealed:"
_NANOS = 1_000_000_000


@dataclass(frozen=True)
class Foreign:
    """One operation of the engine's history that the ledger has not."""

    key: str
    """Of its history, in the store."""
    started: datetime
    ended: datetime
    facts: Document = field(repr=False)
    """For the ledger's record."""
    removed: str = ""
    """The id of the record of ours that is missing; empty where others made it."""

    @property
    def id(self) -> str:
        """The same for everyone who finds it."""
        return identity_of(self.started, hashlib.sha256(self.key.encode()).hexdigest()[:8])

    def __str__(self) -> str:
        """What it was and when, as a sentence."""
        return f"{self.facts['command']} of {self.ended:%Y-%m-%d %H:%M} UTC, which was not made by Parity."


def found(place: Backend, records: Sequence[Record]) -> list[Foreign]:
    """What the engine's history has since the newest update in the ledger, and the ledger has not; oldest first.

    Nothing without a ledger's record, since all before it is older than the record, and nothing for Pulumi Cloud.

    The records are the newest of the ledger's, oldest first.
    """
    own = [each for each in records if "intent" in each.begin]  # of the road, which records what is foreign before it
    if place.store is None or place.ledger is None or not own:
        return []
    stack = place.ledger.stack
    folder = engine_files.history_of(place.ledger.project, stack)
    since = f"{stack}-{int((own[-1].started - _MARGIN).timestamp() * _NANOS)}"
    names = place.store.names(folder, since)
    history = [name for name in names if name.endswith(engine_files.HISTORY)][-NEWEST:]
    known = {each.id for each in records}
    every = [each for name in history if (each := _read(place.store, f"{folder}/{name}")) is not None]
    return [each for each in every if each.id not in known and not _ours(each, records)]


def newest(place: Backend) -> list[Foreign]:
    """The same, from no more of the ledger than it needs: back to the update before the newest one."""
    records: list[Record] = []
    updates = 0
    for each in itertools.islice(place.ledger.newest(), NEWEST) if place.ledger else ():
        records.insert(0, each)
        updates += "intent" in each.begin
        if updates > 1:
            break
    return found(place, records)


def adopt(place: Backend, records: Sequence[Record]) -> list[Foreign]:
    """Record what others made; gives what was recorded now. One that two find is recorded once."""
    new = found(place, records)
    return [
        each
        for each in new
        if place.ledger and place.store and place.ledger.found(each.id, each.started, each.ended, _facts(place, each))
    ]


def _facts(place: Backend, each: Foreign) -> Document:
    """Its facts, with what differs between its checkpoint and the one before."""
    return {**each.facts, "differences": compared(place.store, each.key)} if place.store else dict(each.facts)


def shown(place: Backend, records: Sequence[Record]) -> list[Record]:
    """What others made and no update has recorded yet, as records; nothing is written."""
    return [
        Record(
            each.id,
            {**_facts(place, each), "update": each.id, "time": each.started.isoformat(), "recorded": False},
            {"result": each.facts["result"], "time": each.ended.isoformat()},
        )
        for each in found(place, records)
    ]


def _read(store: Store, key: str) -> Foreign | None:
    """One of the engine's history (pulumi/pkg backend/updates.go, UpdateInfo); None where it is none, as for it."""
    try:
        document = parse(store.read(key) or b"")
        started, ended = (datetime.fromtimestamp(float(document[name]), UTC) for name in ("startTime", "endTime"))
    except (ValueError, KeyError, TypeError):
        return None
    environment = mapping(document.get("environment"))
    agent = str(environment.get("exec.agent") or "")
    _, _, project, stack, _ = key.split("/")
    facts = {
        "project": project,
        "stack": stack,
        "command": f"pulumi {document['kind']}",
        "foreign": key.rpartition("/")[2],
        "actor": environment.get("git.author"),
        "commit": environment.get("git.head"),
        "why": str(document.get("message") or ""),
        "result": str(document["result"]),
        "changes": mapping(document.get("resourceChanges")),
    }
    removed = agent.removeprefix(AGENT) if agent.startswith(AGENT) else ""
    return Foreign(key, started, ended, facts | ({"removed": removed} if removed else {}), removed)


def _ours(each: Foreign, records: Sequence[Record]) -> bool:
    if each.removed:
        return any(record.id == each.removed for record in records)
    return any(
        record.started - _MARGIN <= each.started and (record.ended is None or each.ended <= record.ended)
        for record in records
        # An update through the road names its operation; recover and one by an older version do not.
        if record.begin.get("command") == "recover" or ("intent" in record.begin and "differences" not in record.begin)
    )


# --- Two checkpoints --------------------------------------------------------------------------------------------------


def compared(store: Store, key: str) -> list[Document]:
    """What an update changed, from its checkpoint and the one before it; empty where the backend keeps none."""
    folder, name = key.rsplit("/", 1)
    history = [each for each in store.names(folder) if each.endswith(engine_files.HISTORY)]
    at = history.index(name)
    after = _inputs(store, key)
    before = _inputs(store, f"{folder}/{history[at - 1]}") if at else {}
    if after is None or before is None:
        return []
    return list(_differences(before, after))


def _inputs(store: Store, key: str) -> dict[str, Any] | None:
    """The inputs of each resource in the checkpoint of a history's entry; None where there is none."""
    data = engine_files.read(store.read, key.removesuffix(engine_files.HISTORY) + ".checkpoint.json")
    if data is None:
        return None
    latest = engine_files.deployment_of(parse(data))
    return {
        str(each["urn"]): _marked(mapping(each.get("inputs")), str(each.get("modified")))
        for each in rows(latest.get("resources"))
        if not each.get("delete") and not record.only_recorded(str(each["urn"]))
    }


def _marked(value: Any, modified: str) -> Any:
    """A value with each secret as a mark of when its resource was modified: the engine encrypts it again each time."""
    if is_mapping(value):
        if is_sealed(value):
            return _SEALED + modified
        return {name: _marked(each, modified) for name, each in value.items() if not name.startswith("__")}
    return [_marked(each, modified) for each in value] if is_list(value) else value


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Document]:
    for urn in dict.fromkeys((*before, *after)):
        one, other = before.get(urn), after.get(urn)
        properties = [
            record.row(path, *(_open(each) for each in values)) for path, *values in differences(one or {}, other or {})
        ]
        operation = "create" if one is None else "delete" if other is None else "update"
        if properties or operation != "update":
            yield {"urn": urn, "operation": operation, "properties": properties}


def _open(value: Any) -> Document:
    return {"secret": None} if _SEALED in str(value) else record.kept(value)
