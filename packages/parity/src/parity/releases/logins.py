"""Asks PostgreSQL whether a release's database credentials still log in, as the role of their generation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from parity.config import passwords, servers
from parity.masked import MASK
from parity.vendors.postgres import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity.config.secret import Secret
    from parity.config.settings import Settings


@dataclass(frozen=True)
class Login:
    """One login: who, where, and with what."""

    role: str
    database: str
    password: Secret = field(repr=False)
    where: Mapping[str, str] = field(repr=False)
    """libpq's variables that lead to the server."""

    @property
    def title(self) -> str:
        """The login in words."""
        return f"{self.role} to {self.database}"


def of(settings: Settings, application: str, generation: int, environment: Mapping[str, str]) -> tuple[Login, ...]:
    """The logins of one generation of an application.

    Where the environment leads to the database's server, it is asked there: Pulumi made the roles on it, a person or a
    runner can reach it, and it judges the password as it does for the application. Else it is asked at the host that
    the stack's file gives.
    """
    found = settings.catalog.application(application)
    logins: list[Login] = []
    for database in found.databases:
        own, server = settings.databases[database], settings.server(database)
        role = settings.names.application_role(database, application, generation)
        declared = {"PGHOST": own.host, "PGPORT": str(own.port), "PGSSLMODE": own.sslmode}
        where = declared if servers.missing(environment, server) else servers.connection(environment, server)
        password = passwords.derive(settings.secret, role, generation)
        logins.append(Login(role, settings.names.database(database), password, where))
    return tuple(logins)


def refused(logins: tuple[Login, ...]) -> dict[str, str]:
    """Try each login once; the server's words, or why it could not be asked, by login that failed."""
    if not logins:
        return {}
    with ThreadPoolExecutor(len(logins)) as pool:
        said = pool.map(_try, logins)
    return {login.title: words for login, words in zip(logins, said, strict=True) if words}


def _try(login: Login) -> str:
    try:
        with connect(login.where, login.database, user=login.role, password=login.password.reveal()) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        words = "; ".join((str(error).strip() or type(error).__name__).splitlines())
        return words.replace(login.password.reveal(), MASK)
    return ""
