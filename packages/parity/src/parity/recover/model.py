"""What recover decides about each resource, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["same", "adopt", "forget", "finish", "remove", "ask"]

KINDS: dict[Kind, str] = {
    "same": "recorded as it is",
    "adopt": "exists and is not recorded: it is recorded",
    "forget": "recorded and does not exist: the record goes",
    "finish": "half done: what there is is recorded, and the next `up` does the rest",
    "remove": "made twice: the one that nothing refers to is handed to the next `up` to delete",
    "ask": "not clear: nothing is done until a person decides",
}


@dataclass(frozen=True)
class Trouble:
    """What is known of the updates that did not end well, beside the state itself."""

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
    """Inputs that nobody can read, so that the next `up` writes them again."""
    remedy: str = ""
    """For a person, where the kind is `ask`."""
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
    """All decisions of one look, and what is beside."""

    decisions: tuple[Decision, ...]
    unmanaged: tuple[str, ...] = field(default=())
    """What exists in what the stack owns, is neither declared nor recorded, and is left alone; in words."""

    def of(self, *kinds: Kind) -> list[Decision]:
        """The decisions of these kinds."""
        return [each for each in self.decisions if each.kind in kinds]

    def then(self, later: Plan) -> Plan:
        """This one carried out, and then a later one: of what the later one finds in order, what was done before."""
        anew = {each.urn for each in later.decisions if each.kind != "same"}
        done = [each for each in self.changes if each.urn not in anew]
        urns = {each.urn for each in done}
        return Plan((*done, *(each for each in later.decisions if each.urn not in urns)), later.unmanaged)

    @property
    def changes(self) -> list[Decision]:
        """Those that change the record."""
        return self.of("adopt", "forget", "finish", "remove")
