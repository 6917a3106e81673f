"""Forecasts in sentences what the next update will do to an application's releases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.config import forms, migrations
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.config.names import Names
    from parity.config.parameters import Application
    from parity.config.settings import Settings
    from parity.config.stack_models import Releases
    from parity.engine.state import State

_ID = re.compile(forms.RELEASE_ID)


@dataclass(frozen=True)
class Applied:
    """The state of one application after the last update."""

    deployed: frozenset[str]
    """Ids of the releases that have a deployment."""
    live: str | None
    newest: str | None
    """The release that the project's variables describe."""
    generations: frozenset[int]
    """Generations of credentials whose roles exist; empty if that is not known."""
    migrated: frozenset[str] | None = None
    """The files of migrations that were run; None where that is not known."""


def applied_by_file(releases: Releases) -> Applied:
    """The state after an update to these releases."""
    return Applied(
        deployed=frozenset(releases.kept),
        live=releases.live,
        newest=releases.newest[0] if releases.newest else None,
        generations=frozenset(each.credentials for each in releases.kept.values()),
    )


def applied_by_engine(state: State, application: Application, names: Names) -> Applied:
    """The state of an application as the engine recorded it."""
    prefix = f"{application.first_name}-deployment-"
    deployed = [
        each.name.removeprefix(prefix)
        for each in state.resources
        if each.type == kinds.DEPLOYMENT and _ID.fullmatch(each.name.removeprefix(prefix)) and not each.delete
    ]
    live = state.called(kinds.LIVE, kinds.live_name(application.first_name))
    return Applied(
        deployed=frozenset(deployed),
        # An update that failed after the promotion records the new release in the outputs alone.
        live=str((live.outputs or live.inputs).get("release")) if live else None,
        newest=max(deployed, key=number, default=None),
        generations=frozenset(_generations(state, application, names)),
        migrated=frozenset(str(each.inputs.get("file")) for each in state.resources if each.type == kinds.MIGRATION),
    )


def _generations(state: State, application: Application, names: Names) -> list[int]:
    roles = {str(each.inputs.get("name")) for each in state.resources if each.type == kinds.ROLE and not each.delete}
    found = (names.generation(each, application.name, role) for each in application.databases for role in roles)
    return [generation for generation in found if generation is not None]


def number(release: str) -> int:
    """The number in a release's id."""
    return int(release[1:])


def forecast(settings: Settings, application: str, applied: Applied, after: Releases) -> tuple[str, ...]:
    """Say what the next update does for this application, in its order; empty if it does nothing.

    `after` is the releases as the stack's file now has them; the settings may be sealed.
    """
    found = settings.catalog.application(application)
    wanted = frozenset(after.generations)
    fresh = sorted(set(after.kept) - applied.deployed, key=number)
    gone = sorted(applied.deployed - set(after.kept), key=number)
    before, behind = _migrations(settings, found, applied)
    said = [f"run {each}" for each in before]
    roles = _roles(settings, found, sorted(wanted - applied.generations) if applied.generations else [])
    if roles:
        said.append(f"make the login{_s(roles)} {_listed(roles)}")
    if after.newest and after.newest[0] != applied.newest and after.newest[0] in fresh:
        said.append(
            f"set the project's variables to what config gives now: they describe the newest release, {after.newest[0]}"
        )
    said += [f"build {each} from commit {after.kept[each].commit[:12]}, where no user sees it" for each in fresh]
    said += _switch(settings, found, applied, after)
    said += [f"run {each}, after every switch" for each in behind]
    if gone:
        them = "it" if len(gone) == 1 else "them"
        said.append(f"delete the deployment{_s(gone)} of {_listed(gone)}: then no rollback to {them}")
    roles = _roles(settings, found, sorted(applied.generations - wanted))
    if roles:
        said.append(f"drop the login{_s(roles)} {_listed(roles)}, which no kept release uses")
    return tuple(said)


def built_wrongly(applied: Applied, after: Releases) -> tuple[str, ...]:
    """Find releases that the next update would build with another one's variables, against their digests.

    A deployment is built with what the project's variables hold then: the newest release's. An older release without
    a deployment can be built only where it was recorded with the same config.
    """
    if after.newest is None:
        return ()
    name, newest = after.newest
    same = (newest.config, newest.credentials)
    missing = (each for each, _ in after.in_order if each not in applied.deployed and each != name)
    return tuple(each for each in missing if (after.kept[each].config, after.kept[each].credentials) != same)


def _migrations(settings: Settings, application: Application, applied: Applied) -> tuple[list[str], list[str]]:
    """The files that the application's databases lack, before the release and behind the switch."""
    names = application.databases
    used = [each for each in settings.catalog.databases if each.name in names] if applied.migrated is not None else []
    parts = [migrations.parts(settings.migrations(each)) for each in used]
    run = applied.migrated or frozenset()
    before, behind = ([each.file for part in parts for each in part[at] if each.file not in run] for at in (0, 1))
    return before, behind


def _switch(settings: Settings, application: Application, applied: Applied, after: Releases) -> list[str]:
    if after.live is None or after.live == applied.live:
        return []
    domains = [each.name for each in settings.applications[application.name].domains if each.redirect is None]
    moved = f"{_listed(domains)}{f' from {applied.live}' if applied.live else ''} to {after.live}"
    path = application.health.path
    return [
        f"ask {after.live} at its own host ({path}) whether it is healthy; then, with one promote call, move {moved}"
    ]


def _roles(settings: Settings, application: Application, generations: Sequence[int]) -> list[str]:
    return [
        settings.names.application_role(database, application.name, generation)
        for generation in generations
        for database in application.databases
    ]


def _s(items: Sequence[str]) -> str:
    return "s" if len(items) != 1 else ""


def _listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
