"""A kept release becomes live, older or newer than the live one: the file as it should be, or a refusal."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

from parity.config.secret import Secret
from parity.errors import UsageError
from parity.releases import forecast, preconditions, release_status, schema, stack_file, steps, switch
from parity.vendors import job

if TYPE_CHECKING:
    from parity.config.settings import Settings
    from parity.config.stack_models import Release, Releases
    from parity.engine.state import State
    from parity.evaluate.stack import Stack
    from parity.releases.forecast import Applied
    from parity.releases.release_status import ReleaseStatus
    from parity.releases.steps import Change


def rollback(stack: Stack, application: str, to: str | None, *, checked: bool, anyway: bool = False) -> Change:
    """Make a kept release live again, by default the one before the live one.

    Unless PostgreSQL and Vercel are asked first, `checked`, the file alone is read and edited. With `anyway` it goes
    although the schema has not all that the release was built for.

    Raises:
        UsageError: no such application or release, or it is live already.
        RefusedError: its credentials no longer log in, it is not deployed any more, or is not healthy; or migrations
            that it does not know took something away.
    """
    with stack.exporting() if checked else nullcontext() as recorded:
        settings = stack.settings() if checked else stack.sealed_settings()
    steps.application_of(settings, application)
    file = steps.load(stack)
    before = file.releases[application]
    name = to or previous(before, stack.name, application)
    if before.live is not None and forecast.number(name) > forecast.number(before.live):
        raise UsageError(
            f"{name} of {application} is newer than the live {before.live}: that is not going back.",
            where="--to",
            remedy=f"parity live {stack.name} {application} {name}",
        )
    after = stack_file.set_live(file, application, name)
    if recorded is not None:
        state, there, applied = _ready(recorded(), settings, application, before, name)
        preconditions.what_is_not_deployed(there, name)
        taken = schema.require(settings, application, name, anyway=anyway)
        guarded = (*_stops(there), *taken, *_images(there, before.live, name))
        prepared = switch.prepare(settings, state, there, name)
    else:
        guarded, prepared = (), None
        applied = forecast.applied_by_file(before)
        preconditions.what_is_live(before, name, before.live, stack.name)
    return steps.Change(
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


def live(stack: Stack, application: str, name: str) -> Change:
    """Make a kept release live that is newer than the live one, or the first; raises as `rollback`."""
    with stack.exporting() as recorded:
        settings = stack.settings()
    steps.application_of(settings, application)
    file = steps.load(stack)
    before = file.releases[application]
    if before.live is not None and forecast.number(name) < forecast.number(before.live):
        raise UsageError(
            f"{name} of {application} is older than the live {before.live}: that is going back.",
            where="RELEASE",
            remedy=f"parity rollback {stack.name} {application} --to {name}",
        )
    after = stack_file.set_live(file, application, name)
    _, there, applied = _ready(recorded(), settings, application, before, name)
    if name in there.deployments:
        # One that was never deployed is built by the update, which asks it before it switches.
        preconditions.what_is_not_deployed(there, name)
    return steps.Change(
        stack.name,
        application,
        "live",
        after,
        f"{name} of {application} in {stack.name} is live instead of {before.live or 'nothing'}",
        _stops(there),
        forecast.forecast(settings, application, applied, after.releases[application]),
        name,
    )


# --- What the decisions rest on ---------------------------------------------------------------------------------------


def previous(releases: Releases, stack: str, application: str) -> str:
    """The kept release before the live one; raises UsageError where there is none."""
    if found := releases.before(releases.live):
        return found
    kept = ", ".join(releases.kept) or "none"
    what = f"{application} of {stack} has no kept release before the live one ({releases.live or 'none'})."
    raise UsageError(what, remedy=f"Kept: {kept}. Name one with --to.")


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
        settings.names.application_role(database, application, then.credentials)
        for database in steps.application_of(settings, application).databases
    ]
    who = f", which logs in as {', '.join(roles)}" if roles else ""
    if now is None:
        return [f"Comes: commit {then.commit}, config {then.config}, credentials generation {then.credentials}{who}."]
    return [
        f"Goes back: code: commit {_against(then.commit, now.commit)}.",
        f"Goes back: settings and variables, as they were then: config {_against(then.config, now.config)}.",
        f"Goes back: database credentials: generation {_against(then.credentials, now.credentials)}{who}.",
    ]


def _images(there: ReleaseStatus, now: str | None, name: str) -> tuple[str, ...]:
    """What the switch brings back of a release in a container, as both images were recorded; nothing of others."""
    then = there.deployments[name]
    if not then.image:
        return ()
    live = there.deployments.get(now or "")
    gone = "; the registry has it no more, so new instances may not start" if then.stored is False else ""
    return (f"Goes back: image: {_against(then.image, live.image if live and live.image else 'one not known')}{gone}.",)


def _against(then: str | int, now: str | int) -> str:
    return "the same as now" if then == now else f"{then} instead of {now}"


def _ready(
    state: State, settings: Settings, application: str, before: Releases, name: str
) -> tuple[State, ReleaseStatus, Applied]:
    """What is recorded and live where a kept release can be switched to; raises RefusedError where it cannot."""
    job.require(settings, os.environ)
    with ThreadPoolExecutor(max_workers=1) as pool:
        logged_in = pool.submit(preconditions.lost_credentials, settings, application, name)
        there = asyncio.run(release_status.read(settings, state, application))
        applied = release_status.applied(settings, state, application)
        preconditions.what_was_made_by_hand(there, name)
        preconditions.what_is_live(before, name, applied.live, settings.stack)
        logged_in.result()
    return state, there, applied


def _stops(there: ReleaseStatus) -> tuple[str, ...]:
    return (f"The update will stop before it: {there.stale}",) if there.stale else ()
