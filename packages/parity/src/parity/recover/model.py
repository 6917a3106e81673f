"""What recover decides about each resource, and what the decision rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["same", "import", "drop-from-state", "refresh", "delete", "manual"]

KINDS: dict[Kind, str] = {
    "same": "recorded and live state agree",
    "import": "it exists and is not recorded: recover records it",
    "drop-from-state": "it is recorded and does not exist: recover takes it out of the state",
    "refresh": "it is half done: the provider reads it, and the next `up` does the rest",
    "delete": "it was made twice: the next `up` deletes the one that nothing refers to",
    "manual": "it is not clear: a person has to decide",
}


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
