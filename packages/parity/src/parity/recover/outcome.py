"""How recover is asked to work, and what it found and did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity.recover.model import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.inventory.domain_health import DomainHealth
    from parity.recover.lock_owner import LockOwner, Running

SETTLE_SECONDS = 15.0
"""How long a request may still take effect after its sender died: GitHub ends one after 10 s (its REST API,
"Timeouts"); Vercel promises nothing, and its API answers within seconds."""


@dataclass(frozen=True)
class Options:
    """How recover is to work."""

    plan: bool = False
    """Only say what would be done: nothing is ended, locked, written or changed."""
    confirmed: frozenset[str] = frozenset()
    """Ids of locks whose owner a person says is dead."""
    settle: float = SETTLE_SECONDS
    """Seconds to wait for a request in flight whose effect would show."""
    preview: bool = True
    """Whether to ask the engine what the next `up` will do."""


@dataclass
class Recovered:
    """What was found and done."""

    stack: str
    declared: int = 0
    """How many resources the program declares."""
    holders: list[LockOwner] = field(default_factory=list["LockOwner"])
    ended: list[Running] = field(default_factory=list["Running"])
    kept: str = ""
    """Where the copy of the state is; empty where none was needed."""
    plan: Plan = field(default_factory=lambda: Plan(()))
    read: tuple[str, ...] = ()
    """URNs that the providers read, without a decision: recorded and not declared, or recorded and never read."""
    unfinished: tuple[str, ...] = ()
    """Ids of the ledger's records that have no end: updates that died, which are recorded as killed."""
    changed: bool = False
    """Whether the state was changed."""
    next: list[tuple[str, str]] | None = None
    """What the next `up` will do: operation and URN; None where it was not asked."""
    refused: str = ""
    """Why the next `up` cannot be previewed."""
    live: list[DomainHealth] = field(default_factory=list["DomainHealth"])

    def reads(self, urns: Sequence[str]) -> None:
        """Note what the providers are to read; of what is decided anyway nothing more is said."""
        decided = {each.urn for each in self.plan.changes}
        self.read = tuple(dict.fromkeys((*self.read, *(each for each in urns if each not in decided))))

    @property
    def todo(self) -> bool:
        """Whether there is, or was, anything to recover."""
        decided = self.plan.of("import", "drop-from-state", "refresh", "delete", "manual")
        return bool(decided or self.read or self.unfinished or self.holders or self.ended)

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "stack": self.stack,
            "locks": [
                {"lock": each.lock.id, "held_by": str(each.lock), "owner": each.verdict, "why": each.why}
                for each in self.holders
            ],
            "ended": [{"pid": each.pid, "program": each.name} for each in self.ended],
            "kept": self.kept,
            "decisions": [each.document() for each in self.plan.decisions if each.kind != "same"],
            "read": list(self.read),
            "unfinished": list(self.unfinished),
            "same": len(self.plan.of("same")),
            "unmanaged": list(self.plan.unmanaged),
            "changed": self.changed,
            "next": None if self.next is None else [{"operation": op, "urn": urn} for op, urn in self.next],
            "next_refused": self.refused,
            "live": [each.document() for each in self.live],
        }
