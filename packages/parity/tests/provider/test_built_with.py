"""Whether a deployment can hold other variables than those declared, rule by rule; and that the switch asks."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from packages.parity.tests.provider.conftest import COMMIT, World, inputs
from parity.provider import built_with, live_release
from parity.provider.errors import BuiltOtherwise
from parity.resources import kinds

MADE = 1_000
DECLARED = {"BASE": "https://shop.example", "KEY": None}
ACCEPTED = {"ProjectEnvironmentVariable shop-staging/EXTRA (production, preview)": "", "*/OLD (*": "2000-01-01"}
URN = f"urn:pulumi:staging::storefront::parity:components:WebApp${kinds.LIVE}::shop-live"
PROMOTE = "POST /v10/projects/prj_1/promote/d2"


def variable(name: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"env_{name}", "key": name, "target": ["production"], "type": "plain"}
    return {**row, "value": DECLARED.get(name) or "", "createdAt": 900, "updatedAt": MADE, **changes}


def faults(*variables: dict[str, Any]) -> list[str]:
    declared = built_with.Declared("shop-staging", DECLARED, ACCEPTED)
    return built_with.faults({}, {"createdAt": MADE}, variables, declared)


def test_what_was_written_before_the_deployment_and_is_as_declared_passes():
    assert faults(variable("BASE"), variable("KEY", type="sensitive")) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"updatedAt": MADE + 1}, "BASE was changed after the release was built"),
        ({"createdAt": MADE + 1, "updatedAt": MADE + 1}, "BASE was created after the release was built"),
        ({"value": "https://elsewhere.example"}, "BASE is not as declared"),
        ({"target": ["preview"]}, "BASE is not there"),
        ({"target": "production", "value": ""}, "BASE is not as declared"),
    ],
)
def test_each_difference_is_named_and_no_value_is(changed: dict[str, Any], fault: str):
    assert faults(variable("BASE", **changed), variable("KEY")) == [fault]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, "EXTRA is not declared"),
        ({"createdAt": MADE + 1}, "EXTRA is not declared"),
        ({"type": "sensitive"}, "EXTRA is not declared"),
        ({"target": ["production", "development"]}, "EXTRA is not declared"),
        ({"key": "OLD"}, "OLD is not declared"),
        ({"target": ["preview"]}, ""),
        ({"type": "system", "value": "VERCEL_URL"}, ""),
        ({"target": ["production", "preview"]}, ""),
    ],
    ids=["older", "newer", "sensitive", "not as accepted", "no longer accepted", "preview", "Vercel's own", "accepted"],
)
def test_an_undeclared_variable_is_a_fault_however_old_unless_it_is_accepted(changed: dict[str, Any], fault: str):
    found = faults(variable("BASE"), variable("KEY"), variable("EXTRA", **changed))
    assert found == ([fault] if fault else [])


def switched(world: World, wanted: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    """What is recorded after the switch; before it r1, with `more`, is."""

    async def run() -> dict[str, Any]:
        async with world.web() as web:
            recorded = {**inputs("d1", "r1"), **(more or {})}
            return await live_release.switch(world.vercel(), wanted, recorded, lambda _: None, web=web, urn=URN)

    return asyncio.run(run())


def switch(world: World, wanted: dict[str, Any], more: dict[str, Any] | None = None) -> None:
    switched(world, wanted, more)


def answers(substate: str, *variables: dict[str, Any]) -> World:
    deployment = {"id": "d2", "createdAt": MADE, "readySubstate": substate}
    return World(
        faults={
            "GET /v13/deployments/d2": [httpx.Response(200, json=deployment)],
            "GET /v10/projects/prj_1/env": [httpx.Response(200, json={"envs": list(variables)})],
        }
    )


NEWEST = {"newest": True, "variables": {"BASE": DECLARED["BASE"]}, "sensitiveVariables": ["KEY"]}


def test_a_release_that_holds_what_is_not_declared_is_not_promoted():
    world = answers("STAGED", variable("BASE", updatedAt=MADE + 1), variable("KEY", type="sensitive"))
    with pytest.raises(BuiltOtherwise, match="BASE was changed after") as caught:
        switch(world, inputs(**NEWEST))
    assert f"`parity release staging shop --commit {COMMIT} --again --live --up`" in str(caught.value)
    assert PROMOTE not in world.calls
    assert world.live == "d1"


def test_a_release_that_holds_an_undeclared_variable_is_not_promoted_unless_it_is_accepted():
    ours = variable("BASE"), variable("KEY", type="sensitive"), variable("EXTRA", type="sensitive", createdAt=1)
    world = answers("STAGED", *ours)
    with pytest.raises(BuiltOtherwise, match="EXTRA is not declared"):
        switch(world, inputs(**NEWEST))
    assert world.live == "d1"
    world = answers("STAGED", *ours)
    name = "ProjectEnvironmentVariable shop-staging/EXTRA (production)"
    switch(world, inputs(**NEWEST, acceptedVariables={name: "2999-12-31"}))
    assert world.live == "d2"


def test_a_release_that_is_as_declared_is_promoted():
    world = answers("STAGED", variable("BASE"), variable("KEY", type="sensitive"))
    switch(world, inputs(**NEWEST))
    assert world.live == "d2"


def test_a_sealed_value_is_asked_for_alone():
    sealed = variable("BASE", type="encrypted", value="ciphertext", decrypted=False)
    world = answers("STAGED", sealed, variable("KEY", type="sensitive"))
    one = {**sealed, "value": DECLARED["BASE"], "decrypted": True}
    world.faults["GET /v1/projects/prj_1/env/env_BASE"] = [httpx.Response(200, json=one)]
    switch(world, inputs(**NEWEST))
    assert world.live == "d2"


def test_an_older_release_is_switched_to_without_another_call():
    older, plain = World(), World()
    switch(older, inputs(**{**NEWEST, "newest": False}))
    switch(plain, inputs())
    assert older.calls == plain.calls


def test_a_release_that_served_before_is_not_compared_again():
    world = answers("PROMOTED", variable("BASE", updatedAt=MADE + 1))
    switch(world, inputs(**NEWEST))
    assert world.live == "d2"
    assert "GET /v10/projects/prj_1/env" not in world.calls
