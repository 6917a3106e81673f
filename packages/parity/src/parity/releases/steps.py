"""The commands' decisions: from a stack and what is asked to the file as it should be, or a refusal."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from parity.config.digest import config_digest
from parity.errors import HealthError, RefusedError, UsageError
from parity.problems import did_you_mean
from parity.releases import commits, forecast, preconditions, release_status, schema, stack_file

if TYPE_CHECKING:
    from parity.config.parameters import Application
    from parity.config.settings import Settings
    from parity.config.stack_models import Release
    from parity.evaluate.stack import Stack
    from parity.releases.release_status import ReleaseStatus
    from parity.releases.stack_file import ReleasesFile
    from parity.releases.switch import Prepared


@dataclass(frozen=True)
class Change:
    """An edit of a stack's file that is ready to be written, and what is to be said about it."""

    stack: str
    application: str
    verb: str
    """`release`, `promote`, `rollback`, `live` or `prune`."""
    file: ReleasesFile
    title: str
    """What it does, as a sentence without its end."""
    notes: tuple[str, ...]
    next_update: tuple[str, ...]
    """What the next update does; empty where it does nothing."""
    release: str | None
    """The release that it is about; None for a prune."""
    switch: Prepared | None = None
    """The switch, where it can be made before the update."""

    @property
    def document(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "stack": self.stack,
            "application": self.application,
            "change": self.verb,
            "file": self.file.path.name,
            "changed": self.file.text != self.file.read,
            "title": self.title,
            "release": self.release,
            "live": self.file.releases[self.application].live,
            "notes": list(self.notes),
            "next_update": list(self.next_update),
        }


def release(
    stack: Stack,
    application: str,
    commit: str | None,
    *,
    rotate: bool,
    live: bool,
    again: bool = False,
    recorded: bool = True,
) -> Change:
    """Record the next release of an application; secrets stay sealed.

    `commit` is any name that Git knows; None for HEAD or the live release's, by what changed. With `again` it is
    recorded also where the newest is just this. Unless the engine is asked what is built, `recorded`, the file's kept
    releases are taken for built.

    Raises:
        UsageError: no such application, an unknown commit, or nothing new to record.
        ConfigError: a secret has no fingerprint, or the config has faults.
    """
    settings = stack.sealed_settings()
    found = application_of(settings, application)
    file = load(stack)
    taken = commits.chosen(commit, stack.project.root, found, file.releases[application])
    commit, built = taken.sha, {each.commit for each in file.releases[application].kept.values()}
    note = "" if commit in built else asyncio.run(_known(stack, settings, commit))
    applied = forecast.applied_by_file(file.releases[application])
    if recorded:
        applied = release_status.applied(settings, stack.recorded(), application)
    has = schema.of_commit(settings, stack.project.root, application, commit)
    own = stack_file.built_with(
        file.releases[application], partial(config_digest, settings, application), rotate=rotate
    )
    after, name = stack_file.add_release(
        file, application, commit=commit, **own, migrations=has, live=live, again=again
    )
    preconditions.wrong_builds(stack.name, application, applied, after.releases[application])
    kept = after.releases[application].kept[name]
    notes = [each for each in (taken.why, note) if each]
    if not live:
        now = after.releases[application].live
        notes.append(
            f"{now or 'Nothing'} stays live; to switch later: `parity live {stack.name} {application} {name}`."
        )
    if rotate:
        notes.append(f"Credentials: generation {kept.credentials}; earlier releases keep theirs while they are kept.")
    return Change(
        stack.name,
        application,
        "release",
        after,
        f"{name} of {application} in {stack.name} is commit {commit[:12]}, config {kept.config[:8]}, "
        f"credentials {kept.credentials}" + (", and live" if live else ""),
        tuple(notes),
        forecast.forecast(settings, application, applied, after.releases[application]),
        name,
    )


def promote(source: Stack, target: Stack, application: str, *, commit: str | None, again: bool, rotate: bool) -> Change:
    """Make the commit that is live and healthy in one stack the next and live release of another.

    Raises:
        HealthError: what the first stack serves is not healthy, or not what its file says.
        RefusedError: another commit is live there than was asked for, the second stack was rolled back from this
            commit, or another release was made live there by hand.
        UsageError: no such application, or nothing to promote.
    """
    wanted = commits.full(commit, source.project.root) if commit else None
    found = _status(source, application)
    release, recorded = _healthy(found, target.name)
    if wanted and recorded.commit != wanted:
        raise RefusedError(
            f"Live is {source.name}/{application} {release} of commit {recorded.commit}, not the commit asked for, "
            f"{wanted}.",
            where=f"{source.name}, {application}",
            remedy=f"Make it live in {source.name} first, or leave --commit out.",
        )
    settings, state = target.sealed_settings(), target.recorded()
    there = asyncio.run(release_status.read(settings, state, application))
    preconditions.what_was_made_by_hand(there, None)
    file = load(target)
    after, name = stack_file.promote(
        file,
        application,
        recorded.commit,
        partial(config_digest, settings, application),
        migrations=recorded.migrations,
        again=again,
        rotate=rotate,
    )
    fresh = name not in file.releases[application].kept
    applied = release_status.applied(settings, state, application)
    preconditions.wrong_builds(target.name, application, applied, after.releases[application])
    kept = after.releases[application].kept[name]
    return Change(
        target.name,
        application,
        "promote",
        after,
        f"{source.name}/{application} {release}, commit {recorded.commit[:12]}, {'becomes' if fresh else 'is'} "
        f"{target.name}/{application} {name}, and live there",
        (
            f"In {source.name} it is live, healthy and as its file says.",
            f"Config {kept.config[:8]} is {target.name}'s own; credentials generation {kept.credentials}.",
        ),
        forecast.forecast(settings, application, applied, after.releases[application]),
        name,
    )


def prune(stack: Stack, application: str, keep: int) -> Change:
    """Drop the oldest kept releases, as `stack_file.prune` does; raises as that does."""
    settings = stack.sealed_settings()
    application_of(settings, application)
    file = load(stack)
    after, gone = stack_file.prune(file, application, keep)
    # What a changed file leaves of the releases, against the engine's record: earlier changes may wait there too.
    applied = release_status.applied(settings, stack.recorded(), application)
    left = ", ".join(name for name, _ in after.releases[application].in_order)
    goes = f"{', '.join(gone) or 'Nothing'} of {application} in {stack.name} {'go' if len(gone) > 1 else 'goes'}"
    releases = file.releases[application]
    newer = ", ".join(stack_file.newer_than_live(releases))
    stay = f"{newer}, newer than the live {releases.live}, stay: `parity promote` must know what was rolled back."
    return Change(
        stack.name,
        application,
        "prune",
        after,
        f"{goes}; kept: {left}",
        (stay,) if newer and len(releases.kept) > keep else (),
        forecast.forecast(settings, application, applied, after.releases[application]),
        None,
    )


# --- What the decisions rest on ---------------------------------------------------------------------------------------


def _status(stack: Stack, application: str) -> ReleaseStatus:
    # Sealed: who promotes to prod need not open staging's secrets, and a stack may have a passphrase of its own.
    settings = stack.sealed_settings()
    application_of(settings, application)
    state = stack.recorded()
    found = asyncio.run(release_status.read(settings, state, application))
    if state.pending:
        died = ", ".join(f"{each.operation} {each.resource.name}" for each in state.pending)
        found = replace(found, unasked=(*found.unasked, f"the last update of {stack.name} died while {died}"))
    return found


def _healthy(found: ReleaseStatus, target: str) -> tuple[str, Release]:
    faults, live = [*found.faults(), *filter(None, [found.rolls])], found.releases.live or ""
    if faults:
        remedy = f"See `parity releases {found.stack} {found.application}`, correct it, and promote again."
        if all(each.endswith(release_status.MAY_NOT_ASK) for each in faults):
            commit = found.releases.kept[live].commit
            remedy = (
                f"Promote in a job of the environment {found.stack} or {found.stack}-preview; or, where the delivery "
                f"of {found.stack} found it healthy, record its commit without asking: "
                f"`parity release {target} {found.application} --commit {commit} --live`."
            )
        raise HealthError(
            f"{found.application} is not live, healthy and as its file says in {found.stack}: " + "; ".join(faults),
            where=f"{found.stack}, {found.application}",
            remedy=remedy,
        )
    return live, found.releases.kept[live]


async def _known(stack: Stack, settings: Settings, commit: str) -> str:
    repository = settings.catalog.repository
    async with release_status.github() or nullcontext() as client:
        return commits.judge(commit, repository, await commits.known(commit, stack.project.root, repository, client))


def application_of(settings: Settings, name: str) -> Application:
    """The application of that name; raises UsageError with what was probably meant."""
    found = next((each for each in settings.catalog.applications if each.name == name), None)
    if found is None:
        known = [each.name for each in settings.catalog.applications]
        remedy = f"{did_you_mean(name, known)}Applications: {', '.join(known)}."
        raise UsageError(f"There is no application {name}.", where="infra/catalog.py", remedy=remedy)
    return found


def load(stack: Stack) -> ReleasesFile:
    """The releases in a stack's file; raises as `stack_file.load`."""
    return stack_file.load(stack.project.stack_files()[stack.name])
