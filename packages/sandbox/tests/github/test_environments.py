"""Environments, their protection and their deployment branch policies."""

from __future__ import annotations

import pytest

from support.github_api import ORGANIZATION, REPO

CUSTOM = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


@pytest.fixture
def team(api) -> int:
    return api("GET", f"/orgs/{ORGANIZATION}/teams/platform").json()["id"]


def rules(document) -> dict:
    return {each["type"]: each for each in document["protection_rules"]}


def test_put_creates_and_then_updates_the_same_environment(api):
    first = api("PUT", f"{REPO}/environments/staging", {"wait_timer": 5}).json()
    second = api("PUT", f"{REPO}/environments/staging", {"wait_timer": 7}).json()
    assert second["id"] == first["id"]
    assert rules(second)["wait_timer"]["wait_timer"] == 7
    assert api("GET", f"{REPO}/environments").json()["total_count"] == 1


def test_all_of_the_protection_is_given_back(api, team):
    body = {
        "wait_timer": 30,
        "prevent_self_review": True,
        "reviewers": [{"type": "Team", "id": team}],
        "deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False},
    }
    found = api("PUT", f"{REPO}/environments/prod", body).json()
    assert set(rules(found)) == {"wait_timer", "required_reviewers", "branch_policy"}
    reviewers = rules(found)["required_reviewers"]
    assert reviewers["prevent_self_review"] is True
    assert [(each["type"], each["reviewer"]["slug"]) for each in reviewers["reviewers"]] == [("Team", "platform")]
    assert found["deployment_branch_policy"] == body["deployment_branch_policy"]
    assert api("GET", f"{REPO}/environments/prod").json() == found


def test_who_may_bypass_is_kept_though_the_description_leaves_it_out(api):
    api("PUT", f"{REPO}/environments/prod", {"can_admins_bypass": False}, described=False)
    assert api("GET", f"{REPO}/environments/prod").json()["can_admins_bypass"] is False


def test_null_clears_and_what_is_not_sent_stays(api, team):
    api("PUT", f"{REPO}/environments/prod", {"wait_timer": 9, "reviewers": [{"type": "Team", "id": team}], **CUSTOM})
    kept = api("PUT", f"{REPO}/environments/prod", {}).json()
    assert set(rules(kept)) == {"wait_timer", "required_reviewers", "branch_policy"}
    cleared = {"wait_timer": 0, "reviewers": None, "deployment_branch_policy": None}
    assert rules(api("PUT", f"{REPO}/environments/prod", cleared).json()) == {}


def test_a_reviewer_without_access_to_the_repository_is_left_out_in_silence(api):
    stranger = api("POST", f"/orgs/{ORGANIZATION}/teams", {"name": "Strangers"}, expect=201).json()["id"]
    body = {"reviewers": [{"type": "Team", "id": stranger}]}
    assert rules(api("PUT", f"{REPO}/environments/prod", body).json()) == {}
    api("PUT", f"/orgs/{ORGANIZATION}/teams/strangers{REPO.replace('/repos', '/repos')}", {}, expect=204)
    assert "required_reviewers" in rules(api("PUT", f"{REPO}/environments/prod", body).json())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"wait_timer": 43_201}, "Wait timer"),
        ({"wait_timer": "5"}, "is not an integer"),
        ({"unknown": 1}, '"unknown" is not a permitted key'),
        ({"prevent_self_review": True}, "must have at least one reviewer to set prevent_self_review"),
        ({"reviewers": [{"type": "User", "id": each} for each in range(7)]}, "reviewers can have at most 6 reviewers"),
        (
            {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}},
            "cannot have the same value",
        ),
    ],
)
def test_what_contradicts_is_refused_and_nothing_is_made(api, body, said):
    response = api("PUT", f"{REPO}/environments/prod", body, expect=422)
    assert said in response.text.replace('\\"', '"')
    api("GET", f"{REPO}/environments/prod", expect=404)


def test_names_are_found_in_any_case_and_with_reserved_characters(api):
    made = api("PUT", f"{REPO}/environments/Blue%2FGreen:1", {}).json()
    assert made["name"] == "Blue/Green:1"
    assert api("GET", f"{REPO.upper().replace('/REPOS', '/repos')}/environments/blue%2Fgreen%3A1").json() == made


def test_a_deleted_environment_takes_everything_in_it_along(api, environment):
    api("POST", f"{environment}/variables", {"name": "LEVEL", "value": "1"}, expect=201)
    api("POST", f"{environment}/deployment-branch-policies", {"name": "main"})
    api("DELETE", environment, expect=204)
    api("GET", environment, expect=404)
    api("PUT", environment, CUSTOM)
    assert api("GET", f"{environment}/variables").json()["total_count"] == 0
    assert api("GET", f"{environment}/deployment-branch-policies").json()["total_count"] == 0
    for kind in ("variables", "secrets", "deployment_branch_policies"):
        assert api.context.store.collection("github", kind).all() == [], kind


def test_a_policy_is_made_renamed_and_deleted(api, environment):
    policies = f"{environment}/deployment-branch-policies"
    made = api("POST", policies, {"name": "release/*", "type": "tag"}).json()
    assert (made["name"], made["type"]) == ("release/*", "tag")
    renamed = api("PUT", f"{policies}/{made['id']}", {"name": "v*"}).json()
    assert (renamed["id"], renamed["name"], renamed["type"]) == (made["id"], "v*", "tag")
    assert api("GET", policies).json()["branch_policies"] == [renamed]
    api("DELETE", f"{policies}/{made['id']}", expect=204)
    api("GET", f"{policies}/{made['id']}", expect=404)


def test_the_same_policy_twice_is_answered_with_see_other(api, environment):
    api("POST", f"{environment}/deployment-branch-policies", {"name": "main"})
    api("POST", f"{environment}/deployment-branch-policies", {"name": "main"}, expect=303)
    api("POST", f"{environment}/deployment-branch-policies", {"name": "main", "type": "tag"})


def test_an_environment_without_custom_policies_takes_none(api):
    api("PUT", f"{REPO}/environments/plain", {})
    api("POST", f"{REPO}/environments/plain/deployment-branch-policies", {"name": "main"}, expect=404)


def test_an_unchanged_environment_is_answered_with_not_modified(api, environment):
    etag = api("GET", environment).headers["etag"]
    unchanged = api("GET", environment, headers={"if-none-match": etag}, expect=304)
    assert unchanged.content == b""
    api("PUT", environment, {"wait_timer": 1})
    assert api("GET", environment, headers={"if-none-match": etag}).headers["etag"] != etag
