"""`parity credential new` and `end`: a login at each database server that lasts as long as a job."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parity.cli.lazy_group import plain
from parity.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    import psycopg

app = plain("Make a database login for a job, and end it.")

_FROM = "PGROLE"
"""The variable that names the role as which a job's login acts; as of libpq's variables, each server has its own."""


@app.command("new")
def new(
    output: Annotated[
        Path,
        typer.Option(
            "--output", metavar="FILE", help="Add PGUSER and PGPASSWORD to this file as lines, as to $GITHUB_ENV."
        ),
    ],
    minutes: Annotated[
        int, typer.Option("--minutes", metavar="MINUTES", help="How long it may log in: longer than a job.", min=1)
    ] = 75,
) -> None:
    """Make a login at each database server that acts as the role in PGROLE.

    PGUSER and PGPASSWORD are of a role that may make logins and grant that one; what a login makes belongs to the role
    in PGROLE. Logins whose time is over are dropped. Where PGROLE is not set, PGUSER and PGPASSWORD are added as they
    are. A server with a name has variables of its own: PGROLE_ANALYTICS. Exits 2 where a server does not open or
    refuses.
    """
    from parity.config import servers
    from parity.vendors import job_logins
    from parity.vendors.job_logins import JobLogin

    until = datetime.now(UTC) + timedelta(minutes=minutes)
    lines: list[str] = []
    for server in _servers():
        user, password, role = (servers.variable(name, server) for name in ("PGUSER", "PGPASSWORD", _FROM))
        acts_as = os.environ.get(role, "")
        login = JobLogin(os.environ.get(user, ""), os.environ.get(password, ""))
        if acts_as:
            with _opened(server) as connection:
                login = job_logins.make(connection, acts_as, until)
                kept = job_logins.drop_ended(connection, acts_as)
            if os.environ.get("GITHUB_ACTIONS"):
                typer.echo(f"::add-mask::{login.password}")
            typer.echo(f"{login.user} acts as {acts_as} until {until:%H:%M} UTC")
            for each in kept:
                typer.echo(f"{each} has ended and cannot be dropped as {os.environ.get(user)}", err=True)
        else:
            typer.echo(f"{role} is not set: the login in {user} is used, which does not end")
        lines += [f"{user}={login.user}", f"{password}={login.password}"]
    output.touch(mode=0o600)
    with output.open("a", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)


@app.command("end")
def end() -> None:
    """End the logins that `parity credential new` made, by themselves.

    Their other sessions are ended and their passwords taken away; the next login that is made drops them. Another login
    in PGUSER is left as it is. Exits 2 where a server does not open.
    """
    from parity.config import servers
    from parity.vendors import job_logins

    for server in _servers():
        user = os.environ.get(servers.variable("PGUSER", server), "")
        if not user.startswith(job_logins.PREFIX):
            typer.echo(f"{user or 'no user'} is no login of a job")
            continue
        with _opened(server) as connection:
            job_logins.end(connection)
        typer.echo(f"{user} has ended")


def _servers() -> tuple[str, ...]:
    from parity.config import servers

    if found := servers.known(os.environ):
        return found
    raise UsageError("no database server is named", where="PGHOST", remedy="export PGHOST, PGUSER and PGPASSWORD")


@contextmanager
def _opened(server: str) -> Generator[psycopg.Connection[Any]]:
    """The server, as the login that the environment gives; what it refuses is the error of who called."""
    import psycopg

    from parity.config import servers
    from parity.errors import AccessError
    from parity.problems import ConfigProblem
    from parity.vendors.postgres import connect

    user, role = (servers.variable(name, server) for name in ("PGUSER", _FROM))
    try:
        with connect(servers.connection(os.environ, server)) as connection:
            yield connection
    except psycopg.Error as error:
        what = f"is refused what it asks: {' '.join(str(error).split())}."
        remedy = f"{user} needs CREATEROLE and the role in {role} with admin option (docs/delivery.md)."
        raise AccessError([ConfigProblem(None, None, None, user, what, remedy)]) from error
