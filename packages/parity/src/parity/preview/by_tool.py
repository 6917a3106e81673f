"""Which of a plan's migrations the team's own tool applied already: read from its table, as the administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from parity.config.layouts import LAYOUTS, checksums
from parity.documents import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def applied(connection: psycopg.Connection[Any], inputs: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By number: the digest of the text that was applied, as far as the tool keeps it.

    Args:
        connection: to the database, with the migrator's search path.
        inputs: of the migrations.
    """
    try:
        return dict(_applied(connection, inputs))
    except psycopg.errors.InsufficientPrivilege:
        return {}  # not the administrator's to read; the plugin, which may, finds them applied as it runs


def _applied(connection: psycopg.Connection[Any], inputs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    for each in inputs:
        record = LAYOUTS[str(each.get("tool") or "sql")].record
        if record and connection.execute("select to_regclass(%s) is not null", [record.table]).fetchone() == (True,):
            own, accepted = str(each["sha256"]), checksums(str(each["sql"]))
            for (known,) in connection.execute(record.found.encode(), mapping(each.get("rows"))).fetchall():
                yield int(each["number"]), own if known is None or known in accepted else known
