"""The commands that a person runs at a vendor, as texts ready for a shell."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.resources.kind import Target


def vercel(team: str, method: str, path: str, body: str = "") -> str:
    """A request to Vercel's API; `body` is JSON."""
    data = f" -H 'content-type: application/json' -d {shlex.quote(body)}" if body else ""
    address = f"https://api.vercel.com{path}{'&' if '?' in path else '?'}teamId={team}"
    return f'curl -fsS -X {method} -H "Authorization: Bearer $VERCEL_API_TOKEN"{data} {shlex.quote(address)}'


def github(target: Target, path: str) -> str:
    """A deletion in the target's repository through GitHub's API."""
    return f"gh api -X DELETE repos/{target.repository}/{path}"


SUPERUSER = "*"
"""Stands for any superuser of the server in `Sql.role`."""


@dataclass(frozen=True)
class Sql:
    """One statement, and who may run it."""

    database: str
    text: str
    role: str = ""
    """The owner or grantor, or SUPERUSER; empty: the administrator that Pulumi connects as."""


def psql(database: str, *statements: str, user: str = "") -> str:
    """SQL statements in a database, all or none; `user` where the administrator may not."""
    options = f" -U {shlex.quote(user)}" if user else ""
    options += " -1 -v ON_ERROR_STOP=1" if len(statements) > 1 else ""
    return f"psql{options} -d {shlex.quote(database)} {' '.join(f'-c {shlex.quote(each)}' for each in statements)}"


def quoted(name: str) -> str:
    """A PostgreSQL identifier; `public` as a grantee is none and stays as it is."""
    return "public" if name == "public" else '"' + name.replace('"', '""') + '"'


def schema_wide(kind: str, schema: str) -> str:
    """All objects of a kind in a schema, as a grant names them."""
    return f"all {kind}s in schema {quoted(schema)}"


def default_privileges(owner: str, schema: str, change: str) -> str:
    """A change of what a role's future objects give: `change` is `revoke all on tables from "reader"`."""
    where = f" in schema {quoted(schema)}" if schema else ""
    return f"alter default privileges for role {quoted(owner)}{where} {change}"


def column_of(schema: str, name: str) -> tuple[str, str]:
    """The column and the table of `table.column`, as a statement names them."""
    table, _, column = name.rpartition(".")
    return quoted(column), f"{quoted(schema)}.{quoted(table)}"
