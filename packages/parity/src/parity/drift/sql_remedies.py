"""The SQL statements that put PostgreSQL's findings right where an update does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.documents import texts
from parity.resources import kinds
from parity.resources.commands import SUPERUSER, Sql, default_privileges, quoted
from parity.resources.postgresql import POWERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.drift.model import Finding
    from parity.inventory.model import Server

_TIMEOUTS = {
    "statementTimeout": "statement_timeout",
    "idleInTransactionSessionTimeout": "idle_in_transaction_session_timeout",
}


def of(finding: Finding, server: Server) -> list[Sql]:
    """The statements for a finding; none where an update, or another vendor's command, puts it right."""
    given: list[Sql] = finding.facts.get("sql") or []
    make = _BY_TYPE.get(finding.type)
    if given or make is None or finding.kind == "missing":
        return given
    return make(finding, server)


def revoked(server: Server, role: str, member: str, *, option: str = "", keep: str = "") -> list[Sql]:
    """Revoke a membership as each of its grantors: from version 16 on no other may, and each gave one of its own.

    `option` is `admin option for ` where that alone is to go; `keep` is a grantor whose membership stays.
    """
    return [
        Sql("postgres", f"revoke {option}{quoted(role)} from {quoted(member)}", grantor)
        for grantor in server.grantors(role, member)
        if grantor != keep
    ]


def _role(finding: Finding, server: Server) -> list[Sql]:
    if not finding.path:
        mine = server.may_give(server.administrator, finding.key[0])
        return [Sql("postgres", f"drop role {quoted(finding.key[0])}", "" if mine else SUPERUSER)]
    name, path = quoted(finding.key[0]), finding.path
    before, now = finding.facts.get("wanted"), finding.facts.get("now")
    if path in POWERS:
        return [Sql("postgres", f"alter role {name} {'' if before else 'no'}{POWERS[path][1]}", SUPERUSER)]
    if path in _TIMEOUTS:
        return [Sql("postgres", f"alter role {name} set {_TIMEOUTS[path]} = {before or 0}")]
    if path.startswith("setting."):
        return [_reset("role", finding)]
    if path.startswith("roles."):
        role, member = path.removeprefix("roles."), finding.key[0]
        return revoked(server, role, member, option="admin option for ", keep=server.administrator)
    if path == "roles":
        more = sorted(set(texts(now)) - set(texts(before)))
        found = [each for role in more for each in revoked(server, role, finding.key[0])]
        return found if any(each.role != server.administrator for each in found) else []
    return []


def _reset(kind: str, finding: Finding) -> Sql:
    name, _, database = finding.path.removeprefix("setting.").partition(" in ")
    where = f" in database {quoted(database)}" if database else ""
    return Sql(database or "postgres", f"alter {kind} {quoted(finding.key[0])}{where} reset {name}")


def _database(finding: Finding, server: Server) -> list[Sql]:
    name, wanted = quoted(finding.key[0]), finding.facts.get("wanted")
    if not finding.path:
        mine = server.administrator
        return [Sql("postgres", f"alter database {name} owner to {quoted(mine)}", SUPERUSER)]
    if finding.path.startswith("setting."):
        return [_reset("database", finding)]
    change = {
        "owner": f"owner to {quoted(str(wanted))}",
        "connectionLimit": f"connection limit {wanted}",
        "isTemplate": f"is_template {str(bool(wanted)).lower()}",
        "allowConnections": f"allow_connections {str(bool(wanted)).lower()}",
    }.get(finding.path)
    role = SUPERUSER if finding.path == "owner" else ""
    return [Sql("postgres", f"alter database {name} {change}", role)] if change else []


def _schema(finding: Finding, _: Server) -> list[Sql]:
    if finding.path == "owner":
        text = f"alter schema {quoted(finding.key[1])} owner to {quoted(str(finding.facts.get('wanted')))}"
        return [Sql(finding.key[0], text, SUPERUSER)]
    if finding.path:
        return []
    return [Sql(finding.key[0], f"drop schema {quoted(finding.key[1])}", str(finding.facts.get("owner") or ""))]


def _extension(finding: Finding, _: Server) -> list[Sql]:
    if not finding.path:
        return [Sql(finding.key[0], f"drop extension {quoted(finding.key[1])}", finding.by)]
    if finding.path == "schema" and finding.cause != "not applied":
        # Its objects belong to a superuser, whoever created a trusted extension.
        text = f"alter extension {quoted(finding.key[1])} set schema {quoted(str(finding.facts.get('wanted')))}"
        return [Sql(finding.key[0], text, SUPERUSER)]
    if finding.path != "version":
        return []
    text = f"alter extension {quoted(finding.key[1])} update to '{finding.facts.get('wanted')}'"
    return [Sql(finding.key[0], text, finding.by)]


def _default(finding: Finding, _: Server) -> list[Sql]:
    """The provider does not see what PUBLIC has by default."""
    if finding.kind != "changed" or finding.key[2] != "public":
        return []
    database, owner, role, kind, schema = finding.key
    return [Sql(database, default_privileges(owner, schema, f"revoke all on {kind}s from {quoted(role)}"), owner)]


_BY_TYPE: dict[str, Callable[[Finding, Server], list[Sql]]] = {
    kinds.ROLE: _role,
    kinds.DATABASE: _database,
    kinds.SCHEMA: _schema,
    kinds.EXTENSION: _extension,
    kinds.DEFAULT: _default,
}
