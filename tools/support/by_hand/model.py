"""One change by hand, and what an audit must say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from parity.drift.model import Finding
    from support.mutations import World


@dataclass(frozen=True)
class Change:
    """One change by hand."""

    vendor: str
    what: str
    make: Callable[[World], Any] = field(repr=False)
    type: str = ""
    """The type of the finding that must report it."""
    name: str = ""
    """Held in that finding's name."""
    path: str = ""
    """How that finding's property begins."""
    unread: str = ""
    """The words of docs/drift.md that name it as not read; empty where it must be reported."""

    def reported(self, findings: Iterable[Finding]) -> bool:
        """Whether one of the findings is about it."""
        return any(
            each.kind != "unknowable"
            and (not self.type or each.type == self.type)
            and self.name in each.name
            and each.path.startswith(self.path)
            for each in findings
        )
