"""Environment variables: conflicts, what is shown, what moves when one is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity_sandbox import vercel
from support.vercel_api import Vercel, error_of

if TYPE_CHECKING:
    from parity_sandbox.context import Context


def test_the_same_key_and_target_conflicts_and_says_with_what(api: Vercel) -> None:
    project = api.project()
    path = f"/v10/projects/{project['id']}/env"
    first = api.variable(project, "ONE", "1")
    body = {"key": "ONE", "value": "2", "type": "plain", "target": ["production", "preview"]}
    refused = api.ask("POST", path, body)
    assert error_of(refused) == (400, "ENV_CONFLICT")
    error = refused.json()["error"]
    assert (error["envVarKey"], error["envVarId"]) == ("ONE", first["id"])
    assert api("POST", path, {**body, "target": ["preview"]})["created"]["id"] != first["id"]
    assert len(api("GET", path)["envs"]) == 2


def test_a_branch_of_its_own_does_not_conflict(api: Vercel) -> None:
    project = api.project()
    api.variable(project, "ONE", "1", target=["preview"])
    api.variable(project, "ONE", "2", target=["preview"], gitBranch="feature")
    shown = api("GET", f"/v10/projects/{project['id']}/env", gitBranch="feature")
    assert len(shown["envs"]) == 2


def test_of_several_those_that_fit_are_made_and_the_rest_is_named(api: Vercel) -> None:
    project = api.project()
    api.variable(project, "ONE", "1")
    body = [{"key": key, "value": "x", "type": "plain", "target": ["production"]} for key in ("ONE", "TWO")]
    answer = api("POST", f"/v10/projects/{project['id']}/env", body, status=201)
    assert [each["key"] for each in answer["created"]] == ["TWO"]
    assert answer["failed"][0]["error"]["code"] == "ENV_CONFLICT"
    assert answer["failed"][0]["error"]["envVarKey"] == "ONE"


def test_an_upsert_writes_over(api: Vercel) -> None:
    project = api.project()
    first = api.variable(project, "ONE", "1")
    body = {"key": "ONE", "value": "2", "type": "encrypted", "target": ["production"]}
    second = api("POST", f"/v10/projects/{project['id']}/env", body, upsert="true")["created"]
    assert second["id"] == first["id"]
    assert api("GET", f"/v1/projects/{project['id']}/env/{first['id']}")["value"] == "2"


def test_a_sensitive_value_is_never_given_back(api: Vercel, context: Context) -> None:
    project = api.project()
    made = api.variable(project, "TOKEN", "canary-7f3a", type="sensitive")
    path = f"/v10/projects/{project['id']}/env"
    answers = [
        api.ask("GET", path, decrypt="true"),
        api.ask("GET", f"{path}/{made['id']}"),
        api.ask("PATCH", f"/v9/projects/{project['id']}/env/{made['id']}", {"comment": "new"}),
        api.ask("GET", f"/v9/projects/{project['id']}"),
        api.ask("POST", path, {"key": "TOKEN", "value": "canary-7f3a", "type": "sensitive", "target": ["production"]}),
    ]
    assert not [answer for answer in answers if "canary-7f3a" in answer.text]
    assert [each["value"] for each in vercel.secrets(context)] == ["canary-7f3a"]


def test_an_encrypted_value_is_shown_only_where_it_is_asked_for(api: Vercel) -> None:
    project = api.project()
    made = api.variable(project, "ONE", "value-of-one")
    path = f"/v10/projects/{project['id']}/env"
    assert "value-of-one" not in api.ask("GET", path).text
    assert api("GET", path, decrypt="true")["envs"][0]["value"] == "value-of-one"
    assert api("GET", f"{path}/{made['id']}")["value"] == "value-of-one"


def test_updated_at_moves_on_each_write_even_in_one_millisecond(api: Vercel) -> None:
    project = api.project()
    made = api.variable(project, "TOKEN", "one", type="sensitive")
    path = f"/v10/projects/{project['id']}/env/{made['id']}"
    times = [made["updatedAt"], *(api("PATCH", path, {"value": value})["updatedAt"] for value in ("two", "two"))]
    assert times == sorted(set(times))
    assert api("GET", path)["createdAt"] == made["createdAt"]


def test_a_change_that_would_conflict_is_refused(api: Vercel) -> None:
    project = api.project()
    api.variable(project, "ONE", "1")
    other = api.variable(project, "ONE", "1", target=["preview"])
    path = f"/v9/projects/{project['id']}/env/{other['id']}"
    assert error_of(api.ask("PATCH", path, {"target": ["production"]})) == (400, "ENV_CONFLICT")
    assert api("GET", f"/v1/projects/{project['id']}/env/{other['id']}")["target"] == ["preview"]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"key": "1ONE"}, "digit"),
        ({"target": ["moon"]}, "target"),
        ({"type": "loud"}, "type"),
        ({"type": "sensitive", "target": ["development"]}, "Sensitive"),
        ({"gitBranch": "feature"}, "Git branch"),
        ({"target": []}, "target"),
        ({"note": "x"}, "additional property `note`"),
    ],
)
def test_a_variable_that_does_not_fit_is_refused(api: Vercel, change: dict[str, object], names: str) -> None:
    project = api.project()
    body = {"key": "ONE", "value": "1", "type": "plain", "target": ["production"], **change}
    answer = api.ask("POST", f"/v10/projects/{project['id']}/env", body)
    assert answer.status_code == 400
    assert names in answer.json()["error"]["message"]


def test_a_deleted_variable_is_gone_and_no_other_project_reaches_it(api: Vercel) -> None:
    project, other = api.project("one"), api.project("two")
    made = api.variable(project, "ONE", "1")
    assert error_of(api.ask("DELETE", f"/v8/projects/{other['id']}/env/{made['id']}")) == (404, "not_found")
    assert api("DELETE", f"/v8/projects/{project['id']}/env/{made['id']}")["key"] == "ONE"
    assert error_of(api.ask("GET", f"/v10/projects/{project['id']}/env/{made['id']}")) == (404, "not_found")


def test_a_custom_environment_takes_its_variables_along(api: Vercel) -> None:
    project = api.project()
    path = f"/v1/projects/{project['id']}/custom-environments"
    environment = api(
        "POST", path, {"slug": "qa", "branchMatcher": {"type": "startsWith", "pattern": "qa-"}}, status=201
    )
    api.variable(project, "ONE", "1", target=[], customEnvironmentIds=[environment["id"]])
    assert api.ask("POST", path, {"slug": "qa"}).status_code == 400
    assert api("PATCH", f"{path}/qa", {"slug": "test", "description": "d"})["slug"] == "test"
    api("DELETE", f"{path}/test", {"deleteUnassignedEnvironmentVariables": True})
    assert api("GET", f"/v10/projects/{project['id']}/env")["envs"] == []
    assert error_of(api.ask("GET", f"{path}/test")) == (404, "not_found")
