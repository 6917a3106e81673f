"""Reads PostgreSQL's databases, roles, memberships, settings, schemas, extensions and every privilege."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from parity.inventory import postgres_objects, postgres_queries, postgres_server
from parity.inventory.model import Login, ReadFailure, VendorState, merged
from parity.inventory.postgres_objects import Rows
from parity.resources import kinds
from parity.vendors.postgres import Unread, connect, is_there, way_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from parity.documents import Document
    from parity.resources.kind import Key


_INSIDE = kinds.inside(kinds.DATABASE)
_ALL = _INSIDE | {kinds.DATABASE, kinds.ROLE}
_WITH_MEMBER_OPTIONS = 160000
_WITH_PARAMETERS = 150000
_WRONG_LOGIN = "28P01"


@dataclass(frozen=True)
class Check:
    """A login to try."""

    role: str
    database: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Scope:
    """What to read in PostgreSQL."""

    databases: tuple[str, ...]
    roles: tuple[str, ...]
    owners: tuple[str, ...]
    """Roles whose default privileges matter."""
    grants: tuple[Key, ...]
    """Keys of the declared grants: database, role, kind, schema."""
    defaults: tuple[Key, ...]
    """Keys of the declared default privileges: database, owner, role, kind, schema."""
    logins: tuple[Check, ...] = ()
    migrated: Mapping[str, int] = field(default_factory=dict[str, int])
    """Databases with a record of migrations to read, each with the number behind which it is read."""
    servers: tuple[str, ...] = ("",)
    """The names under which the program knows the server; several where the environment leads them to one."""


def read(environment: Mapping[str, str], scope: Scope) -> VendorState:
    """Read everything in the scope as the role that libpq's variables name; it need not be a superuser.

    The environment has `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE` and the like.
    """
    given = {"databases": list(scope.databases), "roles": list(scope.roles), "owners": list(scope.owners)}
    given["patterns"] = [f"{_escaped(name)}\\_%" for name in scope.databases]
    try:
        shared = _ask(environment, None, given, inside=False)
    except psycopg.Error as error:
        what = " ".join(("PostgreSQL's roles and databases", *(f"of {name}" for name in scope.servers if name)))
        within = frozenset((*scope.databases, *scope.roles))
        return VendorState(
            read_failures=(replace(_failure(error, what, _ALL, ()), within=within),), calls={"postgresql": 1}
        )
    there = {str(row["datname"]) for row in shared.rows["databases"]}
    with ThreadPoolExecutor(max_workers=8) as pool:
        asked = {name: {**given, "migrated": scope.migrated.get(name)} for name in scope.databases if name in there}
        inner = {name: pool.submit(_attempt, environment, name, each) for name, each in asked.items()}
        tried = [pool.submit(_log_in, environment, each) for each in scope.logins if each.database in there]
        insides = {name: each.result() for name, each in inner.items()}
        logins = tuple(each.result() for each in tried)
    parts = [postgres_objects.shared(shared), postgres_server.read(shared, scope.databases)]
    calls = shared.statements + len(logins)
    for name, rows in insides.items():
        if isinstance(rows, ReadFailure):
            parts.append(VendorState(read_failures=(rows,)))
        else:
            parts.append(postgres_objects.inside(name, rows, shared, scope.grants, scope.defaults))
            calls += rows.statements
    return _named(replace(merged(parts), logins=logins, calls={"postgresql": calls}), shared.identifier, scope.servers)


def _named(state: VendorState, identifier: str, servers: Sequence[str]) -> VendorState:
    """What was read, under the names of its server."""
    return replace(
        state,
        found=tuple(replace(each, server=servers[0]) for each in state.found),
        things=tuple(replace(each, server=servers[0]) for each in state.things),
        servers={name: each for each in state.servers.values() for name in servers},
        account={account_of(name): identifier for name in servers if identifier},
    )


def account_of(server: str) -> str:
    """What a server's system identifier stands under among the facts of the accounts."""
    return f"server:{server}" if server else "server"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


def _failure(error: psycopg.Error, what: str, types: Collection[str], prefix: Key) -> ReadFailure:
    text = str(error).strip().splitlines()
    return ReadFailure(
        "PostgreSQL", what, "connect and read the catalogues", error.sqlstate, text[-1] if text else "no message",
        frozenset(types), prefix,
    )  # fmt: skip


# --- Connections ------------------------------------------------------------------------------------------------------


def _ask(environment: Mapping[str, str], database: str | None, given: Document, *, inside: bool) -> Rows:
    """Query everything that the server's databases share, or everything inside one database."""
    with connect(environment, database, row_factory=dict_row) as connection:
        connection.execute("set default_transaction_read_only = on")
        version = next(iter(connection.execute(postgres_queries.VERSION).fetchall()[0].values()))
        queries = postgres_queries.INSIDE if inside else _shared_queries(version)
        identifier = "" if inside else _identifier(connection)
        user = connection.info.user
        rows = {name: connection.execute(query, given).fetchall() for name, query in queries.items()}  # pyright: ignore[reportArgumentType, reportCallIssue]
        follows = given.get("migrated")
        recorded = [] if follows is None else _migrations(connection, follows)
    statements = len(queries) + 3 + (follows is not None)
    if isinstance(recorded, ReadFailure):
        return Rows(rows, version, statements, identifier, user, given, (recorded,))
    return Rows({**rows, "migrations": recorded}, version, statements, identifier, user, given)


def _migrations(connection: psycopg.Connection[Any], follows: object) -> list[Document] | ReadFailure:
    """What is recorded as applied behind a number; only the database's owner may read it."""
    try:
        return connection.execute(postgres_queries.MIGRATIONS, [follows]).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return []
    except psycopg.errors.InsufficientPrivilege as error:
        database = connection.info.dbname
        failed = _failure(error, f"the migrations of {database}", {kinds.MIGRATION}, (database,))
    try:
        is_there(connection, "migrations", ["parity"])
    except Unread as error:
        return replace(failed, message=str(error))
    return []  # the schema is there and not ours to use, and nothing is in it


def _identifier(connection: psycopg.Connection[Any]) -> str:
    """The server's system identifier, which initdb gives and every standby and physical copy keeps.

    PostgreSQL lets every role ask for it; empty where a service has taken that right away.
    """
    try:
        rows = connection.execute(postgres_queries.IDENTIFIER).fetchall()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFunction):
        return ""
    return str(rows[0]["identifier"])


def _attempt(environment: Mapping[str, str], database: str, given: Document) -> Rows | ReadFailure:
    try:
        return _ask(environment, database, given, inside=True)
    except psycopg.Error as error:
        failed = _failure(error, f"the database {database}", _INSIDE, (database,))
        way = way_in(environment, database, error)
        return replace(failed, message=f"its login may not connect: `{way}`") if way else failed


def _shared_queries(version: int) -> dict[str, str]:
    options = version >= _WITH_MEMBER_OPTIONS
    inherit, chosen = ("a.inherit_option", "a.set_option") if options else ("true", "true")
    return {
        "databases": postgres_queries.DATABASES,
        "roles": postgres_queries.ROLES,
        "memberships": postgres_queries.MEMBERSHIPS.format(inherit=inherit, set=chosen),
        "settings": postgres_queries.SETTINGS,
        "privileges": postgres_queries.DATABASE_PRIVILEGES,
        **({"parameters": postgres_queries.PARAMETERS} if version >= _WITH_PARAMETERS else {}),
    }


def _log_in(environment: Mapping[str, str], check: Check) -> Login:
    """Try a role's password if the server asks for one."""
    try:
        with connect(environment, check.database, user=check.role, password=check.password) as connection:
            asked = bool(connection.pgconn.used_password)
    except psycopg.Error as error:
        text = str(error).strip().splitlines()
        message = text[-1].rpartition("FATAL:")[2].strip() if text else "no message"
        return Login(check.role, check.database, _judged(error), message)
    if not asked:
        return Login(check.role, check.database, None, "the server asked for no password")
    return Login(check.role, check.database, True, "it logs in")


def _judged(error: psycopg.Error) -> bool | None:
    """Whether a refused login says that the password is wrong; None where it says something else.

    libpq gives no SQLSTATE for a refused connection, so PostgreSQL's own words are read; they are not translated before
    a session begins.
    """
    text = str(error)
    if "password authentication failed" in text or error.sqlstate == _WRONG_LOGIN:
        return False
    # The server took the password and refused then: no right to the database, or no connection left.
    if "permission denied for database" in text or "too many connections for role" in text:
        return True
    return None
