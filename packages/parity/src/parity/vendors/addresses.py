"""Whether the host that a stack's file gives to applications is the server on which the database is made.

Two names may be one server, a private one and a public one. So both are asked when the server started: every role may
ask that, and no standby, restored backup or other copy shares it. What does not answer from here is taken as declared.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from parity.config import servers
from parity.vendors.postgres import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.settings import Settings
    from parity.problems import ConfigProblem

_SECONDS = 2
"""Limit of opening the declared address: a private one may swallow every packet."""


def faults(settings: Settings, environ: Mapping[str, str]) -> list[ConfigProblem]:
    """The hosts of the stack's databases that lead to another server than the administrator's variables do."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = pool.map(partial(_fault, settings, environ), settings.databases)
        return [each for each in found if each is not None]


def _fault(settings: Settings, environ: Mapping[str, str], name: str) -> ConfigProblem | None:
    own, server = settings.databases[name], settings.server(name)
    made = servers.connection(environ, server)
    place, declared = f"{made.get('PGHOST')}:{made.get('PGPORT') or 5432}", f"{own.host}:{own.port}"
    if servers.missing(environ, server) or place == declared:
        return None
    there = {**made, "PGHOST": own.host, "PGPORT": str(own.port), "PGSSLMODE": own.sslmode}
    if not _are_two(made, there):
        return None
    what = f"is {declared}, which is another server than {place}, on which {settings.names.database(name)} is made."
    host, port = (servers.variable(each, server) for each in ("PGHOST", "PGPORT"))
    remedy = (
        f"Correct `host` and `port`, or {host} and {port}; where it is a pooler in front of that server, name it under "
        "`pooler`, and the server itself here."
    )
    return settings.origin.fault(("parity:databases", name, "host"), what, remedy)


def _are_two(made: Mapping[str, str], there: Mapping[str, str]) -> bool:
    """Whether the addresses are known to be two servers: one has one list of roles, and was started once."""
    try:
        # The password goes to a host that may be a stranger's: only in the exchange that does not show it.
        found = _started(there, connect_timeout=_SECONDS, require_auth="scram-sha-256")
    except psycopg.Error as error:
        if "password authentication failed" not in str(error):
            return False
        found = None
    try:
        return _started(made) != found
    except psycopg.Error:
        return False  # the preflight says why the server does not open


def _started(environ: Mapping[str, str], **given: Any) -> Any:
    with connect(environ, **given) as connection:
        return connection.execute("select pg_postmaster_start_time()").fetchall()
