"""Whose rights a new grant to PUBLIC takes, asked of a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from parity.preview import held
from support import plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.sandboxes import Sandbox

pytestmark = pytest.mark.sandbox

ROLES = ("brown_owner", "brown_reader", "brown_connected", "brown_stranger", "brown_declared")
PASSWORD = "a-password-of-these-tests"


@pytest.fixture
def brownfield(shared_sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """libpq's variables of a server with a database that others use."""
    environment = shared_sandbox.environment
    with shared_sandbox.postgres() as server:
        server.autocommit = True
        for role in ROLES:
            server.execute(f"create role {role} login password '{PASSWORD}'")
        server.execute("grant brown_owner to current_user")
        server.execute("create database brownfield owner brown_owner")
        server.execute("grant connect on database brownfield to brown_reader, brown_declared")
    yield environment
    with shared_sandbox.postgres() as server:
        server.autocommit = True
        server.execute("drop database brownfield with (force)")
        server.execute(f"drop role {', '.join(ROLES)}")


def test_owners_those_with_rights_and_those_connected_are_named_and_declared_ones_are_not(brownfield: dict[str, str]):
    grant = {"database": "brownfield", "role": "public", "objectType": "database", "privileges": []}
    plan = plans.plan(
        plans.create(plans.GRANT, "x", grant), plans.create(plans.ROLE, "d", {"name": "brown_declared", "login": True})
    )
    login = {"user": "brown_connected", "password": PASSWORD, "dbname": "brownfield"}
    with psycopg.connect(host=brownfield["PGHOST"], port=brownfield["PGPORT"], **login):
        found = held.with_users(plan, brownfield)
    assert found.users == {"brownfield": ("brown_connected", "brown_owner", "brown_reader")}


def test_a_server_that_does_not_open_leaves_the_plan_as_it_is(brownfield: dict[str, str]):
    grant = {"database": "brownfield", "role": "public", "objectType": "database", "privileges": []}
    plan = plans.plan(plans.create(plans.GRANT, "x", grant))
    assert held.with_users(plan, {**brownfield, "PGPORT": "1"}) is plan
