"""Repositories, their rulesets and their Actions permissions."""

from __future__ import annotations

import pytest

from support.github_api import ORGANIZATION, REPO

REPOS = f"/orgs/{ORGANIZATION}/repos"
RULE = {
    "name": "main",
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
    "rules": [
        {"type": "deletion"},
        {
            "type": "required_status_checks",
            "parameters": {"required_status_checks": [{"context": "ci"}], "strict_required_status_checks_policy": True},
        },
    ],
}


def test_a_repository_is_made_edited_and_deleted(api):
    body = {"name": "docs", "auto_init": True, "visibility": "private"}
    made = api("POST", REPOS, body, expect=201, described=False).json()
    assert (made["full_name"], made["private"], made["default_branch"]) == (f"{ORGANIZATION}/docs", True, "main")
    path = f"/repos/{ORGANIZATION}/docs"
    assert api("GET", f"{path}/contents/README.md").json()["encoding"] == "base64"
    assert api("PATCH", path, {"description": "pages", "has_wiki": False}).json()["has_wiki"] is False
    assert {each["name"] for each in api("GET", REPOS).json()} == {"storefront", "docs"}
    api("DELETE", path, expect=204)
    api("GET", path, expect=404)
    kinds = api.context.store.everything()["github"]
    assert [each for rows in kinds.values() for each in rows if each.get("repository_id") == made["id"]] == []


def test_a_second_repository_of_the_same_name_is_refused(api):
    refused = api("POST", REPOS, {"name": "StoreFront"}, expect=422).json()
    assert refused["message"] == "Repository creation failed."
    assert refused["errors"][0]["message"] == "name already exists on this account"


def test_the_account_s_own_repositories_are_its_own(api):
    api("POST", "/user/repos", {"name": "mine"}, expect=201)
    assert [each["name"] for each in api("GET", "/users/parity-sandbox/repos").json()] == ["mine"]


def test_a_renamed_repository_is_found_at_its_old_name(api):
    api("PUT", f"{REPO}/environments/prod", {})
    number = api("PATCH", REPO, {"name": "shop"}).json()["id"]
    moved = api("GET", f"{REPO}/environments/prod", expect=301)
    assert moved.headers["location"] == f"https://api.github.com/repositories/{number}/environments/prod"
    assert api("GET", f"/repositories/{number}/environments/prod").json()["name"] == "prod"
    kept = api("PUT", f"{REPO}/topics", {"names": []}, expect=307)
    assert kept.headers["location"] == f"https://api.github.com/repositories/{number}/topics"


def test_a_new_repository_takes_the_old_name_from_the_renamed_one(api):
    number = api("PATCH", REPO, {"name": "shop"}).json()["id"]
    made = api("POST", REPOS, {"name": "storefront"}, expect=201).json()["id"]
    assert made != number
    assert api("GET", REPO).json()["id"] == made


def test_an_archived_repository_is_read_only_until_it_is_unarchived(api):
    api("PATCH", REPO, {"archived": True})
    for method, path in (("PUT", "/environments/prod"), ("POST", "/rulesets"), ("PUT", "/actions/permissions")):
        refused = api(method, REPO + path, {}, expect=403)
        assert refused.json()["message"] == "Repository was archived so is read-only."
    api("PATCH", REPO, {"description": "x"}, expect=403)
    api("PATCH", REPO, {"archived": False})
    api("PUT", f"{REPO}/environments/prod", {})


def test_topics_and_alerts_are_set_and_read(api):
    assert api("PUT", f"{REPO}/topics", {"names": ["Shop", "next"]}).json() == {"names": ["shop", "next"]}
    assert api("GET", f"{REPO}/topics").json() == {"names": ["shop", "next"]}
    alerts = f"{REPO}/vulnerability-alerts"
    api("GET", alerts, expect=404)
    api("PUT", alerts, expect=204)
    api("GET", alerts, expect=204)
    api("DELETE", alerts, expect=204)
    api("GET", alerts, expect=404)


def test_collaborators_come_and_go(api):
    api("PUT", f"{REPO}/collaborators/first-user", {"permission": "triage"}, expect=204)
    (found,) = api("GET", f"{REPO}/collaborators").json()
    assert (found["login"], found["role_name"], found["permissions"]["push"]) == ("first-user", "triage", False)
    assert api("GET", f"{REPO}/invitations").json() == []
    api("DELETE", f"{REPO}/collaborators/first-user", expect=204)
    assert api("GET", f"{REPO}/collaborators").json() == []


def test_a_ruleset_is_given_back_as_it_was_sent_with_what_github_fills_in(api):
    made = api("POST", f"{REPO}/rulesets", RULE, expect=201).json()
    assert made["rules"][1]["parameters"]["do_not_enforce_on_create"] is False
    assert {name: made[name] for name in ("name", "target", "conditions", "bypass_actors")} == {
        name: RULE[name] for name in ("name", "target", "conditions", "bypass_actors")
    }
    assert made["node_id"].startswith("RRS_lACq")
    assert api("GET", f"{REPO}/rulesets/{made['id']}").json() == made


def test_a_list_of_rulesets_has_no_rules_in_it(api):
    api("POST", f"{REPO}/rulesets", RULE, expect=201)
    (found,) = api("GET", f"{REPO}/rulesets").json()
    assert not {"rules", "conditions", "bypass_actors"} & set(found)


def test_a_second_ruleset_of_the_same_name_is_refused(api):
    api("POST", f"{REPO}/rulesets", RULE, expect=201)
    refused = api("POST", f"{REPO}/rulesets", RULE, expect=422).json()
    assert (refused["message"], refused["errors"]) == ("Validation Failed", ["Name must be unique"])


def test_an_update_keeps_what_is_not_sent_and_moves_the_etag(api):
    made = api("POST", f"{REPO}/rulesets", RULE, expect=201)
    path = f"{REPO}/rulesets/{made.json()['id']}"
    api("GET", path, headers={"if-none-match": made.headers["etag"]}, expect=304)
    changed = api("PUT", path, {"bypass_actors": []}).json()
    assert changed["bypass_actors"] == []
    assert changed["rules"] == made.json()["rules"]
    api("GET", path, headers={"if-none-match": made.headers["etag"]})
    api("DELETE", path, expect=204)
    api("GET", path, expect=404)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"enforcement": "sometimes"}, "sometimes"),
        ({"bypass_actors": None}, "Invalid property /bypass_actors: data cannot be null."),
        ({"bypass_actors": [{"actor_type": "Team"}]}, "Actor id is required"),
        ({"rules": [{"type": "nonsense"}]}, "Invalid rule 'nonsense'"),
        ({"rules": [{"type": "required_status_checks"}]}, "required_status_checks"),
        ({"rules": [{"type": "max_file_size", "parameters": {"max_file_size": 1}}]}, "not allowed for branch"),
        ({"conditions": {"ref_name": {"include": ["main"], "exclude": []}}}, "Invalid target patterns: 'main'"),
    ],
)
def test_a_ruleset_that_does_not_hold_together_is_refused(api, change, said):
    assert said in api("POST", f"{REPO}/rulesets", RULE | change, expect=422).text
    assert api("GET", f"{REPO}/rulesets").json() == []


def test_actions_permissions_begin_at_github_s_defaults_and_are_kept(api):
    path = f"{REPO}/actions/permissions"
    assert api("GET", path).json()["allowed_actions"] == "all"
    api("GET", f"{path}/selected-actions", expect=409)
    api("PUT", path, {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True}, expect=204)
    chosen = {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": ["pulumi/*"]}
    api("PUT", f"{path}/selected-actions", chosen, expect=204)
    assert api("GET", f"{path}/selected-actions").json() == chosen
    assert api("GET", path).json()["sha_pinning_required"] is True
    api("PUT", path, {"enabled": False}, expect=204)
    assert "allowed_actions" not in api("GET", path).json()


def test_a_workflow_s_rights_are_read_only_by_default(api):
    path = f"{REPO}/actions/permissions"
    assert api("GET", f"{path}/workflow").json()["default_workflow_permissions"] == "read"
    api("PUT", f"{path}/workflow", {"can_approve_pull_request_reviews": True}, expect=204)
    expected = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True}
    assert api("GET", f"{path}/workflow").json() == expected
    api("PUT", f"{path}/access", {"access_level": "organization"}, expect=204)
    assert api("GET", f"{path}/access").json() == {"access_level": "organization"}
