"""Reads the status of all stacks at once; what cannot be read of one hides nothing of the others."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar

from parity.backend import holds
from parity.check import proof, report
from parity.errors import ParityError, UpdateError
from parity.printed import CODE
from parity.status import applications, audits, ends, hub, operations, record
from parity.status.model import Held, Parity, Stack, Status, Unknown
from parity.vendors.http import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from parity.backend.holds import Hold
    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.config.stack_models import Release
    from parity.evaluate.stack import Stack as Engine
    from parity.releases.release_status import ReleaseStatus
    from parity.status.model import Application, Drift
    from parity.status.record import Recorded

LIMITS = Limits(request_seconds=8, deadline_seconds=8)
"""A vendor or a health page that has not answered by then is said to be unknown."""

_QUICK = 8
"""Applications and stacks, multiplied, up to which parity is proved within a second; more of them take longer."""

T = TypeVar("T")


@dataclass
class _Read:
    """One stack while it is read."""

    stack: Engine
    settings: Settings | None = None
    recorded: Recorded | None = None
    drift: Drift | None = None
    rows: list[Application] = field(default_factory=list["Application"])
    unknown: list[Unknown] = field(default_factory=list[Unknown])


def collect(
    project: Project,
    stacks: Sequence[Engine],
    *,
    reports: Path,
    audit: Callable[[str], Drift | Unknown] | None = None,
    limits: Limits = LIMITS,
) -> Status:
    """Read the status; nothing is written anywhere.

    Args:
        project: whose stacks they are.
        stacks: in the order of promotion; their files are read sealed, so that no passphrase is needed.
        reports: the folder with a folder for each stack that holds the last audit's report.json.
        audit: audits a stack now; with it, parity is proved however long it takes.
        limits: when to give up on a vendor.
    """
    read = [_Read(each) for each in stacks]
    for each in read:
        found = audit(each.stack.name) if audit else audits.read(each.stack.name, reports)
        if isinstance(found, Unknown):
            each.unknown.append(found)
        else:
            each.drift = found
        each.settings = _tried(each, "config", "parity check", each.stack.sealed_settings)
    return asyncio.run(_together(project, read, limits, thorough=audit is not None))


async def _together(project: Project, read: Sequence[_Read], limits: Limits, *, thorough: bool) -> Status:
    now = datetime.now(UTC)
    settings = [each.settings for each in read if each.settings]
    catalog = settings[0].catalog if settings else None
    repository = f"{_server()}/{catalog.repository.owner}/{catalog.repository.name}" if catalog else ""
    commits = dict.fromkeys(kept.commit for each in settings for _, kept in _live(each))
    environments = {each.names.environment: each.stack for each in settings}
    github = hub.read(project.root, catalog.repository, [*commits], environments, limits) if catalog else _nothing()
    team = catalog.vercel_team if catalog else ""
    verdicts, found, (ending, unread), answers = await asyncio.gather(
        asyncio.to_thread(_parity, project, settings, thorough=thorough),
        github,
        ends.read(os.environ, team, now, hub.SOON, limits),
        asyncio.gather(*(_ask(each, limits) for each in read)),
    )
    for each, said in zip(read, answers, strict=True):
        _rows(each, said, found, repository)
    order = project.promotion.sources
    made = [_made(each, order, verdicts, repository, now.date()) for each in read]
    ahead = {each.name: {row.name: row.commit for row in each.applications} for each in made}
    made = [_behind(each, ahead.get(each.promotes_from or "", {})) for each in made]
    ending, unknown = (*found.ending, *ending), (*found.unknown, *unread)
    return Status(project.name, now, tuple(made), found.waiting, ending, unknown)


def _server() -> str:
    return os.environ.get("GITHUB_SERVER_URL") or "https://github.com"


async def _nothing() -> hub.Hub:
    return hub.Hub()


def _live(settings: Settings) -> list[tuple[str, Release]]:
    return [(name, each.kept[each.live]) for name, each in settings.releases.items() if each.live]


def _tried(read: _Read, what: str, command: str, work: Callable[[], T]) -> T | None:
    """The work's result; None where it failed, which is noted."""
    try:
        return work()
    except ParityError as error:
        named = CODE.search(error.remedy or "") if isinstance(error, UpdateError) else None
        read.unknown.append(Unknown(what, error.what, named[1] if named else command))
        return None


async def _ask(read: _Read, limits: Limits) -> Mapping[str, ReleaseStatus | Unknown]:
    """The record, then Vercel and the domains: what is deployed is known from the record."""
    name = read.stack.name
    read.recorded = await asyncio.to_thread(
        _tried, read, "the record", f"parity recover {name} --plan", lambda: record.read(read.stack)
    )
    settings = read.settings
    if settings is None:
        return {}
    names = [each.name for each in settings.catalog.applications]
    said = await asyncio.gather(*(applications.asked(settings, each, read.recorded, limits) for each in names))
    return dict(zip(names, said, strict=True))


def _rows(read: _Read, said: Mapping[str, ReleaseStatus | Unknown], found: hub.Hub, repository: str) -> None:
    for name, each in said.items():
        if read.settings:
            row, unknown = applications.row(
                read.settings, name, each, read.recorded, named=found.named, repository=repository
            )
            read.rows.append(row)
            read.unknown += unknown


def _made(
    read: _Read, order: Mapping[str, str | None], verdicts: Mapping[str, Parity | Unknown], repository: str, today: date
) -> Stack:
    verdict, recorded, name = verdicts.get(read.stack.name), read.recorded, read.stack.name
    unknown = [*read.unknown, *([verdict] if isinstance(verdict, Unknown) else [])]
    return Stack(
        name=name,
        promotes_from=order.get(name),
        applications=tuple(read.rows),
        drift=read.drift,
        parity=verdict if isinstance(verdict, Parity) else None,
        running=recorded.running if recorded else "unknown",
        running_why=recorded.why if recorded else "",
        holds=tuple(_held(each, name) for each in recorded.holds) if recorded else (),
        ending=tuple(_ending(read.settings, today)) if read.settings else (),
        operations=operations.of(recorded.records, name, repository) if recorded else (),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _held(hold: Hold, stack: str) -> Held:
    return Held(hold.application or stack, str(hold), holds.lift_command(stack, hold.application))


def _ending(settings: Settings, today: date) -> list[str]:
    soon = (today + hub.SOON).isoformat()
    found = [(each.expiry, each.resource) for each in settings.exceptions if each.expiry and each.expiry <= soon]
    return [f"the exception for {resource} ends {expiry}" for expiry, resource in sorted(found)]


def _behind(stack: Stack, ahead: Mapping[str, str]) -> Stack:
    """Say of each application whether the stack before this one has another commit live."""
    above = stack.promotes_from or ""
    rows = [
        replace(each, behind=above) if ahead.get(each.name) and ahead[each.name] != each.commit else each
        for each in stack.applications
    ]
    return replace(stack, applications=tuple(rows))


def _parity(project: Project, settings: Sequence[Settings], *, thorough: bool) -> dict[str, Parity | Unknown]:
    """By stack, the proof against the one before it, from the files alone."""
    by_name = {each.stack: each for each in settings}
    pairs = [pair for pair in project.promotion.pairs() if by_name.keys() >= {*pair}]
    order = project.promotion.sources
    missing = {name: above for name in by_name if (above := order.get(name)) and above not in by_name}
    unasked = {
        name: Unknown("parity", f"the config of {above} was not read", f"parity check --to {name}")
        for name, above in missing.items()
    }
    if not pairs:
        return {**unasked}
    if not thorough and len(settings) * len(settings[0].catalog.applications) > _QUICK:
        why = "the proof of so many applications takes longer than this command waits"
        return {other: Unknown("parity", why, f"parity check --to {other}") for _, other in pairs}
    try:
        # One process: a fork from a thread of several would copy locks that another one holds.
        found = [proof.check(project, *pair, by_name.__getitem__, workers=1) for pair in pairs]
    except ParityError as error:
        return {other: Unknown("parity", error.what, f"parity check --to {other}") for _, other in pairs}
    every = [by_name[name] for name in project.promotion.stacks if name in by_name]
    found = proof.together(found, project.promotion.pairs(), every)
    said = {each.result.other: Parity(each.result.one, each.clean, report.headline(each)) for each in found}
    return {**unasked, **said}
