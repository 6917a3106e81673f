"""What recovery works with: the stack's engine, the vendors, the processes of this host and a clock.

`real` gives those of a stack. A test gives its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from parity import inventory
from parity.backend import stack_backend, this_host
from parity.inventory import domain_health
from parity.recover import inflight, lock_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from parity.backend.stack_backend import Backend
    from parity.backend.this_host import Host, Run
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack
    from parity.inventory.domain_health import DomainHealth
    from parity.inventory.model import LiveState
    from parity.recover.inflight import Clock, Session
    from parity.recover.lock_owner import Running


@dataclass(frozen=True)
class Dependencies:
    """What one run of recovery works with."""

    stack: Stack
    """Its engine runs the commands that read, import, refresh and preview the state."""
    declared: Callable[[], Graph]
    """Evaluates the program with the stack's settings; raises ParityError."""
    backend: Callable[[], Backend]
    """Finds the state's store and the ledger; raises UpdateError."""
    facts: Callable[[], dict[str, Any]]
    """What the ledger's record of this run begins with."""
    live_state: Callable[[Graph], LiveState]
    """What exists of what the program declares; raises ParityError where nothing can be read."""
    health: Callable[[Graph], list[DomainHealth]]
    """What each domain answers."""
    run_state: Callable[[Run], str]
    """Whether a GitHub Actions run is `over` or `going`; otherwise why that is not known."""
    statements: Callable[[str], set[Session]]
    """The statements of a server's administrator that PostgreSQL runs now; raises psycopg.Error."""
    clock: Clock = time
    here: Callable[[], Host] = this_host.here
    is_alive: Callable[[int, datetime], bool] = this_host.is_alive
    """Whether the process of this host that wrote something then still runs."""
    engines: Callable[[Mapping[str, str], Path, str], list[Running]] = lock_owner.engines
    """`lock_owner` says what this and the next two are asked."""
    orphans: Callable[[Mapping[str, str], Path, frozenset[str]], list[Running]] = lock_owner.orphans
    end: Callable[[Sequence[Running]], None] = lock_owner.end


def real(stack: Stack) -> Dependencies:
    """Those of a stack, as its environment says where they are."""
    environment = stack.pulumi.environment
    return Dependencies(
        stack=stack,
        declared=lambda: stack.declared(stack.settings()),
        backend=partial(stack_backend.open_backend, stack),
        facts=partial(stack_backend.provenance, stack, "recover"),
        live_state=partial(inventory.collect_live_state, environment=environment),
        health=lambda graph: domain_health.ask(graph, environment),
        run_state=lambda run: lock_owner.run_state(run, environment),
        statements=partial(inflight.statements, environment),
    )
