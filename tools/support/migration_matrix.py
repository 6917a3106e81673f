"""What Parity says of each case of the matrix, and what really happens to the release's query; one PostgreSQL for all.

What really happens is seen without a word of Parity's: the statement and the query run in a database that has rows, and
another session reads the locks.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import psycopg

from parity.config import statements
from parity.config.effects import gravest
from parity.markup import code
from parity.preview import needed
from parity.preview.plan import Change, Plan, Resource
from parity.preview.rehearsal import Query, Run, Step
from parity.preview.scratch import restore, said, schema_of, scratch
from parity.resources import kinds
from support.matrix_cases import BASE, CASES
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from support.sandboxes import Sandbox

    Session = psycopg.Connection[Any]

PAGE = ROOT / "docs" / "migrations-matrix.md"
SQUAWK = ROOT / "tools" / "support" / "data" / "squawk.json"
APPLICATION, MIGRATOR, OWNER = "matrix_shop", "matrix_migrator", "matrix_owner"
"""The roles of the database."""

_STACK = "urn:pulumi:staging::storefront::parity:components:WebApp"
_STATISTICS = """
create table shop.ran (query text);
create view shop.pg_stat_statements as
select (select oid from pg_roles where rolname = 'matrix_shop') as userid,
       (select oid from pg_database where datname = current_database()) as dbid, query from shop.ran;
create view shop.pg_stat_statements_info as select 0::bigint as dealloc;
grant usage on schema shop, shop2 to public;
grant select on shop.ran, shop.pg_stat_statements, shop.pg_stat_statements_info to public"""
_SEEN = """
select c.oid::regclass::text, l.mode, l.granted from pg_locks l join pg_class c on c.oid = l.relation
where l.pid = %s and l.database = (select oid from pg_database where datname = current_database())
and c.relnamespace::regnamespace::text like 'shop%%' and (c.relkind in ('i', 'I')) = %s"""
_WEAKEST_FIRST = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One case."""

    sql: str
    query: str
    none: bool
    """Whether Parity allows it where every release that stays has the migration in its commit."""
    live: bool
    kept: bool
    works: bool
    """Whether the query still succeeds after it."""
    said: Mapping[str, str]
    """By table, the lock that Parity saw on the copy."""
    seen: Mapping[str, str]
    """By table, the lock in the database that has rows."""
    rewrites: tuple[str, ...]
    denied: str = ""
    """PostgreSQL's message where it does not let a migrator run it."""

    @property
    def right(self) -> bool:
        """Whether nothing that breaks a release was allowed, and nothing was refused that no release needs."""
        if self.denied:
            return not (self.none or self.live or self.kept)
        return self.none and (self.works or not (self.live or self.kept))

    @property
    def careful(self) -> bool:
        """Whether it was refused although this query goes on."""
        return self.works and not self.denied and not (self.live and self.kept)


def rows(sandbox: Sandbox) -> list[Row]:
    """Every case that the server knows, in order, in a database and with roles of its own."""
    with sandbox.postgres() as administrator:
        for each in (OWNER, APPLICATION, MIGRATOR):
            administrator.execute(f"create role {each}")
            administrator.execute(f"grant {each} to current_user")
        try:
            administrator.execute(f"create database {_DATABASE} template template0")
            with sandbox.postgres(_DATABASE) as inside:
                for each in ("shop", "shop2"):
                    inside.execute(f"create schema {each} authorization {OWNER}")
                inside.execute(cast("Any", f"set role {OWNER}; set search_path = shop; {BASE} {_STATISTICS}; analyze"))
            administrator.execute(f"create database {_CLONE} template {_DATABASE}")
            return list(_rows(sandbox.environment, sandbox.postgres))
        finally:
            for each in (_CLONE, _DATABASE):
                administrator.execute(f"drop database if exists {each} with (force)")
            for each in (OWNER, APPLICATION, MIGRATOR):
                administrator.execute(f"drop role {each}")


_DATABASE, _CLONE = "matrix", "matrix_clone"
_NEEDS_VERSION = {"SET EXPRESSION": 170_000}
"""Forms that an earlier server does not know."""


def _rows(environ: Mapping[str, str], connect: Callable[[str], Session]) -> Iterator[Row]:
    with connect(_DATABASE) as real, scratch(environ, "") as copy:
        restore(copy, schema_of(real, environ, "", OWNER), [], {})
        copy.narrow()
        with copy.session() as session:
            session.execute("set search_path = shop; set plan_cache_mode = force_generic_plan")
            for sql, query in CASES:
                if any(form in sql and real.info.server_version < least for form, least in _NEEDS_VERSION.items()):
                    continue
                step = _rehearsed(Run(copy, session, bare=True), sql, query)
                if step.failed:
                    yield Row(sql, query, False, False, False, True, {}, {}, (), _denied(connect, sql, query))
                    continue
                works, seen = _happens(connect, sql, query)
                none, live, kept = (_allowed(real, sql, query, step, which) for which in ("none", "live", "kept"))
                locks = {name.removeprefix("shop."): mode for name, mode in step.locks.items()}
                yield Row(sql, query, none, live, kept, works, locks, seen, step.rewrites)


# --- What Parity says -------------------------------------------------------------------------------------------------


def _rehearsed(run: Run, sql: str, query: str) -> Step:
    run.prepares = [each for each in [Query(_as_recorded(query), "shop")] if not run.refusal(each)]
    inputs = {"sql": sql, "file": "0001_it.sql"}
    if statements.parse(sql)[0].outside:
        (step,) = run.file("", inputs)
        return step
    with run.session.transaction(force_rollback=True):
        (step,) = run.file("", inputs)
    return step


def _as_recorded(query: str) -> str:
    """A query as `pg_stat_statements` has it: parameters in the place of constants."""
    parser: Any = import_module("pgparse")
    return str(parser.normalize(query))


def _allowed(real: Session, sql: str, query: str, step: Step, which: str) -> bool:
    """Whether the gate lets it pass: needed by no release, by the live one alone, or by a kept one alone."""
    assert not step.failed, step
    real.execute("delete from shop.ran")
    real.execute("insert into shop.ran values (%s)", [_as_recorded(query)])
    effect = gravest(each.effect for each in statements.parse(sql))
    inputs = {"sql": sql, "number": 1, "role": MIGRATOR, "effect": effect}
    change = Change(f"{_STACK}${kinds.MIGRATION}::moving-migration-0001", kinds.MIGRATION, "create", after=inputs)
    broken = dict.fromkeys([APPLICATION] if step.broken else [], "breaks")
    knows = {("shop", each): {"moving": 1} for each in _RELEASES if each != _NEEDS[which]}
    return not needed.needed(_plan(), change, knows, real, broken)


_RELEASES = ("r1", "r2", "r3")
_NEEDS = {"none": "", "live": "r3", "kept": "r1"}
"""The one release whose commit does not have the migration."""


def _plan() -> Plan:
    login = f"{_STACK}${kinds.ROLE}::login"
    roles = [
        (login, {"name": APPLICATION, "login": True}),
        (f"{_STACK}${kinds.ROLE}::m", {"name": MIGRATOR, "searchPaths": ["shop"]}),
    ]
    shop, none = f"{_STACK}::shop", frozenset[str]()
    every = [Resource(urn, shop, none, none, "same", after=after) for urn, after in roles]
    for each in _RELEASES:
        urn = f"{_STACK}${kinds.DEPLOYMENT}::{each}"
        every.append(Resource(urn, shop, none, frozenset({login}), "same", after={"meta": {"release": each}}))
    return Plan("staging", (), {each.urn: each for each in every}, 0)


# --- What happens -----------------------------------------------------------------------------------------------------


def _happens(connect: Callable[[str], Session], sql: str, query: str) -> tuple[bool, dict[str, str]]:
    """Whether the query succeeds after the statement, and the statement's locks; all of it is undone."""
    if statements.parse(sql)[0].outside:
        return _happens_outside(connect, sql, query)
    with connect(_DATABASE) as session, connect(_DATABASE) as observer, session.transaction(force_rollback=True):
        session.execute("set local search_path = shop")
        assert _succeeds(session, query), query
        session.execute(f"set local role {OWNER}")
        before = _seen(observer, session.info.backend_pid)
        session.execute(cast("Any", sql))
        after = _seen(observer, session.info.backend_pid)
        seen = {name: mode for name, mode in after.items() if before.get(name) != mode}
        return _succeeds(session, query), seen


def _denied(connect: Callable[[str], Session], sql: str, query: str) -> str:
    """PostgreSQL's message to a migrator in the database that has rows, in which the query goes on after it."""
    with connect(_DATABASE) as session, session.transaction(force_rollback=True):
        session.execute("set local search_path = shop")
        try:
            with session.transaction():
                session.execute(f"set local role {OWNER}")
                session.execute(cast("Any", sql))
        except psycopg.Error as error:
            assert _succeeds(session, query), query
            return re.sub(r"\d+", "...", said(error))
    return ""


def _succeeds(session: Session, query: str) -> bool:
    try:
        with session.transaction(force_rollback=True):
            session.execute(f"set local role {APPLICATION}")
            session.execute(cast("Any", query))
    except psycopg.Error:
        return False
    return True


def _seen(observer: Session, pid: int, *, waiting: bool = False) -> dict[str, str]:
    for indexes in (False, True):
        every = observer.execute(_SEEN, [pid, indexes]).fetchall()
        found = [(name, mode) for name, mode, granted in every if granted != waiting]
        if found:
            strongest = sorted(found, key=lambda each: _WEAKEST_FIRST.index(each[1]))
            return {name.removeprefix("shop."): _words(mode) for name, mode in strongest}
    return {}


def _words(mode: str) -> str:
    """`ACCESS SHARE` of `AccessShareLock`."""
    return "".join(f" {each}" if each.isupper() else each for each in mode.removesuffix("Lock")).strip().upper()


def _happens_outside(connect: Callable[[str], Session], sql: str, query: str) -> tuple[bool, dict[str, str]]:
    """On the clone, since it cannot be undone; another session holds `t` until the lock it waits for is seen."""
    with connect(_CLONE) as session, connect(_CLONE) as holder, connect(_CLONE) as observer:
        session.execute("set search_path = shop")
        assert _succeeds(session, query), query
        holder.execute(cast("Any", f"set role {OWNER}; begin; lock table shop.t in share update exclusive mode"))
        session.execute(f"set role {OWNER}")
        seen = _waits(session, holder, observer, sql)
        session.execute("reset role")
        return _succeeds(session, query), seen


def _waits(session: Session, holder: Session, observer: Session, sql: str) -> dict[str, str]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        done = pool.submit(session.execute, cast("Any", sql))
        seen: dict[str, str] = {}
        while not seen:
            assert not wait([done], timeout=0.01).done, f"{sql} took no lock that is held"
            seen = _seen(observer, session.info.backend_pid, waiting=True)
        holder.execute("rollback")
        done.result()
    return seen


# --- The page ---------------------------------------------------------------------------------------------------------


_HEAD = """# The matrix of statements

Each statement is run in a database that has rows, and the query of a release is tried before and after it.
`PYTHONPATH=tools .venv/bin/python -m benchmarks.migration_matrix` writes this page with PostgreSQL 18, and a test holds
it to what happens.

"None" is what Parity says where each release that stays has the migration in its commit; "live" and "kept" where the
live release alone, or an earlier one that is kept, does not have it and has run the query. What PostgreSQL does not let
a migrator do is "refused", with its message, and fails on the copy, before the first call. Locks are those of tables
that were there before, as a second session saw them, and of an index where no table is locked. squawk 2.70.0 is run on
each statement alone, without `require-lock-timeout`, `require-statement-timeout` and `prefer-robust-stmts`, which it
says of nearly each.
"""


def page(found: list[Row]) -> str:
    """The page with the rows."""
    return f"{_HEAD}\n{chr(10).join(_lines(found))}\n"


def _lines(found: list[Row]) -> Iterator[str]:
    right, broken = sum(each.right for each in found), [each for each in found if not each.works]
    ran = [each for each in found if not each.denied]
    agree = sum(each.said == each.seen for each in ran)
    count, squawk = len(found), json.loads(SQUAWK.read_text())["rules"]
    yield f"- {right} of {count} statements judged rightly; {len(broken)} of them break the query, and each is refused."
    yield f"- {sum(each.careful for each in found)} are refused although the one query that is tried goes on."
    denied = count - len(ran)
    yield f"- {denied} take a right that a migrator does not have, or what they end is not there: refused at once."
    silent = sum(not squawk[each.sql] for each in broken)
    noise = sum(each.works and bool(squawk[each.sql]) for each in found)
    yield f"- squawk has no rule for {silent} of the {len(broken)}, and one for {noise} that break nothing."
    yield f"- {agree} of {len(ran)}: the locks of the rehearsal are those in the database that has rows."
    yield ""
    yield "| statement | query of the release | afterwards | none | live | kept | locks, as seen | squawk |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for each in found:
        does = f"refused: {each.denied}" if each.denied else "works" if each.works else "**fails**"
        verdicts = " | ".join("allowed" if one else "refused" for one in (each.none, each.live, each.kept))
        locks = ", ".join(f"{name}: {mode}" for name, mode in sorted(each.seen.items())) or "none"
        locks += f"; rewrites {', '.join(each.rewrites)}" if each.rewrites else ""
        rules = ", ".join(squawk[each.sql]) or "nothing"
        yield f"| {code(each.sql)} | {code(each.query)} | {does} | {verdicts} | {locks} | {rules} |"
