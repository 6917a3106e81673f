"""What a dead engine left in flight: statements in PostgreSQL, which recover waits for, and effects that may come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import psycopg

from parity.config import servers
from parity.errors import LockedError
from parity.resources import kinds
from parity.vendors import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.engine.state import State
    from parity.recover.model import Plan

_RUNNING = """
select pid, query_start::text
from pg_stat_activity
where (usename = current_user or exists (
    select from pg_auth_members m join pg_roles g on g.oid = m.roleid
    where m.member = usesysid and g.rolname = current_user
  )) and pid <> pg_backend_pid() and backend_type = 'client backend'
  and state in ('active', 'idle in transaction', 'idle in transaction (aborted)')
  and application_name <> 'parity'
"""
"""The provider's sessions of the administrator, and of the logins that act as it, which a reader of statistics sees; a
session that only waits for its next statement is at rest. The statement's text is not read: it may hold a password."""

_PAUSE = 0.2

Session = tuple[int, str]
"""Its process at the server, and when its statement began."""


class Clock(Protocol):
    """As the module `time`."""

    def monotonic(self) -> float:
        """Seconds, from any beginning."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let so many seconds pass."""
        ...


def wait(
    running: Callable[[str], set[Session]],
    environment: Mapping[str, str],
    limit: float,
    report: Callable[[str], None],
    clock: Clock,
) -> None:
    """Wait, at one server that the environment leads to after another, until no statement runs that ran at the begin.

    Sessions that begin later are another program's. `running` takes a server's name; `limit` is in seconds.

    Raises:
        LockedError: one still runs when the limit is past; says which.
    """
    for server in servers.known(environment):
        try:
            left = running(server)
        except psycopg.Error:
            continue  # what cannot be reached runs nothing for us; the inventory reports that it cannot be reached
        until = clock.monotonic() + limit
        while left:
            report(f"{len(left)} statements in PostgreSQL that were begun before")
            if clock.monotonic() > until:
                pids = ", ".join(str(pid) for pid, _ in sorted(left))
                raise LockedError(
                    f"PostgreSQL still runs statements of the administrator, begun before: server process {pids}",
                    where=environment[servers.variable("PGHOST", server)],
                    remedy="wait, or end them with `select pg_terminate_backend(<process>)`; then run recover again",
                )
            clock.sleep(_PAUSE)
            left &= running(server)


def statements(
    environment: Mapping[str, str], server: str = "", connect: Callable[..., Any] = postgres.connect
) -> set[Session]:
    """The statements of a server's administrator that run now; none where the environment does not lead there.

    The environment has libpq's variables, of each server's administrator; `server` is empty for the one without a name.

    Raises:
        psycopg.Error: the server cannot be asked.
    """
    if servers.missing(environment, server):
        return set()
    with connect(servers.connection(environment, server)) as connection:
        rows = connection.execute(_RUNNING).fetchall()
    return {(int(row[0]), str(row[1])) for row in rows}


def may_land(state: State, plan: Plan) -> list[str]:
    """URNs of operations without an end whose effect has not shown, and may still land.

    A creation is one where nothing is found, and where only what it is to replace is.
    """
    begun = {(each.operation, each.resource.urn): each.resource.type for each in state.pending}
    return [
        each.urn
        for each in plan.decisions
        if (kinds.of(begun.get(("creating", each.urn), "")).duplicated and each.kind == "refresh")
        or (("creating", each.urn) in begun and each.kind == "drop-from-state")
        or (("deleting", each.urn) in begun and each.kind == "refresh")
    ]
