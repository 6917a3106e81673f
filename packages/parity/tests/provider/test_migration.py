"""The Migration resource as the engine meets it; what it does in a database is in sandbox/test_migrations.py."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from pulumi.provider.experimental.provider import CheckRequest, CreateRequest, DeleteRequest, DiffRequest

from parity.provider.provider import ParityProvider
from parity.provider.values import wire_map
from parity.resources import kinds

URN = f"urn:pulumi:staging::storefront::a$parity:components:Migrations${kinds.MIGRATION}::storefront-migration-0001"
GIVEN: dict[str, Any] = {
    "database": "storefront_staging",
    "number": 1,
    "file": "migrations/0001_it.sql",
    "effect": "expand",
    "sql": "SELECT 1",
    "sha256": "a" * 64,
    "lockTimeoutMilliseconds": 2000,
    "attempts": 5,
    "role": "migrator",
    "password": "canary",
}


def check(olds: dict[str, Any], news: dict[str, Any]) -> dict[str, str]:
    request = CheckRequest(URN, wire_map(olds, []), wire_map(news, []), b"")
    found = asyncio.run(ParityProvider().check(request))
    assert found.inputs is not None
    assert found.inputs["password"].is_secret
    return {each.property: each.reason for each in found.failures or []}


def diff(**changes: Any):
    request = DiffRequest(URN, "id", wire_map(GIVEN, []), wire_map({**GIVEN, **changes}, []), [])
    return asyncio.run(ParityProvider().diff(request))


def test_each_input_is_needed():
    assert set(check({}, {"password": "canary"})) == GIVEN.keys() - {"password"}
    assert check({}, GIVEN) == {}


def test_other_text_for_what_is_recorded_is_refused_before_any_call():
    (reason,) = check(GIVEN, {**GIVEN, "sql": "SELECT 2", "sha256": "b" * 64}).values()
    assert "migrations/0001_it.sql was applied to storefront_staging with other text" in reason
    assert "git log -p -- migrations/0001_it.sql" in reason
    assert check(GIVEN, {**GIVEN, "database": "other", "sha256": "b" * 64}) == {}, "another database has its own record"


@pytest.mark.parametrize("name", ["lockTimeoutMilliseconds", "attempts", "password", "file", "effect"])
def test_what_says_how_it_is_run_runs_nothing(name: str):
    assert not diff(**{name: "9"}).changes


def test_another_database_is_another_one_and_another_server_is_asked():
    assert diff(database="other").replaces == ["database"]
    assert (diff(server="analytics").changes, diff(server="analytics").replaces) == (True, [])


def test_a_preview_and_a_deletion_reach_no_server(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGHOST", "192.0.2.1")
    created = asyncio.run(ParityProvider().create(CreateRequest(URN, wire_map(GIVEN, []), 0, preview=True)))
    assert created.resource_id == "storefront_staging/0001"
    asyncio.run(ParityProvider().delete(DeleteRequest(URN, "id", wire_map(GIVEN, []), 0)))


def test_a_plugin_that_runs_no_migration_loads_neither_client_nor_parser():
    source = (
        "import sys, parity.provider.provider; print([each for each in ('psycopg', 'pgparse') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
