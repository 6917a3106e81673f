"""Gives an application's releases as rows, for a table or JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.config.stack_models import Release
    from parity.releases.release_status import ReleaseStatus


def rows(found: ReleaseStatus) -> list[dict[str, Any]]:
    """The kept releases, oldest first, each as `--json` has it; what does not apply, or is not known, is None.

    `when` its deployment was made is ISO 8601, UTC. `state` is Vercel's, or `NOT DEPLOYED` where the next update makes
    it; `live` is `yes`, `in the file only`, `at Vercel only`, `not known` where Vercel did not say, or empty; `built`
    from what was declared is `declared`, `otherwise` or `not known`, and `built_from` has a phrase without values for
    each thing that was not.
    """
    return [_row(found, name, release) for name, release in found.releases.in_order]


def _row(found: ReleaseStatus, name: str, release: Release) -> dict[str, Any]:
    deployed, known = found.deployments.get(name), found.built.get(name)
    made = deployed.created if deployed else None
    return {
        "id": name,
        "commit": release.commit,
        "when": None if made is None else f"{datetime.fromtimestamp(made, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "digest": release.config,
        "generation": release.credentials,
        "deployment": deployed.id if deployed else None,
        "host": deployed.host if deployed else None,
        "state": deployed.state if deployed else "NOT DEPLOYED",
        "live": _live(found, name),
        "healthy": not deployed.fault if deployed and deployed.asked else None,
        "fault": deployed.fault if deployed else "",
        "newest": found.releases.newest == (name, release),
        "image": deployed.image or None if deployed else None,
        "image_stored": deployed.stored if deployed else None,
        "built": known.verdict if known else "not known",
        "built_from": list(known.inputs) if known else [],
    }


def _live(found: ReleaseStatus, name: str) -> str:
    served = found.served_release == name
    if found.releases.live != name:
        return "at Vercel only" if served else ""
    if served:
        return "yes"
    return "in the file only" if found.served or not found.unasked else "not known"


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
        "releases": rows(found),
    }
