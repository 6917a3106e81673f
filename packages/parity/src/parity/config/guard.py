"""The release guard: config that no longer gives the newest release's digest stops the program before any resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.config.digest import config_digest
from parity.config.stack_models import NAMESPACE
from parity.errors import StaleRelease

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.settings_model import Settings
    from parity.problems import ConfigProblem

SKIPPED = "The release guard was not run: it needs the stack's secrets, and config was read without the passphrase."


def check(settings: Settings) -> str | None:
    """Refuse config that the newest release of an application was not recorded with.

    Vercel goes on serving what a deployment was built with; a changed variable without a release would be live for
    no user, and no reader of the file would know.

    Returns:
        None, or, where the secrets are sealed, a sentence saying that the guard was skipped.

    Raises:
        StaleRelease: naming each application, its newest release and the command that records the next.
    """
    if settings.sealed:
        return SKIPPED
    faults = tuple(stale(settings))
    if faults:
        raise StaleRelease(faults)
    return None


def stale(settings: Settings) -> Iterator[ConfigProblem]:
    """A fault for each application whose newest release has another digest than config gives now."""
    for application, releases in settings.releases.items():
        if releases.newest is None:
            continue
        release, recorded = releases.newest
        now = config_digest(settings, application, recorded.credentials)
        if now != recorded.config:
            path = (f"{NAMESPACE}releases", application, "kept", release, "config")
            what = (
                f"Release {release} of {application} was recorded with config {recorded.config}, and config now gives "
                f"{now}: something that a deployment is built with has changed."
            )
            command = f"parity release {settings.stack} {application} --commit {recorded.commit}"
            remedy = f"Record the next release: `{command}`, or undo the change."
            yield settings.origin.fault(path, what, remedy)
