"""What the engine's own deletions, which come last, leave in the way: variables of a build, and what a login owns.

Variables that are not declared any more are removed before the engine starts: a deployment of the same update would be
built with them. Deployments that are there keep their own. The engine's own deletion then finds nothing, which is no
fault; an update that dies in between is followed by one that does the same.

What a login that could not be dropped owns or was granted is given away, so that the next update drops it.
Where `public` belonged to another role, every role could create in it, and DROP ROLE would be refused for good. The
engine tries to drop a login only after everything that used it is gone, so nothing that serves users is touched.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from parity.config import servers
from parity.errors import UpdateError
from parity.inventory.keys import databases_on, server_of
from parity.resources import kinds
from parity.resources.urn import Urn, short_urn
from parity.vendors import services
from parity.vendors.http import Client, NotFound, VendorError
from parity.vendors.postgres import connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parity.engine.events import Progress
    from parity.engine.state import State
    from parity.evaluate.graph import Graph
    from parity.evaluate.stack import Stack

_DEPENDS = """
select exists (select from pg_shdepend d join pg_database b on b.oid = d.dbid
               where b.datname = current_database() and d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid)
from pg_roles r where r.rolname = %s
"""
"""Whether a role owns anything in this database or stands in an access list."""


def hand_over(stack: Stack, graph: Graph, state: State, progress: Progress) -> list[str]:
    """Reassign and drop what the logins own in the stack's databases that the update tried in vain to drop.

    The graph is of after the update, the state of before it.

    Returns:
        A line for each login, for people; none where nothing held one.
    """
    tried = [each.urn for each in progress.operations if each.operation == "delete" and not each.done]
    roles = [found for urn in tried if Urn.parse(urn).type == kinds.ROLE and (found := state.of(urn))]
    on = databases_on(graph)
    return [
        line
        for each in roles
        for database, owner in _owners(graph).items()
        if on[database] == server_of(each)
        if (line := _said(stack, on[database], database, str(each.outputs["name"]), owner))
    ]


def _said(stack: Stack, server: str, database: str, role: str, owner: str) -> str:
    try:
        if not _in(servers.connection(stack.pulumi.environment, server), database, role, owner):
            return ""
    except psycopg.Error as error:
        what = f"What {role} owns in {database} could not be given to {owner}: {str(error).strip()}."
        return f"{what} As a superuser, in {database}: `reassign owned by {role} to {owner}; drop owned by {role}`"
    return f"What {role} owned in {database} belongs to {owner} now. `parity up {stack.name}` drops the login"


def _owners(graph: Graph) -> dict[str, str]:
    """The owner role of each database, which owns its schemas."""
    schemas = [each.inputs for each in graph.resources.values() if each.type == kinds.SCHEMA]
    return {str(each["database"]): str(each["owner"]) for each in schemas if each.get("owner")}


def _in(environment: Mapping[str, str], database: str, role: str, owner: str) -> bool:
    """Whether anything held the role. One transaction: the administrator is in both roles for as long as it takes."""
    with connect(environment, database, row_factory=dict_row) as connection, connection.transaction():
        row = connection.execute(_DEPENDS, (role,)).fetchone()
        if row is None or not row["exists"]:
            return False
        names = {"role": Identifier(role), "owner": Identifier(owner), "me": Identifier(connection.info.user)}
        lent = [each for each in (role, owner) if not _has(connection, each)]
        for each in lent:
            connection.execute(SQL("grant {} to {me}").format(Identifier(each), **names))
        connection.execute(SQL("reassign owned by {role} to {owner}").format(**names))
        connection.execute(SQL("drop owned by {role}").format(**names))
        for each in lent:
            connection.execute(SQL("revoke {} from {me}").format(Identifier(each), **names))
    return True


def _has(connection: psycopg.Connection[dict[str, bool]], role: str) -> bool:
    """Whether the administrator has the role's rights already."""
    row = connection.execute("select pg_has_role(%s, 'USAGE') as has", (role,)).fetchone()
    return row is not None and row["has"]


def remove(removed: Sequence[Sequence[str]], team: str, environment: Mapping[str, str]) -> None:
    """Delete each variable at Vercel; one that is not there is as it should be.

    `removed` has of each its URN, Vercel's id of the project and its own; `team` is an id or slug.

    Raises:
        UpdateError: Vercel could not be asked, or refused; no deployment was made.
    """
    if removed:
        asyncio.run(_remove(removed, Client(services.vercel(environment.get(services.VERCEL_TOKEN, ""), team))))


async def _remove(removed: Sequence[Sequence[str]], vercel: Client) -> None:
    async with vercel:
        for urn, project, variable in removed:
            try:
                await vercel.request("DELETE", f"/v9/projects/{project}/env/{variable}")
            except NotFound:
                continue
            except VendorError as error:
                raise UpdateError(
                    f"the variable is not declared any more and could not be removed, so nothing was built: {error}",
                    where=short_urn(urn),
                    remedy="run the update again once Vercel answers; the token must be allowed to delete variables",
                ) from error
