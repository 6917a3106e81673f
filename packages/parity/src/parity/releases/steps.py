"""The five commands' decisions: from a stack and what is asked to the file as it should be, or a refusal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parity.config import names
from parity.config.digest import config_digest
from parity.config.secret import Secret
from parity.errors import HealthError, RefusedError, UsageError
from parity.problems import nearest
from parity.releases import commits, forecast, preconditions, release_status, stack_file, switch

if TYPE_CHECKING:
    from parity.config.parameters import Application
    from parity.config.settings import Settings
    from parity.config.stack_models import Release, Releases
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
    """`release`, `promote`, `rollback` or `prune`."""
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


def release(stack: Stack, application: str, commit: str, *, rotate: bool, live: bool, again: bool = False) -> Change:
    """Record the next release of an application; with `again` also where the newest is just this.

    Raises:
        UsageError: no such application, a commit that is short or unknown, or nothing new to record.
    """
    commit = commits.full(commit, stack.project.root)
    settings = stack.settings()
    application_of(settings, application)
    note = asyncio.run(_known(stack, settings, commit))
    applied = release_status.applied(settings, stack.recorded(), application)
    file = _load(stack)
    after, name = _add(settings, file, application, commit, rotate=rotate, live=live, again=again)
    preconditions.wrong_builds(stack.name, application, applied, after.releases[application])
    kept = after.releases[application].kept[name]
    notes = [note] if note else []
    if not live:
        now = after.releases[application].live
        notes.append(
            f"{now or 'Nothing'} stays live; to switch later: `parity rollback {stack.name} {application} --to {name}`."
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
    if source.name == target.name:
        raise UsageError("A stack cannot be promoted to itself.", where=f"--from {source.name} --to {target.name}")
    wanted = commits.full(commit, source.project.root) if commit else None
    found = _status(source, application)
    release, recorded = _healthy(found)
    if wanted and recorded.commit != wanted:
        raise RefusedError(
            f"Live in {source.name} is {release} of commit {recorded.commit}, not the commit asked for, {wanted}.",
            where=f"{source.name}, {application}",
            remedy=f"Make it live in {source.name} first, or leave --commit out.",
        )
    settings, state = target.settings(), target.recorded()
    there = asyncio.run(release_status.read(settings, state, application))
    preconditions.what_was_made_by_hand(there, None)
    file = _load(target)
    after, name = stack_file.promote(
        file,
        application,
        recorded.commit,
        lambda generation: config_digest(settings, application, generation),
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
        f"{release} of {source.name}, commit {recorded.commit[:12]}, {'becomes' if fresh else 'is'} {name} of "
        f"{application} in {target.name}, and live there",
        (
            f"In {source.name} it is live, healthy and as its file says.",
            f"Config {kept.config[:8]} is {target.name}'s own; credentials generation {kept.credentials}.",
        ),
        forecast.forecast(settings, application, applied, after.releases[application]),
        name,
    )


def rollback(stack: Stack, application: str, to: str | None, *, checked: bool) -> Change:
    """Make a kept release live again.

    Args:
        stack: where.
        application: its name.
        to: the release; None for the kept one before the live one.
        checked: whether to ask PostgreSQL and Vercel first; else the file alone is read and edited.

    Raises:
        UsageError: no such application or release, or it is live already.
        RefusedError: its credentials no longer log in, it is not deployed any more, or is not healthy.
    """
    settings = stack.settings() if checked else stack.sealed_settings()
    application_of(settings, application)
    file = _load(stack)
    before = file.releases[application]
    name = to or previous(before, stack.name, application)
    after = stack_file.set_live(file, application, name)
    if checked:
        state = stack.recorded()
        there = asyncio.run(release_status.read(settings, state, application))
        applied = release_status.applied(settings, state, application)
        preconditions.what_was_made_by_hand(there, name)
        preconditions.what_is_live(before, name, applied.live, stack.name)
        preconditions.lost_credentials(settings, application, name)
        preconditions.what_is_not_deployed(there, name)
        guarded = (f"The update will stop before it: {there.stale}",) if there.stale else ()
        prepared = switch.prepare(settings, state, there, name)
    else:
        guarded, prepared = (), None
        applied = forecast.applied_by_file(before)
        preconditions.what_is_live(before, name, before.live, stack.name)
    return Change(
        stack.name,
        application,
        "rollback",
        after,
        f"{name} of {application} in {stack.name} is live again instead of {before.live}",
        (*guarded, *what_goes_back(settings, application, before, name)),
        forecast.forecast(settings, application, applied, after.releases[application]),
        name,
        prepared,
    )


def prune(stack: Stack, application: str, keep: int) -> Change:
    """Drop the oldest kept releases, never the live one, the one before it, or one that is newer than the live one.

    Raises:
        UsageError: no such application, or `keep` is less than 1.
    """
    settings = stack.sealed_settings()
    application_of(settings, application)
    file = _load(stack)
    after, gone = stack_file.prune(file, application, keep)
    # What a changed file leaves of the releases, against the engine's record: earlier changes may wait there too.
    applied = release_status.applied(settings, stack.recorded(), application)
    left = ", ".join(name for name, _ in after.releases[application].in_order)
    title = f"{', '.join(gone)} of {application} in {stack.name} {'goes' if len(gone) == 1 else 'go'}; kept: {left}"
    if not gone:
        title = f"Nothing of {application} in {stack.name} goes; kept: {left}"
    newer = stack_file.newer_than_live(file.releases[application])
    notes = ()
    if newer and len(file.releases[application].kept) > keep:
        live = file.releases[application].live
        notes = (
            f"{', '.join(newer)}, newer than the live {live}, stay: `parity promote` must know what was rolled back.",
        )
    return Change(
        stack.name,
        application,
        "prune",
        after,
        title,
        notes,
        forecast.forecast(settings, application, applied, after.releases[application]),
        None,
    )


# --- What the decisions rest on ---------------------------------------------------------------------------------------


def previous(releases: Releases, stack: str, application: str) -> str:
    """The kept release before the live one.

    Raises:
        UsageError: there is none.
    """
    older = [
        name
        for name, _ in releases.in_order
        if releases.live and forecast.number(name) < forecast.number(releases.live)
    ]
    if not older:
        kept = ", ".join(releases.kept) or "none"
        what = f"{application} of {stack} has no kept release before the live one ({releases.live or 'none'})."
        raise UsageError(what, remedy=f"Kept: {kept}. Name one with --to.")
    return older[-1]


def what_goes_back(settings: Settings, application: str, releases: Releases, name: str) -> tuple[str, ...]:
    """What a switch to a kept release brings back, and what it cannot."""
    then = releases.kept[name]
    now = releases.kept.get(releases.live or "")
    secrets = [each for each, value in settings.applications[application].values.items() if isinstance(value, Secret)]
    outside = f" ({', '.join(secrets)})" if secrets else ""
    newest = releases.newest[0] if releases.newest else name
    return (
        *_differences(settings, application, then, now),
        "Does not go back: data, and migrations that ran since: the database stays as it is.",
        f"Does not go back: what a secret{outside} opens outside: a key that was revoked there stays revoked.",
        "Does not go back: what belongs to no release: domains, protection, the database's limits and extensions.",
        f"The project's variables at Vercel go on describing the newest release, {newest}.",
    )


def _differences(settings: Settings, application: str, then: Release, now: Release | None) -> list[str]:
    roles = [
        names.application_role(database, settings.stack, application, then.credentials)
        for database in forecast.databases_of(application_of(settings, application))
    ]
    who = f", which logs in as {', '.join(roles)}" if roles else ""
    if now is None:
        return [f"Comes: commit {then.commit}, config {then.config}, credentials generation {then.credentials}{who}."]
    return [
        f"Goes back: code: commit {_against(then.commit, now.commit)}.",
        f"Goes back: settings and variables, as they were then: config {_against(then.config, now.config)}.",
        f"Goes back: database credentials: generation {_against(then.credentials, now.credentials)}{who}.",
    ]


def _against(then: str | int, now: str | int) -> str:
    return "the same as now" if then == now else f"{then} instead of {now}"


def _status(stack: Stack, application: str) -> ReleaseStatus:
    settings = stack.settings()
    application_of(settings, application)
    state = stack.recorded()
    found = asyncio.run(release_status.read(settings, state, application))
    if state.pending:
        died = ", ".join(f"{each.operation} {each.resource.name}" for each in state.pending)
        found = replace(found, unasked=(*found.unasked, f"the last update of {stack.name} died while {died}"))
    return found


def _healthy(found: ReleaseStatus) -> tuple[str, Release]:
    faults = found.faults()
    if faults:
        raise HealthError(
            f"{found.application} is not live, healthy and as its file says in {found.stack}: " + "; ".join(faults),
            where=f"{found.stack}, {found.application}",
            remedy=f"See `parity releases {found.stack} {found.application}`, correct it, and promote again.",
        )
    live = found.releases.live or ""
    return live, found.releases.kept[live]


async def _known(stack: Stack, settings: Settings, commit: str) -> str:
    client = release_status.github()
    repository = settings.catalog.repository
    if client is None:
        return commits.judge(commit, repository, await commits.known(commit, stack.project.root, repository, None))
    async with client:
        return commits.judge(commit, repository, await commits.known(commit, stack.project.root, repository, client))


def _add(
    settings: Settings,
    file: ReleasesFile,
    application: str,
    commit: str,
    *,
    rotate: bool,
    live: bool,
    again: bool = False,
) -> tuple[ReleasesFile, str]:
    newest = file.releases[application].newest
    generation = (newest[1].credentials if newest else 1) + rotate
    digest = config_digest(settings, application, generation)
    return stack_file.add_release(
        file, application, commit=commit, config=digest, credentials=generation, live=live, again=again
    )


def application_of(settings: Settings, name: str) -> Application:
    """The application of that name; raises UsageError with what was probably meant."""
    found = next((each for each in settings.catalog.applications if each.name == name), None)
    if found is None:
        known = [each.name for each in settings.catalog.applications]
        guess = nearest(name, known)
        hint = f"Did you mean {guess}? " if guess else ""
        raise UsageError(
            f"There is no application {name}.",
            where="infra/catalog.py",
            remedy=f"{hint}Applications: {', '.join(known)}.",
        )
    return found


def _load(stack: Stack) -> ReleasesFile:
    return stack_file.load(stack.project.stack_files()[stack.name])
