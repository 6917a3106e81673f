"""Deployments: their states by the clock, what they are given, rules that make them fail, promotion and rollback."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from parity_sandbox.store import Store
from support.vercel_api import COMMIT, Vercel, error_of

if TYPE_CHECKING:
    from parity_sandbox.context import Context


GIT = "incorrect_git_source_info"


def rule(context: Context, **given: Any) -> None:
    rules = context.store.collection("sandbox", "builds")
    rules.insert(str(len(rules.all())), given)


def state(api: Vercel, deployment: dict[str, Any]) -> str:
    return api("GET", f"/v13/deployments/{deployment['id']}")["readyState"]


def live(api: Vercel, project: dict[str, Any]) -> str | None:
    shown = api("GET", f"/v9/projects/{project['id']}")["targets"]
    return shown.get("production", {}).get("id")


def test_a_deployment_is_queued_then_builds_then_is_ready(api: Vercel) -> None:
    made = api.deploy(api.project(), ready=False)
    assert re.fullmatch(r"dpl_[A-Za-z0-9]{28}", made["id"])
    seen = [made["readyState"]]
    for _ in range(4):
        api.clock.now += api.context.build_seconds / 4
        seen.append(state(api, made))
    assert seen == ["QUEUED", "QUEUED", "BUILDING", "BUILDING", "READY"]
    done = api("GET", f"/v13/deployments/{made['url']}")
    assert done["id"] == made["id"]
    assert done["aliasAssigned"] is True
    assert done["ready"] - done["createdAt"] == api.context.build_seconds * 1000


def test_what_time_did_does_not_depend_on_who_reads(api: Vercel, context: Context) -> None:
    made = api.deploy(api.project(), ready=False)
    api.clock.now += 3600
    reopened = Store(context.store.path)
    other = Vercel(type(context)(reopened, clock=api.clock), api.clock)
    seen = other("GET", f"/v13/deployments/{made['id']}")
    reopened.close()
    assert seen["readyState"] == "READY"
    assert seen["ready"] == made["createdAt"] + 1000
    assert api("GET", f"/v13/deployments/{made['id']}") == seen


def test_variables_are_those_of_the_moment_and_its_own_win(api: Vercel, context: Context) -> None:
    project = api.project()
    variable = api.variable(project, "ONE", "before")
    api.variable(project, "PREVIEW_ONLY", "x", target=["preview"])
    made = api.deploy(project, env={"TWO": "own"})
    api("PATCH", f"/v9/projects/{project['id']}/env/{variable['id']}", {"value": "after"})
    api.variable(project, "THREE", "late")
    stored = context.store.collection("vercel", "deployments").get(made["id"])
    assert stored is not None
    assert stored["snapshot"]["variables"] == {"ONE": "before", "TWO": "own"}
    assert "snapshot" not in api("GET", f"/v13/deployments/{made['id']}")
    assert "before" not in api.ask("GET", "/v6/deployments").text


def test_a_preview_is_given_the_variables_of_its_branch(api: Vercel, context: Context) -> None:
    project = api.project()
    api.variable(project, "ONE", "general", target=["preview"])
    api.variable(project, "ONE", "special", target=["preview"], gitBranch="main")
    source = {"type": "github", "org": "storefront-labs", "repo": "storefront", "ref": "main"}
    made = api.deploy(project, target=None, gitSource=source)
    stored = context.store.collection("vercel", "deployments").get(made["id"])
    assert stored is not None
    assert stored["snapshot"]["variables"] == {"ONE": "special"}
    assert made["alias"] == ["shop-staging-git-main-storefront-labs.vercel.app"]


def test_a_rule_makes_the_matching_build_fail_and_no_other(api: Vercel, context: Context) -> None:
    project = api.project()
    rule(context, match={"release": "r2"}, state="ERROR", error_code="NO_DISK", error_message="no space left")
    good = api.deploy(project, meta={"release": "r1"})
    bad = api.deploy(project, meta={"release": "r2"})
    assert (good["readyState"], bad["readyState"]) == ("READY", "ERROR")
    assert (bad["errorCode"], bad["errorMessage"]) == ("NO_DISK", "no space left")
    assert bad["aliasAssigned"] is False


@pytest.mark.parametrize("match", [{"project": "shop-staging"}, {"commit": COMMIT}, {}])
def test_a_rule_makes_a_build_last_longer(api: Vercel, context: Context, match: dict[str, str]) -> None:
    rule(context, match=match, seconds=60)
    made = api.deploy(api.project(), ready=False)
    api.clock.now += 59
    assert state(api, made) == "BUILDING"
    api.clock.now += 1
    assert state(api, made) == "READY"


def test_without_automatic_assignment_a_production_deployment_waits(api: Vercel) -> None:
    project = api.project()
    made = api.deploy(project)
    assert made["readySubstate"] == "STAGED"
    assert made["alias"] == []
    assert live(api, project) is None


def test_with_automatic_assignment_it_is_live_once_ready(api: Vercel) -> None:
    project = api.project(autoAssignCustomDomains=True)
    made = api.deploy(project)
    assert made["readySubstate"] == "PROMOTED"
    assert "shop-staging.vercel.app" in made["alias"]
    assert live(api, project) == made["id"]


def test_a_promotion_takes_its_time_and_moves_every_domain_at_once(api: Vercel) -> None:
    project = api.project()
    path = f"/v10/projects/{project['id']}"
    for name in ("shop.example.com", "www.shop.example.com"):
        api("POST", f"{path}/domains", {"name": name})
    first, second = api.deploy(project), api.deploy(project)
    api.promote(project, first)
    assert api.ask("POST", f"{path}/promote/{second['id']}", {}).status_code == 201
    request = api("GET", path)["lastAliasRequest"]
    assert request["jobStatus"] == "in-progress"
    assert (request["type"], request["fromDeploymentId"], request["toDeploymentId"]) == (
        "promote", first["id"], second["id"],
    )  # fmt: skip
    assert live(api, project) == first["id"]
    names = {"shop-staging.vercel.app", "shop.example.com", "www.shop.example.com"}
    before = api("GET", f"/v1/projects/{project['id']}/promote/aliases")["aliases"]
    assert {(each["alias"], each["status"]) for each in before} == {(name, "in-progress") for name in names}
    api.clock.now += api.context.promote_seconds
    assert live(api, project) == second["id"]
    assert api("GET", path)["lastAliasRequest"]["jobStatus"] == "succeeded"
    assert names <= set(api("GET", f"/v13/deployments/{second['id']}")["alias"])
    assert api("GET", f"/v13/deployments/{first['id']}")["alias"] == []


def test_a_promotion_is_refused_where_it_makes_no_sense(api: Vercel, context: Context) -> None:
    project, other = api.project(), api.project("other")
    path = f"/v10/projects/{project['id']}/promote"
    rule(context, match={"release": "bad"}, state="ERROR")
    ready, foreign = api.deploy(project), api.deploy(other)
    failed = api.deploy(project, meta={"release": "bad"})
    preview = api.deploy(project, target=None)
    building = api.deploy(project, ready=False)
    assert error_of(api.ask("POST", f"{path}/{foreign['id']}", {})) == (404, "not_found")
    assert error_of(api.ask("POST", f"{path}/{failed['id']}", {})) == (400, "deployment_not_ready")
    assert error_of(api.ask("POST", f"{path}/{building['id']}", {})) == (400, "deployment_not_ready")
    assert error_of(api.ask("POST", f"{path}/{preview['id']}", {})) == (400, "invalid_deployment_target")
    api("POST", f"{path}/{ready['id']}", {})
    api.clock.now += api.context.promote_seconds / 2
    assert error_of(api.ask("POST", f"{path}/{ready['id']}", {})) == (409, "conflict")
    api.clock.now += 1
    assert error_of(api.ask("POST", f"{path}/{ready['id']}", {})) == (409, "conflict")


def test_a_rollback_goes_only_to_what_was_live_and_holds_until_a_promotion(api: Vercel) -> None:
    project = api.project(autoAssignCustomDomains=True)
    path = f"/v9/projects/{project['id']}"
    first, second = api.deploy(project), api.deploy(project)
    assert live(api, project) == second["id"]
    api("POST", f"{path}/rollback/{first['id']}", {})
    api.clock.now += api.context.promote_seconds
    shown = api("GET", path)
    assert shown["targets"]["production"]["id"] == first["id"]
    assert shown["lastAliasRequest"]["type"] == "rollback"
    assert shown["autoAssignCustomDomains"] is False
    third = api.deploy(project)
    assert third["readySubstate"] == "STAGED"
    assert error_of(api.ask("POST", f"{path}/rollback/{third['id']}", {})) == (400, "invalid_rollback_candidate")
    api.promote(project, third)
    assert live(api, project) == third["id"]
    assert api("GET", path)["autoAssignCustomDomains"] is True


def test_a_deployment_deleted_while_it_is_promoted_fails_the_promotion(api: Vercel) -> None:
    project = api.project()
    first, second = api.deploy(project), api.deploy(project)
    api.promote(project, first)
    api("POST", f"/v10/projects/{project['id']}/promote/{second['id']}", {})
    api("DELETE", f"/v13/deployments/{second['id']}")
    api.clock.now += 1
    assert api("GET", f"/v9/projects/{project['id']}")["lastAliasRequest"]["jobStatus"] == "failed"
    assert live(api, project) == first["id"]


def test_deployments_are_listed_by_project_target_and_state(api: Vercel) -> None:
    project, other = api.project(), api.project("other")
    api.deploy(other)
    production = api.deploy(project)
    preview = api.deploy(project, target=None)

    def listed(**query: object) -> list[str]:
        return [each["uid"] for each in api("GET", "/v6/deployments", projectId=project["id"], **query)["deployments"]]

    assert listed() == [preview["id"], production["id"]]
    assert listed(target="production") == [production["id"]]
    assert listed(state="BUILDING") == []
    assert listed(sha=COMMIT) == [preview["id"], production["id"]]
    assert listed(rollbackCandidate="true") == []


def test_files_must_be_there_before_they_are_deployed(api: Vercel) -> None:
    project = api.project()
    content = b"hello"
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    body = {"name": "x", "project": project["id"], "files": [{"file": "index.html", "sha": digest, "size": 5}]}
    refused = api.ask("POST", "/v12/now/deployments", body)
    assert error_of(refused) == (400, "missing_files")
    assert refused.json()["error"]["missing"] == [digest]
    api.headers = {"x-vercel-digest": "0" * 40}
    assert api.ask("POST", "/v2/now/files", content).status_code == 400
    api.headers = {"x-vercel-digest": digest}
    api("POST", "/v2/now/files", content)
    assert api("POST", "/v12/now/deployments", body)["readyState"] == "QUEUED"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gitSource": {"type": "github", "org": "missing", "repo": "none", "ref": "main"}}, GIT),
        ({"gitSource": {"type": "github", "org": "storefront-labs", "repo": "storefront", "ref": "nowhere"}}, GIT),
        ({"gitSource": None}, "missing_files"),
        ({"surprise": 1}, "bad_request"),
        ({"customEnvironmentSlugOrId": "nowhere"}, "not_found"),
        ({"project": "prj_nowhere"}, "not_found"),
    ],
)
def test_a_deployment_that_cannot_be_made_is_refused(api: Vercel, change: dict[str, Any], code: str) -> None:
    project = api.project()
    source = {"type": "github", "org": "storefront-labs", "repo": "storefront", "ref": COMMIT}
    body = {"name": "x", "project": project["id"], "gitSource": source, **change}
    answer = api.ask("POST", "/v13/deployments", {name: value for name, value in body.items() if value is not None})
    assert error_of(answer)[1] == code
    assert api("GET", "/v6/deployments")["deployments"] == []


def test_a_canceled_build_never_becomes_ready(api: Vercel) -> None:
    made = api.deploy(api.project(), ready=False)
    assert api("PATCH", f"/v12/deployments/{made['id']}/cancel")["readyState"] == "CANCELED"
    api.clock.now += 10
    assert state(api, made) == "CANCELED"
    assert api.ask("PATCH", f"/v12/deployments/{made['id']}/cancel").status_code == 400
