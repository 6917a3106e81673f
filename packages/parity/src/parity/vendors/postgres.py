"""Opens connections to PostgreSQL, where libpq's variables lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS = 10
"""Limit of opening a connection."""

NAME = "parity"
"""The sessions' `application_name`, by which recover tells them from the provider's."""

MAKES = "select rolsuper or (rolcreatedb and rolcreaterole) from pg_roles where rolname = current_user"
"""Whether the login may make databases and roles."""

_VARIABLES = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGSSLMODE": "sslmode"}


_TABLE = """
select format('%%I.%%I', n.nspname, c.relname), current_user, concat_ws('; ',
    case when not has_schema_privilege(n.oid, 'usage') then
        format('grant usage on schema %%I to %%I', n.nspname, current_user) end,
    case when not has_table_privilege(c.oid, 'select') then
        format('grant select on %%I.%%I to %%I', n.nspname, c.relname, current_user) end)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = %(table)s and n.nspname = any(%(schemas)s) order by array_position(%(schemas)s, n.nspname::text)"""
_CONNECT = "select format('grant connect on database %%I to %%I', %s::text, current_user)"


class Unread(Exception):
    """A table is there, and this login may not read it; says which, and the SQL that lets it."""


def connect(environ: Mapping[str, str], database: str | None = None, **given: Any) -> psycopg.Connection[Any]:
    """Open a session in which each statement is its own transaction; raises psycopg.Error where it does not open.

    `environ` has libpq's variables; without a database's name it is `PGDATABASE`, else `postgres`. `given` are
    parameters of psycopg that count before them.
    """
    return psycopg.connect(**{**options(environ, database), **given})


def options(environ: Mapping[str, str], database: str | None = None) -> dict[str, Any]:
    """The parameters of psycopg that `connect` opens a session with; arguments as there."""
    found: dict[str, Any] = {"connect_timeout": SECONDS, "application_name": NAME, "autocommit": True}
    found |= {name: environ[variable] for variable, name in _VARIABLES.items() if environ.get(variable)}
    return found | {"dbname": database or environ.get("PGDATABASE") or "postgres"}


def is_there(connection: psycopg.Connection[Any], table: str, schemas: Sequence[str]) -> bool:
    """Whether a table is in one of the schemas, the first that has it; raises Unread where it may not be read."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(_TABLE, {"table": table, "schemas": list(schemas)}).fetchone()
    if found and found[2]:
        way = f"As the role that owns it, in {connection.info.dbname}: `{found[2]}`"
        raise Unread(f"what was applied before is in {found[0]}, which {found[1]} may not read. {way}")
    return found is not None


def way_in(environ: Mapping[str, str], database: str, error: psycopg.Error) -> str:
    """The SQL that lets a login connect whom a database refused; empty where that is not why it did not open."""
    if f'permission denied for database "{database}"' not in str(error):
        return ""
    with connect(environ) as connection:
        return str(connection.execute(_CONNECT, [database]).fetchall()[0][0])
