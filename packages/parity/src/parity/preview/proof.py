"""Runs the parity check for a preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from parity.check import proof, report
from parity.config import settings
from parity.errors import ParityError

if TYPE_CHECKING:
    from parity.config.project import Project


State = Literal["same", "different", "unknown"]


@dataclass(frozen=True)
class Proof:
    """The parity check's result, as the preview shows it."""

    state: State
    summary: str
    """A sentence."""
    unexplained: tuple[str, ...] = ()
    """Each difference that neither a key nor an exception explains."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"state": self.state, "summary": self.summary, "unexplained": list(self.unexplained)}


UNKNOWN = Proof("unknown", "not checked")


def prove(project: Project) -> Proof:
    """Compare offline what the stacks declare; a check that cannot run gives `unknown` and raises nothing."""
    stacks = list(project.stack_files())
    if len(stacks) < 2:  # noqa: PLR2004 - a comparison takes two
        return Proof("unknown", f"not checked: there is no second stack, only {', '.join(stacks) or 'none'}")
    found = {other: _prove(project, stacks[0], other) for other in stacks[1:]}
    state: State = "same"
    for each in reversed(found.values()):
        state = each.state if each.state != "same" else state
    summary = "; ".join(each.summary for each in found.values())
    return Proof(state, summary, tuple(line for each in found.values() for line in each.unexplained))


def _prove(project: Project, one: str, other: str) -> Proof:
    try:
        checked = proof.check(project, one, other, lambda stack: settings.load(stack, project.root, None))
    except ParityError as error:
        return Proof("unknown", f"not checked: {str(error).splitlines()[0]}")
    faults = tuple(report.faults(checked))
    return Proof("same" if checked.clean else "different", report.headline(checked), faults)
