"""Every property in PostgreSQL, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parity.resources import kinds
from support.mutations.world import DATABASE, OWNER, Mutation, World

if TYPE_CHECKING:
    from support.program import Instance

MIGRATION = (
    "create table if not exists shop.items (id serial primary key, name text)",
    "create table if not exists shop.more (id int)",
    "create or replace function shop.one() returns int language sql as 'select 1'",
    "create table if not exists backoffice.staff (id serial primary key)",
    "create or replace function backoffice.one() returns int language sql as 'select 1'",
    "do $$ begin create type shop.colour as enum ('red'); exception when duplicate_object then null; end $$",
)
"""What a migration made before anybody changed anything."""


MIGRATED = "migrated"
"""The snapshot of what is there after it."""


def migrate(instance: Instance) -> None:
    """Run the migration and keep what is there, unless that is kept already."""
    control = instance.local.client()
    if MIGRATED not in {each["name"] for each in control.snapshots()}:
        World(instance).sql(*MIGRATION, role=OWNER, superuser=True)
        control.save_snapshot(MIGRATED)


def sql(kind: str, type_: str, name: str, path: str, *statements: str, **how: Any) -> Mutation:
    of, also = str(how.pop("of", "")), tuple(how.pop("also", ()))
    return Mutation(kind, type_, name, path, lambda world: world.sql(*statements, **how), of, also)


_G1 = "storefront_prod_shop_g1"


def _role(path: str, clause: str, **how: Any) -> Mutation:
    how.setdefault("superuser", True)
    return sql("changed", kinds.ROLE, "storefront-shop-g1", path, f"alter role {_G1} {clause}", **how)


POSTGRES = (
    _role("superuser", "superuser"),
    _role("createDatabase", "createdb"),
    _role("createRole", "createrole"),
    _role("replication", "replication"),
    _role("bypassRowLevelSecurity", "bypassrls"),
    _role("inherit", "noinherit"),
    _role("connectionLimit", "connection limit 3"),
    _role("validUntil", "valid until '2030-01-01'"),
    _role("searchPaths", "set search_path = elsewhere"),
    _role("statementTimeout", "set statement_timeout = '5s'"),
    _role("idleInTransactionSessionTimeout", "set idle_in_transaction_session_timeout = '1h'"),
    _role("assumeRole", f"set role = {OWNER}"),
    _role("setting.work_mem", "set work_mem = '1GB'"),
    _role("setting.lock_timeout in storefront_prod", f"in database {DATABASE} set lock_timeout = '1s'"),
    sql("changed", kinds.ROLE, "storefront-admin-g1", "password", "alter role storefront_prod_admin_g1 password 'by hand'", superuser=True),
    sql("changed", kinds.ROLE, "storefront-readonly", "login", "alter role storefront_prod_readonly nologin", superuser=True),
    sql("changed", kinds.ROLE, "storefront-owner", "login", f"alter role {OWNER} login", superuser=True),
    sql("changed", kinds.ROLE, "storefront-admin-g1", "roles", f"grant {OWNER} to storefront_prod_admin_g1", superuser=True),
    sql("changed", kinds.ROLE, "storefront-migrator", "roles.storefront_prod_owner", f"grant {OWNER} to storefront_prod_migrator with admin option", superuser=True),
    sql("changed", kinds.DATABASE, "storefront-database", "connectionLimit", f"alter database {DATABASE} connection limit 3", superuser=True),
    sql("changed", kinds.DATABASE, "storefront-database", "isTemplate", f"alter database {DATABASE} is_template true", superuser=True),
    sql("changed", kinds.DATABASE, "storefront-database", "owner", f"alter database {DATABASE} owner to postgres", superuser=True),
    sql("changed", kinds.DATABASE, "storefront-database", "setting.work_mem", f"alter database {DATABASE} set work_mem = '1GB'", superuser=True),
    sql("changed", kinds.SCHEMA, "storefront-schema-backoffice", "owner", "alter schema backoffice owner to parity_admin", superuser=True),
    sql("changed", kinds.EXTENSION, "storefront-extension-vector", "schema", "alter extension vector set schema public", superuser=True),
    sql("changed", kinds.EXTENSION, "storefront-extension-vector", "version", "update pg_extension set extversion = '0.0.1' where extname = 'vector'", superuser=True),
    sql("changed", kinds.GRANT, "storefront-grant-shop-database", "privileges", f"grant temporary on database {DATABASE} to storefront_prod_shop", superuser=True),
    sql("changed", kinds.GRANT, "storefront-grant-public-database", "privileges", f"grant connect on database {DATABASE} to public", superuser=True),
    sql("changed", kinds.GRANT, "storefront-grant-public-schema", "privileges", "grant create on schema public to public", superuser=True),
    sql("changed", kinds.GRANT, "storefront-grant-shop-shop", "privileges", "grant create on schema shop to storefront_prod_shop", superuser=True),
    sql("changed", kinds.GRANT, "storefront-grant-shop-shop-table", "privileges", "revoke update on shop.items from storefront_prod_shop", superuser=True),
    sql("changed", kinds.GRANT, "storefront-grant-readonly-shop-table", "privileges", "grant delete on shop.more to storefront_prod_readonly", superuser=True),
    sql("changed", kinds.GRANT, "storefront-grant-shop-shop-sequence", "privileges", "revoke usage on sequence shop.items_id_seq from storefront_prod_shop", superuser=True),
    sql("missing", kinds.GRANT, "storefront-grant-shop-shop-routine", "", "revoke execute on function shop.one() from storefront_prod_shop", superuser=True, of="privileges"),
    sql("changed", kinds.GRANT, "storefront-grant-admin-shop-table", "withGrantOption", "grant select on shop.items to storefront_prod_admin with grant option", superuser=True),
    sql("changed", kinds.DEFAULT, "storefront-grant-shop-shop-default-table", "privileges", f"alter default privileges for role {OWNER} in schema shop revoke update on tables from storefront_prod_shop", superuser=True),
    sql("changed", kinds.DEFAULT, "storefront-grant-public-default-routine", "privileges", f"alter default privileges for role {OWNER} grant execute on routines to public", superuser=True),
    sql("changed", kinds.DEFAULT, "storefront-grant-admin-shop-default-table", "withGrantOption", f"alter default privileges for role {OWNER} in schema shop grant select on tables to storefront_prod_admin with grant option", superuser=True),
    sql("changed", "postgresql:table", "shop/more", "owner", "alter table shop.more owner to parity_admin", superuser=True),
    sql("changed", "postgresql:table", "shop/items", "owner's privileges", f"revoke insert on shop.items from {OWNER}", superuser=True),
)  # fmt: skip
