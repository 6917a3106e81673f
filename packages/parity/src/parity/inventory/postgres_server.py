"""What confers rights or runs code on all of a PostgreSQL server: its roles, memberships, parameters and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.inventory.documents import texts
from parity.inventory.model import DatabaseObject, Membership, Server, VendorState
from parity.resources.commands import quoted
from parity.resources.postgresql import POWERS
from parity.vendors.job_logins import PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from parity.documents import Document
    from parity.inventory.postgres_objects import Rows


def read(rows: Rows, databases: Sequence[str]) -> VendorState:
    """Everything on the server that reaches into its databases, except the stack's own roles, which are compared."""
    roles, members = rows.rows["roles"], rows.rows["memberships"]
    owners = {str(each["owner"]) for each in rows.rows["databases"] if each["datname"] in databases}
    usual = {rows.user, *owners}
    things = [
        *_powerful(roles, members, usual | {row["rolname"] for row in roles if rows.is_ours(row["rolname"])}),
        *_predefined(row for row in members if not rows.is_ours(row["member"]) and row["member"] not in usual),
        *_parameters(rows.rows.get("parameters", [])),
        *_settings(row for row in rows.rows["settings"] if not row["role"] and not row["database"]),
    ]
    makers = {str(row["rolname"]) for row in roles if row["rolsuper"] or row["rolcreaterole"]}
    administrator = rows.user if rows.user in makers else min(owners, default="")
    return VendorState(things=tuple(things), servers={"": _server(administrator, roles, members)})


def _server(administrator: str, roles: Sequence[Document], members: Sequence[Document]) -> Server:
    chosen = sorted(
        (row for row in roles if row["rolsuper"] and row["rolcanlogin"]), key=lambda row: not row["builtin"]
    )
    return Server(
        administrator,
        tuple(row["rolname"] for row in chosen),
        frozenset(row["rolname"] for row in roles if row["rolcanlogin"]),
        tuple(
            Membership(row["role"], row["member"], row["grantor"], row["set_option"], row["admin_option"])
            for row in members
        ),
    )


def _thing(kind: str, name: str, note: str, undo: str, undone_by: str = "") -> DatabaseObject:
    return DatabaseObject("", kind, "", name, "", note=note, undo=undo, undone_by=undone_by)


def _powerful(
    roles: Sequence[Document], members: Sequence[Document], usual: Collection[str]
) -> Iterator[DatabaseObject]:
    """Logins that may do more than they were granted; PostgreSQL's own superuser is on every server."""
    powers = {str(row["rolname"]): [word for column, word in POWERS.values() if row[column]] for row in roles}
    for row in roles:
        name = str(row["rolname"])
        if name in usual or not row["rolcanlogin"] or row["builtin"]:
            continue
        if powers[name]:
            undo = f"alter role {quoted(name)} {' '.join(f'no{each}' for each in powers[name])}"
            yield _thing("administrator", name, ", ".join(powers[name]), undo)
        of_job = row["ends"] and name.startswith(PREFIX)
        for group, by, grantor in _becomes(name, members):
            if of_job and group in usual:
                continue  # it ends within a day, and is no more than the owner that it acts as
            if gained := [each for each in powers.get(group, []) if each not in powers[name]]:
                undo = f"revoke {quoted(by)} from {quoted(name)}"
                yield _thing("administrator", f"{name} as {group}", ", ".join(gained), undo, grantor)


def _becomes(name: str, members: Sequence[Document]) -> Iterator[tuple[str, str, str]]:
    """The roles that a login may become or give itself, each with its membership that leads there and the grantor.

    Attributes are not inherited: only who may SET ROLE, or may let itself, has them (PostgreSQL's page "Role
    Membership").
    """
    leads = [each for each in members if each["set_option"] or each["admin_option"]]
    seen = {name}
    ways = [(str(each["role"]), str(each["role"]), str(each["grantor"])) for each in leads if each["member"] == name]
    while ways:
        role, by, grantor = ways.pop(0)
        if role not in seen:
            seen.add(role)
            yield role, by, grantor
            ways += [(str(each["role"]), by, grantor) for each in leads if each["member"] == role]


def _predefined(members: Iterator[Document]) -> Iterator[DatabaseObject]:
    for row in members:
        if row["predefined"] and not row["builtin"]:
            undo = f"revoke {quoted(row['role'])} from {quoted(row['member'])}"
            name = f"{row['member']} in {row['role']}"
            yield _thing("predefined role", name, f"granted by {row['grantor']}", undo, row["grantor"])


def _parameters(rows: Sequence[Document]) -> Iterator[DatabaseObject]:
    for row in rows:
        grantee = row["grantee"] or "public"
        undo = f"revoke {row['privilege_type']} on parameter {row['name']} from {quoted(grantee)}"
        yield _thing("parameter", f"{grantee} on {row['name']}", row["privilege_type"], undo, row["grantor"] or "")


def _settings(rows: Iterator[Document]) -> Iterator[DatabaseObject]:
    for row in rows:
        for text in texts(row["setconfig"]):
            name, _, value = text.partition("=")
            yield _thing("setting of every role", name, value, f"alter role all reset {name}")
