"""Each resource: what it sends, what it keeps, what it waits for, and how it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity_sandbox.standin.errors import ResourceError
from parity_sandbox.standin.resources import RESOURCES
from parity_sandbox.standin.values import plain
from support.fake_vercel import PROJECT, TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    from support.fake_vercel import Vercel

COMMIT = "a" * 40
GONE = (404, {"error": {"code": "not_found", "message": "m"}})
BROKEN = (500, {"error": {"code": "internal", "message": "m"}})
DEPLOYMENT = {"projectId": "prj_1", "ref": COMMIT, "production": True, "meta": {"release": "r1"}}
READY = {
    "id": "dpl_1",
    "projectId": "prj_1",
    "url": "shop-1.vercel.app",
    "alias": ["shop.example"],
    "aliasAssigned": True,
    "target": "production",
    "gitSource": {"ref": COMMIT},
    "meta": {"release": "r1", "githubCommitSha": COMMIT},
}
BUILDING = {"id": "dpl_1", "readyState": "BUILDING", "aliasAssigned": False}
DRAIN = {
    "name": "logs",
    "deliveryFormat": "json",
    "environments": ["production"],
    "sources": ["lambda", "edge"],
    "endpoint": "https://logs.example",
}
DOMAIN = {"name": "shop.example", "projectId": "prj_1", "verified": False, "verification": [{"type": "TXT"}]}


def state(answer: Any) -> dict[str, Any]:
    """The answer's properties, plain."""
    return {name: each.value for name, each in answer.properties.items()}


def test_the_table_holds_the_resources_that_the_project_uses():
    assert set(RESOURCES) == {token for name, token in TOKENS.items() if name != "EdgeConfig"}


def test_protection_that_is_off_is_written_as_null_at_creation_and_after(vercel: Vercel):
    off = {"vercelAuthentication": {"deploymentType": "none"}}
    vercel.say("POST /v8/projects", PROJECT)
    vercel.say("PATCH /v9/projects/prj_1", PROJECT)
    vercel.create("Project", {"name": "shop", **off})
    bodies = [body for method, _, body in vercel.requests if method in {"POST", "PATCH"}]
    assert [body["ssoProtection"] for body in bodies] == [None, None]


def test_a_project_is_made_and_then_given_what_a_creation_cannot_say(vercel: Vercel):
    vercel.say("POST /v8/projects", PROJECT)
    vercel.say("PATCH /v9/projects/prj_1", {**PROJECT, "autoAssignCustomDomains": False})
    made = vercel.create("Project", {"name": "shop", "autoAssignCustomDomains": False})
    assert [method for method, _, _ in vercel.requests] == ["POST", "GET", "PATCH"]
    assert vercel.requests[0][2] == {
        "name": "shop",
        **dict.fromkeys(
            ("buildCommand", "devCommand", "framework", "installCommand", "outputDirectory", "rootDirectory")
        ),
        "previewDeploymentSuffix": None,
        "enableAffectedProjectsDeployments": False,
        "enableProductionFeedback": False,
        "previewDeploymentsDisabled": False,
        "oidcTokenConfig": {"issuerMode": "team"},
        "ssoProtection": {"deploymentType": "all_except_custom_domains"},
    }
    assert vercel.requests[2][2]["autoAssignCustomDomains"] is False
    assert "name" not in vercel.requests[2][2]
    assert made.resource_id == "prj_1"
    assert state(made)["autoAssignCustomDomains"] is False


def test_a_projects_production_branch_is_a_call_of_its_own(vercel: Vercel):
    vercel.say("POST /v8/projects", PROJECT)
    vercel.say("PATCH /v9/projects/prj_1", PROJECT)
    vercel.say("PATCH /v9/projects/prj_1/branch", PROJECT)
    vercel.create(
        "Project", {"name": "shop", "gitRepository": {"type": "github", "repo": "a/b", "productionBranch": "main"}}
    )
    assert vercel.sent("PATCH")[-1] == ("/v9/projects/prj_1/branch", {"branch": "main"})


def project_state(vercel: Vercel) -> dict[str, Any]:
    return vercel.read("Project", {}, id_="prj_1").properties


def test_another_repository_is_unlinked_and_linked(vercel: Vercel):
    before = project_state(vercel)
    vercel.requests.clear()
    for call in ("PATCH /v9/projects/prj_1", "DELETE /v9/projects/prj_1/link", "POST /v9/projects/prj_1/link"):
        vercel.say(call, PROJECT)
    vercel.say("PATCH /v9/projects/prj_1/branch", PROJECT)
    given = {"name": "shop", "gitRepository": {"type": "github", "repo": "acme/other", "productionBranch": "main"}}
    vercel.update("Project", before, given)
    sent = [f"{method} {path.partition('?')[0]}" for method, path, _ in vercel.requests]
    assert sent == [
        "PATCH /v9/projects/prj_1",
        "DELETE /v9/projects/prj_1/link",
        "POST /v9/projects/prj_1/link",
        "PATCH /v9/projects/prj_1/branch",
        "GET /v8/projects/prj_1/env",
    ]


def test_only_another_team_replaces_a_project(vercel: Vercel):
    before = project_state(vercel)
    same = {"name": "shop", "gitRepository": {"type": "github", "repo": "acme/storefront"}}
    assert vercel.diff("Project", before, {**same, "name": "renamed"}).replaces == []
    assert vercel.diff("Project", before, {**same, "teamId": "team_2"}).replaces == ["teamId"]


def test_a_framework_that_vercel_does_not_know_is_refused(vercel: Vercel):
    vercel.say("GET api-frameworks.zeit.sh", [{"slug": "nextjs"}])
    assert "nonsense" in vercel.failures("Project", {"name": "a", "framework": "nonsense"})["framework"]
    assert vercel.failures("Project", {"name": "a", "framework": "nextjs"}) == {}


def test_a_region_that_takes_no_deployments_is_refused(vercel: Vercel):
    vercel.say("GET dcs.vercel-infra.com", {"fra1": {"caps": ["V2_DEPLOYMENT_CREATE"]}, "xxx1": {"caps": []}})
    failures = vercel.failures("Project", {"name": "a", "resourceConfig": {"functionDefaultRegions": ["fra1", "xxx1"]}})
    assert list(failures) == ["resourceConfig.functionDefaultRegions"]


def test_a_projects_name_is_checked(vercel: Vercel):
    assert set(vercel.failures("Project", {"name": "Shop_1"})) == {"name"}
    assert set(vercel.failures("Project", {"name": "a" * 53})) == {"name"}


def test_trusted_sources_that_a_project_has_are_not_passed_over(vercel: Vercel):
    vercel.say("GET /v10/projects/prj_1", {**PROJECT, "trustedSources": {"projects": {"prj_2": {}}}})
    with pytest.raises(Exception, match=r"trustedSources\.projects"):
        vercel.read("Project", {}, id_="prj_1")


SOURCE = {"issuer": "https://issuer.example", "to": {"slugs": ["production"]}, "claims": {"aud": ["a"], "sub": ["s"]}}


def test_a_trusted_source_is_sent_and_read_in_vercels_form(vercel: Vercel):
    rule = {"to": SOURCE["to"], "claims": SOURCE["claims"]}
    kept = {**PROJECT, "trustedSources": {"oidcProviders": {SOURCE["issuer"]: [rule]}}}
    vercel.say("POST /v8/projects", PROJECT)
    vercel.say("PATCH /v9/projects/prj_1", kept)
    made = vercel.create("Project", {"name": "shop", "trustedSources": {"externalSources": [SOURCE]}})
    assert vercel.sent("PATCH")[0][1]["trustedSources"] == kept["trustedSources"]
    assert plain(made.properties["trustedSources"]) == {"externalSources": [SOURCE]}
    vercel.say("GET /v10/projects/prj_1", kept)
    found = vercel.read("Project", {}, id_="prj_1").properties
    assert (
        vercel.diff("Project", found, {"name": "shop", "trustedSources": {"externalSources": [SOURCE]}}).replaces == []
    )


@pytest.mark.parametrize("to", [{}, {"slugs": []}, {"preset": "all"}])
def test_a_trusted_source_says_which_environments_it_reaches(vercel: Vercel, to: dict[str, Any]):
    failures = vercel.failures("Project", {"name": "a", "trustedSources": {"externalSources": [{**SOURCE, "to": to}]}})
    assert all(name.startswith("trustedSources.externalSources[0].to") for name in failures)
    assert failures


VARIABLE = {"projectId": "prj_1", "key": "K", "value": "new", "targets": ["production"], "sensitive": True}
KEPT = {**VARIABLE, "value": "old", "id": "env_1", "teamId": "team_1", "comment": "", "customEnvironmentIds": []}


def test_a_variable_is_changed_in_place(vercel: Vercel):
    vercel.say("PATCH /v10/projects/prj_1/env/env_1", {"id": "env_1", "key": "K", "type": "sensitive"})
    changed = vercel.update("ProjectEnvironmentVariable", KEPT, VARIABLE)
    assert vercel.requests[0][2] == {"value": "new", "target": ["production"], "type": "sensitive", "comment": ""}
    assert state(changed)["value"] == "new"


@pytest.mark.parametrize(("name", "value"), [("key", "L"), ("sensitive", False), ("projectId", "prj_2")])
def test_a_variables_key_project_and_kind_replace_it(vercel: Vercel, name: str, value: Any):
    assert vercel.diff("ProjectEnvironmentVariable", KEPT, {**VARIABLE, name: value}).replaces == [name]


def test_a_sensitive_value_is_kept_from_the_state_and_a_plain_one_is_read(vercel: Vercel):
    found = {"id": "env_1", "key": "K", "type": "sensitive", "target": ["production"]}
    vercel.say("GET /v10/projects/prj_1/env/env_1", found, {**found, "type": "encrypted", "value": "drifted"})
    assert state(vercel.read("ProjectEnvironmentVariable", KEPT, VARIABLE))["value"] == "old"
    assert state(vercel.read("ProjectEnvironmentVariable", KEPT, VARIABLE))["value"] == "drifted"


def test_a_variable_in_the_way_is_named_by_its_id(vercel: Vercel):
    failed = {"error": {"code": "ENV_CONFLICT", "message": "taken", "envVarKey": "K", "target": ["production"]}}
    vercel.say(
        "POST /v10/projects/prj_1/env", (400, {"error": {"code": "BAD_REQUEST", "message": "m"}, "failed": [failed]})
    )
    vercel.say("GET /v8/projects/prj_1/env", {"envs": [{"id": "env_9", "key": "K", "target": ["production"]}]})
    with pytest.raises(ResourceError, match="taken, conflicting environment variable ID is prj_1/env_9"):
        vercel.create("ProjectEnvironmentVariable", VARIABLE)


def test_a_variable_for_development_must_not_be_sensitive(vercel: Vercel):
    with pytest.raises(ResourceError, match="must explicitly set `sensitive = false`"):
        vercel.create("ProjectEnvironmentVariable", {**VARIABLE, "targets": ["development"]}, preview=True)


def test_a_team_that_wants_sensitive_variables_gets_no_others(vercel: Vercel):
    vercel.team = {"id": "team_1", "sensitiveEnvironmentVariablePolicy": "on"}
    with pytest.raises(ResourceError, match="forces environment variables"):
        vercel.create("ProjectEnvironmentVariable", {**VARIABLE, "sensitive": False}, preview=True)


def test_a_variable_needs_a_target(vercel: Vercel):
    given = {name: each for name, each in VARIABLE.items() if name != "targets"}
    assert set(vercel.failures("ProjectEnvironmentVariable", given)) == {"targets"}


def test_deleting_what_is_gone_already_is_no_error_and_anything_else_is(vercel: Vercel):
    vercel.say("DELETE /v8/projects/prj_1/env/env_1", GONE, BROKEN)
    vercel.delete("ProjectEnvironmentVariable", KEPT)
    with pytest.raises(ResourceError, match="Could not delete project environment variable env_1"):
        vercel.delete("ProjectEnvironmentVariable", KEPT)


def test_a_domain_is_made_with_only_what_is_given_and_its_dns_is_read(vercel: Vercel):
    vercel.say("POST /v10/projects/prj_1/domains", DOMAIN)
    vercel.say("GET /v6/domains/shop.example/config", {"misconfigured": True})
    made = state(vercel.create("ProjectDomain", {"projectId": "prj_1", "domain": "shop.example"}))
    assert vercel.sent("POST") == [("/v10/projects/prj_1/domains", {"name": "shop.example"})]
    assert made["misconfigured"] is True
    assert made["verifications"][0].value["type"].value == "TXT"


def test_a_domain_is_waited_for_where_the_program_says_so(vercel: Vercel):
    vercel.say("POST /v10/projects/prj_1/domains", DOMAIN)
    vercel.say("GET /v9/projects/prj_1/domains/shop.example", DOMAIN, {**DOMAIN, "verified": True})
    vercel.say("GET /v6/domains/shop.example/config", {"misconfigured": False})
    given = {"projectId": "prj_1", "domain": "shop.example", "waitForReady": True}
    assert state(vercel.create("ProjectDomain", given))["verified"] is True
    assert vercel.waits == [5.0]


def test_a_domain_of_the_production_branch_is_refused(vercel: Vercel):
    with pytest.raises(ResourceError, match="is the production branch"):
        vercel.create("ProjectDomain", {"projectId": "prj_1", "domain": "d.example", "gitBranch": "main"})


def test_retention_is_said_by_name_and_read_in_days(vercel: Vercel):
    said = {"expiration": "3m", "expirationProduction": "1y", "expirationCanceled": "1m", "expirationErrored": "3m"}
    vercel.say("PATCH /v9/projects/prj_1/deployment-expiration", {"deploymentExpiration": said})
    made = vercel.create("ProjectDeploymentRetention", {"projectId": "prj_1", "expirationPreview": "3m"})
    assert vercel.sent("PATCH")[0][1] == said
    assert made.resource_id == "team_1/prj_1"
    days = {"expirationDays": 90, "expirationDaysProduction": 365, "expirationDaysCanceled": 30}
    vercel.say("GET /v2/projects/prj_1", {"deploymentExpiration": {**days, "expirationDaysErrored": 36500}})
    found = state(vercel.read("ProjectDeploymentRetention", made.properties))
    assert (found["expirationPreview"], found["expirationErrored"]) == ("3m", "unlimited")


def test_destroying_retention_asks_nothing(vercel: Vercel):
    vercel.delete("ProjectDeploymentRetention", {"id": "team_1/prj_1", "projectId": "prj_1", "teamId": "team_1"})
    assert vercel.requests == []


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of any repository, whose commit would be sent along."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("outside")
def test_a_deployment_is_made_from_a_commit_and_waited_for(vercel: Vercel):
    vercel.say("POST /v12/now/deployments", BUILDING)
    vercel.say("GET /v13/deployments/dpl_1", BUILDING, READY)
    given = {**DEPLOYMENT, "environment": {"TOKEN": "t"}}
    made = state(vercel.create("Deployment", given))
    assert vercel.waits == [5.0, 5.0]
    assert vercel.sent("POST")[0][1] == {
        "project": "prj_1",
        "name": "prj_1",
        "target": "production",
        "gitSource": {"type": "github", "org": "acme", "repo": "storefront", "ref": COMMIT},
        "meta": {"release": "r1"},
        "env": {"TOKEN": "t"},
        "build": {"env": {"TOKEN": "t"}},
        "projectSettings": {"sourceFilesOutsideRootDirectory": True},
    }
    assert made["url"] == "shop-1.vercel.app"
    assert set(made["meta"]) == {"release"}, "Vercel's own keys are left out"


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({**BUILDING, "readyState": "ERROR", "errorCode": "X", "errorMessage": "it broke"}, "X - it broke"),
        ({**BUILDING, "readyState": "CANCELED"}, "deployment canceled"),
        ({**BUILDING, "checksConclusion": "failed"}, "checks have failed"),
        ({**READY, "aliasError": {"code": "A", "message": "no alias"}}, "A - no alias"),
    ],
)
def test_a_deployment_that_fails_says_why(vercel: Vercel, answer: dict[str, Any], message: str):
    vercel.say("POST /v12/now/deployments", BUILDING)
    vercel.say("GET /v13/deployments/dpl_1", answer)
    with pytest.raises(ResourceError, match=message):
        vercel.create("Deployment", DEPLOYMENT)


@pytest.mark.usefixtures("outside")
def test_a_deployment_that_the_quota_refuses_says_so_in_vercels_words(vercel: Vercel):
    refusal = {"code": "api-deployments-free-per-day", "message": "Resource is limited - try again in 2 hours"}
    vercel.say("POST /v12/now/deployments", (402, {"error": refusal}))
    with pytest.raises(ResourceError, match=r"api-deployments-free-per-day.*Resource is limited"):
        vercel.create("Deployment", DEPLOYMENT)


@pytest.mark.usefixtures("outside")
def test_a_project_without_a_repository_cannot_be_deployed_from_a_commit(vercel: Vercel):
    vercel.say("GET /v10/projects/prj_1", {**PROJECT, "link": None})
    with pytest.raises(ResourceError, match="no linked git repository"):
        vercel.create("Deployment", DEPLOYMENT)


KEPT_DEPLOYMENT = {
    **{name: each for name, each in DEPLOYMENT.items() if name != "meta"},
    "id": "dpl_1",
    "teamId": "team_1",
    "url": "u",
    "domains": ["d"],
    "meta": {"release": "r1"},
}


@pytest.mark.parametrize(
    ("name", "value"),
    [("ref", "b" * 40), ("production", False), ("meta", {"release": "r2"}), ("environment", {"A": "b"})],
)
def test_every_change_of_a_deployment_replaces_it(vercel: Vercel, name: str, value: Any):
    assert name in vercel.diff("Deployment", KEPT_DEPLOYMENT, {**DEPLOYMENT, name: value}).replaces


def test_deleting_later_on_replaces_a_deployment_as_it_does_with_the_real_provider(vercel: Vercel):
    result = vercel.diff("Deployment", KEPT_DEPLOYMENT, {**DEPLOYMENT, "deleteOnDestroy": True})
    assert result.replaces == ["domains"]


def test_a_deployment_stays_at_vercel_unless_it_is_to_be_deleted(vercel: Vercel):
    vercel.say("DELETE /v13/deployments/dpl_1", {"state": "DELETED", "uid": "dpl_1"})
    vercel.delete("Deployment", KEPT_DEPLOYMENT)
    assert vercel.requests == []
    vercel.delete("Deployment", {**KEPT_DEPLOYMENT, "deleteOnDestroy": True})
    assert vercel.sent("DELETE") == [("/v13/deployments/dpl_1", None)]


def test_a_drain_is_sent_in_vercels_form_and_keeps_its_own_secret(vercel: Vercel):
    answer = {
        "id": "drn_1",
        "ownerId": "team_1",
        "name": "logs",
        "projectIds": ["prj_1"],
        "delivery": {"encoding": "json", "endpoint": "https://logs.example", "headers": {}, "secret": "vercels own"},
        "filterV2": {"filter": {"log": {"sources": ["edge"]}, "deployment": {"environments": ["production"]}}},
    }
    vercel.say("POST /v1/drains", answer)
    given = {**DRAIN, "projectIds": ["prj_1"], "samplingRate": 0.5, "secret": "s" * 32}
    made = state(vercel.create("LogDrain", given))
    body = vercel.sent("POST")[0][1]
    assert body["projects"] == "some"
    assert body["sampling"] == [{"type": "head_sampling", "rate": 0.5}]
    assert body["filter"]["filter"]["log"] == {"sources": ["edge", "lambda"]}
    assert body["delivery"]["secret"] == "s" * 32
    assert made["secret"] == "s" * 32
    assert state(vercel.create("LogDrain", DRAIN))["secret"] == "vercels own"


def test_a_whole_number_is_sent_without_a_point_as_go_does(vercel: Vercel):
    vercel.say("POST /v1/drains", {"id": "drn_1"})
    vercel.create("LogDrain", {**DRAIN, "samplingRate": 1})
    assert vercel.raw[-1].count('"rate":1}') == 1


def test_every_change_of_a_drain_replaces_it(vercel: Vercel):
    kept = {**DRAIN, "id": "drn_1", "teamId": "team_1", "secret": "s"}
    assert vercel.diff("LogDrain", kept, DRAIN).changes is False
    assert vercel.diff("LogDrain", kept, {**DRAIN, "sources": ["build"]}).replaces == ["sources"]


TRACES = {"name": "traces", "deliveryFormat": "proto", "endpoint": "https://otlp.example/v1/traces"}


def test_a_trace_drain_is_sent_in_vercels_form_and_read_from_it(vercel: Vercel):
    delivery = {"encoding": "proto", "endpoint": {"traces": TRACES["endpoint"]}, "headers": {}, "secret": "vercels own"}
    rules = [{"type": "head_sampling", "rate": 0.5, "env": "production"}, {"type": "head_sampling", "rate": 0}]
    answer = {"id": "drn_1", "ownerId": "team_1", "name": "traces", "delivery": delivery, "sampling": rules}
    vercel.say("POST /v1/drains", answer)
    given = [{"rate": 0.5, "environment": "production"}, {"rate": 0}]
    made = state(vercel.create("TraceDrain", {**TRACES, "samplingRules": given, "headers": {"x-a": "b"}}))
    body = vercel.sent("POST")[0][1]
    assert (body["projects"], body["schemas"], body["sampling"]) == ("all", {"trace": {"version": "v1"}}, rules)
    assert body["delivery"] == {
        "type": "otlphttp", "endpoint": {"traces": TRACES["endpoint"]}, "encoding": "proto", "headers": {"x-a": "b"},
    }  # fmt: skip
    assert (made["endpoint"], made["secret"]) == (TRACES["endpoint"], "vercels own")
    assert [plain(each) for each in made["samplingRules"]] == given


def test_every_change_of_a_trace_drain_replaces_it_and_the_order_of_rules_is_one(vercel: Vercel):
    rules = [{"rate": 1, "requestPath": "/a"}, {"rate": 0}]
    kept = {**TRACES, "id": "drn_1", "teamId": "team_1", "secret": "s", "samplingRules": rules}
    assert vercel.diff("TraceDrain", kept, {**TRACES, "samplingRules": rules}).changes is False
    assert vercel.diff("TraceDrain", kept, {**TRACES, "samplingRules": rules[::-1]}).replaces == ["samplingRules"]


def test_tracing_is_switched_on_changed_in_place_and_off_when_it_goes(vercel: Vercel):
    on = {"enabled": True, "sampling": [{"type": "head_sampling", "rate": 0.5, "requestPath": "/api"}]}
    vercel.say("PUT /v1/drains/tracing/config", on)
    given = {"projectId": "prj_1", "samplingRules": [{"rate": 0.5, "requestPath": "/api"}]}
    made = vercel.create("ProjectTracing", given)
    assert vercel.requests[-1] == ("PUT", "/v1/drains/tracing/config?projectId=prj_1&teamId=team_1", on)
    assert made.resource_id == "prj_1"
    assert vercel.diff("ProjectTracing", made.properties, {"projectId": "prj_1"}).replaces in ([], None)
    vercel.delete("ProjectTracing", made.properties)
    assert vercel.sent("PUT")[-1][1] == {"enabled": False, "sampling": []}
    vercel.say("GET /v1/drains/tracing/config", {"enabled": False, "sampling": []})
    assert not vercel.read("ProjectTracing", made.properties).resource_id, "what is off is gone"


STAGES = {
    "projectId": "prj_1",
    "advancementType": "manual-approval",
    "stages": [{"targetPercentage": 5}, {"targetPercentage": 100}],
}
CONFIG = "/v1/projects/prj_1/rolling-release/config"


def test_stages_are_sent_as_the_provider_does_and_refused_where_there_are_some(vercel: Vercel):
    vercel.say(f"GET {CONFIG}", {"rollingRelease": None})
    sent = [{"targetPercentage": each, "requireApproval": True} for each in (5, 100)]
    on = {"enabled": True, "advancementType": "manual-approval", "stages": sent}
    vercel.say(f"PATCH {CONFIG}", {"rollingRelease": {**on, "target": "production"}})
    made = vercel.create("ProjectRollingRelease", STAGES)
    assert vercel.requests[-1] == ("PATCH", f"{CONFIG}?teamId=team_1", on)
    assert made.resource_id == "prj_1"
    assert [each["targetPercentage"] for each in plain(made.properties["stages"])] == [5, 100]
    vercel.say(f"GET {CONFIG}", {"rollingRelease": {"target": "production", "stages": sent}})
    read = vercel.read("ProjectRollingRelease", made.properties)
    assert plain(read.properties["advancementType"]) == "manual-approval", "Vercel does not say it: the state does"
    vercel.say(f"GET {CONFIG}", {"rollingRelease": {**on, "target": "production"}})
    with pytest.raises(ResourceError, match="already configured for project prj_1"):
        vercel.create("ProjectRollingRelease", STAGES)
    vercel.say(f"DELETE {CONFIG}", {"rollingRelease": None})
    vercel.delete("ProjectRollingRelease", made.properties)
    assert len(vercel.sent("DELETE")) == 1


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        ([{"targetPercentage": 5}], "last stage must have target_percentage = 100"),
        ([{"targetPercentage": 100}, {"targetPercentage": 100}], "Only the last stage"),
        ([{"targetPercentage": 5, "duration": 5}, {"targetPercentage": 100}], "can only be set when"),
    ],
)
def test_stages_that_the_provider_refuses_are_refused(vercel: Vercel, stages: list[Any], reason: str):
    failures = vercel.check("ProjectRollingRelease", {**STAGES, "stages": stages}).failures
    assert [each for each in failures or () if reason in each.reason]


RULE = {
    "type": "built-in",
    "name": "errors",
    "ruleScope": {"type": "include", "projectIds": ["prj_1"]},
    "triggers": [{"type": "error_anomaly", "filter": "statusGroup:5xx"}],
    "matchMinimumSeverityLevel": "high",
}
MADE = {
    **RULE,
    "id": "ar_1",
    "triggers": {"mode": "selected", "items": RULE["triggers"]},
    "notificationSettings": {"enableTeamOwnerNotifications": True, "incidentIoRoutingKey": "key"},
    "tags": ["prod"],
    "isDefault": False,
}


def test_an_alert_rule_is_sent_at_first_and_then_only_what_differs(vercel: Vercel):
    vercel.say("POST /alerts/v3/alert-rules", {"rule": MADE})
    settings = {"enableTeamOwnerNotifications": True, "incidentIoRoutingKey": "key"}
    given = {**RULE, "notificationSettings": settings, "tags": ["prod"]}
    made = vercel.create("AlertRule", given)
    body = vercel.sent("POST")[0][1]
    assert body["triggers"] == {"mode": "selected", "items": RULE["triggers"]}
    assert body["notificationSettings"] == settings
    vercel.say("PATCH /alerts/v3/alert-rules/ar_1", {"rule": {**MADE, "name": "other"}})
    less = {**RULE, "name": "other", "notificationSettings": {"enableTeamOwnerNotifications": True}}
    vercel.update("AlertRule", made.properties, less)
    assert vercel.sent("PATCH")[0][1] == {
        "name": "other",
        "notificationSettings": {
            "enableTeamOwnerNotifications": True,
            "incidentIoRoutingKey": None,
            "vercelNotificationsMinimumSeverityLevel": None,
        },
        "tags": None,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"ruleScope": {"type": "all", "projectIds": ["prj_1"]}},
        {"ruleScope": {"type": "include"}},
        {"triggers": [{"type": "error_anomaly"}]},
        {"triggers": [*RULE["triggers"], *RULE["triggers"]]},
        {"matchMinimumSeverityLevel": "critical"},
        {"type": "custom"},
    ],
)
def test_a_rule_that_does_not_fit_is_refused_before_a_call(vercel: Vercel, change: dict[str, Any]):
    assert vercel.failures("AlertRule", RULE) == {}
    assert vercel.failures("AlertRule", {**RULE, **change})


def test_the_teams_default_rule_is_not_managed(vercel: Vercel):
    vercel.say("GET /alerts/v3/alert-rules/ar_default", {"rule": {**MADE, "isDefault": True}})
    with pytest.raises(ResourceError, match="default alert rule cannot be managed"):
        vercel.read("AlertRule", {"id": "ar_default", "teamId": "team_1"})


# --- The container registry ---

REPOSITORY = {"id": "repo_1", "projectId": "prj_1", "name": "images", "public": False}
GIVEN_REPOSITORY = {"projectId": "prj_1", "name": "images"}


def repository(vercel: Vercel, **given: Any) -> dict[str, Any]:
    vercel.say("POST /v1/vcr/repository", {"repository": REPOSITORY})
    return state(vercel.create("VcrRepository", {**GIVEN_REPOSITORY, **given}))


def test_a_repository_has_an_address_of_the_names_of_team_and_project(vercel: Vercel):
    made = repository(vercel)
    assert (made["id"], made["url"], made["public"]) == ("repo_1", "vcr.vercel.com/acme/shop/images", False)
    assert vercel.requests[0][2] == GIVEN_REPOSITORY


def test_a_public_repository_is_made_private_first(vercel: Vercel):
    vercel.say("GET /v2/teams/team_1", {"id": "team_1", "slug": "acme"})
    vercel.say("PATCH /v1/vcr/repository/repo_1", {"repository": {**REPOSITORY, "public": True}})
    assert repository(vercel, public=True)["public"] is True
    changing = [(method, body) for method, _, body in vercel.requests if method != "GET"]
    assert changing == [("POST", GIVEN_REPOSITORY), ("PATCH", {"public": True})]


def test_another_name_or_project_is_another_repository_and_visibility_is_not(vercel: Vercel):
    made = repository(vercel)
    assert vercel.diff("VcrRepository", made, {**GIVEN_REPOSITORY, "name": "other"}).replaces == ["name"]
    assert vercel.diff("VcrRepository", made, {**GIVEN_REPOSITORY, "public": True}).replaces == []
    assert "name" in vercel.failures("VcrRepository", {**GIVEN_REPOSITORY, "name": "Images"})


def test_a_repository_that_is_gone_is_read_as_gone(vercel: Vercel):
    made = repository(vercel)
    vercel.say("GET /v1/vcr/repository/repo_1", GONE)
    assert vercel.read("VcrRepository", made).resource_id is None
    vercel.say("DELETE /v1/vcr/repository/repo_1", GONE, BROKEN)
    vercel.delete("VcrRepository", made)
    with pytest.raises(ResourceError, match="Could not delete VCR Repository team_1 prj_1 images"):
        vercel.delete("VcrRepository", made)


SHARED = {"repositoryId": "repo_1", "teamId": "team_9", "teamSlug": "friends"}
GIVEN_SHARE = {"projectId": "prj_1", "repository": "images", "grantedTeamSlug": "friends"}


def test_a_permission_is_found_among_all_of_the_repositorys(vercel: Vercel):
    vercel.say("POST /v1/vcr/repository/images/permissions", {"permission": SHARED})
    made = state(vercel.create("VcrRepositoryPermission", GIVEN_SHARE))
    assert (made["id"], made["grantedTeamId"]) == ("repo_1/team_9", "team_9")
    other = {**SHARED, "teamId": "team_8", "teamSlug": "others"}
    listed = "GET /v1/vcr/repository/repo_1/permissions"
    vercel.say(listed, {"permissions": [other], "nextCursor": "2"}, {"permissions": [SHARED]})
    assert state(vercel.read("VcrRepositoryPermission", made)) == made
    vercel.say(listed, {"permissions": [other]})
    assert vercel.read("VcrRepositoryPermission", made).resource_id is None


def test_a_permission_names_one_team_in_one_way_and_is_replaced(vercel: Vercel):
    without = {name: each for name, each in GIVEN_SHARE.items() if name != "grantedTeamSlug"}
    assert set(vercel.failures("VcrRepositoryPermission", without)) == {"grantedTeamId"}
    assert set(vercel.failures("VcrRepositoryPermission", {**GIVEN_SHARE, "grantedTeamId": "team_9"}))
    vercel.say("POST /v1/vcr/repository/images/permissions", {"permission": SHARED})
    made = state(vercel.create("VcrRepositoryPermission", GIVEN_SHARE))
    changed = vercel.diff("VcrRepositoryPermission", made, {**GIVEN_SHARE, "grantedTeamSlug": "others"})
    assert changed.replaces == ["grantedTeamSlug"]
    vercel.requests.clear()
    vercel.say("DELETE /v1/vcr/repository/repo_1/permissions", None)
    vercel.delete("VcrRepositoryPermission", made)
    assert vercel.requests[0][2] == {"teamId": "team_9"}
