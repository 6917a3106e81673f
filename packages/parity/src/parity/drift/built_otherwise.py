"""Kept releases that were built with what was not declared: kept by the update that made them, reported as drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.backend import built
from parity.drift.compare import Sides, pairs
from parity.drift.model import Finding
from parity.resources import kinds

if TYPE_CHECKING:
    from parity.backend.ledger import Ledger

DECLARED = "what was declared"


def compare(sides: Sides, ledger: Ledger | None) -> list[Finding]:
    """A finding for each kept release of which the record says so, or says that it is not known."""
    findings: list[Finding] = []
    for urn, pair in pairs(sides).items():
        if pair.resource.type != kinds.DEPLOYMENT or pair.recorded is None:
            continue
        known = built.read(ledger, pair.recorded.id)
        if known is None or known.verdict == "declared":
            continue
        otherwise = known.verdict == "otherwise"
        place = (kinds.DEPLOYMENT, pair.resource.name, "built", sides.live_state.keys[urn], urn)
        findings.append(
            Finding(
                "changed" if otherwise else "unknowable", *place, DECLARED, "; ".join(known.inputs),
                "a deployment keeps what it was built with, whatever its project has now",
                "outside" if otherwise else "", id_=known.deployment,
                facts={"commit": str(pair.resource.inputs.get("ref"))},
            )
        )  # fmt: skip
    return findings
