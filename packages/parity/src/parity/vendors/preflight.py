"""Before the first resource: does each vendor open with what the environment gives? Every fault at once.

The providers find out one by one, and PostgreSQL's only when it makes its first role: by then other vendors' resources
exist. So the program asks first, all three at the same time.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import psycopg
import pulumi

from parity.config.errors import AccessError
from parity.config.problems import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.parameters import Catalog

LIMIT_SECONDS = 10
"""For one vendor's answer; the three are asked at the same time."""

_VERCEL = "https://api.vercel.com/v2/teams/{}"
_GITHUB = "https://api.github.com/repos/{}/{}"
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
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


def require(catalog: Catalog) -> None:
    """Stop the program where a vendor does not open.

    In a preview PostgreSQL is only warned of: nothing is made, and a machine that previews need not reach the database.

    Raises:
        pulumi.RunError: with the whole report; the engine shows it without a traceback and exits non-zero.
    """
    found = look(catalog, os.environ)
    grave = [each.fault for each in found if each.fault and not (each.name == "PostgreSQL" and _previewing())]
    if grave:
        raise pulumi.RunError(str(AccessError(grave)))
    for each in found:
        if each.fault:
            pulumi.log.warn(f"{each.fault.key} {each.fault.what} An update will stop here. {each.fault.remedy}")


def look(catalog: Catalog, environ: Mapping[str, str]) -> list[Vendor]:
    """Ask each vendor for the one thing that everything else is under: the team, the repository, the server."""
    with ThreadPoolExecutor(3) as pool:
        asked = (
            pool.submit(vercel, catalog.vercel_team, environ),
            pool.submit(github, catalog.repository.owner, catalog.repository.name, environ),
            pool.submit(postgres, environ),
        )
        return [each.result() for each in asked]


def vercel(team: str, environ: Mapping[str, str]) -> Vendor:
    """The Vercel team, opened with `VERCEL_API_TOKEN`."""
    what = f"does not open the team {team} at Vercel"
    remedy = "A token of that team is made at https://vercel.com/account/settings/tokens; or correct `vercel_team`."
    url = _VERCEL.format(urllib.parse.quote(team, safe=""))
    return Vendor("Vercel", f"team {team}", *_token("VERCEL_API_TOKEN", url, what, remedy, environ))


def github(owner: str, name: str, environ: Mapping[str, str]) -> Vendor:
    """The repository, opened with `GITHUB_TOKEN`."""
    what = f"does not open the repository {owner}/{name} at GitHub"
    rights = "the rights that docs/how-to/use-your-own-accounts.md lists"
    remedy = f"The token needs this repository and {rights}; or correct `repository`."
    url = _GITHUB.format(urllib.parse.quote(owner, safe=""), urllib.parse.quote(name, safe=""))
    return Vendor("GitHub", f"repository {owner}/{name}", *_token("GITHUB_TOKEN", url, what, remedy, environ))


def postgres(environ: Mapping[str, str]) -> Vendor:
    """The administrator's login, and whether it may do what the program needs."""
    host = environ.get("PGHOST", "")
    if not host:
        remedy = "Export PGHOST, PGPORT, PGUSER, PGPASSWORD and PGSSLMODE of the administrator."
        return Vendor("PostgreSQL", "server", _fault("PGHOST", "is not set.", remedy), given=False)
    port, user, database, sslmode = (environ.get(name) or default for name, default in _DEFAULTS.items())
    where = f"{host}:{port} as {user}"
    try:
        with psycopg.connect(
            host=host,
            port=port,
            user=user,
            password=environ.get("PGPASSWORD", ""),
            dbname=database,
            sslmode=sslmode,
            connect_timeout=LIMIT_SECONDS,
        ) as connection:
            row = connection.execute(
                "select rolsuper or (rolcreatedb and rolcreaterole) from pg_roles where rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        # libpq names host, port and user, and never the password.
        said = " ".join(str(error).split())
        remedy = "Correct PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLMODE, or open the way to the server."
        return Vendor("PostgreSQL", where, _fault("PostgreSQL", f"cannot be used at {where}: {said}.", remedy))
    if row is None or not row[0]:
        what = f"lets {user} make no databases or no roles."
        remedy = f"`alter role {user} createdb createrole`, or log in as another administrator."
        return Vendor("PostgreSQL", where, _fault("PostgreSQL", what, remedy))
    return Vendor("PostgreSQL", where)


def _token(
    name: str, url: str, what: str, remedy: str, environ: Mapping[str, str]
) -> tuple[ConfigProblem | None, bool]:
    """The fault of a token, and whether there is one. Only what the vendor says of the token counts as its fault."""
    token = environ.get(name, "")
    if not token:
        return _fault(name, "is not set.", f"Export it. {remedy}"), False
    if not token.isascii() or not token.isprintable() or " " in token:
        # Python's own complaint would show the value.
        return _fault(name, "has white space or a character that no token has.", "Export it again."), True
    try:
        status = _status(url, token)
    except OSError as error:
        host = urllib.parse.urlsplit(url).hostname
        reason = getattr(error, "reason", error)
        return _fault(name, f"could not be tried: {host} cannot be reached: {reason}.", "Open the way to it."), True
    return (_fault(name, f"{what}: it answers {status}.", remedy) if status in _REFUSED else None), True


def _status(url: str, token: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}", "User-Agent": "parity"})  # noqa: S310 - https
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:  # noqa: S310 - https
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            limited = error.headers.get("x-ratelimit-remaining") == "0"
            return HTTPStatus.TOO_MANY_REQUESTS if limited else error.code


def _fault(key: str, what: str, remedy: str) -> ConfigProblem:
    return ConfigProblem(None, None, None, key, what, remedy)


def _previewing() -> bool:
    return pulumi.runtime.is_dry_run()
