"""Which kept releases may need what a migration takes: what breaks on the copy, what they did, what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from parity.config import sql_tree, statements
from parity.config.sql_tree import Part
from parity.documents import mapping, texts
from parity.resources import kinds
from parity.resources.commands import quoted
from parity.resources.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parity.preview.plan import Change, Plan, Resource

_OID = """(
    select c.oid from parse_ident(t.name) p,
        string_to_array(replace(current_setting('search_path'), '"', ''), ', ') path,
        pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relname = p[cardinality(p)] and n.nspname = any(case when cardinality(p) = 1 then path else p[:1] end)
    order by array_position(path, n.nspname::text) limit 1)"""
"""The table that a name means to the migrator; `to_regclass` fails where the administrator may not use the schema."""
_MAY = f"""
select r.rolname, bool_or(has_table_privilege(r.oid, {_OID}, 'select, insert, update, delete'))
from pg_roles r, unnest(%(tables)s::text[]) t(name)
where r.rolname = any(%(roles)s) group by r.rolname"""  # noqa: S608 - _OID is a constant
_UNKNOWN = f"""
select exists (select from unnest(%(tables)s::text[]) t(name) where not exists (
    select from pg_class c where c.oid = {_OID} and c.relkind in ('r', 'p', 'v', 'm', 'f')))"""  # noqa: S608 - as above
_OVER = f"""
with recursive over(oid) as (
    select {_OID} from unnest(%(tables)s::text[]) t(name)
    union
    select next.oid from over, lateral (
        select r.ev_class from pg_depend d join pg_rewrite r on r.oid = d.objid
        where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = over.oid
        union all select inhparent from pg_inherits where inhrelid = over.oid
    ) next(oid))
select n.nspname, c.relname from over join pg_class c on c.oid = over.oid join pg_namespace n on n.oid = c.relnamespace
where c.oid <> all(select {_OID} from unnest(%(tables)s::text[]) t(name))"""  # noqa: S608 - as above
"""The views over tables, and the tables of which they are a part: who names one of these reads or writes them too."""
_STATISTICS = """
select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = 'pg_stat_statements' and c.relkind = 'v'"""
_DID = """
select r.rolname, s.query from {view} s join pg_roles r on r.oid = s.userid
where r.rolname = any(%(roles)s) and s.dbid = (select oid from pg_database where datname = current_database())"""
_LOST = "select dealloc from {view}_info"
"""How often the least used statements were thrown out (page "pg_stat_statements")."""


@dataclass(frozen=True)
class Kept:
    """A release that stays deployed."""

    called: str
    """The application, as it is called now."""
    release: str
    login: str
    """The role that it logs in with."""

    def __str__(self) -> str:
        return f"{self.called} {self.release}"


BuiltFor = Mapping[tuple[str, str], Any]
"""By application and release: by database the newest migration that its commit has."""


def needed(
    plan: Plan,
    change: Change,
    built_for: BuiltFor,
    connection: psycopg.Connection[Any],
    broken: Mapping[str, str],
) -> str:
    """Which releases may need what a migration takes, and how that is known; empty where none does.

    `built_for` says what each release's commit has; `broken` gives, by login, a query that does not prepare on the copy
    any more, which counts before all else. The connection is the administrator's.
    """
    every = list(staying(plan))
    kept = [each for each in every if not knows(each, change, built_for)]
    if not kept:
        return ""
    what, by_text = _by_text(plan, change, kept, connection) if change.after["effect"] == "contract" else ("", {})
    need = {each: broken.get(each.login) or by_text[each] for each in kept if each.login in broken or each in by_text}
    if not need:
        return ""
    who = "; ".join(f"{each} {how}" for each, how in need.items())
    ways = _ways(Urn.parse(change.urn).stack, list(need), every)
    takes = f"takes {what}, and releases that stay may need it" if what else "breaks queries of releases that stay"
    return f"{takes}: {who}. {'; '.join(ways)}"


def _by_text(
    plan: Plan, change: Change, kept: Sequence[Kept], connection: psycopg.Connection[Any]
) -> tuple[str, dict[Kept, str]]:
    """What a contraction takes, by its text, and who may need that or did."""
    connection.execute("select set_config('search_path', %s, false)", [search_path(plan, str(change.after["role"]))])
    found = statements.parse(str(change.after["sql"]))
    takes = sorted({part for each in found for part in each.takes})
    named = bool(takes) and all(each.takes for each in found if each.effect == "contract")
    # Neither privileges nor queries say who needs a function or an index.
    given = {"tables": [each.quoted for each in takes]}
    bound = named and connection.execute(_UNKNOWN, given).fetchone() == (False,)
    may = _may(takes, kept, connection) if bound else kept
    did = _did(takes, may, connection) if bound else {}
    need = {each: did.get(each.login, _MAY_ONLY) for each in may if did.get(each.login) != ""}
    return ", ".join(map(str, takes)) if named else "what the parser does not see", need


def knows(kept: Kept, change: Change, built_for: BuiltFor) -> bool:
    """Whether a release's commit has a migration, so that it does without what goes."""
    database = change.name.rpartition("-migration-")[0]
    newest = mapping(built_for.get((kept.called, kept.release))).get(database, 0)
    return int(newest) >= int(change.after["number"])


def staying(plan: Plan) -> Iterator[Kept]:
    """The releases that stay deployed, by login, oldest first; the ones that become live among them."""
    called = {each.parent: each.after.get("application") for each in plan.of_type(kinds.LIVE) if each.after}
    found = [each for each in plan.of_type(kinds.DEPLOYMENT) if each.operation != "delete"]
    for each in sorted(found, key=lambda one: int(release_of(one)[1:] or 0)):
        first = Urn.parse(each.parent).name
        for login in logins(plan, each):
            yield Kept(str(called.get(each.parent) or first), release_of(each), login)


def release_of(deployment: Resource) -> str:
    """The release that a deployment was built for."""
    return str(mapping(deployment.after.get("meta")).get("release", ""))


def _ways(stack: str, need: Sequence[Kept], staying: Sequence[Kept]) -> Iterator[str]:
    """What lets each release go, or what it means where none does."""
    for application in dict.fromkeys(each.called for each in need):
        mine = list(dict.fromkeys(each.release for each in staying if each.called == application))
        older = [each.release for each in need if each.called == application and each.release in mine[:-_SAFE]]
        rest = [each.release for each in need if each.called == application and each.release in mine[-_SAFE:]]
        if older:
            yield f"`parity prune {stack} {application} --keep 2` lets {', '.join(dict.fromkeys(older))} go"
        if rest:
            yield f"acknowledge it where {application} {', '.join(dict.fromkeys(rest))} does without"


_SAFE = 2
"""The live release and the one before it: `parity prune` keeps them."""


def logins(plan: Plan, deployment: Resource) -> list[str]:
    """The roles that a deployment logs in with: those that it depends on."""
    on = (plan.resources[urn] for urn in sorted(deployment.depends_after) if urn in plan.resources)
    roles = (each for each in on if Urn.parse(each.urn).type == kinds.ROLE)
    return [str(each.after["name"]) for each in roles if each.after.get("login")]


def search_path(plan: Plan, role: str) -> str:
    """Where a role of the plan finds names that say no schema; PostgreSQL's own default where the plan says nothing."""
    return ", ".join(map(quoted, schemas_of(plan, role))) or '"$user", public'


def schemas_of(plan: Plan, role: str) -> list[str]:
    """The schemas of a role's `search_path`, as the plan says."""
    roles = (each.after for each in plan.of_type(kinds.ROLE) if each.after.get("name") == role)
    return [each for one in roles for each in texts(one.get("searchPaths"))]


def _may(takes: Sequence[Part], kept: Sequence[Kept], connection: psycopg.Connection[Any]) -> list[Kept]:
    """Those with a privilege on a table that is named."""
    given = {"tables": sorted({each.quoted for each in takes}), "roles": [each.login for each in kept]}
    may = dict(connection.execute(_MAY, given).fetchall())
    return [each for each in kept if may.get(each.login)]


_MAY_ONLY = "may, by its privileges"
_HIDDEN = "<insufficient privilege>"
"""What `pg_stat_statements` has in the place of a text that its reader may not see."""


def _did(takes: Sequence[Part], kept: Sequence[Kept], connection: psycopg.Connection[Any]) -> dict[str, str]:
    """By login: what it did with what goes, an empty text where every statement of it is known and none names it.

    Nothing of a login that ran none, and nothing at all where no statistics are there, or not all of them.
    """
    rows = ran([each.login for each in kept], connection)
    given = {"tables": [each.quoted for each in takes]}
    over = [Part(*each) for each in connection.execute(_OVER, given).fetchall()]
    who = connection.execute("select format('%I', current_user)").fetchall()[0][0]
    hidden = f"{_MAY_ONLY}; `grant pg_read_all_stats to {who}` shows what it did"
    used = {
        role: hidden if text == _HIDDEN else f"did: {shown(text)}"
        for role, text in rows
        if _uses(text, [*takes, *over])
    }
    complete = bool(rows) and _statistics(_LOST, {}, connection) == [(0,)]
    return {**(dict.fromkeys((role for role, _ in rows), "") if complete else {}), **used}


def ran(roles: Sequence[str], connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Login and text of every statement that `pg_stat_statements` has of them; nothing where it is not there."""
    return [(str(role), str(text)) for role, text in _statistics(_DID, {"roles": list(roles)}, connection)]


def _statistics(query: str, given: Mapping[str, Any], connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    views = connection.execute(_STATISTICS).fetchall()
    if not views:
        return []
    try:
        return connection.execute(query.format(view=views[0][0]).encode(), given).fetchall()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
        return []  # not ours to read, or the server has not loaded the library


def shown(query: str) -> str:
    """The first words of a query, on one line."""
    return f"`{' '.join(query.split())[:_SHOWN]}`"


_SHOWN = 80


def _uses(query: str, takes: Sequence[Part]) -> bool:
    """Whether a query names a table and a column of those; one that the parser refuses may name anything."""
    try:
        tree = sql_tree.tree(query)
    except sql_tree.Unparsed:
        return True
    tables, columns, filled = sql_tree.tables(tree), sql_tree.columns(tree), sql_tree.filled(tree)
    return any(
        each.table == one.table and (not one.schema or not each.schema or each.schema == one.schema)
        for one in takes
        for each in tables
        if columns & {one.column, "*"} or not (one.column and filled.get(each, True)) or (one.filled and each in filled)
    )
