"""One application of one stack: what its file says, what Vercel serves, what its domains answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parity.engine.state import State
from parity.errors import ParityError
from parity.releases import release_status
from parity.status.model import Application, Kept, Link, Unknown
from parity.status.operations import live_since

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.config.settings import Settings
    from parity.config.stack_models import Releases
    from parity.git import Commit
    from parity.releases.release_status import Deployed, ReleaseStatus
    from parity.status.model import Health
    from parity.status.record import Recorded
    from parity.vendors.http import Limits

Named = tuple["Commit | None", "Link | None"]
"""A commit and the pull request that brought it in, each where it is known."""


async def asked(settings: Settings, name: str, recorded: Recorded | None, limits: Limits) -> ReleaseStatus | Unknown:
    """Ask Vercel and the domains; Unknown where there is no token for Vercel."""
    state = recorded.state if recorded else State((), (), {})
    try:
        return await release_status.read(settings, state, name, limits=limits)
    except ParityError as error:
        return Unknown(f"health of {name}", error.what, f"parity releases {settings.stack} {name}")


def row(
    settings: Settings,
    name: str,
    found: ReleaseStatus | Unknown,
    recorded: Recorded | None,
    *,
    named: Mapping[str, Named],
    repository: str,
) -> tuple[Application, list[Unknown]]:
    """The application's row, and what is not known of it.

    Args:
        settings: of the stack, sealed or open.
        name: the application's name.
        found: what Vercel and the domains said.
        recorded: what the backend has; None where it could not be read.
        named: the commits of all stacks, by their digits.
        repository: its address on the web.
    """
    releases = settings.releases[name]
    live = releases.live
    commit = releases.kept[live].commit if live else ""
    known, pull = named.get(commit, (None, None))
    health, faults, unknown = _health(settings.stack, releases, found, recorded)
    there: Mapping[str, Deployed] = {} if isinstance(found, Unknown) else found.deployments
    images, deployed = {release: each.image for release, each in there.items()}, there.get(live or "")
    built = deployed.created if deployed else None
    made = Application(
        name=name,
        live=live,
        commit=commit,
        subject=known.subject if known else "",
        commit_url=f"{repository}/commit/{commit}" if commit else "",
        pull_request=pull,
        since=live_since(recorded.records, name, live) if recorded and live else None,
        built=datetime.fromtimestamp(built, UTC) if built is not None else None,
        health=health,
        faults=tuple(faults),
        rolls="" if isinstance(found, Unknown) else found.rolls,
        domains=tuple(each.name for each in settings.applications[name].domains if each.redirect is None),
        kept=tuple(
            Kept(release, each.commit, _state(release, found, recorded), images.get(release, ""))
            for release, each in releases.in_order
        ),
    )
    return made, unknown


def _state(release: str, found: ReleaseStatus | Unknown, recorded: Recorded | None) -> str:
    if isinstance(found, Unknown) or recorded is None:
        return "UNKNOWN"
    deployed = found.deployments.get(release)
    return deployed.state if deployed else "NOT DEPLOYED"


def _health(
    stack: str, releases: Releases, found: ReleaseStatus | Unknown, recorded: Recorded | None
) -> tuple[Health, Sequence[str], list[Unknown]]:
    if isinstance(found, Unknown):
        return "unknown" if releases.live else "nothing live", (), [found]
    command = f"parity releases {stack} {found.application}"
    unknown = [Unknown(f"all of {found.application}", each, command) for each in found.unasked]
    if releases.live is None:
        return "nothing live", (), unknown
    # Without the record the domains alone say it: what the engine recorded as live is not known then.
    faults = list(found.domain_faults)
    if recorded is not None:
        faults = [each for each in found.faults() if each not in found.unasked]
    return "failing" if faults else "unknown" if unknown else "healthy", faults, unknown
