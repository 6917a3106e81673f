"""Before the first resource: does each vendor open with what the environment gives? Every fault at once.

The providers find out one by one, and PostgreSQL's only when it makes its first role: by then other vendors' resources
exist. So the program asks first, all of them at the same time.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

import psycopg

from parity.config import servers
from parity.problems import ConfigProblem
from parity.vendors import services
from parity.vendors.http import Client, Forbidden, Limits, NotFound, Unauthorized, VendorError
from parity.vendors.postgres import MAKES, SECONDS, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parity.config.parameters import Catalog
    from parity.vendors.http import Service

_DEFAULTS = {"PGPORT": "5432", "PGUSER": "postgres", "PGDATABASE": "postgres", "PGSSLMODE": "require"}
"""What PostgreSQL's provider takes where the environment says nothing."""


@dataclass(frozen=True)
class Vendor:
    """One vendor as it was met."""

    name: Literal["Vercel", "GitHub", "PostgreSQL"]
    where: str
    """What was asked for: a team, a repository, a server."""
    fault: ConfigProblem | None = None
    given: bool = True
    """Whether the environment names it at all."""
    opens: bool = False
    """Whether only rights are missing, which a preview does not need."""


def ask(catalog: Catalog, environ: Mapping[str, str]) -> list[Vendor]:
    """Ask each vendor for the one thing that everything else is under: the team, the repository, each server."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        asked = (
            pool.submit(vercel, catalog.vercel_team, environ),
            pool.submit(github, catalog.repository.owner, catalog.repository.name, environ),
            *(pool.submit(postgres, environ, server) for server in servers.of(catalog)),
        )
        return [each.result() for each in asked]


def vercel(team: str, environ: Mapping[str, str]) -> Vendor:
    """The Vercel team, opened with `VERCEL_API_TOKEN`."""
    what = f"does not open the team {team} at Vercel"
    remedy = "A token of that team is made at https://vercel.com/account/settings/tokens; or correct `vercel_team`."
    path = f"/v2/teams/{quote(team, safe='')}"
    found = _token(services.VERCEL_TOKEN, services.vercel, path, environ, what=what, remedy=remedy)
    return Vendor("Vercel", f"team {team}", *found)


def github(owner: str, name: str, environ: Mapping[str, str]) -> Vendor:
    """The repository, opened with `GITHUB_TOKEN`."""
    what = f"does not open the repository {owner}/{name} at GitHub"
    remedy = (
        "The token needs this repository and the rights that docs/how-to/use-your-own-accounts.md lists; "
        "or correct `repository`."
    )
    path = f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}"
    found = _token(services.GITHUB_TOKEN, services.github, path, environ, what=what, remedy=remedy)
    return Vendor("GitHub", f"repository {owner}/{name}", *found)


def postgres(environ: Mapping[str, str], server: str = "") -> Vendor:
    """The login of a server's administrator, and whether it may do what the program needs."""
    variables = ", ".join(servers.variable(name, server) for name in servers.VARIABLES[:-1])
    if missing := servers.missing(environ, server):
        what = "is not set." if len(missing) == 1 else "are not set."
        fault = fault_of(", ".join(missing), what, f"Export those of the server's administrator: {variables}.")
        return Vendor("PostgreSQL", f"server {server}".strip(), fault, given=False)
    own = {**_DEFAULTS, **servers.connection(environ, server)}
    user = own["PGUSER"]
    where = f"{own['PGHOST']}:{own['PGPORT']} as {user}"
    try:
        with connect(own) as connection:
            row = connection.execute(MAKES).fetchone()
    except psycopg.Error as error:
        # libpq names host, port and user, and never the password.
        said = " ".join(str(error).split())
        remedy = f"Correct {variables}, or open the way to the server."
        return Vendor("PostgreSQL", where, fault_of("PostgreSQL", f"cannot be used at {where}: {said}.", remedy))
    if row is None or not row[0]:
        what = f"lets {user} make no databases or no roles."
        remedy = f"`alter role {user} createdb createrole`, or log in as another administrator."
        return Vendor("PostgreSQL", where, fault_of("PostgreSQL", what, remedy), opens=True)
    return Vendor("PostgreSQL", where)


def _token(
    name: str, service: Callable[[str], Service], path: str, environ: Mapping[str, str], *, what: str, remedy: str
) -> tuple[ConfigProblem | None, bool]:
    """The fault of a token, and whether there is one. Only what the vendor says of the token counts as its fault."""
    token = environ.get(name, "")
    if not token:
        return fault_of(name, "is not set.", f"Export it. {remedy}"), False
    if not is_token(token):
        # Python's own complaint would show the value.
        return fault_of(name, "has white space or a character that no token has.", "Export it again."), True
    asked = service(token)
    try:
        asyncio.run(_open(asked, path))
    except (Unauthorized, Forbidden, NotFound) as error:
        return fault_of(name, f"{what}: it answers {error.status}.", remedy), True
    except VendorError as error:
        if error.status is None:
            host = urlsplit(asked.base_url).hostname
            said = f"could not be tried: {host} cannot be reached: {error.message}."
            return fault_of(name, said, "Open the way to it."), True
    return None, True


def is_token(text: str) -> bool:
    """Whether a text may be a token, which goes into a header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


async def _open(service: Service, path: str) -> None:
    """Ask once; a vendor that is busy is left to its provider, which waits longer."""
    async with Client(service, limits=Limits(request_seconds=SECONDS, deadline_seconds=0)) as client:
        await client.request("GET", path)


def fault_of(key: str, what: str, remedy: str) -> ConfigProblem:
    """One that stands in no file: of a variable, a token, a server."""
    return ConfigProblem(None, None, None, key, what, remedy)
