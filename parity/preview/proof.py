"""The parity proof's result, as the preview shows it: the one place where the preview asks parity.check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from parity.project import Project


@dataclass(frozen=True)
class Proof:
    """What the parity check came to."""

    state: Literal["same", "different", "unknown"]
    summary: str
    """A sentence."""
    breaks: tuple[str, ...] = ()
    """Each difference that nothing written down explains."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"state": self.state, "summary": self.summary, "breaks": list(self.breaks)}


UNKNOWN = Proof("unknown", "not checked")


def prove(project: Project) -> Proof:
    """Compare what the stacks declare, offline; a check that cannot be made is said, not raised."""
    stacks = list(project.stack_files())
    return Proof("unknown", f"not checked: {', '.join(stacks)}")
