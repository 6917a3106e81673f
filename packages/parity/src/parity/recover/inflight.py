"""What a dead engine left in flight: statements in PostgreSQL, waited for and never cut off; effects that may come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import psycopg

from parity.errors import LockedError
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.engine.state import State
    from parity.recover.model import Plan

_RUNNING = """
select pid, query_start::text
from pg_stat_activity
where usename = current_user and pid <> pg_backend_pid() and backend_type = 'client backend'
  and state in ('active', 'idle in transaction', 'idle in transaction (aborted)')
  and application_name <> 'parity'
"""
"""The provider's sessions of the administrator; a session that only waits for its next statement is at rest. The
statement's text is not read: it may hold a password."""

_PAUSE = 0.2

Session = tuple[int, str]
"""Its process at the server, and when its statement began."""


def wait(environment: Mapping[str, str], limit: float, report: Callable[[str], None]) -> None:
    """Wait until no statement runs that ran when this began; sessions that begin later are somebody else's.

    Args:
        environment: libpq's variables, of the administrator; without `PGHOST` there is nothing to wait for.
        limit: seconds.
        report: is told what is waited for.

    Raises:
        LockedError: one still runs when the limit is past; says which.
    """
    if not environment.get("PGHOST"):
        return
    try:
        first = _running(environment)
    except psycopg.Error:
        return  # a server that cannot be asked runs nothing for us; the look says that it cannot be reached
    until = time.monotonic() + limit
    left = first
    while left:
        report(f"{len(left)} statements in PostgreSQL that were begun before")
        if time.monotonic() > until:
            pids = ", ".join(str(pid) for pid, _ in sorted(left))
            raise LockedError(
                f"PostgreSQL still runs statements of the administrator, begun before: server process {pids}",
                where=environment["PGHOST"],
                remedy="wait, or end them with `select pg_terminate_backend(<process>)`; then run recover again",
            )
        time.sleep(_PAUSE)
        left &= _running(environment)


def _running(environment: Mapping[str, str]) -> set[Session]:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGSSLMODE": "sslmode"}
    given: dict[str, Any] = {name: environment[each] for each, name in names.items() if environment.get(each)}
    database = environment.get("PGDATABASE") or "postgres"
    with psycopg.connect(
        **given, dbname=database, connect_timeout=10, autocommit=True, application_name="parity"
    ) as connection:
        rows = connection.execute(_RUNNING).fetchall()
    return {(cast("int", row[0]), str(row[1])) for row in rows}


def may_land(state: State, plan: Plan) -> list[str]:
    """URNs of operations without an end whose effect has not shown, and may still land.

    A creation is one where nothing is found, and where only what it is to replace is.
    """
    begun = {(each.operation, each.resource.urn): each.resource.type for each in state.pending}
    return [
        each.urn
        for each in plan.decisions
        if (kinds.of(begun.get(("creating", each.urn), "")).duplicated and each.kind == "finish")
        or (("creating", each.urn) in begun and each.kind == "forget")
        or (("deleting", each.urn) in begun and each.kind == "finish")
    ]
