"""A role of the stack's that a person renamed: it is recognised, and there is one way on, which works."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from parity.errors import DriftError
from parity.resources import kinds
from support import mutations, shell
from support.mutations import OWNER, World

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

STACK, NEW = "prod", "renamed_by_hand"
ROLES = {
    "storefront-owner": OWNER,
    "storefront-migrator": "storefront_prod_migrator",
    "storefront-readonly": "storefront_prod_readonly",
    "storefront-shop-access": "storefront_prod_shop",
    "storefront-shop-g1": "storefront_prod_shop_g1",
}


@pytest.fixture
def renaming(module_instance: Instance) -> Instance:
    mutations.migrate(module_instance)
    module_instance.local.client().load_snapshot(mutations.MIGRATED)
    return module_instance


@pytest.mark.parametrize("resource", ROLES)
def test_it_is_recognised_and_the_printed_command_is_the_way_on(renaming: Instance, resource: str, tmp_path: Path):
    World(renaming).sql(f"alter role {ROLES[resource]} rename to {NEW}", superuser=True)
    found = renaming.run("parity", "drift", STACK, "--json", "--plan")
    assert found.code == DriftError.exit_code
    report = json.loads(found.stdout)
    (missing,) = [each for each in report["findings"] if (each["kind"], each["type"]) == ("missing", kinds.ROLE)]
    assert (missing["name"], missing["detail"]) == (resource, f"{NEW} holds what it held: it was renamed")
    first, *rest = report["plan"]
    assert first["finding"] == missing["id"]
    assert [each["command"] for each in rest if each["command"]] == [], "all else follows from the name"
    renaming.run("bash", "-c", first["command"], extra=shell.environment(renaming, tmp_path)).ok()
    renaming.run("parity", "drift", STACK).ok()
    renaming.run("parity", "recover", STACK, "--plan").ok()


def test_an_update_makes_the_login_again_and_drift_names_the_one_that_is_left(renaming: Instance, tmp_path: Path):
    login = ROLES["storefront-shop-g1"]
    World(renaming).sql(f"alter role {login} rename to {NEW}", superuser=True)
    renaming.run("parity", "preview", STACK).ok()
    planned = renaming.run("parity", "recover", STACK, "--plan")
    assert "Role storefront-shop-g1: it is recorded, and it does not exist" in planned.stdout
    renaming.run("parity", "recover", STACK).ok()
    done = renaming.run("parity", "up", STACK, "--yes").ok()
    assert "1 created" in done.said or "create 1" in done.said, done.said
    report = json.loads(renaming.run("parity", "drift", STACK, "--json", "--plan").stdout)
    (left,) = report["plan"]
    assert f"{NEW} in storefront_prod_shop" in next(
        each["name"] for each in report["findings"] if each["id"] == left["finding"]
    )
    renaming.run("bash", "-c", left["command"], extra=shell.environment(renaming, tmp_path)).ok()
    renaming.run("parity", "drift", STACK).ok()
