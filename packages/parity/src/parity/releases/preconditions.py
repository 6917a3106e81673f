"""The preconditions of switches and builds, each with its message and remedy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from parity.errors import RefusedError, UsageError
from parity.releases import forecast, logins, stack_file

if TYPE_CHECKING:
    from parity.config.settings import Settings
    from parity.config.stack_models import Releases
    from parity.engine.state import State
    from parity.releases.forecast import Applied
    from parity.releases.release_status import Deployed, ReleaseStatus


def wrong_builds(stack: str, application: str, applied: Applied, releases: Releases) -> None:
    """Require that no release would be built with another one's variables; raises RefusedError, which names those."""
    wrong = forecast.built_wrongly(applied, releases)
    if wrong:
        newest = releases.newest[0] if releases.newest else ""
        raise RefusedError(
            f"{application} in {stack} has recorded and not built yet: {', '.join(wrong)}. The next update would build "
            f"with the variables of {newest}, which has another config.",
            where=f"Pulumi.{stack}.yaml: {stack_file.KEY}.{application}",
            remedy=f"`parity recover {stack}` finds what an update that ended early has built. What was never built: "
            "run the update before the next release is recorded, or take it out of `kept`.",
        )


def builds(settings: Settings, state: State) -> None:
    """Require `wrong_builds` of every application; raises RefusedError."""
    for application in settings.catalog.applications:
        found = forecast.applied_by_engine(state, application, settings.names)
        wrong_builds(settings.stack, application.name, found, settings.releases[application.name])


def what_is_live(releases: Releases, name: str, applied: str | None, stack: str) -> None:
    """Require that a release is not live already; raises UsageError."""
    if releases.live != name:
        return
    if applied == name:
        raise UsageError(f"{name} is live already.", remedy="Name another kept release with --to.")
    raise UsageError(
        f"The file says already that {name} is live; the last update left {applied or 'nothing'}.",
        remedy=f"Run the update: `parity up {stack}`.",
    )


def what_was_made_by_hand(there: ReleaseStatus, wanted: str | None) -> None:
    """Require that nothing was made live by hand, unless it is the wanted release; raises RefusedError."""
    if not there.by_hand or (wanted is not None and there.served_release == wanted):
        return
    served = there.served_release
    keep = f" To keep it: `{command_for(there, served)}`." if served else ""
    raise RefusedError(
        there.by_hand,
        where=f"{there.stack}, {there.application}",
        remedy=f"Find out why. To record it: `pulumi refresh --stack {there.stack}`; then run this again.{keep}",
    )


def command_for(there: ReleaseStatus, name: str) -> str:
    """The command that makes a kept release live: forward or back."""
    if there.releases.live is None or name in stack_file.newer_than_live(there.releases):
        return f"parity live {there.stack} {there.application} {name}"
    return f"parity rollback {there.stack} {there.application} --to {name}"


def lost_credentials(settings: Settings, application: str, name: str) -> None:
    """Require that a kept release's credentials still log in; raises RefusedError."""
    generation = settings.releases[application].kept[name].credentials
    lost = logins.refused(logins.of(settings, application, generation, os.environ))
    if lost:
        raise RefusedError(
            f"{name} of {application} cannot be made live: its credentials (generation {generation}) do not log in. "
            + "; ".join(f"{who}: {words}" for who, words in lost.items()),
            where=f"{settings.stack}, {application}",
            remedy="Run the update, which makes the logins of every kept release; or roll back to another one. Where "
            "PostgreSQL cannot be reached from here, --unchecked leaves the question to the update's health check.",
        )


def what_is_not_deployed(there: ReleaseStatus, name: str) -> None:
    """Require that a kept release is deployed and healthy, and that all vendors answered; raises RefusedError."""
    found: Deployed | None = there.deployments.get(name)
    if there.unasked:
        raise RefusedError(
            "Not all could be asked: " + "; ".join(there.unasked),
            where=f"{there.stack}, {there.application}",
            remedy="Try again; or say --unchecked, which leaves the question to the update's health check.",
        )
    if found is None or found.state in {"GONE", "ERROR", "CANCELED"}:
        state = (
            "was never deployed"
            if found is None
            else f"is not there any more: its deployment {found.id} is {found.state}"
        )
        raise RefusedError(
            f"{name} of {there.application} {state}, so going there would be a build and no switch.",
            where=f"{there.stack}, {there.application}",
            remedy="Run the update first, or roll back to another release.",
        )
    if found.fault:
        raise RefusedError(
            f"{name} of {there.application} is not healthy: https://{found.host} {found.fault}.",
            where=f"{there.stack}, {there.application}",
            remedy="Correct what it needs, or roll back to another one; --unchecked leaves the question to the update.",
        )
