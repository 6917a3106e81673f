"""Every attribute, privilege, kind of object and setting that PostgreSQL 18 lets one change with a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parity.resources import kinds
from support.by_hand.model import Change
from support.mutations.world import DATABASE, OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOP = "storefront_prod_shop"
_THE_MODEL = "migrations own it"
"""docs/drift.md, of the code and the data model."""
_THE_SERVER = "the server's operator"


def _sql(what: str, *statements: str, type_: str = "", name: str = "", path: str = "", unread: str = "") -> Change:
    return Change(
        "PostgreSQL", what, lambda world: world.sql(*statements, superuser=True), type_, name, path, unread,
    )  # fmt: skip


# --- Roles (ALTER ROLE, GRANT role) -----------------------------------------------------------------------------------

_ROLES = {
    "storefront-owner": OWNER,
    "storefront-migrator": "storefront_prod_migrator",
    "storefront-readonly": "storefront_prod_readonly",
    "storefront-shop-access": _SHOP,
}
_ATTRIBUTES = {
    "superuser": "superuser",
    "createRole": "createrole",
    "createDatabase": "createdb",
    "replication": "replication",
    "bypassRowLevelSecurity": "bypassrls",
    "inherit": "noinherit",
    "connectionLimit": "connection limit 7",
    "validUntil": "valid until '2031-01-01'",
    "searchPaths": "set search_path = elsewhere, pg_catalog",
    "statementTimeout": "set statement_timeout = '17min'",
    "idleInTransactionSessionTimeout": "set idle_in_transaction_session_timeout = 1500",
    "assumeRole": f"set role = {_SHOP}",
    "setting.row_security": "set row_security = off",
    "setting.session_replication_role": "set session_replication_role = replica",
    "setting.log_statement": "set log_statement = 'all'",
}
_LOGIN = {
    OWNER: "login", "storefront_prod_migrator": "nologin", "storefront_prod_readonly": "nologin", _SHOP: "login",
}  # fmt: skip
_PREDEFINED = (
    "pg_checkpoint", "pg_create_subscription", "pg_execute_server_program", "pg_maintain", "pg_monitor",
    "pg_read_all_data", "pg_read_all_settings", "pg_read_all_stats", "pg_read_server_files", "pg_signal_autovacuum_worker",
    "pg_signal_backend", "pg_stat_scan_tables", "pg_use_reserved_connections", "pg_write_all_data", "pg_write_server_files",
)  # fmt: skip


def _roles() -> Iterator[Change]:
    for resource, role in _ROLES.items():
        for path, clause in {**_ATTRIBUTES, "login": _LOGIN[role]}.items():
            yield _sql(
                f"alter role {role} {clause}", f"alter role {role} {clause}", type_=kinds.ROLE, name=resource, path=path
            )
        yield _sql(
            f"a member of {role}", "create role hand login", f"grant {role} to hand",
            type_=kinds.MEMBERSHIP, name=f"hand in {role}",
        )  # fmt: skip
        yield _sql(
            f"a login that administers {role}", "create role hand login",
            f"grant {role} to hand with admin option, inherit false, set false",
            type_=kinds.MEMBERSHIP, name=f"hand in {role}",
        )  # fmt: skip
    for predefined in _PREDEFINED:
        yield _sql(
            f"grant {predefined}", "create role hand login", f"grant {predefined} to hand",
            type_="postgresql:predefined role", name=f"hand in {predefined}",
        )  # fmt: skip
    for power in ("superuser", "createrole", "createdb", "replication", "bypassrls"):
        yield _sql(
            f"a login with {power}", f"create role hand login {power}", type_="postgresql:administrator", name="hand",
        )  # fmt: skip
    yield _sql(
        "a group that may do all, and its member", "create role power superuser", "create role hand login",
        "grant power to hand", type_="postgresql:administrator", name="hand as power",
    )  # fmt: skip
    yield _sql(
        "a member of the administrator", "create role hand login", "grant parity_admin to hand",
        type_="postgresql:administrator", name="hand as parity_admin",
    )  # fmt: skip


# --- Access lists (GRANT, ALTER DEFAULT PRIVILEGES) -------------------------------------------------------------------

_GRANTS = {
    f"database {DATABASE}": ("create", "connect", "temporary"),
    "schema shop": ("create", "usage"),
    "table shop.items": ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"),
    "sequence shop.items_id_seq": ("select", "update", "usage"),
    "function shop.one()": ("execute",),
    "type shop.colour": ("usage",),
    "language plpgsql": ("usage",),
}
_COLUMN = ("select", "insert", "update", "references")
_DEFAULTS = {
    "tables": "select", "sequences": "usage", "routines": "execute", "types": "usage", "schemas": "create",
    "large objects": "select",
}  # fmt: skip


def _given(what: str, before: str, statement: str, type_: str = kinds.GRANT, name: str = "hand on ") -> Change:
    return _sql(what, "create role hand", *([before] if before else []), f"{statement} to hand", type_=type_, name=name)


def _grants() -> Iterator[Change]:
    for target, privileges in _GRANTS.items():
        for privilege in privileges:
            yield _given(f"{privilege} on {target}", "", f"grant {privilege} on {target}")
        yield _sql(
            f"all on {target} to PUBLIC", f"grant all on {target} to public",
            type_=kinds.GRANT, name="public",
        ) if not target.startswith(("type", "language")) else _sql(
            f"{target} taken from PUBLIC", f"revoke all on {target} from public",
            type_=f"postgresql:{target.partition(' ')[0]}", path="everyone's privileges",
        )  # fmt: skip
    for privilege in _COLUMN:
        yield _given(f"{privilege} on a column", "", f"grant {privilege} (name) on shop.items")
    yield _given("a grant option", "", "grant select on shop.more")
    for kind, privilege in _DEFAULTS.items():
        where = "" if kind in {"schemas", "large objects"} else " in schema shop"
        statement = f"alter default privileges for role {OWNER}{where} grant {privilege} on {kind}"
        yield _given(f"by default {privilege} on {kind}", "", statement, kinds.DEFAULT)
    yield _given(
        "usage on a foreign data wrapper", "create foreign data wrapper w", "grant usage on foreign data wrapper w"
    )
    yield _given(
        "usage on a foreign server", "do $$ begin create foreign data wrapper w; create server s foreign data wrapper w; end $$",
        "grant usage on foreign server s",
    )  # fmt: skip
    yield _given("select on a large object", "select lo_create(77)", "grant select on large object 77")
    for privilege in ("set", "alter system"):
        yield _given(
            f"{privilege} on a parameter", "", f"grant {privilege} on parameter log_statement", "postgresql:parameter"
        )
    for target in ("function pg_read_file(text)", "function pg_ls_dir(text)", "table pg_catalog.pg_authid"):
        privilege = "execute" if target.startswith("function") else "select"
        yield _given(f"{privilege} on {target}", "", f"grant {privilege} on {target}")
    yield _given("create in pg_catalog", "", "grant create on schema pg_catalog")
    yield _sql(
        "create on a tablespace", "create role hand", "grant create on tablespace pg_default to hand", unread="tablespaces",
    )  # fmt: skip


# --- Objects (CREATE, ALTER ... OWNER) --------------------------------------------------------------------------------

_OBJECTS = {
    "view": "create view {}.hand as select 1 as a",
    "materialized view": "create materialized view {}.hand as select 1 as a",
    "table": "create table {}.hand (a int)",
    "partitioned table": "create table {}.hand (a int) partition by list (a)",
    "sequence": "create sequence {}.hand",
    "function": "create function {}.hand() returns int language sql as 'select 1'",
    "procedure": "create procedure {}.hand() language sql as 'select 1'",
    "aggregate": "create aggregate {}.hand(int) (sfunc = int4pl, stype = int)",
    "domain": "create domain {}.hand as int",
    "enum": "create type {}.hand as enum ('a')",
    "composite type": "create type {}.hand as (a int)",
    "range type": "create type {}.hand as range (subtype = int)",
    "operator": "create operator {}.=~= (leftarg = int, rightarg = int, function = int4eq)",
    "operator family": "create operator family {}.hand using btree",
    "collation": "create collation {}.hand (locale = 'C')",
    "conversion": "create conversion {}.hand for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
    "text search configuration": "create text search configuration {}.hand (copy = pg_catalog.simple)",
    "text search dictionary": "create text search dictionary {}.hand (template = pg_catalog.simple)",
}


def _objects() -> Iterator[Change]:
    for kind, statement in _OBJECTS.items():
        name = "=~=" if kind == "operator" else "hand"
        yield _sql(f"a {kind} in public", statement.format("public"), name=name)
        yield _sql(f"a {kind} of another owner", statement.format("shop"), name=name)
    yield _sql(
        "statistics of another owner", "create statistics shop.hand on id, name from shop.items", name="hand",
    )  # fmt: skip


# --- What runs code or decides about rows -----------------------------------------------------------------------------

_TRIGGER = "create function shop.hand() returns trigger language plpgsql as 'begin return null; end'"
_EVENT = "create function shop.hand() returns event_trigger language plpgsql as 'begin end'"


def _code() -> Iterator[Change]:
    for when in ("before insert", "after delete", "after truncate"):
        level = "statement" if "truncate" in when else "row"
        yield _sql(
            f"a trigger {when}", _TRIGGER,
            f"create trigger hand {when} on shop.items for each {level} execute function shop.hand()",
            type_="postgresql:trigger", name="items.hand",
        )  # fmt: skip
    yield _sql(
        "a constraint trigger", _TRIGGER,
        "create constraint trigger hand after update on shop.items for each row execute function shop.hand()",
        type_="postgresql:trigger", name="items.hand",
    )  # fmt: skip
    yield _sql(
        "a trigger instead of a view's insert", _TRIGGER, "create view shop.v as select * from shop.items",
        "create trigger hand instead of insert on shop.v for each row execute function shop.hand()",
        type_="postgresql:trigger", name="v.hand",
    )  # fmt: skip
    for event in ("ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite", "login"):
        yield _sql(
            f"an event trigger on {event}", _EVENT, f"create event trigger hand on {event} execute function shop.hand()",
            type_="postgresql:event trigger", name="hand",
        )  # fmt: skip
    for command in ("all", "select", "insert", "update", "delete"):
        clause = "with check (true)" if command == "insert" else "using (true)"
        yield _sql(
            f"a policy for {command}", f"create policy hand on shop.items for {command} to public {clause}",
            type_="postgresql:policy", name="items.hand",
        )  # fmt: skip
    for change, kind in (("enable", "row level security"), ("force", "forced row level security")):
        yield _sql(
            f"{change} row level security", f"alter table shop.items {change} row level security",
            type_=f"postgresql:{kind}", name="items",
        )  # fmt: skip
    for event in ("insert", "update", "delete"):
        yield _sql(
            f"a rule on {event}", f"create rule hand as on {event} to shop.items do also nothing",
            type_="postgresql:rule", name="items.hand",
        )  # fmt: skip
    yield _sql(
        "a procedure with its owner's rights", "create procedure shop.hand() language sql security definer as 'select 1'",
        type_="postgresql:security definer", name="hand",
    )  # fmt: skip
    yield _sql("an extension's schema", "alter extension vector set schema shop", type_=kinds.EXTENSION, name="vector")


# --- Databases and settings -------------------------------------------------------------------------------------------

_SETTINGS = {
    "search_path": "elsewhere", "default_transaction_read_only": "on", "session_replication_role": "replica",
    "row_security": "off", "statement_timeout": "'1s'", "TimeZone": "'Asia/Tokyo'",
    "log_statement": "'all'",
}  # fmt: skip


def _databases() -> Iterator[Change]:
    for name, value in _SETTINGS.items():
        yield _sql(
            f"alter database set {name}", f"alter database {DATABASE} set {name} = {value}",
            type_=kinds.DATABASE, name="storefront-database", path=f"setting.{name}",
        )  # fmt: skip
        yield _sql(
            f"alter role all set {name}", f"alter role all set {name} = {value}",
            type_="postgresql:setting of every role", name=name,
        )  # fmt: skip
    yield _sql("a database of the owner's", f"create database hand owner {OWNER}", type_=kinds.DATABASE, name="hand")
    yield _sql(
        "a database of the administrator's", "create database hand owner parity_admin", unread="databases of others"
    )
    yield _sql("alter system", "alter system set log_statement = 'all'", unread=_THE_SERVER)


# --- The data model: not read -----------------------------------------------------------------------------------------

_MODEL = {
    "a column": "alter table shop.items add column hand int",
    "a column's default": "alter table shop.items alter name set default 'x'",
    "a column dropped": "alter table shop.items drop column name",
    "a constraint": "alter table shop.items add constraint hand check (id > 0)",
    "an index": "create index hand on shop.items (lower(name))",
    "an unlogged table": "alter table shop.more set unlogged",
    "the replica identity": "alter table shop.items replica identity full",
    "storage": "alter table shop.items set (fillfactor = 50)",
    "a comment": "comment on table shop.items is 'by hand'",
    "a routine's code": "create or replace function shop.one() returns int language sql as 'select 2'",
    "a routine's settings": "alter function shop.one() set search_path = elsewhere",
    "a leakproof routine": "alter function shop.one() leakproof",
    "rows": "insert into shop.items (name) values ('by hand')",
    "a value of an enum": "alter type shop.colour add value 'blue'",
}


def _model() -> Iterator[Change]:
    for what, statement in _MODEL.items():
        yield _sql(what, statement, unread=_THE_MODEL)


CHANGES = (*_roles(), *_grants(), *_objects(), *_code(), *_databases(), *_model())
