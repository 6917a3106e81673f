"""The token's account, organisation, users, teams, and what every answer carries."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from parity_sandbox.github import ROUTES, seed
from parity_sandbox.github.ids import node_id
from parity_sandbox.github.routes import BY_ID
from support.github_api import COMMIT, ORGANIZATION, REPO, SEED, TOKEN, operations

TEAMS = f"/orgs/{ORGANIZATION}/teams"


def test_the_organisation_is_found_in_any_case(api):
    found = api("GET", f"/orgs/{ORGANIZATION.upper()}").json()
    assert (found["login"], found["type"]) == (ORGANIZATION, "Organization")


def test_what_does_not_exist_is_not_found_in_github_s_words(api):
    refused = api("GET", "/orgs/missing", expect=404).json()
    assert refused == {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"authorization": "Bearer wrong"}, 401, "Bad credentials"),
        ({"authorization": ""}, 401, "Requires authentication"),
        ({"user-agent": ""}, 403, "User-Agent"),
        ({"x-github-api-version": "1999-01-01"}, 400, "not a supported version"),
    ],
)
def test_a_request_that_is_not_ours_is_refused_before_anything_else(api, headers, status, said):
    assert said in api("DELETE", REPO, headers=headers, expect=status).json()["message"]
    api("GET", REPO)


def test_both_ways_to_send_the_token_are_taken(api):
    api("GET", "/user", headers={"authorization": f"token {TOKEN}"})


def test_an_unknown_route_is_a_loud_501_that_names_it(api):
    message = api("POST", "/repos/a/b/nothing", {}, expect=501).json()["message"]
    assert "POST /repos/a/b/nothing" in message


@pytest.mark.parametrize(
    ("body", "said"), [(b"{no json", "Problems parsing JSON"), (b"[1]", "Body should be a JSON object")]
)
def test_a_body_that_is_no_json_object_is_a_bad_request(api, body, said):
    assert api("POST", TEAMS, body, expect=400).json()["message"] == said


def test_every_answer_carries_github_s_headers(api):
    headers = api("GET", "/user").headers
    assert headers["x-github-media-type"] == "github.v3; format=json"
    assert headers["x-github-api-version-selected"] == "2022-11-28"
    assert len(headers["x-github-request-id"].split(":")) == 5
    assert headers["etag"].startswith('W/"')
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert api("GET", "/orgs/missing", expect=404).headers["x-github-request-id"]


def test_the_rate_limit_counts_and_begins_again_each_hour(api, clock):
    first = int(api("GET", "/user").headers["x-ratelimit-remaining"])
    assert int(api("GET", "/user").headers["x-ratelimit-remaining"]) == first - 1
    clock.now += 3600
    assert api("GET", "/rate_limit").json()["resources"]["core"]["limit"] == 5000
    assert int(api("GET", "/user").headers["x-ratelimit-remaining"]) > first - 3


def test_node_ids_have_github_s_form():
    # Seen in GitHub's own documents: the repository octocat/Hello-World has id 1296269.
    assert node_id("R", 1296269) == "R_kgDOABPHjQ"


def test_users_are_found_with_their_keys(api):
    assert api("GET", "/users/FIRST-user").json()["type"] == "User"
    assert api("GET", f"/users/{ORGANIZATION}").json()["type"] == "Organization"
    for kind in ("keys", "gpg_keys"):
        assert api("GET", f"/users/first-user/{kind}").json() == []
    api("GET", "/users/missing", expect=404)
    assert {each["login"] for each in api("GET", f"/orgs/{ORGANIZATION}/members").json()} >= {"first-user"}
    api("GET", "/meta")


def test_a_team_is_made_changed_and_deleted_by_slug_and_by_id(api):
    made = api("POST", TEAMS, {"name": "On Call!", "privacy": "closed"}, expect=201).json()
    assert (made["slug"], made["members_count"]) == ("on-call", 1)
    by_id = made["url"].removeprefix("https://api.github.com")
    assert api("GET", by_id).json() == api("GET", f"{TEAMS}/on-call").json() == made
    changed = api("PATCH", by_id, {"name": "Duty", "description": "who answers"}).json()
    assert (changed["slug"], changed["description"]) == ("duty", "who answers")
    assert {each["slug"] for each in api("GET", TEAMS).json()} == {"platform", "duty"}
    api("DELETE", by_id, expect=204)
    api("GET", f"{TEAMS}/duty", expect=404)


def test_two_teams_cannot_have_one_name(api):
    refused = api("POST", TEAMS, {"name": "platform"}, expect=422).json()
    assert refused["message"] == "Validation Failed"
    assert refused["errors"][0]["message"] == "Name must be unique for this org"


def test_a_child_team_goes_with_its_parent(api):
    parent = api("POST", TEAMS, {"name": "Parent", "privacy": "closed"}, expect=201).json()["id"]
    child = api("POST", TEAMS, {"name": "Child", "parent_team_id": parent}, expect=201).json()
    assert child["parent"]["slug"] == "parent"
    api("DELETE", f"{TEAMS}/parent", expect=204)
    api("GET", f"{TEAMS}/child", expect=404)


def test_members_come_and_go(api):
    members = f"{TEAMS}/platform/members"
    api("PUT", f"{TEAMS}/platform/memberships/first-user", {})
    assert "first-user" in {each["login"] for each in api("GET", members).json()}
    api("DELETE", f"{TEAMS}/platform/memberships/first-user", expect=204)
    assert "first-user" not in {each["login"] for each in api("GET", members).json()}


def test_a_team_s_access_is_given_read_and_taken(api):
    path = f"{TEAMS}/platform{REPO}"
    wanted = {"accept": "application/vnd.github.v3.repository+json"}
    assert api("GET", path, headers=wanted).json()["permissions"]["push"] is True
    api("PUT", path, {"permission": "admin"}, expect=204)
    assert api("GET", path, headers=wanted).json()["role_name"] == "admin"
    assert [each["permission"] for each in api("GET", f"{REPO}/teams").json()] == ["admin"]
    assert len(api("GET", f"{TEAMS}/platform/repos").json()) == 1
    api("GET", path, expect=204)
    api("DELETE", path, expect=204)
    api("GET", path, expect=404)
    api("PUT", path, {"permission": "emperor"}, expect=422)


def test_the_same_seed_twice_changes_nothing(api):
    before = api.context.store.everything()
    seed(api.context, SEED)
    assert api.context.store.everything() == before
    assert api("GET", f"{REPO}/branches/main").json()["commit"]["sha"] == COMMIT


def test_a_seed_adds_what_is_new_and_keeps_the_rest(api):
    number = api("GET", REPO).json()["id"]
    more = {"owner": ORGANIZATION, "name": "storefront", "branches": ["next"], "commits": ["2b" * 20]}
    seed(api.context, {"organization": ORGANIZATION, "repositories": [more]})
    assert api("GET", REPO).json()["id"] == number
    assert api("GET", f"{REPO}/commits/main").json()["parents"][0]["sha"] == COMMIT
    assert {each["name"] for each in api("GET", f"{REPO}/branches").json()} == {"main", "next"}


def test_every_route_is_one_that_github_describes():
    for route in ROUTES:
        assert route.source in operations(), f"{route.method} {route.template}: {route.source} is not described"
        method, template = operations()[route.source]
        assert method == route.method
        assert template == route.template or route.template.startswith("/organizations/{organization_id}/team")


def test_every_operation_of_a_repository_answers_by_its_id_too():
    by_name = {(each.method, each.template) for each in ROUTES if each.template.startswith("/repos/{owner}/{repo}")}
    paths = ((each.method, each.template) for each in BY_ID)
    by_id = {(method, path.replace("/repositories/{repository_id}", "/repos/{owner}/{repo}")) for method, path in paths}
    assert by_id == by_name


def test_no_handler_awaits_anything_but_the_body(api):
    """The core buffers the answer and runs the handler in a transaction; a handler is a plain function."""

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/user", "headers": [], "query_string": b"", "app": api.app}
    request = Request(scope, receive)
    route = next(each for each in ROUTES if each.template == "/user")
    coroutine = route.handler(request)
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    assert isinstance(done.value.value, Response)
