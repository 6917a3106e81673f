"""How recover is asked to work, what it decides about each resource, and what it found and did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.inventory.domain_health import DomainHealth
    from parity.recover.lock_owner import LockOwner, Running

Kind = Literal["same", "import", "drop-from-state", "refresh", "delete", "manual"]

KINDS: dict[Kind, tuple[str, str]] = {
    "same": ("as recorded", "recorded and live state agree"),
    "import": ("to import", "it exists and is not recorded: recover records it"),
    "drop-from-state": (
        "to drop from the state",
        "it is recorded and does not exist: recover takes it out of the state",
    ),
    "refresh": ("to refresh", "it is half done: the provider reads it, and the next `up` does the rest"),
    "delete": ("to delete", "it was made twice: the next `up` deletes the one that nothing refers to"),
    "manual": ("to decide by hand", "it is not clear: a person has to decide"),
}
"""The words after a count of each, and what it means."""


@dataclass(frozen=True)
class FailedUpdates:
    """What the ledger and the engine's history say about the updates that did not end well."""

    touched: frozenset[str] = frozenset()
    """URNs whose operation failed, or began and has no end, since the last update that ended well."""
    destroying: bool = False
    """Whether what did not end well was a destroy."""
    intended: frozenset[str] = frozenset()
    """Releases that such an update was to make live, as `<application>/<release>`."""
    clean: bool = False
    """Whether the last update ended well, so that nothing of it can be half done."""


@dataclass(frozen=True)
class Decision:
    """What is done about one resource."""

    urn: str
    kind: Kind
    why: str
    id: str = ""
    """The object that it is about, as the provider names it."""
    replaces: str = ""
    """The recorded object that gives way to it and is handed to the next `up` to delete."""
    unread: tuple[str, ...] = ()
    """Inputs that no API shows, so that the next `up` writes them again."""
    remedy: str = ""
    """For a person, where the kind is `manual`."""
    leaving: bool = False
    """Whether it is about what the next `up` is to delete, and not about what the resource now is."""

    def document(self) -> dict[str, Any]:
        """For `--json` and the ledger."""
        found = {
            "urn": self.urn,
            "decision": self.kind,
            "why": self.why,
            "id": self.id,
            "replaces": self.replaces,
            "written_again": list(self.unread),
            "to_do": self.remedy,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True)
class Plan:
    """All decisions about one stack, and what is unmanaged."""

    decisions: tuple[Decision, ...]
    unmanaged: tuple[str, ...] = field(default=())
    """What exists in what the stack owns, is neither declared nor recorded, and is left alone; in words."""

    def of(self, *kinds: Kind) -> list[Decision]:
        """The decisions of these kinds."""
        return [each for each in self.decisions if each.kind in kinds]

    def then(self, later: Plan) -> Plan:
        """This plan and then a later one: where the later one changes nothing, this one's decision stays."""
        again = {each.urn for each in later.decisions if each.kind != "same"}
        done = [each for each in self.changes if each.urn not in again]
        urns = {each.urn for each in done}
        return Plan((*done, *(each for each in later.decisions if each.urn not in urns)), later.unmanaged)

    @property
    def changes(self) -> list[Decision]:
        """Those that change the record."""
        return self.of("import", "drop-from-state", "refresh", "delete")


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
        found = (self.plan.changes, self.plan.of("manual"), self.read, self.unfinished, self.holders, self.ended)
        return any(found)

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
