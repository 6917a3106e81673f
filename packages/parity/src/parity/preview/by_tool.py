"""Which of a plan's migrations the team's own tool applied already: read from its table, as the administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.config.layouts import LAYOUTS, checksums
from parity.documents import mapping
from parity.preview.needed import schemas_of, search_path
from parity.vendors import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import psycopg

    from parity.config.layouts import Record
    from parity.preview.plan import Plan


def applied(plan: Plan, connection: psycopg.Connection[Any], inputs: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By number: the digest of the text that was applied, as far as the tool keeps it.

    The inputs are of migrations, all of one tool; the plan has the migrator's search path.

    Raises:
        postgres.Unread: the table is there, and the administrator may not read it.
    """
    record = LAYOUTS[str(inputs[0].get("tool") or "sql")].record if inputs else None
    if record is None:
        return {}
    role = str(inputs[0]["role"])
    connection.execute("select set_config('search_path', %s, false)", [search_path(plan, role)])
    schemas = [record.schema] if record.schema else schemas_of(plan, role)
    there = postgres.is_there(connection, record.table.rpartition(".")[2], schemas)
    return dict(_applied(connection, record, inputs)) if there else {}


def _applied(
    connection: psycopg.Connection[Any], record: Record, inputs: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, str]]:
    for each in inputs:
        own, accepted = str(each["sha256"]), checksums(str(each["sql"]))
        for (known,) in connection.execute(record.found.encode(), mapping(each.get("rows"))).fetchall():
            yield int(each["number"]), own if known is None or known in accepted else known
