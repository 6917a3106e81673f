"""Waits for the turn of an update: another one holds the stack, and its end is awaited instead of refused at once."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from parity.backend import locks, this_host
from parity.backend.stack_backend import open_backend
from parity.errors import LockedError
from parity.recover import history, lock_owner, runs

if TYPE_CHECKING:
    from parity.backend.stack_backend import Backend
    from parity.console import Screen
    from parity.evaluate.stack import Stack

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, _GROWTH = 0.5, 15.0, 1.5


def wait(stack: Stack, screen: Screen, minutes: float) -> None:
    """Wait until no other update holds the stack, asking its lock and its ledger again and again.

    Returns at once where `minutes` is 0, and where Pulumi Cloud keeps the state, since no lock can be read there. One
    whose holder is known to be dead is not waited for: the update recovers first.

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
                raise LockedError(
                    f"the stack {stack.name} is still held after {minutes:g} minutes by {'; '.join(holders)}",
                    where=place.url,
                    remedy=f"wait until it ends; where it is dead: parity recover {stack.name}",
                )
            step.waiting("; ".join(holders))
            time.sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)
        step.done("no other update runs")


def _holders(stack: Stack, place: Backend) -> list[str]:
    """Who may still be updating the stack: holders of its lock not known to be dead, and updates that live."""
    records = place.ledger.records(last=history.RECORDS) if place.ledger else []
    ground = lock_owner.Evidence(
        this_host.here(),
        shared=bool(place.store and place.store.shared),
        alive=this_host.is_alive,
        run=partial(runs.state, environment=stack.pulumi.environment),
    )
    held = locks.held(place.store, stack.project.name, stack.name) if place.store else []
    judged = [lock_owner.judge(lock, records, ground) for lock in held]
    holders = [str(each.lock) for each in judged if each.verdict != "dead"]
    # The engine gives its lock back before the command that started it has recorded the end.
    ending = [lock_owner.judge(lock_owner.of_record(each), records, ground) for each in records if each.end is None]
    return holders or [str(each.lock) for each in ending if each.verdict == "alive"]
