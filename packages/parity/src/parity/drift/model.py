"""The results of a stack's audit: findings, and the reads that failed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from parity.resources import kinds
from parity.resources.kind import Concern, Target, vendor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from parity.inventory.model import LiveObject, ReadFailure
    from parity.resources.kind import Key

Kind = Literal["changed", "missing", "unmanaged", "cross-stack", "unknowable"]

KINDS: tuple[Kind, ...] = ("cross-stack", "missing", "changed", "unmanaged", "unknowable")
"""In the order of reports, inside of a concern."""

CONCERNS: Mapping[Concern, str] = {
    "served": "Who is served what",
    "rights": "Who may change it",
    "secrets": "Secrets and variables",
    "rest": "The rest",
}
"""In the order of reports, with their titles."""

FAILS: tuple[Kind, ...] = ("changed", "missing", "unmanaged", "cross-stack")
"""Kinds that make a stack not clean, unless a command says otherwise."""

UNSET = "(not set)"

Cause = Literal["outside", "not applied", "not recorded", "undeclared", "removed from the program", ""]


@dataclass(frozen=True)
class Suppression:
    """The exception in the stack's file that suppresses a finding."""

    reason: str
    expiry: str
    """`YYYY-MM-DD`, or empty."""
    expired: bool


@dataclass(frozen=True)
class Finding:
    """One difference, or one value that cannot be known."""

    kind: Kind
    type: str
    """The resource type; a description if no provider has one."""
    name: str
    """The resource's name in the program; the natural key with slashes if it is not declared."""
    path: str
    """Path of the property; empty if the finding is about the object."""
    key: Key
    urn: str = ""
    """Empty if the object is not declared."""
    declared: str = ""
    """Before: the declared value, or the recorded value of an undeclared property; never a secret."""
    live: str = ""
    """After: the live value; never a secret."""
    detail: str = ""
    """Why it matters, or the evidence; one sentence."""
    cause: Cause = ""
    since: datetime | None = None
    """When the object was last written according to the vendor."""
    by: str = ""
    """Who wrote it last according to the vendor."""
    undeclared: bool = False
    """Whether the program does not declare this property, so that the recorded or usual value counts as right."""
    import_id: str = ""
    """The id of an unmanaged object as `pulumi import` takes it."""
    id_: str = ""
    """The vendor's id of the object."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Further facts that remediation needs; no secrets."""
    suppression: Suppression | None = None
    recorded: str = ""
    """Since when it is declared as it is, and by which operation, as the record has it; empty where it says nothing."""

    @property
    def id(self) -> str:
        """`d-` and 8 hex digits, the same in every run: made of kind, type, key, property and URN, not of values."""
        text = "\n".join((self.kind, self.type, *self.key, self.path, self.urn))
        return f"d-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def target(
        self, *, team: str = "", repository: str = "", project: str = "", application: str = "", stack: str = ""
    ) -> Target:
        """The object as commands about it need it."""
        return Target(self.key, self.id_, self.facts, team, repository, project, application, stack)

    @property
    def vendor(self) -> str:
        """Whose object it is: `Vercel`, `GitHub` or `PostgreSQL`."""
        return vendor(self.type)

    @property
    def resource(self) -> str:
        """Type and name as people read it: `ProjectEnvironmentVariable shop-variable-DATABASE_URL`."""
        return f"{self.type.split(':')[-1]} {self.name}"

    @property
    def what(self) -> str:
        """The resource, and the property if the finding is about one."""
        return f"{self.resource}: {self.path}" if self.path else self.resource

    @property
    def top(self) -> str:
        """The first part of the path: `environment` of `environment (names)`."""
        return re.split(r"[.\[ ]", self.path, maxsplit=1)[0]

    @property
    def concern(self) -> Concern:
        """What it touches."""
        return kinds.concern(self.type, self.path)

    @property
    def counts(self) -> bool:
        """Whether no valid exception suppresses it."""
        return self.suppression is None or self.suppression.expired

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        suppression = self.suppression
        return {
            "id": self.id,
            "kind": self.kind,
            "concern": self.concern,
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
            "recorded": self.recorded or None,
            "suppression": None
            if suppression is None
            else {"reason": suppression.reason, "expiry": suppression.expiry or None, "expired": suppression.expired},
        }


def said_of(found: LiveObject) -> dict[str, Any]:
    """What the vendor says of an object, by the names of a finding's fields."""
    return {"since": found.written_at, "by": found.by, "id_": found.id}


def order(finding: Finding) -> tuple[object, ...]:
    """The place of a finding in a report: by what it touches, then by kind."""
    known = (finding.kind == "unknowable", [*CONCERNS].index(finding.concern), KINDS.index(finding.kind))
    return (*known, finding.vendor, finding.type, finding.name, finding.path)


@dataclass(frozen=True)
class Report:
    """One audit of one stack."""

    stack: str
    findings: tuple[Finding, ...]
    read_failures: tuple[ReadFailure, ...]
    """The reads that failed; while there is one, the stack is not clean."""
    notes: tuple[str, ...]
    """What was not compared, and why; for example another stack whose secrets cannot be opened."""
    inventoried: int
    """Declared resources that the inventory could read."""
    declared: int
    calls: Mapping[str, int]
    time: datetime
    last_update: str
    """How the last recorded update ended, in words; empty if none is recorded."""

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """The findings of one kind that no exception suppresses."""
        return tuple(each for each in self.findings if each.kind == kind and each.counts)

    def about(self, concern: Concern) -> tuple[Finding, ...]:
        """The findings of one concern that no exception suppresses, and that are known."""
        return tuple(
            each for each in self.findings if each.concern == concern and each.counts and each.kind != "unknowable"
        )

    def fails(self, kinds: Collection[str]) -> bool:
        """Whether a finding of one of these kinds counts."""
        return any(each.kind in kinds and each.counts for each in self.findings)

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "stack": self.stack,
            "time": self.time.isoformat(),
            "last_update": self.last_update or None,
            "declared": self.declared,
            "inventoried": self.inventoried,
            "counts": {kind: len(self.of(kind)) for kind in KINDS},
            "findings": [each.document() for each in self.findings],
            "read_failures": [
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
