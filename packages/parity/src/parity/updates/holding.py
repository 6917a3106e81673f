"""What holds an update up: holds, asked when a command begins and again right before its first call; other updates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from parity.backend import holds, locks, watches
from parity.backend.stack_backend import open_backend
from parity.engine.store import LEDGER_VARIABLE
from parity.errors import RefusedError
from parity.recover import history, lock_owner
from parity.resources import kinds
from parity.resources.urn import Urn
from parity.updates import record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from parity.backend.stack_backend import Backend
    from parity.config.settings import Settings
    from parity.console import Screen
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack


def require_none(stack: Stack, applications: Collection[str], place: Backend | None = None) -> None:
    """Raise HoldError where a hold stands of the stack, or of one of the applications that get another release.

    Without a place for the ledger there is none for a hold.
    """
    ledger = (place or open_backend(stack)).ledger
    if ledger:
        found = holds.holds(ledger.store, stack.project.name, stack.name)
        holds.require_none(found, stack.name, applications)


def intended(settings: Settings, state: State) -> list[str]:
    """The applications of which the stack's file names another live release than the recorded one."""
    live = record.recorded_live(state, settings.catalog)
    return [
        name
        for name, each in settings.releases.items()
        if each.live is not None and each.live != live.get(name, {}).get("live")
    ]


def begin_watches(place: Backend, settings: Settings, state: State, applications: Collection[str], update: str) -> None:
    """Record that each of the applications is to be watched, where it is declared, before its switch can happen.

    A watch that dies, or never begins since its update died, is known by this.

    Raises:
        RefusedError: one is declared, and there is no place to record it; nothing was changed.
    """
    live = record.recorded_live(state, settings.catalog)
    for name in applications:
        if not settings.watch(name):
            continue
        if place.ledger is None:
            raise RefusedError(
                f"{name} is to be watched after its switch, and there is no place to record that; nothing was changed",
                where=place.url,
                remedy=f"{LEDGER_VARIABLE} names a folder or bucket for it; or take `watch` out of infra/catalog.py",
            )
        before, after = live.get(name, {}).get("live"), settings.releases[name].live
        facts = {"application": name, "release": after, "before": before, "update": update}
        watches.notes(place.ledger.store, place.ledger.project, place.ledger.stack).begin(facts)


def require_base(place: Backend, settings: Settings, stack: str) -> None:
    """Raise RefusedError where a release would go that users may still have, since the next one gets to them by stages.

    The stages may have died with their watch, so that its record counts and not its process.
    """
    for note in watches.notes(place.ledger.store, place.ledger.project, stack).unfinished() if place.ledger else ():
        name, before = str(note.begin["application"]), note.begin["before"]
        declared = settings.watch(name) if name in settings.releases else None
        if declared and declared.stages and before and before not in settings.releases[name].kept:
            raise RefusedError(
                f"users of {name} may still have {before}: {note.begin['release']} gets to them by stages, and was not "
                "watched to its end; nothing was changed",
                where=f"Pulumi.{stack}.yaml: parity:releases.{name}.kept",
                remedy=f"Keep {before} until `parity watch {stack}` has ended.",
            )


def say_unwatched(place: Backend, stack: str, screen: Screen) -> None:
    """Say which releases have no end of their watch."""
    for note in watches.notes(place.ledger.store, place.ledger.project, stack).unfinished() if place.ledger else ():
        screen.say(
            f"{watches.name_of(note)} was not watched to its end, or still is, elsewhere: `parity watch {stack}`."
        )


def planned(changes: Sequence[Sequence[str]], graph: Graph) -> list[str]:
    """The applications that a plan's changes, operation and URN each, give another release."""
    given = [Urn.parse(text) for operation, text in changes if operation != "delete"]
    return [graph.called(kinds.application_of(urn.name)) for urn in given if urn.type == kinds.LIVE]


_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, _GROWTH = 0.5, 15.0, 1.5


def wait_for_turn(stack: Stack, screen: Screen, minutes: float) -> None:
    """Wait until no other update holds the stack, asking its lock and its ledger again and again.

    Returns at once where `minutes` is 0. One whose holder is known to be dead is not waited for: the update recovers
    first. Pulumi Cloud says that an update runs, and not whose.

    Raises:
        LockedError: it is still held when the time is over; nothing was changed.
    """
    if not minutes:
        return
    place = open_backend(stack)
    end, pause = time.monotonic() + minutes * 60, _FIRST_PAUSE_SECONDS
    with screen.step(f"Wait for the turn on {stack.name}") as step:
        while holders := _holders(stack, place):
            left = end - time.monotonic()
            if left <= 0:
                what = f"the stack {stack.name} is still held after {minutes:g} minutes by {'; '.join(holders)}"
                raise locks.refused(what, stack.name, place)
            step.waiting("; ".join(holders))
            time.sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)
        step.done("no other update runs")


def _holders(stack: Stack, place: Backend) -> list[str]:
    """Who may still be updating the stack: holders of its lock not known to be dead, and updates that live."""
    if place.store is None and stack.pulumi.in_progress(stack.name):
        return ["an update that Pulumi Cloud says is running"]
    records = place.ledger.records(last=history.RECORDS) if place.ledger else []
    ground = lock_owner.Evidence.of(place.store, stack.pulumi.environment)
    held = locks.held(place.store, stack.project.name, stack.name) if place.store else []
    judged = [lock_owner.judge(lock, records, ground) for lock in held]
    holders = [str(each.lock) for each in judged if each.verdict != "dead"]
    # The engine gives its lock back before the command that started it has recorded the end.
    ending = [lock_owner.judge(lock_owner.of_record(each), records, ground) for each in records if each.end is None]
    return holders or [str(each.lock) for each in ending if each.verdict == "alive"]
