"""Opens connections to PostgreSQL, where libpq's variables lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 10
"""Limit of opening a connection."""

NAME = "parity"
"""The sessions' `application_name`, by which recover tells them from the provider's."""

_VARIABLES = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGSSLMODE": "sslmode"}


def connect(environ: Mapping[str, str], database: str | None = None, **given: Any) -> psycopg.Connection[Any]:
    """Open a session in which each statement is its own transaction.

    Args:
        environ: libpq's variables (`PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGSSLMODE`, `PGDATABASE`).
        database: its name; None for `PGDATABASE`, else `postgres`.
        given: parameters of psycopg that count before the variables.

    Raises:
        psycopg.Error: the server does not open.
    """
    return psycopg.connect(**{**options(environ, database), **given})


def options(environ: Mapping[str, str], database: str | None = None) -> dict[str, Any]:
    """The parameters of psycopg that `connect` opens a session with; arguments as there."""
    found: dict[str, Any] = {"connect_timeout": SECONDS, "application_name": NAME, "autocommit": True}
    found |= {name: environ[variable] for variable, name in _VARIABLES.items() if environ.get(variable)}
    return found | {"dbname": database or environ.get("PGDATABASE") or "postgres"}
