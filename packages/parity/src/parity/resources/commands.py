"""The commands that a person runs at a vendor, as texts ready for a shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from parity.documents import texts

if TYPE_CHECKING:
    from parity.resources.kind import Target


def vercel(team: str, method: str, path: str, body: str = "") -> str:
    """A request to Vercel's API; `body` is JSON."""
    data = f" -H 'content-type: application/json' -d {shlex.quote(body)}" if body else ""
    address = f"https://api.vercel.com{path}?teamId={team}"
    return f'curl -fsS -X {method} -H "Authorization: Bearer $VERCEL_API_TOKEN"{data} {shlex.quote(address)}'


def github(target: Target, path: str) -> str:
    """A deletion in the target's repository through GitHub's API."""
    return f"gh api -X DELETE repos/{target.repository}/{path}"


def psql(database: str, statement: str) -> str:
    """One SQL statement in a database."""
    return f"psql -d {shlex.quote(database)} -c {shlex.quote(statement)}"


def quoted(name: str) -> str:
    """A PostgreSQL identifier; `public` as a grantee is none and stays as it is."""
    return "public" if name == "public" else '"' + name.replace('"', '""') + '"'


def object_(kind: str, schema: str, name: str) -> str:
    """A PostgreSQL object as a statement names it; a routine's name has its argument types."""
    if kind in {"database", "schema"}:
        return f"{kind} {quoted(name)}"
    bare, arguments, rest = name.partition("(")
    return f"{'table' if kind == 'column' else kind} {quoted(schema)}.{quoted(bare)}{arguments}{rest}"


def revoke(target: Target) -> str:
    """The statement that takes an undeclared privilege away."""
    facts = {name: str(each) for name, each in target.facts.items() if name != "privileges"}
    given = ", ".join(texts(target.facts["privileges"]))
    if facts["owner"]:
        where = f" in schema {quoted(facts['schema'])}" if facts["schema"] else ""
        statement = (
            f"alter default privileges for role {quoted(facts['owner'])}{where} "
            f"revoke {given} on {facts['kind']}s from {quoted(facts['grantee'])}"
        )
    elif facts["kind"] == "column":
        table, _, column = facts["object"].rpartition(".")
        place = f"{quoted(facts['schema'])}.{quoted(table)}"
        statement = f"revoke {given} ({quoted(column)}) on {place} from {quoted(facts['grantee'])}"
    else:
        what = object_(facts["kind"], facts["schema"], facts["object"])
        statement = f"revoke {given} on {what} from {quoted(facts['grantee'])}"
    return psql(facts["database"], statement)
