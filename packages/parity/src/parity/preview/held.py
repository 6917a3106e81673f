"""What only the servers know of a plan: what PostgreSQL refuses halfway into it, and who uses what it takes of PUBLIC.

The first is a violation, and no acknowledgement helps: a plan with it is not applied.
A schema or an extension that still holds something is not dropped. A database that has connections is not renamed, and
what was built with the name of a database or a login does not connect again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from parity.config import servers
from parity.preview.plan import Violation
from parity.problems import some
from parity.resources import kinds
from parity.vendors.postgres import connect, way_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.preview.plan import Change, Plan

POLICY = "drops-only-what-is-empty"
RENAMED = "renames-nothing-in-use"
_CONNECTED_BY = frozenset({kinds.DATABASE, kinds.ROLE})
_NAMED = 3
_WORDS = {kinds.SCHEMA: "schema", kinds.EXTENSION: "extension"}
"""As `_HELD` names them."""

_HELD = """
with gone as (
  select 'pg_namespace'::regclass as classid, oid as objid, 'schema ' || nspname as name
  from pg_namespace where nspname = any(%(schemas)s)
  union all
  select m.classid, m.objid, 'extension ' || e.extname
  from pg_extension e
  join pg_depend m on m.refclassid = 'pg_extension'::regclass and m.refobjid = e.oid and m.deptype = 'e'
  where e.extname = any(%(extensions)s)
)
select distinct gone.name, pg_describe_object(d.classid, d.objid, d.objsubid)
from gone
join pg_depend d on d.refclassid = gone.classid and d.refobjid = gone.objid and d.deptype = 'n'
where d.classid::regclass::text in ('pg_class', 'pg_proc', 'pg_type', 'pg_attrdef', 'pg_constraint', 'pg_rewrite')
  and not exists (select from pg_depend own where own.classid = d.classid and own.objid = d.objid and own.deptype = 'e')
order by 1, 2
"""
"""What depends on a schema, or on a part of an extension, and is no part of an extension itself (page "pg_depend")."""


def with_violations(plan: Plan, environ: Mapping[str, str]) -> Plan:
    """The plan with a violation for each of them; where the server does not open, for the names alone.

    `environ` has libpq's variables, of each server's administrator.
    """
    plan = replace(plan, violations=(*plan.violations, *_renamed(plan)))
    goes = [each for each in plan.changes if each.operation in {"delete", "replace"}]
    databases = {each.before.get("name") for each in goes if each.type == kinds.DATABASE}
    dropped: dict[str, list[Change]] = defaultdict(list)
    for each in goes:
        if each.type in _WORDS and each.before.get("database") not in databases:
            dropped[str(each.before["database"])].append(each)
    if not dropped:
        return plan
    there = servers.connections(environ)
    found = [
        each for at in there for database, changes in dropped.items() for each in _violations(database, changes, at)
    ]
    return replace(plan, violations=(*plan.violations, *found))


def _renamed(plan: Plan) -> Iterator[Violation]:
    for each in plan.changes:
        name = each.of("name") if each.operation == "update" and each.type in _CONNECTED_BY else None
        if name is None:
            continue
        login = each.type != kinds.ROLE or each.before.get("login")
        lost = f"what is deployed goes on asking for {name.before}" if login else "each grant to it would be replaced"
        what = f"{name.before} would be renamed to {name.after}, and {lost}"
        yield Violation(each.urn, RENAMED, "mandatory", f"{what}. Give it its name again in the stack's file.")


def _violations(database: str, dropped: list[Change], environ: Mapping[str, str]) -> Iterator[Violation]:
    by_kind = {kind: {str(each.before["name"]): each for each in dropped if each.type == kind} for kind in _WORDS}
    names = {"schemas": list(by_kind[kinds.SCHEMA]), "extensions": list(by_kind[kinds.EXTENSION])}
    words = {f"{_WORDS[kind]} {name}": each for kind, own in by_kind.items() for name, each in own.items()}
    try:
        with connect(environ, database) as connection:
            rows = connection.execute(_HELD, names).fetchall()
    except psycopg.Error as error:
        # Else it is gone or on another server, or the preflight says why it does not open.
        if way := way_in(environ, database, error):
            what = f"what {database} holds could not be read: its login may not connect. `{way}`"
            yield Violation(dropped[0].urn, POLICY, "mandatory", what)
        return
    held: dict[str, list[str]] = defaultdict(list)
    for name, what in rows:
        held[name].append(what)
    for name, there in held.items():
        what = f"{name} of {database} holds {some(there, _NAMED)}: PostgreSQL does not drop it"
        way = "A migration moves or drops these first, in an update before."
        yield Violation(words[name].urn, POLICY, "mandatory", f"{what}. {way}")


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

    The creation of a grant to PUBLIC revokes what it does not list. In a database that the plan creates that harms no
    role; in one that was there before it ends the logins of every application that the program does not manage.
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
