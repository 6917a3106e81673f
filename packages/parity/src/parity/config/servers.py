"""The database servers: which there are, and where the administrator of each logs in.

A database of the catalog may name its server. The administrator of a server with a name logs in with libpq's variables,
each with the name as its suffix: `PGHOST_ANALYTICS`. Databases that name none are on the server that `PGHOST` and the
other variables lead to; its name is empty here.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TypedDict

from parity.config.names import as_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.parameters import Catalog

VARIABLES = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGDATABASE")
"""libpq's, of one server's administrator; the last has a default, `postgres`."""

REHEARSAL = "rehearsal"
"""The name of the server on which migrations are rehearsed: `PGHOST_REHEARSAL`. No stack's database is on it."""

_LOGIN = ("PGUSER", "PGPASSWORD")
_PROVIDER = "postgresql"


def of(catalog: Catalog) -> tuple[str, ...]:
    """The names of the servers, in the catalog's order; one without a name where there is no database."""
    return tuple(dict.fromkeys(each.server or "" for each in catalog.databases)) or ("",)


def variable(name: str, server: str) -> str:
    """One of libpq's variables as the environment has it for a server: `PGHOST`, `PGHOST_ANALYTICS`."""
    return f"{name}_{as_variable(server)}" if server else name


def connection(environ: Mapping[str, str], server: str) -> dict[str, str]:
    """The environment in which libpq's variables are those of a server's administrator, and of no other server."""
    rest = {name: value for name, value in environ.items() if name not in VARIABLES}
    own = {name: environ[variable(name, server)] for name in VARIABLES if environ.get(variable(name, server))}
    return {**rest, **own}


def missing(environ: Mapping[str, str], server: str) -> tuple[str, ...]:
    """The variables without which the server is not known; all but the last of a server with a name.

    What is not set for such a server is never taken from another one's.
    """
    needed = VARIABLES[:-1] if server else VARIABLES[:1]
    return tuple(variable(name, server) for name in needed if not environ.get(variable(name, server)))


def known(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The servers that the environment leads to, whatever the catalog says; a name in capitals serves as well."""
    found = (re.fullmatch(r"PGHOST(?:_([A-Z0-9_]+))?", name) for name, value in environ.items() if value)
    names = (match[1] or "" for match in found if match)
    return tuple(sorted(each for each in names if each != as_variable(REHEARSAL)))


def connections(environ: Mapping[str, str]) -> list[dict[str, str]]:
    """The administrator's connection of each server that the environment leads to, once whatever its names."""
    found: list[dict[str, str]] = []
    for server in known(environ):
        own = connection(environ, server)
        found += [] if own in found else [own]
    return found


def shell(server: str) -> str:
    """What a command of a shell begins with that is to reach a server's administrator, with a space after it."""
    names = VARIABLES[:-1] if server else ()
    return "".join(f'{name}="${variable(name, server)}" ' for name in names)


# --- The engine's providers -------------------------------------------------------------------------------------------


def provider_name(server: str) -> str:
    """The name of the server's provider in the program."""
    return f"{_PROVIDER}-{server}" if server else _PROVIDER


def of_provider(name: str) -> str:
    """The server of a provider of that name."""
    return name.removeprefix(_PROVIDER).removeprefix("-")


class Address(TypedDict, total=False):
    """Where a provider connects."""

    host: str
    port: int
    sslmode: str
    database: str
    database_username: str


def provider_address(server: str) -> Address:
    """Where the provider of a server with a name connects; the provider reads the other's variables by itself.

    They are recorded, so that a command of the engine that runs no program finds the server again. Who logs in is not:
    a preview may do so as another role than an update (`login_variables`). Where `PGOWNER` names the role as which each
    job's login acts (`parity.vendors.job_logins`), the provider makes that one the owner of a database.
    """
    owner = os.environ.get(variable("PGOWNER", server), "")
    own = connection(os.environ, server) if server else {}
    found: Address = {"database_username": owner} if owner else {}
    if "PGHOST" not in own:
        return found
    return found | {
        "host": own["PGHOST"],
        "port": int(own.get("PGPORT", "5432")),
        "sslmode": own.get("PGSSLMODE", "require"),
        "database": own.get("PGDATABASE", "postgres"),
    }


def login_variables(server: str) -> dict[str, str] | None:
    """The variables of the environment that the provider of a server is to see under libpq's names."""
    return {variable(name, server): name for name in _LOGIN} if server else None
