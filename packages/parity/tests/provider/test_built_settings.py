"""The switch compares settings, and when what Vercel never shows was written."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from packages.parity.tests.provider.conftest import World, inputs
from packages.parity.tests.provider.test_built_with import MADE, PROMOTE, switch, switched, variable
from parity.provider.errors import BuiltOtherwise

DECLARED = {
    "framework": "nextjs",
    "rootDirectory": "apps/shop",
    "nodeVersion": "22.x",
    "ignoreCommand": "exit 1",
    "gitLfs": False,
    "resourceConfig": {"functionDefaultRegions": ["fra1"]},
    "gitRepository": {"type": "github", "repo": "acme/shop", "productionBranch": "main"},
}
LINK = {"type": "github", "org": "acme", "repo": "shop", "repoId": 7, "productionBranch": "main"}
PROJECT: dict[str, Any] = {
    "id": "prj_1",
    "name": "shop-staging",
    "targets": {"production": {"id": "d1", "url": "d1.vercel.app"}},
    "framework": "nextjs",
    "rootDirectory": "apps/shop",
    "nodeVersion": "22.x",
    "commandForIgnoringBuildStep": "exit 1",
    "buildCommand": None,
    "sourceFilesOutsideRootDirectory": True,
    "resourceConfig": {"functionDefaultRegions": ["fra1"], "fluid": True},
    "staticIps": {"enabled": False, "regions": []},
    "link": LINK,
}
SETTINGS = {"framework": "nextjs", "nodeVersion": "22.x", "buildCommand": None, "commandForIgnoringBuildStep": "exit 1"}
DEPLOYMENT: dict[str, Any] = {
    "id": "d2",
    "createdAt": MADE,
    "projectSettings": SETTINGS,
    "nodeVersion": "20.x",
    "regions": ["iad1"],
    "gitSource": {"type": "github", "repoId": "7"},
}
NEWEST: dict[str, Any] = {"newest": True, "settings": DECLARED}


def world(project: dict[str, Any], deployment: dict[str, Any], *variables: dict[str, Any]) -> World:
    return World(
        faults={
            "GET /v13/deployments/d2": [httpx.Response(200, json={**DEPLOYMENT, **deployment})],
            "GET /v10/projects/prj_1/env": [httpx.Response(200, json={"envs": list(variables)})],
            "GET /v9/projects/prj_1": [httpx.Response(200, json={**PROJECT, **project})],
        }
    )


def refused(asked: World, wanted: dict[str, Any], olds: dict[str, Any] | None = None) -> str:
    with pytest.raises(BuiltOtherwise) as caught:
        switch(asked, wanted, olds)
    assert PROMOTE not in asked.calls
    return str(caught.value)


def test_settings_as_declared_are_promoted_with_no_call_more_than_variables_take():
    asked, variables = world({}, {}), world({}, {})
    switch(asked, inputs(**NEWEST))
    switch(variables, inputs(newest=True))
    assert asked.live == "d2"
    assert asked.calls == variables.calls


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"framework": "vite"}, "framework"),
        ({"rootDirectory": None}, "rootDirectory"),
        ({"nodeVersion": "20.x"}, "nodeVersion"),
        ({"buildCommand": "make"}, "buildCommand"),
        ({"commandForIgnoringBuildStep": None}, "ignoreCommand"),
        ({"gitLFS": True}, "gitLfs"),
        ({"resourceConfig": {"functionDefaultRegions": ["iad1"]}}, "resourceConfig.functionDefaultRegions"),
        ({"link": {**LINK, "repo": "other"}}, "gitRepository.repo"),
        ({"link": None}, "gitRepository.repo"),
        ({"sourceFilesOutsideRootDirectory": False}, "sourceFilesOutsideRootDirectory"),
        ({"staticIps": {"enabled": True}}, "staticIps.enabled"),
    ],
)
def test_each_setting_of_the_project_that_is_not_as_declared_is_named(changed: dict[str, Any], path: str):
    assert f"Project shop-project: {path} is not as declared, now" in refused(world(changed, {}), inputs(**NEWEST))


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"projectSettings": {**SETTINGS, "framework": "vite"}}, "framework"),
        ({"projectSettings": {**SETTINGS, "buildCommand": "make"}}, "buildCommand"),
        ({"projectSettings": {**SETTINGS, "rootDirectory": "apps/admin"}}, "rootDirectory"),
        ({"gitSource": {"type": "github", "repoId": 8}}, "gitRepository"),
    ],
)
def test_what_was_changed_back_after_the_build_is_found_in_the_deployment(changed: dict[str, Any], path: str):
    said = refused(world({}, changed), inputs(**NEWEST))
    assert f"Project shop-project: {path} is not as declared, when it was built" in said


@pytest.mark.parametrize("name", ["Project shop-project", "*$vercel:index/project:Project::shop-project"])
def test_an_undeclared_setting_passes_where_an_exception_accepts_it(name: str):
    wanted = inputs(**NEWEST, acceptedSettings={name: {"build*": "2999-12-31", "framework": ""}})
    asked = world({"buildCommand": "make"}, {"projectSettings": {**SETTINGS, "buildCommand": "make"}})
    switch(asked, wanted)
    assert asked.live == "d2"
    assert "framework" in refused(world({"framework": "vite"}, {}), wanted), "what is declared is never accepted"
    over = {name: {"build*": "2000-01-01"}}
    assert "buildCommand" in refused(world({"buildCommand": "make"}, {}), inputs(**NEWEST, acceptedSettings=over))


def test_a_program_that_declares_no_settings_is_compared_by_variables_alone():
    asked = world({"framework": "vite"}, {})
    switch(asked, inputs(newest=True))
    assert asked.live == "d2"


# --- What Vercel never shows -----------------------------------------------------------------------------------------

KEY = variable("KEY", type="sensitive", updatedAt=500)
PASSED = {"KEY": {"id": "env_KEY", "value": "one", "updatedAt": 500.0}}


def sensitive(id_: str = "env_KEY", value: str = "one") -> dict[str, Any]:
    return inputs(newest=True, sensitiveVariables=["KEY"], sensitiveWrites={"KEY": {"id": id_, "value": value}})


def test_a_release_that_passes_records_when_each_sensitive_variable_was_written():
    assert switched(world({}, {}, KEY), sensitive())["compared"] == PASSED


def test_a_sensitive_variable_that_nothing_wrote_since_passes():
    asked = world({}, {}, KEY)
    switch(asked, sensitive(), {"compared": PASSED})
    assert asked.live == "d2"


@pytest.mark.parametrize("updated", [400, 501, MADE])
def test_one_that_was_written_and_not_by_an_update_is_refused(updated: int):
    said = refused(world({}, {}, {**KEY, "updatedAt": updated}), sensitive(), {"compared": PASSED})
    assert "KEY was written by something else than an update" in said


def test_one_that_was_made_again_by_hand_is_refused_even_where_nothing_is_recorded():
    assert "KEY was written by" in refused(world({}, {}, {**KEY, "id": "env_other"}), sensitive())


@pytest.mark.parametrize(
    ("wanted", "row"),
    [
        (sensitive(value="two"), {**KEY, "updatedAt": 600}),
        (sensitive(id_="env_again"), {**KEY, "id": "env_again", "updatedAt": 600}),
    ],
    ids=["another declared value", "made again by an update"],
)
def test_one_that_an_update_wrote_passes_and_is_recorded(wanted: dict[str, Any], row: dict[str, Any]):
    found = switched(world({}, {}, row), wanted, {"compared": PASSED})
    assert found["compared"] == {"KEY": {**wanted["sensitiveWrites"]["KEY"], "updatedAt": 600}}


def test_going_back_keeps_what_was_recorded():
    assert switched(World(), inputs(), {"compared": PASSED})["compared"] == PASSED
