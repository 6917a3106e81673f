"""What an audit of a stack gives: findings, and what could not be looked at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from parity.resources.kind import Target

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from parity.inventory.model import ReadFailure
    from parity.resources.kind import Key

Kind = Literal["changed", "missing", "unmanaged", "cross-stack", "unknowable"]

KINDS: tuple[Kind, ...] = ("cross-stack", "missing", "changed", "unmanaged", "unknowable")
"""In the order of reports."""

FAILS: tuple[Kind, ...] = ("changed", "missing", "unmanaged", "cross-stack")
"""Kinds that make a stack not clean, unless a command says otherwise."""

UNSET = "(not set)"

Cause = Literal["outside", "not applied", "not recorded", "undeclared", "removed from the program", ""]


@dataclass(frozen=True)
class Acceptance:
    """The exception in the stack's file that accepts a finding."""

    reason: str
    expiry: str
    """`YYYY-MM-DD`, or empty."""
    expired: bool


@dataclass(frozen=True)
class Finding:
    """One difference, or one thing that cannot be known."""

    kind: Kind
    vendor: str
    type: str
    """The resource type; for what no provider has, a description."""
    name: str
    """The resource's name in the program; of what is not declared, its natural key with slashes."""
    path: str
    """Path of the property; empty for the whole object."""
    key: Key
    urn: str = ""
    """Empty for what is not declared."""
    declared: str = ""
    """Before: the declared value, or for a property that is not declared the recorded one; never a secret."""
    live: str = ""
    """After: what is really there; never a secret."""
    detail: str = ""
    """One sentence more: why it matters, or the evidence."""
    cause: Cause = ""
    since: datetime | None = None
    """When the object was last written, as the vendor tells."""
    by: str = ""
    """Who wrote it last, as the vendor tells."""
    undeclared: bool = False
    """The program says nothing of this property: what was recorded, or what is usual, was taken for right."""
    import_id: str = ""
    """Of what is not managed: as `pulumi import` takes it."""
    id_: str = ""
    """The vendor's id of the object."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """What a plan needs beside; nothing secret."""
    accepted: Acceptance | None = None

    @property
    def id(self) -> str:
        """`d-` and 8 hex digits, the same in every run: made of stack, type, key and property, not of values."""
        text = "\n".join((self.kind, self.type, *self.key, self.path, self.urn))
        return f"d-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def target(self, *, team: str = "", repository: str = "", project: str = "") -> Target:
        """The object as commands about it need it."""
        return Target(self.key, self.id_, self.facts, team, repository, project)

    @property
    def resource(self) -> str:
        """Type and name as people read it: `ProjectEnvironmentVariable shop-variable-DATABASE_URL`."""
        return f"{self.type.split(':')[-1]} {self.name}"

    @property
    def what(self) -> str:
        """The resource, and the property where it is about one."""
        return f"{self.resource}: {self.path}" if self.path else self.resource

    @property
    def counts(self) -> bool:
        """Whether no exception that still holds accepts it."""
        return self.accepted is None or self.accepted.expired

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        accepted = self.accepted
        return {
            "id": self.id,
            "kind": self.kind,
            "vendor": self.vendor,
            "type": self.type,
            "name": self.name,
            "property": self.path,
            "urn": self.urn or None,
            "declared": self.declared or None,
            "live": self.live or None,
            "detail": self.detail or None,
            "cause": self.cause or None,
            "since": self.since.astimezone(UTC).isoformat() if self.since else None,
            "by": self.by or None,
            "accepted": None
            if accepted is None
            else {"reason": accepted.reason, "expiry": accepted.expiry or None, "expired": accepted.expired},
        }


@dataclass(frozen=True)
class Report:
    """One audit of one stack."""

    stack: str
    findings: tuple[Finding, ...]
    read_failures: tuple[ReadFailure, ...]
    """What could not be looked at; while there is any, the stack is not clean."""
    notes: tuple[str, ...]
    """What was not compared, and why: another stack whose secrets cannot be opened."""
    looked_at: int
    """Declared resources that were looked at."""
    declared: int
    calls: Mapping[str, int]
    time: datetime
    last_update: str
    """How the last recorded update ended, in words; empty where none is recorded."""

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """The findings of one kind that no exception accepts."""
        return tuple(each for each in self.findings if each.kind == kind and each.counts)

    def fails(self, kinds: Collection[str]) -> bool:
        """Whether there is a finding of one of these kinds that no exception accepts."""
        return any(each.kind in kinds and each.counts for each in self.findings)

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "stack": self.stack,
            "time": self.time.isoformat(),
            "last_update": self.last_update or None,
            "declared": self.declared,
            "looked_at": self.looked_at,
            "counts": {kind: len(self.of(kind)) for kind in KINDS},
            "findings": [each.document() for each in self.findings],
            "could_not_look": [
                {
                    "vendor": each.vendor,
                    "what": each.what,
                    "request": each.request,
                    "status": each.status,
                    "message": each.message,
                }
                for each in self.read_failures
            ],
            "notes": list(self.notes),
            "calls": dict(self.calls),
        }
