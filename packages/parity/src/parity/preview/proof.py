"""Runs the parity check for a preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from parity.check import proof, report
from parity.config import settings
from parity.errors import ParityError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.config.project import Project
    from parity.config.promotion import Pair
    from parity.config.settings import Settings


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


def prove(project: Project) -> Proof:
    """Compare offline what the stacks declare; a check that cannot run gives `unknown` and raises nothing."""
    order = project.promotion
    pairs = order.pairs()
    if not pairs:
        return Proof("unknown", f"not checked: there is no second stack, only {', '.join(order.stacks) or 'none'}")
    known: dict[str, Settings] = {}

    def load(stack: str) -> Settings:
        return known[stack] if stack in known else known.setdefault(stack, settings.load(stack, project.root, None))

    found = {pair: _checked(project, pair, load) for pair in pairs}
    made = [each for each in found.values() if isinstance(each, proof.Checked)]
    together = iter(proof.together(made, pairs, [known[name] for name in order.stacks if name in known]))
    proofs = [_proof(next(together)) if isinstance(each, proof.Checked) else each for each in found.values()]
    states: list[State] = [each.state for each in proofs if each.state != "same"]
    summary = "; ".join(each.summary for each in proofs)
    return Proof(states[0] if states else "same", summary, tuple(line for each in proofs for line in each.unexplained))


def _checked(project: Project, pair: Pair, load: Callable[[str], Settings]) -> proof.Checked | Proof:
    try:
        return proof.check(project, *pair, load)
    except ParityError as error:
        return Proof("unknown", f"not checked: {str(error).splitlines()[0]}")


def _proof(checked: proof.Checked) -> Proof:
    faults = tuple(report.faults(checked))
    return Proof("same" if checked.clean else "different", report.headline(checked), faults)
