"""What each deployment was built with, kept next to the ledger: one object a deployment, written once, no value in it.

The ledger's records go by update; a kept release is asked for by its deployment, however many updates ago it was made.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from parity.backend.ledger import Ledger

Verdict = Literal["declared", "otherwise", "not known"]


@dataclass(frozen=True)
class Built:
    """One deployment, as it was compared at the end of the update that made it."""

    deployment: str
    application: str
    release: str
    verdict: Verdict
    """`declared`: all that it was built from was as declared. `otherwise`: it was not. `not known`: an input changed
    after the build, or could not be read."""
    inputs: list[str]
    """What was not as declared, or is not known, and why: a phrase each, without values."""
    variables: dict[str, dict[str, Any]]
    """By name each production variable of then: `id`, `updated` (Vercel's, ISO 8601) and `value`, a fingerprint keyed
    by the stack secret; of a sensitive one, which Vercel never shows, null."""


def write(ledger: Ledger, built: Built) -> bool:
    """Keep it; False, and nothing changed, where the deployment has its record already."""
    return ledger.store.create(_key(ledger, built.deployment), json.dumps(asdict(built)).encode() + b"\n")


def read(ledger: Ledger | None, deployment: str) -> Built | None:
    """What is kept of a deployment; None where there is no ledger or no record, or it is of a form not known here."""
    data = ledger.store.read(_key(ledger, deployment)) if ledger else None
    try:
        return _READER.validate_json(data) if data else None
    except ValueError:
        return None


_READER = TypeAdapter(Built)


def _key(ledger: Ledger, deployment: str) -> str:
    return f".parity/built/{ledger.project}/{ledger.stack}/{deployment}.json"
