"""What the inventory reads of migrations in a real database, and what it costs a stack without any: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packages.parity.tests.sandbox import test_migrations
from packages.parity.tests.sandbox.test_migrations import ADDS, APPLICATION, DATABASE, MIGRATOR
from parity.inventory import postgres
from parity.resources import kinds

if TYPE_CHECKING:
    from packages.parity.tests.sandbox.test_migrations import Database
    from parity.inventory.model import VendorState

pytestmark = pytest.mark.sandbox

database = test_migrations.database


def read(database: Database, *, migrated: bool = True, **login: str) -> VendorState:
    scope = postgres.Scope((DATABASE,), (), (), (), (), migrated=frozenset({DATABASE} if migrated else ()))
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
    assert kinds.SCHEMA in {each.type for each in found.found}


def test_without_migrations_no_query_is_added_and_with_them_one(database: Database):
    assert read(database).calls - read(database, migrated=False).calls == 1
    assert not [each for each in read(database, migrated=False).found if each.type == kinds.MIGRATION]
