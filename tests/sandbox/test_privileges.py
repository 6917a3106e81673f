"""What each role may do in PostgreSQL, tried as that role on the database that the program made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from parity.config import passwords

if TYPE_CHECKING:
    from parity.config.secret import Secret
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

DATABASE = "storefront_staging"
OTHER = "storefront_prod"
ROLES = ("shop_g1", "admin_g1", "readonly", "migrator")
MIGRATION = """
alter table shop.items add column embedding vector(3);
create table backoffice.staff (id int generated always as identity primary key, name text);
create view shop.names as select name from shop.items;
create function shop.one() returns int language sql as 'select 1';
create procedure shop.nothing() language sql as 'select 1';
create type shop.colour as enum ('red');
insert into backoffice.staff (name) values ('first');
"""


@dataclass(frozen=True)
class Server:
    """The sandbox's PostgreSQL with the databases of both stacks."""

    environment: dict[str, str]
    secret: Secret

    def connect(self, role: str, database: str = DATABASE) -> psycopg.Connection:
        user = f"{DATABASE}_{role}"
        return psycopg.connect(
            host=self.environment["PGHOST"],
            port=int(self.environment["PGPORT"]),
            user=user,
            password=passwords.derive(self.secret, user, 1).reveal(),
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


@pytest.fixture(scope="module")
def server(module_instance: Instance) -> Server:
    """The server, with what a migration made."""
    found = Server(module_instance.environment(), module_instance.secret("staging"))
    with found.connect("migrator") as connection:
        connection.execute(MIGRATION)
    return found


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
    ("select * from backoffice.staff", DENIED, YES, YES, YES),
    ("insert into backoffice.staff (name) values ('a')", DENIED, YES, DENIED, YES),
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
    (f"alter role {OTHER}_shop_g1 password 'taken'", DENIED, DENIED, DENIED, DENIED),
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
    assert limit == (20,)


def test_what_migrations_create_belongs_to_the_owner(server: Server):
    with server.connect("migrator") as connection:
        owners = connection.execute(
            "select distinct relowner::regrole::text from pg_class join pg_namespace n on n.oid = relnamespace"
            " where nspname in ('shop', 'backoffice')"
        ).fetchall()
    assert owners == [(f"{DATABASE}_owner",)]
