"""One PostgreSQL cluster in the sandbox's folder: set up, start, stop, kill, and stop what a killed sandbox left."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from parity_sandbox.copies import copy_folder
from parity_sandbox.errors import PostgresError
from parity_sandbox.postgres import ADMINISTRATOR
from parity_sandbox.postgres.binaries import Binaries
from parity_sandbox.postgres.identity import Identity, identity_for
from parity_sandbox.postgres.processes import STOP_SECONDS, stop_leftover, tail
from parity_sandbox.postgres.settings import HOST_RULES, arguments

SUPERUSER = "postgres"
_INITDB = (
    "--no-sync",
    "--no-instructions",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--wal-segsize=1",
)
_POLL_SECONDS = 0.02
_START_SECONDS = 60.0
_LEFTOVER = "is still in use"
_TAKEN = "Address already in use"
_STATUS_LINE = 8
_READY = "ready"


class AddressTaken(PostgresError):
    """The port was taken between the moment it was found free and PostgreSQL's start."""


@dataclass
class Cluster:
    """The cluster in `folder`, run by `binaries`."""

    folder: Path
    binaries: Binaries
    superuser_password: str = field(repr=False)
    administrator_password: str = field(repr=False)
    port: int = 0
    identity: Identity = field(init=False)
    _process: subprocess.Popen[Any] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Choose the user it runs as."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.identity = identity_for(self.folder, self.binaries.postgres)

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.folder / "postgres.log"

    @property
    def is_running(self) -> bool:
        """Whether the server's process is alive."""
        return self._process is not None and self._process.poll() is None

    def create(self) -> bool:
        """Set the cluster up where there is none yet; says whether it did. An interrupted one is begun afresh."""
        if self.folder.stat().st_uid != self.identity.uid:
            self.identity.own(self.folder)
        if self.data.exists():
            return False
        self._initialise(self.data)
        return True

    def empty(self) -> None:
        """Put a new, empty cluster in the place of the stopped one; quick from the second time on."""
        pristine, fresh = self.folder / "pristine", self.folder / "data.new"
        if not pristine.exists():
            self._initialise(pristine)
        shutil.rmtree(fresh, ignore_errors=True)
        copy_folder(pristine, fresh, before=self.data)
        shutil.rmtree(self.data)
        fresh.rename(self.data)

    def _initialise(self, target: Path) -> None:
        """Run initdb; `target` appears only when it is complete."""
        fresh, password = self.folder / f"{target.name}.new", self.folder / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        password.touch(mode=0o600)
        self.identity.own(password)
        password.write_text(self.superuser_password)
        command = self.identity.command(
            self.binaries.initdb, "-D", fresh, "-U", SUPERUSER, f"--pwfile={password}", *_INITDB
        )
        try:
            self._run_initdb(command)
        finally:
            password.unlink()
        fresh.rename(target)

    def _run_initdb(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=_START_SECONDS * 2,
            **self.identity.spawn_options(),
        )
        if done.returncode:
            raise PostgresError(
                f"initdb of {self.binaries.folder} failed in {self.folder}: {done.stderr.strip()[-1500:]}. "
                "Name another PostgreSQL with --postgres, or another folder with --dir."
            )

    def start(self, port: int) -> None:
        """Start the server on `port` and wait until it answers; stops first what a killed sandbox left running.

        Raises:
            AddressTaken: where the port is taken.
            PostgresError: where the server ends by itself, or is not ready within the deadline.
        """
        self.stop_orphan()
        (self.data / "pg_hba.conf").write_text(HOST_RULES)
        self.port = port
        deadline = time.monotonic() + _START_SECONDS
        self._spawn()
        while not self._answers():
            if time.monotonic() > deadline:
                raise PostgresError(
                    f"PostgreSQL was not ready in {_START_SECONDS:.0f} s. Its log ends: {tail(self.log)}"
                )
            if not self.is_running:
                self._explain_end()
                self._spawn()
            time.sleep(_POLL_SECONDS)
        self._prepare()

    def stop(self) -> None:
        """Stop the server in PostgreSQL's fast mode, at once where that takes too long."""
        if self._process is None:
            return
        process, self._process = self._process, None
        for how in (signal.SIGINT, signal.SIGQUIT):
            if process.poll() is None:
                process.send_signal(how)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return
        raise PostgresError(f"PostgreSQL, process {process.pid}, does not stop. End it by hand: kill -9 {process.pid}")

    def kill(self) -> None:
        """SIGKILL the server, as a crash would; `start` recovers it."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        self._process = None

    def stop_orphan(self) -> bool:
        """Stop a server that outlived its sandbox; says whether there was one. Touches no other PostgreSQL."""
        return not self.is_running and stop_leftover(self.data)

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A connection as superuser, in autocommit."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.superuser_password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
            sslmode="disable",
        )

    def _spawn(self) -> None:
        self.log.touch()
        self._log_start = self.log.stat().st_size
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.identity.command(
                    self.binaries.postgres, "-D", self.data, *arguments(self.folder, self.binaries, self.port)
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **self.identity.spawn_options(),
            )

    def _explain_end(self) -> None:
        """Raise for a server that ended by itself; return where trying again will do."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            said = log.read().decode(errors="replace")
        if _TAKEN in said:
            raise AddressTaken(
                f"Port {self.port} on 127.0.0.1 was taken by another program. Leave the port out, or free it."
            )
        if _LEFTOVER not in said:
            raise PostgresError(f"PostgreSQL ended while it started ({self.data}). Its log ends: {tail(self.log)}")

    def _is_ready(self) -> bool:
        """Whether the server that was started says that it is ready, in its postmaster.pid (miscadmin.h: line 8).

        An answer at the port alone does not show it: another sandbox's server may listen there, with the same password
        where one folder is a copy of the other.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return (
            self._process is not None
            and len(lines) >= _STATUS_LINE
            and lines[0] == str(self._process.pid)
            and lines[_STATUS_LINE - 1].strip() == _READY
        )

    def _answers(self) -> bool:
        if not self._is_ready():
            return False
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if self.is_running and re.search("password authentication failed", str(error)):
                raise PostgresError(
                    f"PostgreSQL in {self.data} does not accept the password in the sandbox's credentials.json: they "
                    "belong to different sandboxes. `parity sandbox down --wipe` starts afresh."
                ) from error
            return False
        return self.is_running

    def _prepare(self) -> None:
        """Make the administrator that Pulumi uses, where there is none; no superuser, as on managed services."""
        with self.connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ADMINISTRATOR,)).fetchone()
            if known:
                return
            name = sql.Identifier(ADMINISTRATOR)
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                    name, sql.Literal(self.administrator_password)
                )
            )
            connection.execute(sql.SQL("GRANT pg_signal_backend TO {}").format(name))
