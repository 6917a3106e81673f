"""Who uses an existing database by the rights of PUBLIC, where a plan takes these: no declaration names them.

The creation of a grant to PUBLIC revokes what it does not list. In a database that the plan creates that harms no role;
in one that was there before it ends the logins of every application that the program does not manage.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from parity.config import servers
from parity.resources import kinds
from parity.vendors.postgres import connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.preview.plan import Plan

_USERS = """
select distinct d.datname, r.rolname
from pg_database d
join pg_roles r on r.rolcanlogin and r.rolname <> current_user and not r.rolsuper
where d.datname = any(%s) and not exists (
  select from pg_auth_members m where m.member = r.oid and m.roleid = d.datdba
) and (
  exists (select from pg_stat_activity a where a.datid = d.oid and a.usesysid = r.oid)
  or exists (
    select from pg_shdepend s
    where s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid
      and (s.dbid = d.oid or (s.dbid = 0 and s.classid = 'pg_database'::regclass and s.objid = d.oid))
  )
)
order by 1, 2
"""
"""The logins that are connected to a database, own something in it or hold a right in it; not those of its owner."""


def revoked_in(plan: Plan) -> tuple[str, ...]:
    """The databases that stay and in which the plan creates a grant to PUBLIC."""
    created = [each for each in plan.changes if each.operation == "create"]
    made = {str(each.after.get("name")) for each in created if each.type == kinds.DATABASE}
    grants = [each.after for each in created if each.type == kinds.GRANT]
    found = {str(each.get("database")) for each in grants if str(each.get("role")).lower() == "public"}
    return tuple(sorted(found - made))


def with_users(plan: Plan, environ: Mapping[str, str]) -> Plan:
    """The plan with the undeclared logins of those databases; without those of a server that does not open.

    `environ` has libpq's variables, of each server's administrator.
    """
    databases = revoked_in(plan)
    there = servers.connections(environ) if databases else ()
    rows = [row for at in there for row in _users(at, databases)]
    roles = plan.of_type(kinds.ROLE)
    declared = {str(each.after.get("name")) for each in roles}
    found: dict[str, tuple[str, ...]] = {}
    for database, role in rows:
        if role not in declared:
            found[database] = (*found.get(database, ()), role)
    return replace(plan, users=found) if found else plan


def _users(environ: Mapping[str, str], databases: Sequence[str]) -> list[tuple[str, str]]:
    try:
        with connect(environ) as connection:
            return connection.execute(_USERS, (list(databases),)).fetchall()
    except psycopg.Error:
        return []  # the preflight says why the server does not open
