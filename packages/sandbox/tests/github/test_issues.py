"""What the workflows call: issues, labels, comments, pull requests, commits, refs, contents, runs."""

from __future__ import annotations

import base64

import pytest

from parity_sandbox.github import seed
from support.github_api import COMMIT, ORGANIZATION, REPO, SEED


@pytest.fixture
def pull(api) -> dict:
    """A pull request with one commit more than main."""
    api("POST", f"{REPO}/git/refs", {"ref": "refs/heads/next", "sha": COMMIT}, expect=201)
    body = {"message": "Edit", "content": base64.b64encode(b"new").decode(), "branch": "next"}
    api("PUT", f"{REPO}/contents/docs/a.md", body, expect=201)
    return api("POST", f"{REPO}/pulls", {"title": "Change", "head": "next", "base": "main"}, expect=201).json()


def test_an_issue_is_opened_found_by_label_and_closed(api):
    first = api("POST", f"{REPO}/issues", {"title": "Drift", "labels": ["drift", "staging"]}, expect=201).json()
    api("POST", f"{REPO}/issues", {"title": "Other", "labels": ["staging"]}, expect=201)
    found = api("GET", f"{REPO}/issues", query={"labels": "staging,DRIFT"}).json()
    assert [each["number"] for each in found] == [first["number"]]
    closed = api("PATCH", f"{REPO}/issues/{first['number']}", {"state": "closed"}).json()
    assert (closed["state"], closed["state_reason"]) == ("closed", "completed")
    assert closed["closed_at"]
    assert api("GET", f"{REPO}/issues", query={"labels": "drift"}).json() == []
    assert len(api("GET", f"{REPO}/issues", query={"labels": "drift", "state": "all"}).json()) == 1
    reopened = api("PATCH", f"{REPO}/issues/{first['number']}", {"state": "open", "body": "again"}).json()
    assert (reopened["state_reason"], reopened["body"], reopened["closed_at"]) == ("reopened", "again", None)


def test_issues_are_listed_newest_first_in_pages(api):
    for number in range(5):
        api("POST", f"{REPO}/issues", {"title": str(number)}, expect=201)
    page = api("GET", f"{REPO}/issues", query={"per_page": "2", "page": "2"})
    assert [each["title"] for each in page.json()] == ["2", "1"]
    assert set(page.links) == {"prev", "next", "last", "first"}


def test_an_issue_needs_a_title(api):
    refused = api("POST", f"{REPO}/issues", {"body": "x"}, expect=422).json()
    assert refused["errors"] == [{"resource": "Issue", "code": "missing_field", "field": "title"}]


def test_comments_are_made_listed_changed_and_deleted(api):
    number = api("POST", f"{REPO}/issues", {"title": "Drift"}, expect=201).json()["number"]
    made = api("POST", f"{REPO}/issues/{number}/comments", {"body": "<!-- marker --> one"}, expect=201).json()
    path = f"{REPO}/issues/comments/{made['id']}"
    assert api("PATCH", path, {"body": "two"}).json()["body"] == "two"
    assert [each["body"] for each in api("GET", f"{REPO}/issues/{number}/comments").json()] == ["two"]
    assert api("GET", f"{REPO}/issues/{number}").json()["comments"] == 1
    api("DELETE", path, expect=204)
    api("GET", path, expect=404)


def test_labels_are_kept_by_the_repository_and_carried_by_issues(api):
    made = api("POST", f"{REPO}/labels", {"name": "Drift", "color": "ff0000"}, expect=201).json()
    assert api("GET", f"{REPO}/labels/drift").json() == made
    refused = api("POST", f"{REPO}/labels", {"name": "drift"}, expect=422).json()
    assert refused["errors"][0]["code"] == "already_exists"
    number = api("POST", f"{REPO}/issues", {"title": "x", "labels": ["drift"]}, expect=201).json()["number"]
    labels = f"{REPO}/issues/{number}/labels"
    api("POST", labels, {"labels": ["blind"]})
    assert [each["name"] for each in api("GET", labels).json()] == ["Drift", "blind"]
    api("DELETE", f"{labels}/blind", expect=200)
    api("DELETE", f"{labels}/blind", expect=404)
    api("PATCH", f"{REPO}/labels/drift", {"new_name": "drifted"})
    assert [each["name"] for each in api("PUT", labels, {"labels": ["drifted"]}).json()] == ["drifted"]
    api("DELETE", f"{REPO}/labels/drifted", expect=204)
    assert api("GET", labels).json() == []
    assert [each["name"] for each in api("GET", f"{REPO}/labels").json()] == ["blind"]


def test_a_pull_request_shares_its_number_and_comments_with_its_issue(api, pull):
    number = pull["number"]
    api("POST", f"{REPO}/issues/{number}/comments", {"body": "plan"}, expect=201)
    found = api("GET", f"{REPO}/pulls/{number}").json()
    assert (found["comments"], found["commits"], found["head"]["ref"]) == (1, 1, "next")
    assert api("GET", f"{REPO}/issues/{number}").json()["pull_request"]["url"] == found["url"]
    assert [each["number"] for each in api("GET", f"{REPO}/pulls", query={"base": "main"}).json()] == [number]
    assert api("PATCH", f"{REPO}/pulls/{number}", {"title": "Better"}).json()["title"] == "Better"


def test_a_merged_pull_request_brings_its_commit_to_the_base(api, pull):
    merged = api("PUT", f"{REPO}/pulls/{pull['number']}/merge", {}).json()
    head = api("GET", f"{REPO}/commits/main").json()
    assert head["sha"] == merged["sha"]
    assert len(head["parents"]) == 2
    found = api("GET", f"{REPO}/pulls/{pull['number']}").json()
    assert (found["merged"], found["state"], found["merge_commit_sha"]) == (True, "closed", merged["sha"])
    numbers = [each["number"] for each in api("GET", f"{REPO}/commits/{merged['sha']}/pulls").json()]
    assert numbers == [pull["number"]]
    assert api("GET", f"{REPO}/commits/{COMMIT}/pulls").json() == []
    api("PUT", f"{REPO}/pulls/{pull['number']}/merge", {}, expect=405)


def test_a_second_pull_request_for_the_same_branches_is_refused(api, pull):
    refused = api("POST", f"{REPO}/pulls", {"title": "x", "head": "next", "base": "main"}, expect=422)
    assert f"A pull request already exists for {ORGANIZATION}:next." in refused.text
    api("POST", f"{REPO}/pulls", {"title": "x", "head": "nowhere", "base": "main"}, expect=422)


def test_commits_are_found_by_full_and_short_name_and_by_branch(api):
    for name in (COMMIT, COMMIT[:7], "main"):
        assert api("GET", f"{REPO}/commits/{name}").json()["sha"] == COMMIT
    assert [each["sha"] for each in api("GET", f"{REPO}/commits").json()] == [COMMIT, "0e" * 20]
    refused = api("GET", f"{REPO}/commits/{'9' * 40}", expect=422)
    assert "No commit found for SHA" in refused.json()["message"]


def test_refs_are_made_moved_and_deleted(api):
    api("POST", f"{REPO}/git/refs", {"ref": "refs/heads/a/b", "sha": COMMIT}, expect=201)
    assert api("GET", f"{REPO}/git/ref/heads/a/b").json()["object"]["sha"] == COMMIT
    api("POST", f"{REPO}/git/refs", {"ref": "refs/heads/a/b", "sha": COMMIT}, expect=422)
    api("PATCH", f"{REPO}/git/refs/heads/a/b", {"sha": "0e" * 20}, expect=422)
    assert api("PATCH", f"{REPO}/git/refs/heads/a/b", {"sha": "0e" * 20, "force": True}).json()["object"]["sha"]
    assert [each["ref"] for each in api("GET", f"{REPO}/git/matching-refs/heads/a").json()] == ["refs/heads/a/b"]
    api("DELETE", f"{REPO}/git/refs/heads/a/b", expect=204)
    api("GET", f"{REPO}/git/ref/heads/a/b", expect=404)


def test_a_branch_is_renamed_with_the_default(api):
    renamed = api("POST", f"{REPO}/branches/main/rename", {"new_name": "trunk"}, expect=201).json()
    assert renamed["name"] == "trunk"
    assert api("GET", REPO).json()["default_branch"] == "trunk"
    api("GET", f"{REPO}/branches/main", expect=404)


def test_a_file_is_written_read_and_deleted_on_a_branch(api):
    path = f"{REPO}/contents/stacks/Pulumi.prod.yaml"
    made = api("PUT", path, {"message": "Add", "content": base64.b64encode(b"a: 1\n").decode()}, expect=201).json()
    found = api("GET", path).json()
    assert base64.b64decode(found["content"]) == b"a: 1\n"
    assert found["sha"] == made["content"]["sha"]
    again = {"message": "Edit", "content": base64.b64encode(b"a: 2\n").decode()}
    api("PUT", path, again, expect=422)
    api("PUT", path, again | {"sha": "0" * 40}, expect=409)
    changed = api("PUT", path, again | {"sha": found["sha"]}).json()
    assert [each["name"] for each in api("GET", f"{REPO}/contents/stacks").json()] == ["Pulumi.prod.yaml"]
    old = api("GET", path, query={"ref": made["commit"]["sha"]}).json()
    assert base64.b64decode(old["content"]) == b"a: 1\n"
    files = api("GET", f"{REPO}/commits/main").json()["files"]
    assert [(each["filename"], each["status"]) for each in files] == [("stacks/Pulumi.prod.yaml", "modified")]
    api("DELETE", path, {"message": "Drop", "sha": changed["content"]["sha"]})
    api("GET", path, expect=404)


def test_a_run_tells_whether_it_is_still_going(api):
    repository = SEED["repositories"][0]
    run = {"id": 77, "workflow": "promote.yml", "head_sha": COMMIT, "status": "in_progress"}
    seed(api.context, {"repositories": [repository | {"runs": [run]}]})
    found = api("GET", f"{REPO}/actions/runs/77").json()
    assert (found["status"], found["conclusion"], found["head_sha"]) == ("in_progress", None, COMMIT)
    seed(
        api.context, {"repositories": [repository | {"runs": [run | {"status": "completed", "conclusion": "failure"}]}]}
    )
    assert api("GET", f"{REPO}/actions/runs/77").json()["conclusion"] == "failure"
    runs = api("GET", f"{REPO}/actions/workflows/promote.yml/runs", query={"status": "failure"}).json()
    assert (runs["total_count"], runs["workflow_runs"][0]["id"]) == (1, 77)
    assert api("GET", f"{REPO}/actions/runs", query={"status": "in_progress"}).json()["total_count"] == 0
    api("GET", f"{REPO}/actions/runs/78", expect=404)
