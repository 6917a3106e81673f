"""What a release did, by the extension itself: `pg_stat_statements` of a PostgreSQL of this machine that has it."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from packages.parity.tests.sandbox.test_migrated_plan import APPLICATION, deployment, judged, migration
from packages.parity.tests.sandbox.test_migrations import DATABASE, INSIDE, SETUP
from support.second_server import with_statistics

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.sandbox

SHOP = {"user": APPLICATION, "password": "x"}


@contextmanager
def session(at: dict[str, str], database: str = DATABASE, **login: str) -> Generator[psycopg.Connection[Any]]:
    given: dict[str, Any] = {"user": at["PGUSER"], "password": at["PGPASSWORD"], **login}
    with psycopg.connect(host=at["PGHOST"], port=at["PGPORT"], dbname=database, autocommit=True, **given) as found:
        yield found


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    """The database of the migrations' tests, on that server; its administrator is no superuser."""
    with with_statistics(tmp_path / "server") as found:
        if found is None:
            pytest.skip("no PostgreSQL of this machine has pg_stat_statements")
        at, cluster = found
        with session(at, "postgres") as administrator:
            for each in SETUP.replace(" with set true, inherit true", "").split(";"):
                administrator.execute(each.encode())
            administrator.execute(f"create database {DATABASE} template template0".encode())
        with session(at) as inside, cluster.connect(DATABASE) as superuser:
            inside.execute(INSIDE.encode())
            superuser.execute("create extension pg_stat_statements schema public")
        yield SimpleNamespace(sandbox=SimpleNamespace(environment={**at, "PGHOST_REHEARSAL": "own"}))


def test_what_a_release_ran_blocks_by_its_text_and_by_the_copy(database: Any, tmp_path: Path):
    with session(database.sandbox.environment, **SHOP) as shop:
        shop.execute("set search_path = shop")
        shop.execute("select name from items where id = %s", [1])
    kept = (deployment("r3", APPLICATION),)
    drops = migration("alter table items drop column name", effect="contract")
    plan = judged(database, tmp_path, drops, kept=kept)
    assert "shop r3 did: `select name from items where id = $1`, which breaks: column" in plan.needs[drops.urn]
    (found,) = plan.rehearsals
    assert found.breaks == {0: ("shop r3",)}
    other = migration("alter table log drop column what", effect="contract")
    assert judged(database, tmp_path, other, kept=kept).needs == {}, "its statistics are complete, and none names it"
