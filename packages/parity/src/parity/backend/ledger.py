"""The ledger: one record for each update of a stack, kept with its state; written before, and again when it ends.

A record is two objects below `.parity/ledger/<project>/<stack>/`: `<id>.1-begin.json` and `<id>.2-end.json`. Each is
created once and never changed, so an append is one write that happens or does not, in a folder and in any bucket
(docs/decisions/0012-the-ledger-is-objects-next-to-the-state.md). An update that was killed has no end until
`parity recover` writes it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity import redact
from parity.documents import Document, is_list, is_mapping, parse
from parity.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.backend.store import Store
    from parity.redact import Redactor

FORM = 1
"""The form of the documents; a reader refuses one that it does not know."""

_BEGIN, _END = ".1-begin.json", ".2-end.json"

_NAMES = frozenset({"form", "update", "event", "time", "command", "project", "stack", "result", "urn", "operation"})
"""Fields that the record is found and read by; they are names, and stay as they are."""


@dataclass(frozen=True)
class Record:
    """One update."""

    id: str
    """`20261124T211500.123Z-9f86d081`: when it began, and digits that make it unique."""
    begin: Mapping[str, Any] = field(repr=False)
    end: Mapping[str, Any] | None = field(repr=False)

    @property
    def started(self) -> datetime:
        """When it began, UTC."""
        return datetime.fromisoformat(str(self.begin["time"]))

    @property
    def ended(self) -> datetime | None:
        """When it ended, UTC; None where no end is recorded."""
        return datetime.fromisoformat(str(self.end["time"])) if self.end else None

    @property
    def result(self) -> str:
        """`succeeded`, `failed`, `interrupted`, `killed`; `unfinished` where no end is recorded."""
        return str(self.end["result"]) if self.end else "unfinished"

    def document(self) -> Document:
        """The complete record, as one JSON object."""
        begin = {key: value for key, value in self.begin.items() if key not in {"event", "time"}}
        end = {key: value for key, value in (self.end or {}).items() if key not in {"event", "time", "form", "update"}}
        times = {"start": self.begin["time"], "end": self.end["time"] if self.end else None}
        return {**begin, **times, "result": self.result, **end}


@dataclass(frozen=True)
class Ledger:
    """The ledger of one stack."""

    store: Store
    project: str
    stack: str
    redactor: Redactor = field(default_factory=redact.current, compare=False)
    """Masks secrets in what is recorded."""

    @property
    def folder(self) -> str:
        """Where its objects are, in the store."""
        return f".parity/ledger/{self.project}/{self.stack}"

    @property
    def place(self) -> str:
        """The same, for people."""
        return f"{self.store.place.rstrip('/')}/{self.folder}"

    def begin(self, facts: Mapping[str, Any]) -> str:
        """Record that an update is about to begin, before it does anything; gives its id.

        Args:
            facts: what is known of it, plain JSON; secrets in its texts are masked.
        """
        now = datetime.now(UTC)
        identity = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z-{secrets.token_hex(4)}"
        self._append(identity, _BEGIN, {"event": "begin", "time": now.isoformat(), **facts})
        return identity

    def end(self, identity: str, facts: Mapping[str, Any]) -> bool:
        """Record how an update ended; False, and nothing changed, where its end is recorded already."""
        return self._append(identity, _END, {"event": "end", "time": datetime.now(UTC).isoformat(), **facts})

    def records(self, *, last: int | None = None) -> list[Record]:
        """The records, oldest first; with `last`, only so many of the newest.

        Raises:
            ProjectError: a record cannot be read.
        """
        keys = {entry.key for entry in self.store.entries(self.folder)}
        begun = sorted(key.removesuffix(_BEGIN) for key in keys if key.endswith(_BEGIN))
        chosen = begun if last is None else begun[-last:]
        return [self._record(base, has_end=base + _END in keys) for base in chosen]

    def _record(self, base: str, *, has_end: bool) -> Record:
        begin = self._read(base + _BEGIN)
        return Record(base.rpartition("/")[2], begin, self._read(base + _END) if has_end else None)

    def _append(self, identity: str, ending: str, facts: Mapping[str, Any]) -> bool:
        document = {"form": FORM, "update": identity, **self._masked(facts)}
        data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        return self.store.create(f"{self.folder}/{identity}{ending}", data)

    def _masked(self, value: Any) -> Any:
        if is_mapping(value):
            return {name: each if name in _NAMES else self._masked(each) for name, each in value.items()}
        if is_list(value):
            return [self._masked(each) for each in value]
        return self.redactor.document(value)

    def _read(self, key: str) -> Document:
        document: Document = {}
        try:
            document = parse(self.store.read(key) or b"")
            fault = "" if document["form"] == FORM else f"its form is {document['form']}, and this version knows {FORM}"
        except (ValueError, KeyError, TypeError) as error:
            fault = str(error)
        if fault:
            raise ProjectError(
                f"a record of the ledger cannot be read: {fault}",
                where=f"{self.store.place}/{key}",
                remedy="use the version of Parity that wrote it, or set the object aside",
            )
        return document


def lines(records: Sequence[Record]) -> str:
    """The records as JSON lines, oldest first."""
    return "".join(json.dumps(record.document(), ensure_ascii=False) + "\n" for record in records)
