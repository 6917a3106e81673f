"""What a plan's migrations meet in the database: what is applied there, and which kept releases need what goes.

Read before the first changing call, as the administrator: what a record says of a file that was changed or taken out,
what each kept release may do with what a contraction takes, and what it did where `pg_stat_statements` is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import psycopg

from parity.config import servers, source, sql_tree, statements
from parity.config.migrations import TABLE
from parity.config.stack_models import NAMESPACE
from parity.documents import mapping, texts
from parity.preview.plan import Violation
from parity.resources import kinds
from parity.resources.commands import quoted
from parity.resources.urn import Urn
from parity.vendors.postgres import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from parity.config.sql_tree import Part
    from parity.config.statements import Statement
    from parity.preview.plan import Change, Plan, Resource

KEEPS = "migrations-stay-as-applied"
ORDER = "contractions-follow-the-switch"

_RECORDED = f"select number, sha256 from {TABLE} where applied_at is not null"  # noqa: S608 - the table is a constant
_MAY = """
select r.rolname, bool_or(has_table_privilege(r.oid, to_regclass(t.name), 'select, insert, update, delete'))
from pg_roles r, unnest(%(tables)s::text[]) t(name)
where r.rolname = any(%(roles)s) group by r.rolname"""
_UNKNOWN = """
select exists (select from unnest(%(tables)s::text[]) t(name) where not exists (
    select from pg_class c where c.oid = to_regclass(t.name) and c.relkind in ('r', 'p', 'v', 'm', 'f')))"""
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

    application: str
    """As it was first declared."""
    called: str
    """As it is called now."""
    release: str
    login: str
    """The role that it logs in with."""

    def __str__(self) -> str:
        return f"{self.called} {self.release}"


BuiltFor = Mapping[tuple[str, str], Any]
"""By application and release: by database the newest migration that its commit has."""


def built_for(root: Path, stack: str) -> BuiltFor:
    """What the stack's file says of each release; nothing where it cannot be read, which its own checks say."""
    read = source.read_file(root / source.file_name(stack))
    releases = mapping(read.values.get(f"{NAMESPACE}releases")) if isinstance(read, source.StackFile) else {}
    return {
        (application, name): mapping(mapping(each).get("migrations"))
        for application, entry in releases.items()
        for name, each in mapping(mapping(entry).get("kept")).items()
    }


def judged(plan: Plan, environ: Mapping[str, str], root: Path) -> Plan:
    """The plan with what its migrations meet; where the server does not open, with what the plan alone says.

    Args:
        plan: the plan.
        environ: libpq's variables, of each server's administrator.
        root: the folder that holds the stack's file.
    """
    changes = _by_database(plan)
    switches = [each for each in plan.changes if each.type == kinds.LIVE and each.of("release")]
    if not changes and not (switches and plan.of_type(kinds.MIGRATION)):
        return plan
    releases = built_for(root, plan.stack)
    violations, needs = list(plan.violations), dict(_earlier(plan, switches, releases, environ))
    for (server, database), each in changes.items():
        try:
            with connect(servers.connection(environ, server), database) as connection:
                met = _Met(plan, each, releases, connection)
                violations += met.violations()
                needs |= met.needs()
        except psycopg.OperationalError:
            continue  # it is to be made yet, or the preflight says why it does not open
    return replace(plan, violations=tuple(violations), needs=needs)


def _by_database(plan: Plan) -> dict[tuple[str, str], list[Change]]:
    """The changes of migrations by server and database, but for those of a database that goes."""
    deleted = [each for each in plan.changes if each.type == kinds.DATABASE and each.operation == "delete"]
    gone = {each.before.get("name") for each in deleted}
    found: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for each in plan.changes:
        inputs = each.after or each.before
        if each.type == kinds.MIGRATION and not each.leftover and inputs["database"] not in gone:
            found[str(inputs.get("server") or ""), str(inputs["database"])].append(each)
    return found


@dataclass(frozen=True)
class _Met:
    """The changes of one database's migrations, and the database."""

    plan: Plan
    changes: Sequence[Change]
    releases: BuiltFor
    connection: psycopg.Connection[Any]

    @cached_property
    def applied(self) -> dict[int, str]:
        try:
            return dict(self.connection.execute(_RECORDED).fetchall())
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return {}  # nothing was applied yet; or the plugin, which may read it, says so as it runs

    @cached_property
    def new(self) -> list[Change]:
        """Those that the update will run."""
        return [each for each in self.changes if each.operation == "create" and _number(each.after) not in self.applied]

    def needs(self) -> dict[str, str]:
        """By contraction, which releases may need what it takes."""
        contracts = [each for each in self.new if each.after["effect"] == "contract"]
        found = {each.urn: _needed(self.plan, each, self.releases, self.connection) for each in contracts}
        return {urn: why for urn, why in found.items() if why}

    def violations(self) -> list[Violation]:
        """What no acknowledgement helps."""
        return [*_kept(self.changes, self.applied), *self._order()]

    def _order(self) -> Iterator[Violation]:
        """A contraction that others follow would run before the switch, under the release that is live."""
        live = any(each.before for each in self.plan.of_type(kinds.LIVE))
        others = [each.after for each in self.new if each.after["effect"] != "contract"]
        for each in self.new if live else ():
            behind = [one["file"] for one in others if one["number"] > each.after["number"]]
            if behind and each.after["effect"] == "contract":
                what = f"{each.after['file']} takes away, and {behind[0]} behind it is to run before the switch"
                way = f"Leave {behind[0]} to an update after this one, or give it the lower number."
                yield Violation(each.urn, ORDER, "mandatory", f"{what}. {way}")


def _number(inputs: Mapping[str, Any]) -> int:
    return int(inputs["number"])


def _kept(changes: Sequence[Change], applied: Mapping[int, str]) -> Iterator[Violation]:
    """What is applied keeps its file, with its text."""
    for each in changes:
        inputs = each.after or each.before
        known, file = applied.get(_number(inputs)), inputs["file"]
        if known and each.operation == "delete":
            what = f"{file} is applied and is not undone, and a database that is made again would lack it"
            yield Violation(each.urn, KEEPS, "mandatory", f"{what}. Put it back: `git log -p -- {file}` has its text.")
        elif known and known != inputs["sha256"]:
            what = f"{file} was applied with other text (SHA-256 {known[:12]})"
            way = f"Give it that text again (`git log -p -- {file}`), and put the change into a new file."
            yield Violation(each.urn, KEEPS, "mandatory", f"{what}. {way}")


# --- Who needs what goes ----------------------------------------------------------------------------------------------


def _needed(plan: Plan, change: Change, built_for: BuiltFor, connection: psycopg.Connection[Any]) -> str:
    """Which releases may need what a contraction takes, and how that is known; empty where none does."""
    staying = list(_staying(plan))
    kept = [each for each in staying if not _knows(each, change, built_for)]
    if not kept:
        return ""
    _search_as(plan, str(change.after["role"]), connection)
    found = statements.parse(str(change.after["sql"]))
    takes = sorted({part for each in found for part in each.takes})
    named = bool(takes) and all(each.takes for each in found if each.effect == "contract")
    may = _may(takes, kept, connection) if named else kept
    did = _did(takes, may, connection) if named else {}
    need = {each: did.get(each.login, _MAY_ONLY) for each in may if did.get(each.login) != ""}
    if not need:
        return ""
    what = ", ".join(map(str, takes)) if named else "what the parser does not see"
    who = "; ".join(f"{each} {how}" for each, how in need.items())
    ways = _ways(Urn.parse(change.urn).stack, list(need), staying)
    return f"takes {what}, and releases that stay may need it: {who}. {'; '.join(ways)}"


def _knows(kept: Kept, change: Change, built_for: BuiltFor) -> bool:
    """Whether a release's commit has the contraction, so that it does without what goes."""
    database = change.name.rpartition("-migration-")[0]
    newest = mapping(built_for.get((kept.called, kept.release))).get(database, 0)
    return int(newest) >= _number(change.after)


def _staying(plan: Plan) -> Iterator[Kept]:
    """The releases that stay deployed, by login, oldest first; the ones that become live among them."""
    called = {each.parent: each.after.get("application") for each in plan.of_type(kinds.LIVE) if each.after}
    found = [each for each in plan.of_type(kinds.DEPLOYMENT) if each.operation != "delete"]
    for each in sorted(found, key=lambda one: int(_release(one)[1:] or 0)):
        first = Urn.parse(each.parent).name
        for login in _logins(plan, each):
            yield Kept(first, str(called.get(each.parent) or first), _release(each), login)


def _release(deployment: Resource) -> str:
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


def _logins(plan: Plan, deployment: Resource) -> list[str]:
    """The roles that a deployment logs in with: those that it depends on."""
    on = (plan.resources[urn] for urn in sorted(deployment.depends_after) if urn in plan.resources)
    roles = (each for each in on if Urn.parse(each.urn).type == kinds.ROLE)
    return [str(each.after["name"]) for each in roles if each.after.get("login")]


def _search_as(plan: Plan, role: str, connection: psycopg.Connection[Any]) -> None:
    """Find names that say no schema where the migrator finds them."""
    roles = (each.after for each in plan.of_type(kinds.ROLE) if each.after.get("name") == role)
    paths = [quoted(each) for one in roles for each in texts(one.get("searchPaths"))]
    connection.execute("select set_config('search_path', %s, false)", [", ".join(paths)])


def _may(takes: Sequence[Part], kept: Sequence[Kept], connection: psycopg.Connection[Any]) -> list[Kept]:
    """Those with a privilege on a table that is named; all of them where one is not there, or is no table."""
    given = {"tables": sorted({each.quoted for each in takes}), "roles": [each.login for each in kept]}
    if connection.execute(_UNKNOWN, given).fetchone() == (True,):
        return list(kept)
    may = dict(connection.execute(_MAY, given).fetchall())
    return [each for each in kept if may.get(each.login)]


_MAY_ONLY = "may, by its privileges"


def _did(takes: Sequence[Part], kept: Sequence[Kept], connection: psycopg.Connection[Any]) -> dict[str, str]:
    """By login: what it did with what goes, an empty text where every statement of it is known and none names it.

    Nothing of a login that ran none, and nothing at all where no statistics are there, or not all of them.
    """
    views = connection.execute(_STATISTICS).fetchall()
    if not views:
        return {}
    roles = [each.login for each in kept]
    try:
        rows = connection.execute(_DID.format(view=views[0][0]).encode(), {"roles": roles}).fetchall()
        lost = connection.execute(_LOST.format(view=views[0][0]).encode()).fetchone()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
        return {}  # not ours to read, or the server has not loaded the library
    used = {role: f"did: `{' '.join(text.split())[:_SHOWN]}`" for role, text in rows if _uses(text, takes)}
    return {**({} if lost != (0,) else {role: "" for role, _ in rows}), **used}


_SHOWN = 80


def _uses(query: str, takes: Sequence[Part]) -> bool:
    """Whether a query names a table and a column of those; one that the parser refuses may name anything."""
    try:
        tree = sql_tree.tree(query)
    except sql_tree.Unparsed:
        return True
    tables, columns = sql_tree.tables(tree), sql_tree.columns(tree)
    return any(
        each.table == one.table and (not one.schema or not each.schema or each.schema == one.schema)
        for one in takes
        for each in tables
        if not one.column or one.column in columns or "*" in columns
    )


# --- A switch to a release of an earlier schema -----------------------------------------------------------------------

_SINCE = f"""
select number, name from {TABLE}
where effect = 'contract' and applied_at is not null and number > %s order by number"""  # noqa: S608 - a constant


def taken_since(connection: psycopg.Connection[Any], known: int) -> list[tuple[int, str]]:
    """The contractions that a database has and a release does not know: number and name, oldest first.

    Args:
        connection: to the database.
        known: the newest migration that the release's commit has, 0 for none.

    Raises:
        psycopg.Error: the record is there and cannot be read.
    """
    try:
        return connection.execute(_SINCE.encode(), [known]).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return []


def with_parts(file: str, found: Iterable[Statement]) -> str:
    """A file with what its statements take away."""
    parts = sorted({part for each in found for part in each.takes})
    return file + (f" ({', '.join(map(str, parts))})" if parts else "")


def _earlier(
    plan: Plan, switches: Sequence[Change], built_for: BuiltFor, environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """By switch: what was taken away since the commit of the release that becomes live."""
    for each in switches:
        first, release = Urn.parse(plan.resources[each.urn].parent).name, str(each.after.get("release"))
        known = mapping(built_for.get((str(each.after.get("application") or first), release)))
        gone = [
            part
            for name in _databases(plan, plan.resources[each.urn].parent, release)
            for part in _taken(plan, name, int(known.get(name, 0)), environ)
        ]
        if gone:
            yield each.urn, f"goes to {release}, whose commit does not know what was taken since: {'; '.join(gone)}"


def _databases(plan: Plan, application: str, release: str) -> list[str]:
    """The databases that a release logs in to, as they were first declared."""
    found = [each for each in plan.of_type(kinds.DEPLOYMENT) if (each.parent, _release(each)) == (application, release)]
    roles = [
        role for each in found for role in plan.of_type(kinds.ROLE) if role.after.get("name") in _logins(plan, each)
    ]
    return sorted({Urn.parse(role.parent).name for role in roles})


def _taken(plan: Plan, name: str, known: int, environ: Mapping[str, str]) -> Iterator[str]:
    """The contractions that a database has and a release does not know, each with what it takes."""
    files = {
        _number(each.after): each.after
        for each in plan.of_type(kinds.MIGRATION)
        if each.after and Urn.parse(each.urn).name.rpartition("-migration-")[0] == name
    }
    for server, database in {(str(each.get("server") or ""), str(each["database"])) for each in files.values()}:
        try:
            with connect(servers.connection(environ, server), database) as connection:
                since = taken_since(connection, known)
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege):
            continue  # as for the changes of migrations
        for number, _ in since:
            if number in files:
                yield with_parts(str(files[number]["file"]), statements.parse(str(files[number]["sql"])))
