"""What each role may do in PostgreSQL, tried as that role on a database that the real engine made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from support.small_program import SmallProgram

if TYPE_CHECKING:
    from support.sandboxes import Sandbox
    from support.warm import Warm

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

DATABASE = "storefront_staging"
OTHER = "storefront_prod"
ROLES = ("shop_g1", "admin_g1", "readonly", "migrator")
SOURCE = """
import json, pathlib
import pulumi, pulumi_postgresql as postgresql
from components.database import Access, Database, DatabaseArgs, Login
from parity.config import parameters
given = json.loads(pathlib.Path("given.json").read_text())
provider = postgresql.Provider("postgresql", superuser=False)
def login(role, generation=1):
    return Login(generation, role, "password of " + role)
def access(base, application, schemas):
    role = f"{base}_{application}"
    return Access(application, role, schemas, tuple(login(f"{role}_g{g}", g) for g in given["generations"]))
for base in given["databases"]:
    Database(base, DatabaseArgs(
        database=parameters.Database(name="storefront", schemas=("shop", "office"), extensions=("vector",)),
        name=base, owner=f"{base}_owner", migrator=login(f"{base}_migrator"), readonly=login(f"{base}_readonly"),
        accesses=(access(base, "shop", ("shop",)), access(base, "admin", ("office", "shop"))),
        host="127.0.0.1", port=5432, sslmode="disable", connection_limit=50, application_connection_limit=7,
        protect=False), pulumi.ResourceOptions(providers=[provider]))
"""

MIGRATION = """
create table shop.items (id serial primary key, name text, embedding vector(3));
create table office.staff (id int generated always as identity primary key, name text);
create view shop.names as select name from shop.items;
create function shop.one() returns int language sql as 'select 1';
create procedure shop.nothing() language sql as 'select 1';
create type shop.colour as enum ('red');
insert into office.staff (name) values ('first');
"""


class Server:
    """The sandbox's PostgreSQL with two databases that the component made."""

    def __init__(self, sandbox: Sandbox, program: SmallProgram) -> None:
        self.sandbox = sandbox
        self.program = program
        self.up = False
        self.before: list[tuple[str, ...]] = []
        """The catalogue before anything was made."""

    def connect(self, role: str, database: str = DATABASE) -> psycopg.Connection:
        environment = self.sandbox.environment
        user = f"{DATABASE}_{role}"
        return psycopg.connect(
            host=environment["PGHOST"],
            port=int(environment["PGPORT"]),
            user=user,
            password=f"password of {user}",
            dbname=database,
            sslmode="disable",
            autocommit=True,
        )

    def try_as(self, role: str, statement: str) -> str:
        """`yes`, or the SQLSTATE that PostgreSQL refuses with."""
        with self.connect(role) as connection:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                return str(error.sqlstate)
            return "yes"


CATALOGUE = """
select 'role', rolname, '' from pg_roles
union all select 'database', datname, datacl::text from pg_database
union all select 'member', roleid::regrole::text, member::regrole::text from pg_auth_members
order by 1, 2, 3
"""


def catalogue(sandbox: Sandbox) -> list[tuple[str, ...]]:
    """Every role, database and membership, as the server's catalogue has them."""
    with sandbox.postgres() as connection:
        return connection.execute(CATALOGUE).fetchall()


@pytest.fixture(scope="module")
def made(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Server:
    program = SmallProgram(tmp_path_factory.mktemp("small") / "program", shared_sandbox.environment, SOURCE, warm)
    return Server(shared_sandbox, program)


@pytest.fixture
def server(made: Server) -> Server:
    """Both databases with a migration's tables, made once for all tests but the one that drops everything."""
    if not made.up:
        made.before = catalogue(made.sandbox)
        made.program.give(databases=[DATABASE, OTHER], generations=[1, 2])
        made.program.up().ok()
        with made.connect("migrator") as connection:
            connection.execute(MIGRATION)
        made.up = True
    return made


YES, DENIED = "yes", "42501"

TABLE = [
    # statement, then what shop, admin, readonly and migrator get
    ("select * from shop.items", YES, YES, YES, YES),
    ("select * from shop.names", YES, YES, YES, YES),
    ("insert into shop.items (name, embedding) values ('a', '[1,2,3]')", YES, YES, DENIED, YES),
    ("update shop.items set name = 'b'", YES, YES, DENIED, YES),
    ("delete from shop.items where id < 0", YES, YES, DENIED, YES),
    ("select embedding <-> '[1,2,4]'::vector from shop.items", YES, YES, YES, YES),
    ("select shop.one()", YES, YES, DENIED, YES),
    ("call shop.nothing()", YES, YES, DENIED, YES),
    ("select 'red'::shop.colour", YES, YES, YES, YES),
    ("select * from office.staff", DENIED, YES, YES, YES),
    ("insert into office.staff (name) values ('a')", DENIED, YES, DENIED, YES),
    ("truncate shop.items", DENIED, DENIED, DENIED, YES),
    ("lock table shop.items in access exclusive mode", "25P01", "25P01", "25P01", "25P01"),
    ("create table shop.mine (id int)", DENIED, DENIED, DENIED, YES),
    ("create function shop.two() returns int language sql as 'select 2'", DENIED, DENIED, DENIED, YES),
    ("alter table shop.items add column more int", DENIED, DENIED, DENIED, YES),
    ("create index on shop.items (name)", DENIED, DENIED, DENIED, YES),
    ("comment on table shop.items is 'mine'", DENIED, DENIED, DENIED, YES),
    ("drop view if exists shop.absent", YES, YES, YES, YES),
    ("create table public.mine (id int)", DENIED, DENIED, DENIED, DENIED),
    ("create table extensions.mine (id int)", DENIED, DENIED, DENIED, DENIED),
    ("create schema mine", DENIED, DENIED, DENIED, DENIED),
    ("drop extension vector", DENIED, DENIED, DENIED, DENIED),
    ("create temporary table mine (id int)", DENIED, DENIED, DENIED, YES),
    ("create role mine", DENIED, DENIED, DENIED, DENIED),
    ("create database mine", DENIED, DENIED, DENIED, DENIED),
    (f"alter database {DATABASE} connection limit 1", DENIED, DENIED, DENIED, DENIED),
    (f"drop database {OTHER}", DENIED, DENIED, DENIED, DENIED),
    (f"set role {DATABASE}_owner", DENIED, DENIED, DENIED, YES),
    (f"alter role {DATABASE}_shop_g2 password 'taken'", DENIED, DENIED, DENIED, DENIED),
    ("select rolpassword from pg_authid", DENIED, DENIED, DENIED, DENIED),
    ("select pg_read_file('postgresql.conf')", DENIED, DENIED, DENIED, DENIED),
]


@pytest.mark.parametrize(
    ("statement", "expected"), [(row[0], row[1:]) for row in TABLE], ids=[row[0][:40] for row in TABLE]
)
def test_each_role_can_do_its_work_and_no_more(server: Server, statement: str, expected: tuple[str, ...]):
    # The migrator comes last: what it changes must not help the others.
    assert tuple(server.try_as(role, statement) for role in ROLES) == expected


@pytest.mark.parametrize("role", ["shop_g1", "admin_g1", "readonly"])
def test_no_role_hands_on_what_it_was_given(server: Server, role: str):
    # PostgreSQL only warns that nothing was granted, so the access list is read.
    server.try_as(role, "grant select on shop.items to public")
    with server.connect("migrator") as connection:
        granted = connection.execute(
            "select count(*) from pg_class c, aclexplode(c.relacl) a"
            " where c.oid = 'shop.items'::regclass and a.grantee = 0"
        ).fetchone()
    assert granted == (0,)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_enters_another_stacks_database(server: Server, role: str):
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        server.connect(role, OTHER)


def test_owner_and_privilege_holders_do_not_log_in(server: Server):
    for role in ("owner", "shop", "admin"):
        with pytest.raises(psycopg.OperationalError):
            server.connect(role)


def test_limits_are_set_where_applications_log_in(server: Server):
    with server.connect("shop_g1") as connection:
        shown = [connection.execute(f"show {name}").fetchone() for name in ("statement_timeout", "search_path")]
        limit = connection.execute("select rolconnlimit from pg_roles where rolname = current_user").fetchone()
    assert shown == [("30s",), ("shop, extensions",)]
    assert limit == (7,)


def test_both_generations_log_in_at_the_same_time(server: Server):
    with server.connect("shop_g1") as old, server.connect("shop_g2") as new:
        for connection in (old, new):
            assert connection.execute("select count(*) >= 0 from items").fetchone() == (True,)


def test_the_record_is_clean_after_a_migration(server: Server):
    server.program.pulumi("preview", "--refresh", "--expect-no-changes").ok()


def test_what_migrations_create_belongs_to_the_owner(server: Server):
    with server.connect("migrator") as connection:
        owners = connection.execute(
            "select distinct relowner::regrole::text from pg_class join pg_namespace n on n.oid = relnamespace"
            " where nspname in ('shop', 'office')"
        ).fetchall()
    assert owners == [(f"{DATABASE}_owner",)]


def test_dropping_a_generation_and_then_everything_leaves_the_server_as_it_was(server: Server):
    server.up = False
    server.program.give(databases=[DATABASE, OTHER], generations=[2])
    server.program.up().ok()
    with pytest.raises(psycopg.OperationalError):
        server.connect("shop_g1")
    assert server.try_as("shop_g2", "insert into items (name) values ('b')") == YES
    server.program.pulumi("destroy", "--yes", "--skip-preview").ok()
    assert catalogue(server.sandbox) == server.before
