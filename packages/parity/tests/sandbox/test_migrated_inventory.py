"""What the inventory reads of migrations in a real database, and what it costs a stack without any: nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import psycopg
import pytest

from packages.parity.tests.sandbox import test_migrations
from packages.parity.tests.sandbox.test_migrations import ADDS, APPLICATION, DATABASE, MIGRATOR, OWNER
from parity.config.guarded import left
from parity.drift import database_objects
from parity.drift.compare import Sides
from parity.engine import state
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource
from parity.inventory import postgres
from parity.inventory.model import LiveState
from parity.resources import kinds
from parity.resources.postgresql import CATALOGUED

if TYPE_CHECKING:
    from packages.parity.tests.sandbox.test_migrations import Database
    from parity.inventory.model import VendorState

pytestmark = pytest.mark.sandbox

database = test_migrations.database


def read(database: Database, *, migrated: bool = True, follows: int = 0, **login: str) -> VendorState:
    scope = postgres.Scope((DATABASE,), (), (), (), (), migrated={DATABASE: follows} if migrated else {})
    return postgres.read({**database.sandbox.environment, **login}, scope)


def test_what_is_applied_is_found_by_its_number_with_its_digest(database: Database):
    database.run(ADDS)
    database.do("insert into parity.migrations (number, name, sha256, effect) values (2, 'begun', '', '')")
    (found,) = [each for each in read(database).found if each.type == kinds.MIGRATION]
    inputs = database.inputs(ADDS)
    assert found.key == (DATABASE, "0001") == kinds.key_of(kinds.MIGRATION, inputs)
    assert found.properties == {"database": DATABASE, "number": 1, "sha256": inputs["sha256"]}
    assert found.by == MIGRATOR


def test_before_the_first_one_nothing_is_found_and_nothing_fails(database: Database):
    found = read(database)
    assert [each for each in found.found if each.type == kinds.MIGRATION] == []
    assert found.read_failures == ()


def test_who_may_not_read_the_record_does_not_know_the_migrations_and_all_the_rest(database: Database):
    database.run(ADDS)
    found = read(database, PGUSER=APPLICATION, PGPASSWORD="x")
    (failure,) = found.read_failures
    assert failure.types == {kinds.MIGRATION}
    assert failure.covers(kinds.MIGRATION, (DATABASE, "0001"))
    assert f"`grant usage on schema parity to {APPLICATION}; grant select on parity.migrations to" in failure.message
    assert kinds.SCHEMA in {each.type for each in found.found}


def test_without_migrations_no_query_is_added_and_with_them_one(database: Database):
    with_one, without = (read(database, migrated=each).calls["postgresql"] for each in (True, False))
    assert with_one - without == 1
    assert not [each for each in read(database, migrated=False).found if each.type == kinds.MIGRATION]
    assert not [each for each in read(database, follows=99).found if each.type == kinds.MIGRATION], "another's folder"


GUARDS = """
create trigger hand before insert on shop.items for each row execute function shop.noted()
create trigger hand before insert on shop.log for each row execute function shop.noted()
create or replace trigger hand before update on shop.items for each row execute function shop.noted()
drop trigger hand on shop.items
drop trigger if exists hand on shop.log
alter trigger hand on shop.items rename to other
create rule hand as on insert to shop.items do also nothing
create or replace rule hand as on delete to shop.log do also nothing
drop rule hand on shop.items
alter rule hand on shop.log rename to other
create policy hand on shop.items using (true)
create policy other on shop.log using (true)
alter policy hand on shop.items using (false)
alter policy hand on shop.items rename to other
drop policy hand on shop.items
alter table shop.items enable row level security, force row level security
alter table shop.items disable row level security
alter table shop.items no force row level security
alter table shop.log force row level security
create function shop.own() returns int security definer language sql as 'select 1'
create or replace function shop.own() returns int language sql as 'select 1'
alter function shop.own() security definer
alter function shop.own() security invoker
alter function shop.own() cost 7
alter function shop.own() rename to other
alter function shop.other() rename to own
alter function shop.own() set schema later
alter function later.own() set schema shop
drop function shop.own()
drop function if exists shop.other, later.own
create procedure shop.done() security definer language sql as 'select 1'
drop procedure shop.done
create publication hand for table shop.items
drop publication hand
create cast (shop.mood as int) with inout
drop cast (shop.mood as int)
alter table shop.items rename to things
alter table shop.things rename to items
alter table shop.items set schema later
alter table later.items set schema shop
drop table shop.log
create table shop.log (what text)
create view shop.seen as select * from shop.log
create rule hand as on insert to shop.seen do instead nothing
drop view shop.seen
""".strip().splitlines()
ALLOWED = """
create schema later authorization moving_owner;
grant create on database moving to moving_owner
"""
HELPS = """
create function shop.noted() returns trigger language plpgsql as 'begin return new; end';
create type shop.mood as enum ('a')
"""


def catalogued(found: VendorState) -> set[tuple[str, str, str]]:
    return {
        (each.kind, each.schema, each.name.partition("(")[0] if each.kind != "cast" else each.name)
        for each in found.things
        if each.kind in CATALOGUED and not each.builtin and each.database == DATABASE
    }


def test_what_migrations_leave_is_what_postgresql_holds(database: Database):
    with database.sandbox.postgres(DATABASE) as administrator:
        administrator.execute(ALLOWED)
    database.do(HELPS)
    chance, applied = random.Random(0), list[str]()  # noqa: S311 - the same order each time
    with database.connect() as connection:
        for _ in range(40):
            for statement in chance.choices(GUARDS, k=100):
                try:
                    connection.execute(statement.encode())
                    applied.append(statement)
                except psycopg.Error:
                    continue  # not possible as things are; a migration would not hold either
            guarded = left(applied)
            made = {(each.kind, each.schema, ".".join(one for one in each[2:] if one)) for each in guarded.made}
            assert made == catalogued(read(database))
            assert guarded.certain
            if set(GUARDS) == set(applied):
                break
    assert set(GUARDS) == set(applied), "each of them was possible once"


MADE = """create policy own on items using (true);
alter table items enable row level security;
create function noted() returns trigger security definer language plpgsql as 'begin return new; end';
create trigger noted before insert on shop.items for each row execute function noted()"""


def found_in(database: Database, *texts: str) -> list[tuple[str, str, str]]:
    """Kind, name and statement of each finding, given the migrations that are applied."""
    live = read(database)
    inputs = [{"database": DATABASE, "sql": each} for each in texts]
    declared = [
        Resource(f"urn:{number}", kinds.MIGRATION, "", "", True, each, frozenset(), {}, "", {})
        for number, each in enumerate(inputs)
    ]
    declared += [
        Resource(f"urn:{name}", kinds.SCHEMA, "", "", True, {"database": DATABASE, "name": name, "owner": OWNER},
                 frozenset(), {}, "", {})
        for name in ("shop", "later")
    ]  # fmt: skip
    under = {each.urn: tuple(one for one in live.found if one.type == kinds.MIGRATION) for each in declared}
    state_ = LiveState(under=under, things=live.things)
    graph = Graph("storefront", "staging", {each.urn: each for each in declared}, {}, {})
    found = database_objects.compare(Sides(graph, state.parse({}), state_))
    return sorted(
        (each.kind, each.name, each.facts["sql"][0].text) for each in found if each.type != "postgresql:schema"
    )


def test_what_a_migration_made_is_no_finding_and_what_is_gone_of_it_is_one(database: Database):
    database.run(MADE)
    assert found_in(database, MADE) == []
    assert len(found_in(database)) == 4

    database.do("alter table items disable row level security; drop policy own on items")
    database.do("create trigger hand before insert on shop.items for each row execute function shop.noted()")
    first = 'set search_path = "shop", "later"; '
    assert found_in(database, MADE) == [
        ("missing", f"{DATABASE}/policy/shop/items.own", f"{first}create policy own on items using (true)"),
        ("missing", f"{DATABASE}/row level security/shop/items", f"{first}alter table items enable row level security"),
        ("unmanaged", f"{DATABASE}/trigger/shop/items.hand", "drop trigger hand on shop.items"),
    ]
    for _, _, statement in found_in(database, MADE):
        database.do(statement)
    assert found_in(database, MADE) == []
    database.do("drop policy own on items")
    assert len(found_in(database, MADE)) == 1
    assert found_in(database, MADE, "drop type mood cascade") == [], "what a cascade takes is not known"


def test_an_object_of_the_same_name_in_another_schema_than_the_one_named_is_reported(database: Database):
    database.run(MADE)
    with database.sandbox.postgres(DATABASE) as administrator:
        administrator.execute(ALLOWED)
    database.do("create table later.items (id int)")
    database.do("create trigger noted before insert on later.items for each row execute function shop.noted()")
    (found,) = found_in(database, MADE)
    assert found[:2] == ("unmanaged", f"{DATABASE}/trigger/later/items.noted")


def test_of_two_routines_of_one_name_both_are_reported(database: Database):
    database.run(MADE)
    database.do("create function shop.noted(int) returns int security definer language sql as 'select 1'")
    assert [name for _, name, _ in found_in(database, MADE)] == [
        f"{DATABASE}/security definer/shop/noted()", f"{DATABASE}/security definer/shop/noted(integer)",
    ]  # fmt: skip
