"""The release guard: config that no longer gives the newest release's digest stops the program before any resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.config import changes, fingerprints, stack_edit
from parity.config.digest import config_digest
from parity.config.stack_models import NAMESPACE
from parity.errors import StaleRelease
from parity.git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity.config.settings_model import Settings
    from parity.config.stack_models import Release
    from parity.problems import ConfigProblem


def check(settings: Settings) -> None:
    """Refuse config that the newest release of an application was not recorded with.

    Vercel goes on serving what a deployment was built with; a changed variable without a release would be live for
    no user, and no reader of the file would know. Secrets may be sealed: their fingerprints are compared then; where
    they are open, the fingerprints are held against the values too.

    Raises:
        StaleRelease: naming each application, its newest release, the keys that changed, and the command that records
            the next.
    """
    faults = tuple(stale(settings))
    if faults:
        raise StaleRelease(faults)


def stale(settings: Settings) -> Iterator[ConfigProblem]:
    """A fault for each fingerprint that is not its secret's, and for each application whose digest has changed."""
    seen: set[ConfigProblem] = set()
    for application, releases in settings.releases.items():
        if releases.newest is None:
            continue
        wrong = tuple(fingerprints.faults(settings, application))
        release, recorded = releases.newest
        unknown = bool(wrong) and settings.sealed
        now = recorded.config if unknown else config_digest(settings, application, recorded.credentials)
        if (wrong or now != recorded.config) and (renamed := _renamed(settings, application, release, recorded)):
            yield renamed
            continue
        yield from (fault for fault in wrong if fault not in seen)
        seen.update(wrong)
        if now != recorded.config:
            path = (f"{NAMESPACE}releases", application, "kept", release, "config")
            changed = _changed(settings, application, recorded)
            what = f"Release {release} of {application} was recorded with other config. {changed}"
            yield settings.origin.fault(path, what, _remedy(settings, application, release, recorded, now))


def _renamed(settings: Settings, application: str, release: str, recorded: Release) -> ConfigProblem | None:
    """The fault of an application whose release was recorded under another name; None where it was not."""
    if settings.catalog.application(application).formerly:
        return None
    names = changes.recorded_as(settings, recorded)
    if not names or application in names:
        return None
    what = f"has release {release}, which was recorded as one of {names[0]}."
    remedy = (
        f'If {application} is {names[0]} with another name, write `formerly="{names[0]}"` behind its name in '
        "infra/catalog.py: what exists then stays. If it is another application, take out the releases."
    )
    return settings.origin.fault((f"{NAMESPACE}releases", application), what, remedy)


def _changed(settings: Settings, application: str, recorded: Release) -> str:
    found = changes.since(settings, application, recorded)
    if found is None:
        return "Which keys changed cannot be said: Git has no commit here that recorded it (or a shallow history)."
    return f"Changed since {found.commit.short}: {'; '.join(found.places)}."


def _remedy(settings: Settings, application: str, release: str, recorded: Release, now: str) -> str:
    following = f"r{int(release[1:]) + 1}"
    live = settings.releases[application]
    commit = live.kept[live.live].commit if live.live else recorded.commit
    # What a commit has was noted when it was recorded first; `parity release` takes it from there too.
    has = next(each.migrations for _, each in live.in_order if each.commit == commit)
    entry = recorded.model_copy(update={"commit": commit, "config": now, "migrations": has})
    known = settings.root is not None and Repository(settings.root).resolve(recorded.commit)
    words = f"parity release {settings.stack} {application}{'' if known else f' --commit {commit}'} --live --up"
    return (
        f"Record the next release, and make it live: `{words}`. "
        f"In a pull request leave --up out, or add the line `{following}: {stack_edit.release_word(entry)}` below "
        f"{release} and write `live: {following}`; the merge makes it live. Or undo the change."
    )
