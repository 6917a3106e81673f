"""A role of the stack's that a person renamed: it is recognised, and there is one way on, which works."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from parity.errors import DriftError
from parity.resources import kinds
from support import shell
from support.instances import START
from support.mutations import OWNER, World

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

STACK, NEW = "prod", "renamed_by_hand_{}"
LOGIN = "storefront_prod_shop_g1"
TOGETHER: tuple[dict[str, str], ...] = (
    {"storefront-owner": OWNER},
    {"storefront-migrator": "storefront_prod_migrator", "storefront-shop-access": "storefront_prod_shop"},
    {"storefront-readonly": "storefront_prod_readonly", "storefront-shop-g1": LOGIN},
)
"""Roles that are recognised at once, by resource: a role is recognised by what it holds of the others."""


@pytest.fixture
def renaming(small_module_instance: Instance) -> Instance:
    small_module_instance.local.client().load_snapshot(START)
    return small_module_instance


@pytest.mark.parametrize("roles", TOGETHER, ids=" and ".join)
def test_it_is_recognised_and_the_printed_command_is_the_way_on(
    renaming: Instance, roles: dict[str, str], tmp_path: Path
):
    names = {resource: NEW.format(number) for number, resource in enumerate(roles)}
    renames = [f"alter role {role} rename to {names[resource]}" for resource, role in roles.items()]
    World(renaming).sql(*renames, superuser=True)
    found = renaming.run("parity", "drift", STACK, "--json", "--plan")
    assert found.code == DriftError.exit_code
    report = json.loads(found.stdout)
    missing = {
        each["name"]: each for each in report["findings"] if (each["kind"], each["type"]) == ("missing", kinds.ROLE)
    }
    assert {name: each["detail"] for name, each in missing.items()} == {
        resource: f"{name} holds what it held: it was renamed" for resource, name in names.items()
    }
    steps = [each for each in report["plan"] if each["command"]]
    assert {each["finding"] for each in steps} == {each["id"] for each in missing.values()}, "all else follows"
    for step in steps:
        renaming.run("bash", "-c", step["command"], extra=shell.environment(renaming, tmp_path)).ok()
    renaming.run("parity", "drift", STACK).ok()


def test_an_update_makes_the_login_again_and_drift_names_the_one_that_is_left(renaming: Instance, tmp_path: Path):
    new = NEW.format(0)
    World(renaming).sql(f"alter role {LOGIN} rename to {new}", superuser=True)
    recovered = renaming.run("parity", "recover", STACK, "--skip-preview").ok()
    assert "Role storefront-shop-g1: it is recorded, and it does not exist" in recovered.stdout
    assert "1 created" in renaming.up(STACK).ok().said
    report = json.loads(renaming.run("parity", "drift", STACK, "--json", "--plan").stdout)
    (left,) = report["plan"]
    assert f"{new} in storefront_prod_shop" in next(
        each["name"] for each in report["findings"] if each["id"] == left["finding"]
    )
    renaming.run("bash", "-c", left["command"], extra=shell.environment(renaming, tmp_path)).ok()
    renaming.run("parity", "drift", STACK).ok()
