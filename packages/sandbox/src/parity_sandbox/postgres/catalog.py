"""What PostgreSQL's catalogues say of the databases that were made in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from parity_sandbox.postgres.cluster import Cluster
    from parity_sandbox.store import Document

_MOST = 20
_DATABASES = """
SELECT d.datname, pg_get_userbyid(d.datdba), d.datconnlimit, pg_database_size(d.oid),
       (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND a.usename <> 'postgres')
  FROM pg_database d WHERE NOT d.datistemplate AND d.datname <> 'postgres' ORDER BY d.datname
"""
_ROLES = """
WITH RECURSIVE found (oid) AS (
  SELECT g.oid FROM pg_roles g
   WHERE g.oid IN (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()
                   UNION SELECT a.grantee FROM pg_database d, aclexplode(d.datacl) a
                          WHERE d.datname = current_database()
                   UNION SELECT n.nspowner FROM pg_namespace n
                   UNION SELECT a.grantee FROM pg_namespace n, aclexplode(n.nspacl) a)
     AND g.rolname !~ '^pg_' AND g.rolname NOT IN ('postgres', 'parity_admin')
  UNION
  SELECT m.member FROM found f JOIN pg_auth_members m ON m.roleid = f.oid JOIN pg_roles r ON r.oid = m.member
   WHERE r.rolname NOT IN ('postgres', 'parity_admin')
)
SELECT r.rolname, r.rolcanlogin, r.rolconnlimit,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid),
       ARRAY(SELECT DISTINCT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
              WHERE m.member = r.oid ORDER BY 1)
  FROM found f JOIN pg_roles r ON r.oid = f.oid
 ORDER BY r.rolcanlogin DESC, r.rolname
"""
"""The roles with privileges in the database, and those that log in as a member of one of them."""

_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1"
_EXTENSIONS = "SELECT extname || ' ' || extversion FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"


def databases(cluster: Cluster) -> tuple[list[Document], str | None]:
    """The databases with their schemas, extensions and roles (the first 20), and why they cannot be read, if so."""
    try:
        with cluster.connect() as connection:
            rows = connection.execute(_DATABASES).fetchall()
        return [_database(cluster, row) for row in rows[:_MOST]], None
    except psycopg.Error as error:
        return [], type(error).__name__


def _database(cluster: Cluster, row: tuple[Any, ...]) -> Document:
    name, owner, limit, size, connections = row
    with cluster.connect(name) as connection:
        roles = connection.execute(_ROLES).fetchall()
        schemas = [each[0] for each in connection.execute(_SCHEMAS)]
        extensions = [each[0] for each in connection.execute(_EXTENSIONS)]
    return {
        "name": name,
        "owner": owner,
        "limit": limit,
        "bytes": size,
        "connections": connections,
        "schemas": schemas,
        "extensions": extensions,
        "roles": [
            dict(zip(("name", "login", "limit", "connections", "member_of"), role, strict=True)) for role in roles
        ],
    }
