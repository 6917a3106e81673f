"""The rehearsal of one database's migrations: on which copy, with which releases' queries, and what the gate has of it.

A rehearsal that cannot be made stops nothing: the report says why there is none.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import psycopg

from parity.config import sql_tree
from parity.preview import needed
from parity.preview.plan import Violation
from parity.preview.rehearsal import Query, Rehearsal, Size, Step, sizes, steps
from parity.preview.scratch import NotRehearsed, restore, said, schema_of, scratch
from parity.resources import kinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parity.preview.needed import BuiltFor
    from parity.preview.plan import Change, Plan

    Session = psycopg.Connection[Any]

FAILS = "migrations-run-on-a-copy"
_BARE = """
select bool_and(r.rolname in (%s, m.rolname)) and not has_database_privilege(m.oid, current_database(), 'create')
from pg_roles m join pg_roles r on pg_has_role(m.oid, r.oid, 'member') where m.rolname = %s group by m.oid"""
"""Whether a migrator is no superuser, in no role but the owner's, and may make no schema."""
_QUERIES = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}


def of(
    plan: Plan, changes: Sequence[Change], built_for: BuiltFor, real: Session | None, environ: Mapping[str, str]
) -> Rehearsal:
    """Run the migrations of one database that are not applied on a copy of it.

    Where there are no changes, nothing is done. `real` is the administrator's session in the database, None where the
    plan makes it; `environ` has libpq's variables, of each server's administrator.
    """
    files = sorted(changes, key=lambda each: int(each.after["number"]))
    if not files:
        return Rehearsal("")
    runs = _runs(plan, real) if real else {}
    found: list[Step] = []
    where = why = ""
    try:
        with scratch(environ, _server(files[0])) as copy:
            where = copy.where
            migrator = str(files[0].after["role"])
            owner = _owner(plan, migrator)
            dumped = schema_of(real, environ, _server(files[0]), owner) if real else ""
            restore(copy, dumped, *_declared(plan, str(files[0].after["database"])))
            bare = bool(real) and real.execute(_BARE, [owner, migrator]).fetchone() == (True,)
            if bare:
                copy.narrow()
            path = needed.search_path(plan, migrator)
            for each in steps(copy, [(each.urn, each.after) for each in files], path, list(runs), bare=bare):
                found.append(each)  # noqa: PERF402 - what was seen stays where a later statement raises
    except NotRehearsed as error:
        why = str(error)
    except psycopg.Error as error:
        why = f"the copy does not answer any more: {said(error)}"
    measured: dict[str, Size] = {}
    try:
        measured = sizes(real, found) if real else {}
    except psycopg.Error as error:
        why = "; ".join(each for each in (why, f"the tables' sizes cannot be read: {said(error)}") if each)
    return Rehearsal(
        str(files[0].after["database"]),
        where,
        tuple(found),
        measured,
        why,
        _breaks(plan, {each.urn: each for each in files}, built_for, found, runs),
        _broken(found, runs),
    )


def violations(found: Rehearsal) -> Iterator[Violation]:
    """What no acknowledgement helps: a statement that PostgreSQL refuses on the copy."""
    for each in found.steps:
        if each.failed:
            what = f"{each.file}:{each.line} fails on a copy of {found.database}: {each.failed}"
            yield Violation(each.urn, FAILS, "mandatory", f"{what}. Correct the file.")


def _server(change: Change) -> str:
    return str(change.after.get("server") or "")


def _owner(plan: Plan, migrator: str) -> str:
    """The role that the migrator becomes, which owns the schema; empty where the plan does not say it."""
    named = (each.after for each in plan.of_type(kinds.ROLE) if each.after.get("name") == migrator)
    return next((str(each["assumeRole"]) for each in named if each.get("assumeRole")), "")


def _declared(plan: Plan, database: str) -> tuple[list[str], dict[str, str]]:
    """The schemas and extensions that the plan has in a database: they come before its migrations."""
    schemas, extensions = (
        [each.after for each in plan.of_type(kind) if each.after.get("database") == database]
        for kind in (kinds.SCHEMA, kinds.EXTENSION)
    )
    return (
        [str(each["name"]) for each in schemas],
        {str(each["name"]): str(each.get("schema") or "") for each in extensions},
    )


# --- The releases' own queries ----------------------------------------------------------------------------------------

_Runs = dict[Query, frozenset[str]]
"""By query, the logins that run it."""


def _runs(plan: Plan, real: Session) -> _Runs:
    """What `pg_stat_statements` has of the logins of the releases that stay."""
    logins = sorted({each.login for each in needed.staying(plan)})
    found: dict[Query, set[str]] = defaultdict(set)
    for login, text in needed.ran(logins, real):
        if _is_query(text):
            found[Query(text, needed.search_path(plan, login))].add(login)
    return {query: frozenset(of_query) for query, of_query in found.items()}


def _is_query(text: str) -> bool:
    try:
        tree = sql_tree.tree(text)
    except sql_tree.Unparsed:
        return False
    return len(tree) == 1 and bool(_QUERIES & set(tree[0]["stmt"]))


def _breaks(
    plan: Plan, changes: Mapping[str, Change], built_for: BuiltFor, found: Sequence[Step], runs: _Runs
) -> dict[int, tuple[str, ...]]:
    """By the place of a step, the releases that it breaks: that stay, and whose commit does not have its file."""
    kept = list(needed.staying(plan))
    every: dict[int, tuple[str, ...]] = {}
    for at, step in enumerate(found):
        logins = frozenset[str]().union(*(runs[each] for each in step.broken))
        lost = [each for each in kept if each.login in logins and not needed.knows(each, changes[step.urn], built_for)]
        every |= {at: tuple(dict.fromkeys(map(str, lost)))} if lost else {}
    return every


def _broken(found: Sequence[Step], runs: _Runs) -> dict[str, dict[str, str]]:
    """By migration and login, the first query that does not prepare after it."""
    every: dict[str, dict[str, str]] = defaultdict(dict)
    for step in found:
        for query, why in step.broken.items():
            for login in runs[query]:
                every[step.urn].setdefault(login, f"did: {needed.shown(query.text)}, which breaks: {why}")
    return every
