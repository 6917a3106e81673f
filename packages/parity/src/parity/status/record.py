"""What is recorded of a stack, read without the engine and without its passphrase where files hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity.backend import holds, locks
from parity.backend.stack_backend import open_backend
from parity.engine import engine_files, state
from parity.recover import lock_owner
from parity.status import operations

if TYPE_CHECKING:
    from parity.backend.holds import Hold
    from parity.backend.ledger import Record
    from parity.engine.state import State
    from parity.engine.store import Store
    from parity.evaluate.stack import Stack
    from parity.status.model import Running


@dataclass(frozen=True)
class Recorded:
    """The state, the newest records, and whether an update runs."""

    state: State
    records: tuple[Record, ...]
    """Oldest first."""
    running: Running
    why: str
    """Who runs it, or what shows that it was interrupted."""
    holds: tuple[Hold, ...] = ()


def read(stack: Stack) -> Recorded:
    """Read it all.

    Raises:
        ParityError: the backend cannot be opened, knows no such stack, or holds what cannot be read.
    """
    place = open_backend(stack)
    found = _state(stack, place.store)
    records = tuple(place.ledger.records(last=operations.LAST)) if place.ledger else ()
    running, why = _running(stack, place.store, found, records)
    held = holds.holds(place.ledger.store, stack.project.name, stack.name) if place.ledger else ()
    return Recorded(found, records, running, why, tuple(held))


def _state(stack: Stack, store: Store | None) -> State:
    """What is recorded; nothing of a stack that the backend does not have, for which no engine is started."""
    there = store is None or engine_files.has_state(store, stack.project.name, stack.name)
    return stack.recorded() if there else state.parse({})


def _running(stack: Stack, store: Store | None, found: State, records: tuple[Record, ...]) -> tuple[Running, str]:
    ground = lock_owner.Evidence.of(store, stack.pulumi.environment)
    held = locks.held(store, stack.project.name, stack.name) if store else []
    held += [lock_owner.of_record(each) for each in records if each.end is None]
    owners = [lock_owner.judge(each, records, ground) for each in held]
    for verdict, running in _BY_VERDICT:
        for each in owners:
            if each.verdict == verdict:
                return running, f"{each.lock}: {each.why}"
    if found.pending:
        return "interrupted", f"{len(found.pending)} operations have no end in the state"
    return "none", ""


_BY_VERDICT: tuple[tuple[lock_owner.Verdict, Running], ...] = (
    ("alive", "running"),
    ("unknown", "unknown"),
    ("dead", "interrupted"),
)
