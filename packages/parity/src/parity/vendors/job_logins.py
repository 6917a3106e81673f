"""Logins at PostgreSQL that last as long as a job: each acts as a role that stays, and owns nothing itself.

A role that may grant the lasting one makes them. Whatever such a session creates belongs to the lasting role, since the
session becomes it at once (`alter role ... set role`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

PREFIX = "parity_job_"
"""What the name of each begins with."""

_BYTES = 32


@dataclass(frozen=True)
class JobLogin:
    """A login, with its password in the clear."""

    user: str
    password: str = field(repr=False)


def make(connection: psycopg.Connection[Any], role: str, until: datetime) -> JobLogin:
    """Make a login that acts as `role` and cannot log in after `until`, and drop those of it that ended before.

    The server gets a SCRAM verifier, so that the password is in none of its logs.

    Raises:
        psycopg.Error: the connection's role may not make roles, or may not grant `role`, or there is none.
    """
    made = JobLogin(PREFIX + secrets.token_hex(8), secrets.token_urlsafe(_BYTES))
    verifier = connection.pgconn.encrypt_password(made.password.encode(), made.user.encode(), b"scram-sha-256").decode()
    name, acts_as = sql.Identifier(made.user), sql.Identifier(role)
    with connection.transaction():
        for statement in (
            sql.SQL("create role {} login password {} valid until {} in role {}").format(
                name, sql.Literal(verifier), sql.Literal(until.isoformat()), acts_as
            ),
            sql.SQL("alter role {} set role = {}").format(name, acts_as),
        ):
            connection.execute(statement)
    return made


def drop_ended(connection: psycopg.Connection[Any], role: str) -> list[str]:
    """Drop the logins of `role` whose time is over; gives those that another role made, or that own something."""
    ended = connection.execute(
        "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.member join pg_roles g on g.oid = roleid"
        " where g.rolname = %s and starts_with(r.rolname, %s) and r.rolvaliduntil < now()",
        (role, PREFIX),
    ).fetchall()
    kept: list[str] = []
    for (name,) in ended:
        try:
            connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
        except (errors.InsufficientPrivilege, errors.DependentObjectsStillExist):
            kept.append(name)
    return kept


def end(connection: psycopg.Connection[Any]) -> None:
    """End the login of a connection: its other sessions and its password; raises psycopg.Error where it is no job's."""
    connection.execute("set role none")
    others = "from pg_stat_activity where usename = session_user and pid <> pg_backend_pid()"
    connection.execute(f"select pg_terminate_backend(pid) {others}")
    connection.execute("alter role current_user password null")
