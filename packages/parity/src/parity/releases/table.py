"""Gives an application's releases as rows, for a table or JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.config.stack_models import Release
    from parity.releases.release_status import ReleaseStatus


@dataclass(frozen=True)
class Row:
    """One kept release."""

    id: str
    commit: str
    when: str | None
    """When its deployment was made, ISO 8601, UTC; None if it has none."""
    digest: str
    generation: int
    deployment: str | None
    host: str | None
    state: str
    """Vercel's state of the deployment; `NOT DEPLOYED` where the next update makes it."""
    live: str
    """`yes`, `in the file only`, `at Vercel only`, or empty."""
    healthy: bool | None
    """None where there is nothing to ask."""
    fault: str
    newest: bool
    image: str | None = None
    """The digest of the image that it was built to; None where it is no container, or where that is not known."""
    image_stored: bool | None = None
    """Whether the registry still has it; None where that is not known."""
    built: str = "not known"
    """`declared`, `otherwise` or `not known`: whether it was built from what was declared."""
    built_from: tuple[str, ...] = ()
    """What was not as declared, or why it is not known: a phrase each, without values."""


def rows(found: ReleaseStatus) -> list[Row]:
    """The kept releases, oldest first."""
    return [_row(found, name, release) for name, release in found.releases.in_order]


def _row(found: ReleaseStatus, name: str, release: Release) -> Row:
    deployed, known = found.deployments.get(name), found.built.get(name)
    return Row(
        id=name,
        commit=release.commit,
        when=_when(deployed.created) if deployed and deployed.created is not None else None,
        digest=release.config,
        generation=release.credentials,
        deployment=deployed.id if deployed else None,
        host=deployed.host if deployed else None,
        state=deployed.state if deployed else "NOT DEPLOYED",
        live=_live(found, name),
        healthy=not deployed.fault if deployed and deployed.asked else None,
        fault=deployed.fault if deployed else "",
        newest=found.releases.newest == (name, release),
        image=deployed.image or None if deployed else None,
        image_stored=deployed.stored if deployed else None,
        built=known.verdict if known else "not known",
        built_from=tuple(known.inputs) if known else (),
    )


def _live(found: ReleaseStatus, name: str) -> str:
    served = found.served_release == name
    if found.releases.live == name:
        return "yes" if served else "in the file only"
    return "at Vercel only" if served else ""


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(found: ReleaseStatus) -> dict[str, Any]:
    """One application for `--json`."""
    return {
        "stack": found.stack,
        "application": found.application,
        "live": found.releases.live,
        "recorded_live": found.recorded_live,
        "served_deployment": found.served,
        "served_release": found.served_release,
        "domains": {name: fault or None for name, fault in found.domains.items()},
        "faults": list(found.faults()),
        "rolls": found.rolls or None,
        "releases": [asdict(row) for row in rows(found)],
    }
