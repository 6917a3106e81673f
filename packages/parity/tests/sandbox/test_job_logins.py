"""A login that lasts as long as a job, on a real server: what it may, whose its works are, and that it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from parity.recover import inflight
from parity.vendors import job_logins
from parity.vendors.postgres import connect
from support import job_roles
from support.job_roles import DELIVER, OWNER, PLAN
from support.paths import ROOT
from support.small_program import SmallProgram

if TYPE_CHECKING:
    from pathlib import Path

    from parity.vendors.job_logins import JobLogin
    from support.sandboxes import Sandbox
    from support.warm import Warm

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

SOON = timedelta(minutes=5)


class Server:
    """The sandbox's server, with the roles of docs/delivery.md."""

    def __init__(self, directory: Path, environment: dict[str, str], *databases: str) -> None:
        self.environment = environment
        self.superuser: str = json.loads((directory / "credentials.json").read_text())["postgres_superuser"]
        job_roles.set_up(directory, environment, databases)

    def as_(self, user: str, password: str) -> psycopg.Connection[Any]:
        return connect({**self.environment, "PGUSER": user, "PGPASSWORD": password})

    def make(self, by: str, role: str, lasts: timedelta = SOON) -> JobLogin:
        with self.as_(by, job_roles.PASSWORDS[by]) as connection:
            return job_logins.make(connection, role, datetime.now(UTC) + lasts)

    def opens(self, login: JobLogin) -> bool:
        try:
            self.as_(login.user, login.password).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" not in str(error):
                raise
            return False
        return True


@pytest.fixture(scope="module")
def server(shared_sandbox: Sandbox) -> Server:
    return Server(shared_sandbox.directory, shared_sandbox.environment)


def test_a_login_acts_as_its_role_alone_and_ends(server: Server):
    login = server.make(DELIVER, OWNER)
    other = server.make(DELIVER, OWNER)
    with server.as_(login.user, login.password) as connection, server.as_(login.user, login.password) as more:
        assert connection.execute("select current_user, session_user").fetchone() == (OWNER, login.user)
        connection.execute("create database made")
        made = connection.execute("select pg_get_userbyid(datdba) from pg_database where datname = 'made'")
        assert made.fetchone() == (OWNER,)
        job_logins.end(connection)
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            more.execute("select 1")
    assert not server.opens(login)
    assert server.opens(other), "that of another job goes on"

    # Where a job was killed, its login ends by the server's clock; the next one that is made drops it.
    late = server.make(DELIVER, OWNER, timedelta(seconds=-1))
    assert not server.opens(late)
    with server.as_(DELIVER, job_roles.PASSWORDS[DELIVER]) as connection:
        assert job_logins.drop_ended(connection, OWNER) == []
        left = connection.execute("select rolname from pg_roles where starts_with(rolname, %s)", (job_logins.PREFIX,))
        names = {name for (name,) in left}
    assert (late.user in names, {login.user, other.user} <= names) == (False, True)


AWS = f"""#!{sys.executable}
import os, sys
import botocore.session, psycopg
assert sys.argv[1:4] == ["rds", "generate-db-auth-token", "--hostname"] and sys.argv[5::2] == ["--port", "--username"]
client = botocore.session.get_session().create_client("rds")
token = client.generate_db_auth_token(*sys.argv[4::2])
with psycopg.connect(os.environ["RDS"]) as server:  # which takes it as the user's password for 15 minutes
    server.execute(psycopg.sql.SQL("alter role parity_iam password {{}}").format(token))
print(token)
"""


def test_a_password_that_the_server_gives_for_minutes_makes_the_login_of_a_job(server: Server, tmp_path: Path):
    """The page's lines, with a token that botocore signs: some 800 characters, of which a shell and a URL know many."""
    (lines,) = re.findall(r"```sh\n(PGPASSWORD=.*?)```", (ROOT / "docs" / "delivery.md").read_text(), re.DOTALL)
    with server.as_("postgres", server.superuser) as connection:
        connection.execute("create role parity_iam login createrole")
        connection.execute(f"grant {OWNER} to parity_iam with admin option")  # type: ignore[arg-type]
        rds = psycopg.conninfo.make_conninfo(connection.info.dsn, password=server.superuser)
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o700)
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "t/+=" * 90}
    job = {"AWS_DEFAULT_REGION": "eu-central-1", "RDS": rds, "PGUSER": "parity_iam", "PGROLE": OWNER, **keys}
    job |= {"GITHUB_ENV": str(tmp_path / "env"), "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    job = {**os.environ, **server.environment, **job}
    del job["PGPASSWORD"]  # whose place it takes
    done = subprocess.run(["bash", "-ec", lines], cwd=ROOT, env=job, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    given = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    with server.as_(given["PGUSER"], given["PGPASSWORD"]) as connection:
        assert connection.execute("select current_user").fetchone() == (OWNER,)
        job_logins.end(connection)
    with server.as_("postgres", server.superuser) as connection:  # other tests drop what has ended as another role
        connection.execute(f"drop role {given['PGUSER']}, parity_iam")  # type: ignore[arg-type]
    assert "X-Amz-Signature" not in done.stdout + done.stderr + (tmp_path / "env").read_text()


def test_who_makes_planners_makes_no_administrator(server: Server):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.make(PLAN, OWNER)
    login = server.make(PLAN, "parity_planner")
    with server.as_(login.user, login.password) as connection:
        for statement in ("create database more", "create role more", f"set role {OWNER}", "create table more ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[arg-type]


def test_recover_sees_what_the_login_of_a_dead_job_left_running(server: Server):
    first, second = server.make(DELIVER, OWNER), server.make(DELIVER, OWNER)
    with server.as_(first.user, first.password) as running:
        running.execute("set application_name = 'the provider'")
        running.execute("begin")
        environment = {**server.environment, "PGUSER": second.user, "PGPASSWORD": second.password}
        ((pid, _),) = inflight.statements(environment, "")
        assert pid == running.info.backend_pid


SOURCE = """
import pulumi, pulumi_postgresql as postgresql
from components.database import Access, Database, DatabaseArgs, Login
from parity.config import parameters, servers, stack_models
provider = postgresql.Provider("postgresql", superuser=False, **servers.provider_address(""))
Database("small", DatabaseArgs(
    database=parameters.Database(name="storefront", schemas=("shop",), extensions=("vector",)),
    name="small", owner="small_owner", migrator=Login(1, "small_migrator", "of the migrator"),
    readonly=Login(1, "small_readonly", "of the reader"),
    accesses=(Access("shop", "small_shop", ("shop",), (Login(1, "small_shop_g1", "of the shop"),)),),
    settings=stack_models.DatabaseSettings(
        host="127.0.0.1", port=5432, sslmode="disable", connectionLimit=50, applicationConnectionLimit=7,
        credentials=stack_models.DatabaseCredentials(migrator=1, readonly=1)),
    protect=False), pulumi.ResourceOptions(providers=[provider]))
"""


def test_the_engine_makes_and_removes_a_database_with_two_logins_of_which_neither_owns_it(
    server: Server, warm: Warm, tmp_path: Path
):
    program = SmallProgram(tmp_path / "program", server.environment, SOURCE, warm)
    login = server.make(DELIVER, OWNER)
    program.environment |= {"PGUSER": login.user, "PGPASSWORD": login.password, "PGOWNER": OWNER}
    program.up().ok()
    with server.as_(login.user, login.password) as connection:
        owner = connection.execute("select pg_get_userbyid(datdba) from pg_database where datname = 'small'")
        assert owner.fetchone() == (OWNER,)
        job_logins.end(connection)
    second = server.make(DELIVER, OWNER)
    program.environment |= {"PGUSER": second.user, "PGPASSWORD": second.password}
    program.pulumi("preview", "--expect-no-changes", "--refresh").ok()
    program.pulumi("destroy", "--yes", "--skip-preview").ok()
