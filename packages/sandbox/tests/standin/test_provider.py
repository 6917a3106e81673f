"""What the engine asks and gets: settings, names, refusals, secrets, unknown values, imports."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckRequest,
    ConfigureRequest,
    GetSchemaRequest,
    InvokeRequest,
)

from parity_sandbox.standin.errors import ConfigurationError, ResourceError, StandInError, UnknownToStandInError
from parity_sandbox.standin.provider import POLL_VARIABLE, StandIn
from support.fake_vercel import PROJECT, UNKNOWN, Vercel, secret, values

VARIABLE = {"projectId": "prj_1", "key": "URL", "value": "v", "targets": ["production"], "sensitive": False}
STATE = {**VARIABLE, "id": "env_1", "teamId": "team_1", "comment": "", "customEnvironmentIds": []}


def configure(environment: dict[str, str], **settings: Any) -> StandIn:
    standin = StandIn(environment)
    asyncio.run(standin.configure(ConfigureRequest({}, values(settings), accept_secrets=True, accept_resources=True)))
    return standin


def test_a_token_comes_from_the_environment_or_the_settings():
    configure({"VERCEL_API_TOKEN": "a" * 24})
    configure({}, apiToken="b" * 24)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "api_token cannot be an empty string"),
        ({"VERCEL_API_TOKEN": "short"}, "must be 24 characters"),
        ({"VERCEL_API_TOKEN": "a" * 24, POLL_VARIABLE: "0"}, POLL_VARIABLE),
        ({"VERCEL_API_TOKEN": "a" * 24, POLL_VARIABLE: "soon"}, POLL_VARIABLE),
    ],
)
def test_settings_that_cannot_work_are_refused(environment: dict[str, str], message: str):
    with pytest.raises(ConfigurationError, match=message):
        configure(environment)


def test_a_token_that_is_not_known_yet_is_refused_only_when_it_is_needed():
    standin = configure({}, apiToken=UNKNOWN)
    request = CheckRequest("urn:pulumi:s::p::vercel:index/projectDomain:ProjectDomain::d", {}, values({}), b"")
    with pytest.raises(ConfigurationError, match="not configured"):
        standin._ready()
    assert asyncio.run(standin.check(request)).failures


def test_a_setting_that_the_provider_does_not_have_is_refused():
    request = CheckRequest("urn", {}, values({"team": "acme", "region": "x"}), b"")
    answer = asyncio.run(StandIn({}).check_config(request))
    assert [each.property for each in answer.failures or []] == ["region"]


def test_a_token_in_the_settings_is_secret():
    request = CheckRequest("urn", {}, values({"apiToken": "x"}), b"")
    answer = asyncio.run(StandIn({}).check_config(request))
    assert (answer.inputs or {})["apiToken"].is_secret


def test_a_resource_or_function_that_is_not_imitated_is_named(vercel: Vercel):
    with pytest.raises(UnknownToStandInError, match="edgeConfig:EdgeConfig"):
        vercel.check("EdgeConfig", {})
    with pytest.raises(UnknownToStandInError, match="getProject"):
        vercel.run(lambda standin: standin.invoke(InvokeRequest("vercel:index/getProject:getProject", {})))


def test_a_property_that_is_not_imitated_is_named(vercel: Vercel):
    assert "the property `passport`" in vercel.failures("Project", {"name": "a", "passport": {}})["passport"]
    nested = vercel.failures(
        "Project", {"name": "a", "gitRepository": {"type": "github", "repo": "a/b", "deployHooks": []}}
    )
    assert "gitRepository.deployHooks" in nested


def test_a_property_in_the_state_that_is_not_imitated_is_named(vercel: Vercel):
    with pytest.raises(UnknownToStandInError, match="visibility"):
        vercel.diff("ProjectEnvironmentVariable", {**STATE, "visibility": "all"}, VARIABLE)


def test_the_bridges_own_notes_in_the_state_are_left_out(vercel: Vercel):
    state = {**STATE, "__pulumi_raw_state_delta": {"obj": {}}, "__meta": "{}"}
    assert vercel.diff("ProjectEnvironmentVariable", state, VARIABLE).changes is False


def test_what_is_required_is_asked_for_and_what_is_wrong_is_refused_all_at_once(vercel: Vercel):
    failures = vercel.failures("LogDrain", {"deliveryFormat": "xml", "environments": [], "secret": "short"})
    assert set(failures) == {"deliveryFormat", "environments", "secret", "sources", "endpoint"}


def test_an_output_cannot_be_given(vercel: Vercel):
    assert "output" in vercel.failures("ProjectDomain", {"projectId": "p", "domain": "d", "verified": True})["verified"]


@pytest.mark.parametrize(
    ("given", "message"), [(3, "expected a string"), ([], "expected a string"), (True, "expected a string")]
)
def test_a_value_of_the_wrong_type_is_refused(vercel: Vercel, given: Any, message: str):
    failures = vercel.failures("ProjectDomain", {"projectId": "p", "domain": given})
    assert message in failures["domain"]


def test_a_name_is_made_up_once_and_then_kept(vercel: Vercel):
    vercel.answers["GET api-frameworks.zeit.sh"] = [[]]
    first = vercel.check("Project", {}).inputs["name"].value
    assert first.startswith("thing-")
    assert vercel.check("Project", {}, olds={"name": first}).inputs["name"].value == first
    assert vercel.check("Project", {"name": "mine"}, olds={"name": first}).inputs["name"].value == "mine"


def test_unknown_inputs_pass_the_checks(vercel: Vercel):
    assert vercel.check("ProjectEnvironmentVariable", {**VARIABLE, "projectId": UNKNOWN}).failures == []


def test_a_preview_asks_nothing_and_leaves_unknown_what_is_unknown(vercel: Vercel):
    planned = vercel.create("ProjectEnvironmentVariable", {**VARIABLE, "projectId": UNKNOWN}, preview=True)
    assert planned.properties["projectId"].value == UNKNOWN
    assert planned.properties["id"].value == UNKNOWN
    assert planned.properties["key"].value == "URL"
    assert vercel.requests == []


def test_secret_fields_come_back_secret_and_others_do_not(vercel: Vercel):
    vercel.say("POST /v10/projects/prj_1/env", {"created": {"id": "env_1", "key": "URL", "type": "encrypted"}})
    made = vercel.create("ProjectEnvironmentVariable", VARIABLE).properties
    assert made["value"].is_secret
    assert not made["key"].is_secret


def test_secrets_that_vercel_quotes_are_not_shown(vercel: Vercel):
    quoted = {"error": {"code": "bad_request", "message": "the value hunter2hunter2 is bad"}}
    vercel.say("POST /v10/projects/prj_1/env", (400, quoted))
    with pytest.raises(StandInError) as caught:
        vercel.create("ProjectEnvironmentVariable", {**VARIABLE, "value": "hunter2hunter2"})
    assert "hunter2" not in str(caught.value)
    assert "the value [secret] is bad" in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_input_that_is_secret_by_the_programs_wish_is_not_shown_either(vercel: Vercel):
    vercel.say("POST /v10/projects/prj_1/env", (400, {"error": {"code": "c", "message": "comment wishful is bad"}}))
    with pytest.raises(StandInError, match=r"comment \[secret\] is bad"):
        vercel.create("ProjectEnvironmentVariable", {**VARIABLE, "comment": secret("wishful")})


def test_ignored_changes_are_not_changes(vercel: Vercel):
    changed = {**VARIABLE, "comment": "other"}
    assert vercel.diff("ProjectEnvironmentVariable", STATE, changed).changes is True
    assert vercel.diff("ProjectEnvironmentVariable", STATE, changed, ["comment"]).changes is False


def test_a_refresh_gives_the_programs_inputs_with_the_values_found(vercel: Vercel):
    found = {"id": "env_1", "key": "URL", "type": "encrypted", "value": "drifted", "target": ["production"]}
    vercel.say("GET /v10/projects/prj_1/env/env_1", found)
    answer = vercel.read("ProjectEnvironmentVariable", STATE, VARIABLE)
    assert set(answer.inputs) == set(VARIABLE)
    assert answer.inputs["value"].value == "drifted"
    assert answer.inputs["value"].is_secret


def test_a_resource_that_is_gone_reads_as_nothing(vercel: Vercel):
    vercel.say("GET /v10/projects/prj_1/env/env_1", (404, {"error": {"code": "not_found", "message": "m"}}))
    answer = vercel.read("ProjectEnvironmentVariable", STATE, VARIABLE)
    assert answer.resource_id is None
    assert answer.properties == {}


def test_an_import_gives_the_inputs_that_a_program_would_need(vercel: Vercel):
    found = {"id": "env_1", "key": "URL", "type": "encrypted", "value": "v", "target": ["production"]}
    vercel.say("GET /v10/projects/prj_1/env/env_1", found)
    answer = vercel.read("ProjectEnvironmentVariable", {}, id_="team_1/prj_1/env_1")
    assert {name: each.value for name, each in answer.inputs.items()} == {
        "projectId": "prj_1",
        "teamId": "team_1",
        "key": "URL",
        "value": "v",
        "targets": (PropertyValue("production"),),
        "sensitive": False,
    }


def test_an_import_id_of_another_form_is_refused(vercel: Vercel):
    with pytest.raises(ResourceError, match='should be in format "team_id/project_id/env_id" or "project_id/env_id"'):
        vercel.read("ProjectEnvironmentVariable", {}, id_="env_1")


def test_a_deployment_cannot_be_imported(vercel: Vercel):
    with pytest.raises(ResourceError, match="cannot import"):
        vercel.read("Deployment", {}, id_="dpl_1")


def test_the_schema_holds_every_resource():
    answer = asyncio.run(StandIn({}).get_schema(GetSchemaRequest(0)))
    assert '"vercel:index/logDrain:LogDrain"' in (answer.schema or "")


def test_an_answer_without_what_must_be_known_is_an_error(vercel: Vercel):
    project = {name: each for name, each in PROJECT.items() if name != "enableAffectedProjectsDeployments"}
    vercel.say("POST /v8/projects", project)
    vercel.say("PATCH /v9/projects/prj_1", project)
    with pytest.raises(ResourceError, match="still indicated an unknown value for enableAffectedProjectsDeployments"):
        vercel.create("Project", {"name": "shop"})
