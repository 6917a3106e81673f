"""Rolling releases: begun by start or by a promotion, approved stage by stage, completed, ended by a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.vercel_api import Vercel, error_of

if TYPE_CHECKING:
    from collections.abc import Callable

STAGES = [{"targetPercentage": 25, "requireApproval": True}, {"targetPercentage": 50}, {"targetPercentage": 100}]
CONFIG = {"enabled": True, "advancementType": "manual-approval", "stages": STAGES}


@pytest.fixture
def rolled(api: Vercel) -> Callable[[], tuple[str, str, str]]:
    """A project with these stages of which the first deployment is live, and a second one is staged."""

    def make() -> tuple[str, str, str]:
        project = api.project()
        api("POST", f"/v10/projects/{project['id']}/domains", {"name": "shop.example.com"})
        first, second = (api.deploy(project, meta={"release": each}) for each in ("r1", "r2"))
        api.promote(project, first)
        at = f"/v1/projects/{project['id']}/rolling-release"
        api("PATCH", f"{at}/config", CONFIG)
        return project["id"], first["id"], second["id"]

    return make


def served(api: Vercel, requests: int = 100) -> dict[str, int]:
    found = [api.visit("shop.example.com").json()["deployment"] for _ in range(requests)]
    return {each: found.count(each) for each in set(found)}


def read(api: Vercel, project: str, **query: str) -> Any:
    return api("GET", f"/v1/projects/{project}/rolling-release", **query)["rollingRelease"]


def test_users_get_it_by_the_share_of_its_stage_until_the_last_one_is_approved(api: Vercel, rolled) -> None:
    project, first, second = rolled()
    at = f"/v1/projects/{project}/rolling-release"
    assert read(api, project) is None
    for _ in range(2):
        made = api("POST", f"{at}/start", {"canaryDeploymentId": second})["rollingRelease"]
    assert (made["state"], made["activeStage"]["index"], made["nextStage"]["index"]) == ("ACTIVE", 0, 1)
    assert (made["currentDeployment"]["id"], made["canaryDeployment"]["id"]) == (first, second)
    assert api("GET", f"/v13/deployments/{second}")["readySubstate"] == "ROLLING"
    assert api("GET", f"/v9/projects/{project}")["targets"]["production"]["id"] == first
    assert served(api) == {first: 75, second: 25}
    approve = {"nextStageIndex": 1, "canaryDeploymentId": second}
    api("POST", f"{at}/approve-stage", approve)
    assert served(api) == {first: 50, second: 50}
    assert error_of(api.ask("POST", f"{at}/approve-stage", approve)) == (400, "invalid_stage")
    done = api("POST", f"{at}/approve-stage", {**approve, "nextStageIndex": 2})["rollingRelease"]
    assert (done["state"], done["nextStage"]) == ("COMPLETE", None)
    assert served(api) == {second: 100}
    assert read(api, project, state="ACTIVE") is None


def test_a_rollback_ends_it_and_all_users_get_the_deployment_before(api: Vercel, rolled) -> None:
    project, first, second = rolled()
    at = f"/v1/projects/{project}/rolling-release"
    api("POST", f"{at}/start", {"canaryDeploymentId": second})
    assert api.ask("POST", f"/v1/projects/{project}/rollback/{first}", {}).status_code == 201
    assert served(api) == {first: 100}
    assert (read(api, project)["state"], read(api, project)["activeStage"]) == ("ABORTED", None)
    assert error_of(api.ask("POST", f"{at}/complete", {"canaryDeploymentId": second})) == (409, "conflict")


def test_a_promotion_begins_one_ends_the_same_and_waits_for_another(api: Vercel, rolled) -> None:
    project, first, second = rolled()
    promote = f"/v10/projects/{project}/promote"
    assert api.ask("POST", f"{promote}/{second}", {}).status_code == 201
    assert served(api) == {first: 75, second: 25}
    assert api.ask("POST", f"{promote}/{first}", {}).status_code == 202, "what the command line says of 202"
    assert read(api, project)["queuedDeploymentId"] == first
    assert api.ask("POST", f"{promote}/{second}", {}).status_code == 201
    assert served(api) == {second: 100}


def test_it_is_refused_where_it_makes_no_sense(api: Vercel, rolled) -> None:
    project, first, second = rolled()
    start = f"/v1/projects/{project}/rolling-release/start"
    assert error_of(api.ask("POST", start, {"canaryDeploymentId": first})) == (409, "conflict")
    assert error_of(api.ask("POST", start, {"canaryDeploymentId": "dpl_none"})) == (404, "not_found")
    api("DELETE", f"/v1/projects/{project}/rolling-release/config")
    assert error_of(api.ask("POST", start, {"canaryDeploymentId": second})) == (400, "rolling_release_not_enabled")
