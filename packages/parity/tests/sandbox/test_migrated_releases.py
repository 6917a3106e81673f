"""The example over an expansion, a move of data and a contraction, from its first release to its third."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from packages.parity.tests.sandbox.test_releases import BROKEN, NEW, Shop
from parity.config import passwords
from support import pg_catalog
from support.amounts import everything
from support.migrations import FILES, FIRST, FOLDER, SECOND, THIRD, declared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

URN = "urn:pulumi:staging::storefront::parity:components:Migrations$parity:index:Migration::storefront-migration-0003"
LOGIN, MIGRATOR, READER = "storefront_staging_shop_g1", "storefront_staging_migrator", "storefront_staging_readonly"
FULL = pytest.mark.skipif(not everything(), reason="with PARITY_EXAMPLES=all; its parts are tried by themselves")


def connect(instance: Instance, role: str) -> psycopg.Connection[Any]:
    """A session of one of staging's logins."""
    at, secret = instance.environment(), instance.secret("staging")
    return psycopg.connect(
        host=at["PGHOST"],
        port=int(at["PGPORT"]),
        user=role,
        password=passwords.derive(secret, role, 1).reveal(),
        dbname="storefront_staging",
        autocommit=True,
    )


@contextmanager
def reading(instance: Instance, query: str) -> Iterator[list[str]]:
    """What a release's own query meets, run without pause with the release's own login; a failure by its message."""
    stop = threading.Event()
    met: list[str] = []

    def read() -> None:
        with connect(instance, LOGIN) as connection:
            while not stop.wait(0.02):
                try:
                    connection.execute(query.encode())
                    met.append("")
                except psycopg.Error as error:
                    met.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield met
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def shop(small_instance: Instance, tmp_path: Path) -> Shop:
    found = Shop(small_instance, tmp_path / "asked")
    found.push(NEW, BROKEN)
    found.commits |= {"r2": NEW, "r3": BROKEN}
    found.secrets = (small_instance.secret("staging").reveal(),)
    return found


def bring(instance: Instance, name: str, sql: str | None = None) -> None:
    """Give the example's folder one of its later files, or another."""
    (instance.project.root / FOLDER / name).write_text(FILES[name] if sql is None else sql)


def test_what_the_first_migration_makes_is_each_roles_as_the_catalog_says(shop: Shop):
    instance, seen = shop.instance, "select name from shop.items"
    with connect(instance, LOGIN) as application:
        application.execute("insert into shop.items (name, price) values ('one', 1)")
        assert application.execute("select name from items").fetchall() == [("one",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("alter table items drop column price")
    with connect(instance, READER) as reader:
        assert reader.execute(seen).fetchall() == [("one",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("delete from shop.items")
    with connect(instance, MIGRATOR) as migrator:
        owner = "select tableowner from pg_tables where tablename = 'items'"
        assert migrator.execute(owner).fetchall() == [("storefront_staging_owner",)]
    databases = json.loads(instance.pulumi("stack", "output", "--stack", "staging", "--json").ok().stdout)["databases"]
    assert databases["storefront"]["migrations"] == [f"{FOLDER}/{FIRST}"]
    assert "as declared" in shop.parity("drift", "staging").ok().said


def test_three_releases_go_over_three_migrations_and_users_meet_each_complete(shop: Shop):
    instance = shop.instance
    with connect(instance, LOGIN) as first:
        first.execute("insert into items (name, price) values ('one', 1)")
        bring(instance, SECOND)
        _to_the_second(shop)
        assert first.execute("select cents from items").fetchall() == [(100,)]

    bring(instance, THIRD)
    since = shop.now()
    with reading(instance, "select name, price from items") as met:
        refused, asked = shop.during("release", "staging", "shop", "--commit", BROKEN, "--live", "--up", "--yes")
    assert refused.code == 11, refused.said
    assert "takes shop.items.price, and releases that stay may need it: " in refused.said
    assert "shop r1 may, by its privileges" in refused.said
    assert "r3 may" not in refused.said, "its own commit has the contraction"
    assert "`parity prune staging shop --keep 2` lets r1 go" in refused.said
    assert shop.changing(since) == []
    asked.hold(shop.urls[0], shop.commits, "r2")
    assert set(met) == {""}
    if everything():
        _to_the_third(shop)


def _to_the_second(shop: Shop) -> None:
    shop.switched("release", "staging", "shop", "--commit", NEW, "--live", "--up", "--yes", served=("r1", "r2"))
    text = (shop.instance.project.root / "Pulumi.staging.yaml").read_text()
    assert "credentials: 1, migrations: {storefront: 2}}" in text


def _to_the_third(shop: Shop) -> None:
    instance = shop.instance
    (found,) = json.loads(shop.parity("preview", "staging", "--json").stdout)["migrations"]
    assert found["not_rehearsed"] is None, "the copy has the roles and extensions of the stack"
    assert [(each["locks"], each["failed"]) for each in found["statements"]] == [
        ({"shop.items": "ACCESS EXCLUSIVE"}, None)
    ]
    shop.parity("prune", "staging", "shop", "--keep", "2").ok()
    with reading(instance, "select name from items") as met:
        shop.switched("up", "staging", "--yes", "--acknowledge", URN, served=("r2", "r3"))
    assert set(met) == {""}, "what the third release reads is there all the time"
    assert "as declared" in shop.parity("drift", "staging").ok().said

    back = shop.parity("rollback", "staging", "shop", "--up")
    assert back.code == 8, back.said
    assert "r2 of shop was built for an earlier schema" in back.said
    assert "0003_price of storefront (shop.items.price)" in back.said
    shop.switched("rollback", "staging", "shop", "--to", "r2", "--anyway", "--up", served=("r3", "r2"))

    bring(instance, THIRD, "")
    assert shop.parity("up", "staging", "--yes").code == 2, "a file without a statement"
    (instance.project.root / FOLDER / THIRD).unlink()
    gone = shop.parity("up", "staging", "--yes")
    assert gone.code == 12, gone.said
    assert f"{THIRD} is applied and is not undone" in gone.said
    bring(instance, THIRD)
    bring(instance, "0004_name.sql", "alter table items drop column name;")
    bring(instance, "0005_more.sql", "alter table items add column more text;")
    order = shop.parity("up", "staging", "--yes")
    assert order.code == 12, order.said
    assert "0005_more.sql behind it is to run before the switch" in order.said


def forget(instance: Instance, urn: str) -> None:
    """Take a resource out of the recorded state, as if an older one had been put back."""
    file = instance.project.root / "state.json"
    state = json.loads(instance.pulumi("stack", "export", "--stack", "staging").ok().stdout)
    resources = [each for each in state["deployment"]["resources"] if each["urn"] != urn]
    for each in resources:
        each["dependencies"] = [one for one in each.get("dependencies") or [] if one != urn]
    state["deployment"]["resources"] = resources
    file.write_text(json.dumps(state))
    instance.pulumi("stack", "import", "--file", str(file), "--stack", "staging").ok()


def waiting(instance: Instance) -> bool:
    """Whether a migration waits for a lock."""
    with pg_catalog.connect(instance.environment(), "postgres") as connection:
        query = "select count(*) from pg_stat_activity where application_name like 'parity migration%' and cardinality("
        return connection.execute(query + "pg_blocking_pids(pid)) > 0").fetchall() != [(0,)]


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.1)


@FULL
def test_after_the_engines_death_in_a_migration_nothing_of_it_holds_and_the_next_update_runs_it(own_instance: Instance):
    instance = own_instance
    write = declared(instance.project.root, "lock_timeout_milliseconds=60_000")
    instance.run("parity", "up", "staging", "--yes").ok()
    write("0002_more.sql", "alter table items add column more int;\ninsert into items (name) values ('one');\n")
    with connect(instance, MIGRATOR) as holder:
        holder.execute("begin; select * from shop.items")
        command = ["parity", "up", "staging", "--yes"]
        up = subprocess.Popen(command, cwd=instance.project.root, env=instance.cold().environment())
        until(lambda: waiting(instance))
        (lock,) = (instance.local.directory / "backend/.pulumi/locks/organization/storefront/staging").glob("*.json")
        os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)
        assert up.wait(timeout=240) != 0
        until(lambda: not waiting(instance))
        holder.execute("rollback")
        assert applied(holder) == 1, "the plugin gives up what the engine does not wait for any more"
        instance.run("parity", "up", "staging", "--yes").ok()
        assert applied(holder) == 2
        assert holder.execute("select count(*) from shop.items").fetchall() == [(1,)], "its data was moved once"
    assert "as declared" in instance.run("parity", "drift", "staging").ok().said


def applied(connection: psycopg.Connection[Any]) -> int:
    (found,) = connection.execute("select count(*) from parity.migrations where applied_at is not null").fetchall()
    return found[0]


@FULL
def test_text_that_was_changed_after_it_was_applied_is_refused_whatever_is_recorded(shop: Shop):
    instance = shop.instance
    bring(instance, FIRST, FILES[FIRST] + "-- more\n")
    changed = shop.parity("up", "staging", "--yes")
    assert changed.code == 6, changed.said
    assert "migrations/storefront/0001_items.sql was applied to storefront_staging with other text" in changed.said

    forget(instance, URN.replace("0003", "0001"))
    unrecorded = shop.parity("up", "staging", "--yes")
    assert unrecorded.code == 12, unrecorded.said
    assert "0001_items.sql was applied with other text" in unrecorded.said
    bring(instance, FIRST)
    shop.parity("up", "staging", "--yes").ok()
