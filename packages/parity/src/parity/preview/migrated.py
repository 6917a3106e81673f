"""What a plan's migrations meet in the database: what is applied there, and which kept releases need what goes.

Read before the first changing call, as the administrator: what a record says of a file that was changed or taken out,
what each kept release may do with what a contraction takes, and what it did where `pg_stat_statements` is there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import psycopg

from parity.config import servers, source, statements
from parity.config.layouts import LAYOUTS, checksums
from parity.config.migrations import SCHEMA, TABLE
from parity.config.stack_models import NAMESPACE
from parity.documents import mapping
from parity.preview import rehearsed
from parity.preview.needed import logins, needed, release_of, schemas_of, search_path
from parity.preview.plan import Violation
from parity.preview.scratch import said
from parity.resources import kinds
from parity.resources.urn import Urn
from parity.vendors.postgres import Unread, connect, is_there, way_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from parity.config.layouts import Record
    from parity.config.statements import Statement
    from parity.preview.needed import BuiltFor
    from parity.preview.plan import Change, Plan
    from parity.preview.rehearsal import Rehearsal

KEEPS = "migrations-stay-as-applied"
ORDER = "contractions-follow-the-switch"
READ = "migrations-are-judged"

_RECORDED = f"select number, sha256 from {TABLE} where applied_at is not null"  # noqa: S608 - the table is a constant


def built_for(root: Path, stack: str) -> BuiltFor:
    """What the stack's file says of each release; nothing where it cannot be read, which its own checks say."""
    read = source.read_file(root / source.file_name(stack))
    releases = mapping(read.values.get(f"{NAMESPACE}releases")) if isinstance(read, source.StackFile) else {}
    return {
        (application, name): mapping(mapping(each).get("migrations"))
        for application, entry in releases.items()
        for name, each in mapping(mapping(entry).get("kept")).items()
    }


def judged(plan: Plan, environ: Mapping[str, str], root: Path, limit: Callable[[str], int] = lambda _: 0) -> Plan:
    """The plan with what its migrations meet; where the server does not open, with what the plan alone says.

    `environ` has libpq's variables, of each server's administrator; `root` holds the stack's file; `limit` gives, by a
    migration's URN, the bytes of a table above which it may not hold others up without a word.
    """
    changes = _by_database(plan)
    switches = [each for each in plan.changes if each.type == kinds.LIVE and each.of("release")]
    if not changes and not (switches and plan.of_type(kinds.MIGRATION)):
        return plan
    releases = built_for(root, plan.stack)
    violations, needs = list(plan.violations), dict(_earlier(plan, switches, releases, environ))
    rehearsals: list[Rehearsal] = []
    for (server, database), each in changes.items():
        try:
            opened = connect(servers.connection(environ, server), database)
        except psycopg.OperationalError as error:
            if way := way_in(servers.connection(environ, server), database, error):
                what = f"what they meet in {database} could not be read: its login may not connect. `{way}`"
                violations.append(Violation(each[0].urn, READ, "mandatory", what))
            if f'database "{database}" does not exist' not in str(error):
                continue  # the preflight says why it does not open
            found = rehearsed.of(plan, [one for one in each if one.operation == "create"], releases, None, environ)
        else:
            with opened as connection:
                met = _Met(plan, each, releases, connection)
                try:
                    violations += met.violations()
                    found = rehearsed.of(plan, met.new, releases, connection, environ)
                    needs |= met.needs(found)
                except psycopg.OperationalError as error:
                    what = f"what they meet in {database} could not be read: {said(error)}. Plan once more."
                    violations.append(Violation(each[0].urn, READ, "mandatory", what))
                    continue
        violations += rehearsed.violations(found)
        rehearsals += [found] if found.steps or found.not_because else []
    locks = {
        step.urn: slow
        for each in rehearsals
        for step in (each.steps if each.sizes else ())
        if (slow := each.slow(step, limit(step.urn)))
    }
    return replace(plan, violations=tuple(violations), needs=needs, locks=locks, rehearsals=tuple(rehearsals))


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
    plan: Plan
    changes: Sequence[Change]
    releases: BuiltFor
    connection: psycopg.Connection[Any]

    @property
    def applied(self) -> dict[int, str]:
        return self._by_tool[0] | self._recorded[0]

    @property
    def unread(self) -> str:
        """Why it is not known what was applied, by the team's tool where nothing is recorded yet; empty where it is."""
        return self._recorded[1] or ("" if self._recorded[0] else self._by_tool[1])

    @cached_property
    def _by_tool(self) -> tuple[dict[int, str], str]:
        created = [each.after for each in self.changes if each.operation == "create" and each.after.get("rows")]
        try:
            return _by_tool(self.plan, self.connection, created), ""
        except Unread as error:
            return {}, str(error)

    @cached_property
    def _recorded(self) -> tuple[dict[int, str], str]:
        try:
            return dict(self.connection.execute(_RECORDED).fetchall() if _is_recorded(self.connection) else ()), ""
        except Unread as error:
            return {}, str(error)

    @cached_property
    def new(self) -> list[Change]:
        """Those that the update will run."""
        if self.unread:
            return []
        return [each for each in self.changes if each.operation == "create" and _number(each.after) not in self.applied]

    def needs(self, found: Rehearsal) -> dict[str, str]:
        """By migration, which releases may need what it takes."""
        every = {
            each.urn: needed(self.plan, each, self.releases, self.connection, found.broken.get(each.urn, {}))
            for each in self.new
        }
        return {urn: why for urn, why in every.items() if why}

    def violations(self) -> list[Violation]:
        """What no acknowledgement helps."""
        if self.unread:
            return [Violation(self.changes[0].urn, KEEPS, "mandatory", self.unread)]
        return [*_kept(self.changes, self.applied, self._follows), *self._left(), *self._order()]

    @property
    def _follows(self) -> int:
        """The last number of the folder before this one, whose files may be gone; 0 for none."""
        database = (self.changes[0].after or self.changes[0].before)["database"]
        declared = [each.after for each in (*self.changes, *self.plan.of_type(kinds.MIGRATION))]
        return max(int(each.get("follows") or 0) if each.get("database") == database else 0 for each in declared)

    def _left(self) -> Iterator[Violation]:
        """What an earlier folder had is complete before another takes its place."""
        last = max((each for each in self._recorded[0] if each <= self._follows), default=self._follows)
        for each in self.new[:1] if last < self._follows else ():
            what = f"{each.after['file']} follows number {self._follows}, and the last that is applied is {last}"
            way = "Update this stack first by the last commit that has the earlier folder"
            yield Violation(each.urn, KEEPS, "mandatory", f"{what}. {way}.")

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


def _kept(changes: Sequence[Change], applied: Mapping[int, str], follows: int) -> Iterator[Violation]:
    """What is applied keeps its file, with its text, unless another folder took its place."""
    for each in changes:
        inputs = each.after or each.before
        known, file = applied.get(_number(inputs)), inputs["file"]
        if each.operation == "delete" and _number(inputs) <= follows:
            continue
        if known and each.operation == "delete":
            what = f"{file} is applied and is not undone, and a database that is made again would lack it"
            yield Violation(each.urn, KEEPS, "mandatory", f"{what}. Put it back: `git log -p -- {file}` has its text.")
        elif known and known != inputs["sha256"]:
            what = f"{file} was applied with other text (checksum {known[:12]})"
            way = f"Give it that text again (`git log -p -- {file}`), and put the change into a new file."
            yield Violation(each.urn, KEEPS, "mandatory", f"{what}. {way}")


# --- A switch to a release of an earlier schema -----------------------------------------------------------------------

_SINCE = f"""
select number, name from {TABLE}
where effect = 'contract' and applied_at is not null and number > %s order by number"""  # noqa: S608 - a constant


def taken_since(connection: psycopg.Connection[Any], known: int) -> list[tuple[int, str]]:
    """The contractions that a database has and a release does not know: number and name, oldest first.

    `known` is the newest migration that the release's commit has, 0 for none.

    Raises:
        Unread: the record is there and this login may not read it.
        psycopg.Error: it cannot be read for another reason.
    """
    return connection.execute(_SINCE.encode(), [known]).fetchall() if _is_recorded(connection) else []


def _is_recorded(connection: psycopg.Connection[Any]) -> bool:
    return is_there(connection, TABLE.partition(".")[2], [SCHEMA])


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
    found = [
        each for each in plan.of_type(kinds.DEPLOYMENT) if (each.parent, release_of(each)) == (application, release)
    ]
    roles = [
        role for each in found for role in plan.of_type(kinds.ROLE) if role.after.get("name") in logins(plan, each)
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
            opened = connect(servers.connection(environ, server), database)
        except psycopg.OperationalError as error:
            # Else it is to be made yet, or the preflight says why it does not open.
            if way := way_in(servers.connection(environ, server), database, error):
                yield f"what was taken from {database} could not be read: `{way}`"
            continue
        try:
            with opened as connection:
                since = taken_since(connection, known)
        except Unread as error:
            yield str(error)
            continue
        except psycopg.OperationalError as error:
            yield f"what was taken from {database} could not be read ({said(error)})"
            continue
        for number, _ in since:
            if number in files:
                yield with_parts(str(files[number]["file"]), statements.parse(str(files[number]["sql"])))


# --- What the team's own tool applied ---------------------------------------------------------------------------------


def _by_tool(plan: Plan, connection: psycopg.Connection[Any], inputs: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By number: the digest of the text that was applied, as far as the tool keeps it.

    The inputs are of migrations, all of one tool; the plan has the migrator's search path.

    Raises:
        Unread: the table is there, and the administrator may not read it.
    """
    record = LAYOUTS[str(inputs[0].get("tool") or "sql")].record if inputs else None
    if record is None:
        return {}
    role = str(inputs[0]["role"])
    connection.execute("select set_config('search_path', %s, false)", [search_path(plan, role)])
    schemas = [record.schema] if record.schema else schemas_of(plan, role)
    there = is_there(connection, record.table.rpartition(".")[2], schemas)
    return dict(_applied(connection, record, inputs)) if there else {}


def _applied(
    connection: psycopg.Connection[Any], record: Record, inputs: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, str]]:
    for each in inputs:
        own, accepted = str(each["sha256"]), checksums(str(each["sql"]))
        for (known,) in connection.execute(record.found.encode(), mapping(each.get("rows"))).fetchall():
            yield int(each["number"]), own if known is None or known in accepted else known
