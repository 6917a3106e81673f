"""Which of a plan's migrations the team's own tool applied already: read from its table, as the administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.config.layouts import LAYOUTS, checksums
from parity.documents import mapping
from parity.preview.needed import schemas_of, search_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import psycopg

    from parity.config.layouts import Record
    from parity.preview.plan import Plan

_TABLE = """
select format('%%I.%%I', n.nspname, c.relname),
    has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = %(table)s and n.nspname = any(%(schemas)s) order by array_position(%(schemas)s, n.nspname::text)"""


class Unread(Exception):
    """The administrator may not read the tool's table; says which, and the remedy."""


def applied(plan: Plan, connection: psycopg.Connection[Any], inputs: Sequence[Mapping[str, Any]]) -> dict[int, str]:
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
    return dict(_applied(connection, record, inputs)) if _is_there(connection, record, schemas_of(plan, role)) else {}


def _is_there(connection: psycopg.Connection[Any], record: Record, schemas: Sequence[str]) -> bool:
    table = record.table.rpartition(".")[2]
    given = {"table": table, "schemas": [record.schema] if record.schema else list(schemas)}
    found = connection.execute(_TABLE.encode(), given).fetchone()
    if found and not found[1]:
        who = connection.info.user
        way = f"Let {who} read it: USAGE on its schema, SELECT on the table."
        raise Unread(f"what was applied before is in {found[0]}, which {who} may not read. {way}")
    return found is not None


def _applied(
    connection: psycopg.Connection[Any], record: Record, inputs: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, str]]:
    for each in inputs:
        own, accepted = str(each["sha256"]), checksums(str(each["sql"]))
        for (known,) in connection.execute(record.found.encode(), mapping(each.get("rows"))).fetchall():
            yield int(each["number"]), own if known is None or known in accepted else known
