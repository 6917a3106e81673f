"""Notes next to the state: one object where something begins, one where it ends, each created once and never changed.

Unlike the ledger's records, one without an end leaves nothing to recover: a hold stands, a watch is under way or died.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity import redact
from parity.engine.store import document_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.documents import Document
    from parity.engine.store import Store

FORM = 1
_BEGIN, _END = ".1-begin.json", ".2-end.json"


@dataclass(frozen=True)
class Note:
    """Something that began, and may have ended."""

    id: str
    """`20261124T211500.123456Z-9f86d081`: when it began, and digits that make it unique."""
    begin: Mapping[str, Any] = field(repr=False)
    end: Mapping[str, Any] | None = field(repr=False)

    @property
    def began(self) -> datetime:
        """UTC."""
        return datetime.fromisoformat(str(self.begin["time"]))

    @property
    def ended(self) -> datetime | None:
        """UTC; None where no end is recorded."""
        return datetime.fromisoformat(str(self.end["time"])) if self.end else None


@dataclass(frozen=True)
class Notes:
    """The notes of one kind of one stack."""

    store: Store
    folder: str
    """Where they are, in the store."""

    def begin(self, facts: Mapping[str, Any]) -> Note:
        """Record that something begins; secrets in its texts are masked."""
        now = datetime.now(UTC)
        identity = f"{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        return Note(identity, self._create(identity + _BEGIN, now, facts) or {}, None)

    def end(self, identity: str, facts: Mapping[str, Any]) -> bool:
        """Record that it ended; False, and nothing changed, where its end is recorded already."""
        return self._create(identity + _END, datetime.now(UTC), facts) is not None

    def all(self) -> list[Note]:
        """Every one, oldest first.

        Raises:
            ProjectError: one cannot be read.
        """
        return [self._note(identity, has_end=has_end) for identity, has_end in self._there()]

    def unfinished(self) -> list[Note]:
        """Those without an end, oldest first: what ended is not read, however much that is; raises as `all`."""
        return [self._note(identity, has_end=False) for identity, has_end in self._there() if not has_end]

    def _there(self) -> list[tuple[str, bool]]:
        """Each one's id, and whether it has an end."""
        names = dict.fromkeys(self.store.names(self.folder))
        found = (name.removesuffix(_BEGIN) for name in names if name.endswith(_BEGIN))
        return [(identity, identity + _END in names) for identity in found]

    def _note(self, identity: str, *, has_end: bool) -> Note:
        return Note(identity, self._read(identity + _BEGIN), self._read(identity + _END) if has_end else None)

    def _create(self, name: str, now: datetime, facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
        document = {"form": FORM, "time": now.isoformat(), **redact.current().document(dict(facts))}
        data = json.dumps(document, ensure_ascii=False).encode() + b"\n"
        return document if self.store.create(f"{self.folder}/{name}", data) else None

    def _read(self, name: str) -> Document:
        key = f"{self.folder}/{name}"
        data = self.store.read(key) or b""
        return document_of(data, FORM, f"{self.store.place}/{key}", "a note next to the state")
