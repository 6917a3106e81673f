"""What a plan's migrations meet in a real database: other text, a file that is gone, releases that need what goes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from packages.parity.tests.sandbox import test_migrations
from packages.parity.tests.sandbox.test_migrations import APPLICATION, DATABASE, MIGRATOR, OWNER
from parity.config import migrations, parameters
from parity.config.parameters import Migrations
from parity.config.stack_models import Release, Releases
from parity.errors import RefusedError
from parity.preview import gate, migrated
from parity.preview.plan import Change, Plan, Property, Resource
from parity.releases import schema
from parity.resources import kinds
from tests.components.conftest import APPLICATION as APPLICATION_OF_SHOP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packages.parity.tests.sandbox.test_migrations import Database
    from parity.preview.plan import Operation

pytestmark = pytest.mark.sandbox

database = test_migrations.database
"""The fixture: a database with the tables `items` and `log`, which the application may read."""

BASE = "urn:pulumi:staging::storefront::"
SHOP = f"{BASE}parity:components:WebApp::shop"
OTHER = "moving_other"
"""A login without a privilege."""
STATISTICS = """
create view shop.pg_stat_statements as
select (select oid from pg_roles where rolname = '{role}') as userid,
       (select oid from pg_database where datname = current_database()) as dbid, '{query}'::text as query;
create view shop.pg_stat_statements_info as select {lost}::bigint as dealloc;
grant select on shop.pg_stat_statements, shop.pg_stat_statements_info to public;
grant usage on schema shop to public
"""


def urn(type_: str, name: str) -> str:
    return f"{BASE}parity:components:WebApp${type_}::{name}"


def resource(
    type_: str, called: str, operation: Any = "same", depends: tuple[str, ...] = (), **inputs: Any
) -> Resource:
    return Resource(urn(type_, called), SHOP, frozenset(), frozenset(depends), operation, before=inputs, after=inputs)


def role(name: str, **more: Any) -> Resource:
    return resource(kinds.ROLE, name, name=name, **more)


def deployment(release: str, login: str) -> Resource:
    return resource(kinds.DEPLOYMENT, f"d-{release}", depends=(urn(kinds.ROLE, login),), meta={"release": release})


def migration(sql: str, number: int = 1, operation: Operation = "create", **more: Any) -> Change:
    given = test_migrations.Database(None).inputs(sql, number, **more)  # pyright: ignore[reportArgumentType]
    sides = {"before" if operation == "delete" else "after": given}
    return Change(urn(kinds.MIGRATION, f"moving-migration-{number:04}"), kinds.MIGRATION, operation, **sides)


def judged(database: Database, root: Path, *changes: Change, kept: tuple[Resource, ...] = (), live: str = "r3") -> Plan:
    roles = (
        role(MIGRATOR, searchPaths=["shop"], assumeRole=OWNER),
        role(APPLICATION, login=True, searchPaths=["shop"]),
        role(OTHER, login=True),
    )
    lives = [resource(kinds.LIVE, "shop-live", "update", release=live)] if live else []
    every = {each.urn: each for each in (*roles, *kept, *lives)}
    plan = Plan("staging", changes, every, 0)
    return migrated.judged(plan, database.sandbox.environment, root)


def releases(root: Path, **built_for: int) -> None:
    kept = {name: {"migrations": {"moving": number}} for name, number in built_for.items()}
    config = {"config": {"parity:releases": {"shop": {"live": None, "kept": kept}}}}
    (root / "Pulumi.staging.yaml").write_text(json.dumps(config))


DROP = migration("alter table items drop column name", effect="contract")
KEPT = (deployment("r1", APPLICATION), deployment("r2", APPLICATION), deployment("r3", APPLICATION))


def test_other_text_and_a_file_that_is_gone_are_refused_and_what_fits_passes(database: Database, tmp_path: Path):
    database.run("create table a (id int)", 1)
    database.run("create table b (id int)", 2)
    changed = migration("create table a (id bigint)", 1)
    gone = migration("create table b (id int)", 2, "delete")
    found = judged(database, tmp_path, changed, gone)
    assert [each.level for each in found.violations] == ["mandatory", "mandatory"]
    first, second = (each.message for each in found.violations)
    assert "0001_it.sql was applied with other text" in first
    assert "0002_it.sql is applied and is not undone" in second
    assert judged(database, tmp_path, migration("create table a (id int)", 1)).violations == ()
    never = migration("create table c (id int)", 3, "delete")
    assert judged(database, tmp_path, never).violations == (), "what was never applied may go"


def test_files_may_go_with_their_database(database: Database, tmp_path: Path):
    database.run("create table a (id int)")
    with_it = Change(urn(kinds.DATABASE, "d"), kinds.DATABASE, "delete", before={"name": DATABASE})
    assert judged(database, tmp_path, migration("create table a (id int)", 1, "delete"), with_it).violations == ()


def test_each_release_that_stays_and_may_need_what_goes_blocks_with_its_way_on(database: Database, tmp_path: Path):
    releases(tmp_path, r1=0, r2=0, r3=1)
    found = judged(database, tmp_path, DROP, kept=KEPT)
    (danger,) = gate.judge(found, ()).blocking
    assert danger.what == (
        "takes items.name, and releases that stay may need it: shop r1 may, by its privileges; shop r2 may, by its "
        "privileges. `parity prune staging shop --keep 2` lets r1 go; acknowledge it where shop r2 does without"
    )
    assert gate.judge(found, (DROP.urn,)).open


def test_a_live_release_whose_commit_does_not_have_the_contraction_counts_too(database: Database, tmp_path: Path):
    releases(tmp_path, r3=0)
    assert "shop r3 may" in judged(database, tmp_path, DROP, kept=KEPT[2:]).needs[DROP.urn]
    releases(tmp_path, r3=1)
    assert judged(database, tmp_path, DROP, kept=KEPT[2:]).needs == {}


def test_a_release_of_another_application_that_reads_the_table_counts_too(database: Database, tmp_path: Path):
    other = replace(deployment("r1", APPLICATION), parent=f"{BASE}parity:components:WebApp::admin")
    assert "admin r1 may, by its privileges" in judged(database, tmp_path, DROP, kept=(other,)).needs[DROP.urn]


def test_a_login_without_a_privilege_on_the_table_needs_nothing_of_it(database: Database, tmp_path: Path):
    with database.sandbox.postgres() as administrator:
        administrator.execute(f"create role {OTHER} login")
    try:
        kept = (deployment("r1", OTHER), deployment("r2", APPLICATION))
        assert "shop r1" not in judged(database, tmp_path, DROP, kept=kept).needs[DROP.urn]
        blind = migration("do $$ begin end $$", effect="contract")
        needed = judged(database, tmp_path, blind, kept=kept).needs[blind.urn]
        assert "takes what the parser does not see" in needed
        assert "shop r1" in needed, "what is not seen may be anything"
        absent = migration("drop function shop.f", effect="contract")
        assert "shop r1" in judged(database, tmp_path, absent, kept=kept).needs[absent.urn]
    finally:
        with database.sandbox.postgres() as administrator:
            administrator.execute(f"drop role {OTHER}")


@pytest.mark.parametrize(("query", "lost", "needed"), [
    ("select name from shop.items where id = $1", 0, "did: `select name from shop.items where id = $1`"),
    ("select * from items", 0, "did: `select * from items`"),
    ("update items set name = $1", 7, "did: `update items set name = $1`"),
    ("select id from shop.items", 0, ""),
    ("select name from shop.log", 0, ""),
    ("select id from shop.items", 3, "may, by its privileges"),
    ("selec id", 0, "did: `selec id`"),
])  # fmt: skip
def test_statistics_show_what_a_release_did_and_clear_it_only_where_they_are_complete(
    database: Database, tmp_path: Path, query: str, lost: int, needed: str
):
    database.do(STATISTICS.format(role=APPLICATION, query=query, lost=lost))
    found = judged(database, tmp_path, DROP, kept=KEPT[:1]).needs.get(DROP.urn, "")
    assert needed in found
    assert bool(needed) == bool(found)


def test_a_contraction_before_an_expansion_is_refused_under_a_live_release_alone(database: Database, tmp_path: Path):
    changes = (DROP, migration("alter table items add column more int", 2))
    (found,) = judged(database, tmp_path, *changes).violations
    assert found.policy == migrated.ORDER
    assert "0002_it.sql behind it is to run before the switch" in found.message
    assert judged(database, tmp_path, *changes, live="").violations == ()


def test_a_plan_without_migrations_asks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def connect(*_: object) -> None:
        pytest.fail("it asked")

    monkeypatch.setattr(migrated, "connect", connect)
    plan = Plan("staging", (), {each.urn: each for each in KEPT}, 0)
    assert migrated.judged(plan, {"PGHOST": "192.0.2.1"}, tmp_path) is plan


def test_what_cannot_be_read_in_the_middle_refuses_the_plan(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def waits(*_: object) -> None:
        raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")

    monkeypatch.setattr(migrated.rehearsed, "of", waits)
    (found,) = judged(database, tmp_path, migration("alter table items drop column name", effect="contract")).violations
    assert (found.policy, found.level) == (migrated.READ, "mandatory")
    assert "could not be read: canceling statement due to lock timeout" in found.message


@pytest.mark.parametrize(("knows", "blocks"), [(1, True), (2, False)])
def test_a_switch_to_a_release_that_does_not_know_a_contraction_blocks(
    database: Database, tmp_path: Path, knows: int, blocks: bool
):
    releases(tmp_path, r1=knows)
    database.run("alter table items add column more int", 1)
    database.run("alter table items drop column name", 2, effect="contract")
    login = Resource(
        f"{BASE}parity:components:Database${kinds.ROLE}::moving-shop-g1", f"{BASE}parity:components:Database::moving",
        frozenset(), frozenset(), "same", before={}, after={"name": APPLICATION, "login": True},
    )  # fmt: skip
    built = resource(kinds.DEPLOYMENT, "d-r1", depends=(login.urn,), meta={"release": "r1"})
    taking = migration("alter table items drop column name", 2, effect="contract")
    files = [
        resource(kinds.MIGRATION, each.name, **each.after)
        for each in (migration("alter table items add column more int"), taking)
    ]
    live = resource(kinds.LIVE, "shop-live", "update", release="r1", application="shop")
    switched = (Property("release", "r2", "r1"),)
    switch = Change(live.urn, kinds.LIVE, "update", before={"release": "r2"}, after=live.after, properties=switched)
    every = {each.urn: each for each in (login, built, live, *files)}
    plan = migrated.judged(Plan("staging", (switch,), every, 0), database.sandbox.environment, tmp_path)
    found = [each.what for each in gate.judge(plan, ()).blocking]
    said = "goes to r1, whose commit does not know what was taken since: migrations/0002_it.sql (items.name)"
    assert found == ([said] if blocks else [])
    assert gate.judge(plan, (live.urn,)).open


# --- A login that may not read ---


PLANNER = "moving_planner"


@pytest.fixture
def planner(database: Database) -> Iterator[dict[str, str]]:
    """libpq's variables of a login that may log in to the server, and no more."""
    with database.sandbox.postgres() as administrator:
        administrator.execute(f"create role {PLANNER} login password 'x'")
        yield {**database.sandbox.environment, "PGUSER": PLANNER, "PGPASSWORD": "x"}
        administrator.execute(f"revoke connect on database {DATABASE} from {PLANNER}")
        database.do(f"revoke all on schema shop, parity from {PLANNER}")
        database.do(f"revoke all on all tables in schema shop, parity from {PLANNER}")
        administrator.execute(f"drop role {PLANNER}")


def ways(text: str) -> list[str]:
    """The statements that a refusal names."""
    return [each for way in re.findall("`(grant .*?)`", text) for each in way.split("; ")]


LACKED = (
    [f"grant connect on database {DATABASE} to {PLANNER}"],
    [f"grant usage on schema parity to {PLANNER}", f"grant select on parity.migrations to {PLANNER}"],
)
"""What it asks for, one refusal after the other."""


def given(database: Database, text: str) -> list[str]:
    """Run the statements that a refusal names, as it says."""
    for each in ways(text):
        if "database" in each:
            with database.sandbox.postgres() as administrator:
                administrator.execute(each)
        else:
            database.do(each)
    return ways(text)


def test_each_right_that_a_planner_lacks_is_refused_with_the_statement_that_gives_it(
    database: Database, tmp_path: Path, planner: dict[str, str]
):
    database.run("create table a (id int)")
    plan = Plan("staging", (migration("create table a (id bigint)"),), {}, 0)
    for expected in LACKED:
        (found,) = migrated.judged(plan, planner, tmp_path).violations
        assert given(database, found.message) == expected
    (found,) = migrated.judged(plan, planner, tmp_path).violations
    assert "0001_it.sql was applied with other text" in found.message


def test_what_a_login_may_not_see_of_a_release_is_said_with_the_statement_that_shows_it(
    database: Database, tmp_path: Path
):
    database.do(STATISTICS.format(role=APPLICATION, query="<insufficient privilege>", lost=0))
    found = judged(database, tmp_path, DROP, kept=KEPT[2:]).needs[DROP.urn]
    who = database.sandbox.environment["PGUSER"]
    assert f"shop r3 may, by its privileges; `grant pg_read_all_stats to {who}` shows what it did" in found


# --- Going back ---


def going_back(root: Path, knows: int) -> Any:
    """Settings of an application with one kept release that knows so many migrations."""
    declared = parameters.Database(name="storefront", schemas=("shop",), migrations=Migrations(folder="migrations"))
    release = Release(
        commit="c" * 40, config="a" * 32, credentials=1, migrations={"storefront": knows} if knows else {}
    )
    return SimpleNamespace(
        stack="staging",
        catalog=SimpleNamespace(application=lambda _: APPLICATION_OF_SHOP, databases=(declared,)),
        releases={"shop": Releases(live=None, kept={"r1": release})},
        names=SimpleNamespace(database=lambda _: DATABASE),
        migrations=lambda each: migrations.of(root, each),
    )


def test_going_back_over_a_contraction_says_what_was_taken_and_needs_a_word(database: Database, tmp_path: Path):
    gone = "alter table items drop column name"
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0002_it.sql").write_text(gone)
    assert schema.require(going_back(tmp_path, 0), "shop", "r1", anyway=False) == (), "nothing is applied yet"
    database.run("alter table items add column more int", 1)
    assert schema.require(going_back(tmp_path, 0), "shop", "r1", anyway=False) == (), "an expansion takes nothing"
    database.run(gone, 2, effect="contract")
    with pytest.raises(RefusedError) as caught:
        schema.require(going_back(tmp_path, 1), "shop", "r1", anyway=False)
    assert "Taken away since: 0002_it of storefront (items.name)" in str(caught.value)
    assert "`parity rollback staging shop --to r1 --anyway`" in (caught.value.remedy or "")
    assert schema.require(going_back(tmp_path, 1), "shop", "r1", anyway=True) == (
        "Does not go back: 0002_it of storefront (items.name).",
    )
    assert schema.require(going_back(tmp_path, 2), "shop", "r1", anyway=False) == (), "it was built for it"


def test_where_the_database_does_not_open_going_back_says_so(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(RefusedError, match="storefront could not be asked what was applied"):
        schema.require(going_back(tmp_path, 0), "shop", "r1", anyway=False)


def test_each_right_that_who_goes_back_lacks_is_named_with_the_statement_that_gives_it(
    database: Database, tmp_path: Path, planner: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    database.run("create table a (id int)")
    for name, value in planner.items():
        monkeypatch.setenv(name, value)
    for expected in LACKED:
        with pytest.raises(RefusedError) as caught:
            schema.require(going_back(tmp_path, 0), "shop", "r1", anyway=False)
        assert given(database, str(caught.value)) == expected
    assert schema.require(going_back(tmp_path, 0), "shop", "r1", anyway=False) == ()


@pytest.mark.parametrize("table", ["items", "shop.items"])
def test_a_table_is_found_where_the_administrator_may_not_use_its_schema(
    database: Database, tmp_path: Path, table: str
):
    with database.sandbox.postgres(DATABASE) as administrator:
        administrator.execute(f"grant {test_migrations.OWNER} to current_user with inherit false")
    drop = migration(f"alter table {table} drop column name", effect="contract")
    needs = judged(database, tmp_path, drop, kept=(deployment("r2", APPLICATION),)).needs[drop.urn]
    assert needs.startswith(f"takes {table}.name, and releases that stay may need it: shop r2 may, by its privileges")
    nothing = judged(database, tmp_path, drop, kept=(deployment("r2", OTHER),))
    assert nothing.needs == {}, "the other login has no privilege on it"
