"""What recovery works with: the stack's engine, the vendors, the processes of this host and a clock.

`real` gives those of a stack. A test gives its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from parity import inventory
from parity.backend import stack_backend, this_host
from parity.inventory import domain_health
from parity.recover import inflight, lock_owner, runs

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


class Vendors(Protocol):
    """Vercel, GitHub and PostgreSQL."""

    def live_state(self, graph: Graph) -> LiveState:
        """What exists of what the program declares; raises ParityError where nothing can be read."""
        ...

    def health(self, graph: Graph) -> list[DomainHealth]:
        """What each domain answers."""
        ...

    def run_state(self, run: Run) -> str:
        """Whether a GitHub Actions run is `over` or `going`; otherwise why that is not known."""
        ...

    def statements(self, server: str) -> set[Session]:
        """The statements of a server's administrator that PostgreSQL runs now; raises psycopg.Error."""
        ...


class Processes(Protocol):
    """The processes of this host."""

    def here(self) -> Host:
        """This host."""
        ...

    def is_alive(self, pid: int, since: datetime) -> bool:
        """Whether the process that wrote something at `since` still runs."""
        ...

    def engines(self, environment: Mapping[str, str], root: Path, stack: str) -> list[Running]:
        """Engines that change the stack."""
        ...

    def orphans(self, environment: Mapping[str, str], root: Path, updates: frozenset[str]) -> list[Running]:
        """Plugins whose engine is gone."""
        ...

    def end(self, running: Sequence[Running]) -> None:
        """End processes, and wait until they are gone."""
        ...


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
    vendors: Vendors
    processes: Processes
    clock: Clock


@dataclass(frozen=True)
class _RealVendors:
    environment: Mapping[str, str]

    def live_state(self, graph: Graph) -> LiveState:
        return inventory.collect_live_state(graph, environment=self.environment)

    def health(self, graph: Graph) -> list[DomainHealth]:
        return domain_health.ask(graph, self.environment)

    def run_state(self, run: Run) -> str:
        return runs.state(run, self.environment)

    def statements(self, server: str) -> set[Session]:
        return inflight.statements(self.environment, server)


class _RealProcesses:
    here = staticmethod(this_host.here)
    is_alive = staticmethod(this_host.is_alive)
    engines = staticmethod(lock_owner.engines)
    orphans = staticmethod(lock_owner.orphans)
    end = staticmethod(lock_owner.end)


def real(stack: Stack) -> Dependencies:
    """Those of a stack, as its environment says where they are."""
    return Dependencies(
        stack=stack,
        declared=lambda: stack.declared(stack.settings()),
        backend=partial(stack_backend.open_backend, stack),
        facts=partial(stack_backend.provenance, stack, "recover"),
        vendors=_RealVendors(stack.pulumi.environment),
        processes=_RealProcesses(),
        clock=time,
    )
