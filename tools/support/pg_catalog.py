"""What PostgreSQL's own catalogues hold, for comparing before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHARED = {
    "databases": (
        "SELECT datname, pg_get_userbyid(datdba), datconnlimit, datacl::text, datallowconn FROM pg_database ORDER BY 1"
    ),
    "roles": (
        "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,"
        " rolconnlimit, rolvaliduntil::text, rolconfig::text FROM pg_roles ORDER BY 1"
    ),
    "memberships": (
        "SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor), admin_option"
        " FROM pg_auth_members ORDER BY 1, 2, 3"
    ),
    "role settings": (
        "SELECT setdatabase::text, pg_get_userbyid(setrole), setconfig::text FROM pg_db_role_setting ORDER BY 2, 3"
    ),
}
_LOCAL = {
    "schemas": "SELECT nspname, pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace ORDER BY 1",
    "extensions": "SELECT extname, extversion, pg_get_userbyid(extowner) FROM pg_extension ORDER BY 1",
    "default privileges": (
        "SELECT pg_get_userbyid(defaclrole), defaclnamespace::regnamespace::text, defaclobjtype::text, defaclacl::text"
        " FROM pg_default_acl ORDER BY 1, 2, 3"
    ),
    "relations": (
        "SELECT oid::regclass::text, relkind::text, pg_get_userbyid(relowner), relacl::text FROM pg_class"
        " WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema)' ORDER BY 1"
    ),
}


def dump(environment: Mapping[str, str]) -> dict[str, list[list[Any]]]:
    """Every role, database, grant and object, by kind, read as the administrator that libpq's variables name."""
    found: dict[str, list[list[Any]]] = {}
    with connect(environment, "postgres") as connection:
        for kind, query in _SHARED.items():
            found[kind] = [list(row) for row in connection.execute(query)]
    # One that takes no connections is being dropped: it is listed as such, and what is inside cannot be read.
    open_ones = (row[0] for row in found["databases"] if row[-1] and not row[0].startswith("template"))
    for name in open_ones:
        with connect(environment, name) as connection:
            for kind, query in _LOCAL.items():
                found[f"{kind} of {name}"] = [list(row) for row in connection.execute(query)]
    return found


def moment(environment: Mapping[str, str]) -> str:
    """What is the same for two moments between which nothing was changed.

    The server's start, the end of its log, and which transactions have ended: each change is one of a transaction.
    """
    query = "SELECT concat_ws(' ', pg_postmaster_start_time(), pg_current_wal_insert_lsn(), pg_current_snapshot())"
    with connect(environment) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def connect(environment: Mapping[str, str], database: str = "postgres", *, port: int = 0) -> psycopg.Connection[Any]:
    """As the administrator that libpq's variables name, in autocommit; through another `port` where one is given."""
    return psycopg.connect(
        host=environment["PGHOST"],
        port=port or int(environment["PGPORT"]),
        user=environment["PGUSER"],
        password=environment["PGPASSWORD"],
        dbname=database,
        sslmode="disable",
        autocommit=True,
    )
