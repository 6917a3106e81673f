"""The statements that take a role, or the right to give it on, from its member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.resources.commands import Sql, quoted

if TYPE_CHECKING:
    from parity.inventory.model import Server


def revoked(server: Server, role: str, member: str, *, option: str = "", keep: str = "") -> list[Sql]:
    """Revoke a membership as each of its grantors: from version 16 on no other may, and each gave one of its own.

    Args:
        server: the server's memberships.
        role: the role.
        member: who is in it.
        option: `admin option for `, where that alone is to go.
        keep: a grantor whose membership stays.
    """
    return [
        Sql("postgres", f"revoke {option}{quoted(role)} from {quoted(member)}", grantor)
        for grantor in server.grantors(role, member)
        if grantor != keep
    ]
