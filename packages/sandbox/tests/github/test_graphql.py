"""GraphQL, as GitHub's own command line sends it."""

from __future__ import annotations

from typing import Any

import pytest

from support.github_api import COMMIT, ORGANIZATION, REPO


def ask(api, query: str, expect: int = 200, **variables: Any) -> dict[str, Any]:
    return api("POST", "/graphql", {"query": query, "variables": variables}, expect=expect, described=False).json()


def repository(api, fields: str) -> dict[str, Any]:
    query = f'query Q {{ repository(owner: "{ORGANIZATION}", name: "storefront") {{ {fields} }} }}'
    return ask(api, query)["data"]["repository"]


def mutate(api, name: str, fields: str, **given: Any) -> dict[str, Any]:
    type_ = f"{name[0].upper()}{name[1:]}Input"
    answer = ask(api, f"mutation M($input: {type_}!) {{ {name}(input: $input) {{ {fields} }} }}", input=given)
    assert "errors" not in answer, answer
    return answer["data"][name]


def test_an_issue_lives_its_life(api):
    home = repository(api, "id")["id"]
    label = api("POST", f"{REPO}/labels", {"name": "bug"}, expect=201).json()["node_id"]
    made = mutate(
        api, "createIssue", "issue { id url number }", repositoryId=home, title="one", body="b", labelIds=[label]
    )
    issue = made["issue"]["id"]
    assert api("GET", f"{REPO}/issues/1").json()["node_id"] == issue
    mutate(api, "addComment", "commentEdge { node { url } }", subjectId=issue, body="hello")
    mutate(api, "removeLabelsFromLabelable", "clientMutationId", labelableId=issue, labelIds=[label])
    mutate(api, "updateIssue", "issue { id }", id=issue, title="two")
    mutate(api, "closeIssue", "issue { state }", issueId=issue, stateReason="NOT_PLANNED")
    fields = "title state stateReason labels { totalCount } comments { nodes { body } }"
    shown = repository(api, f"issues(states: [CLOSED]) {{ nodes {{ {fields} }} }}")
    assert shown["issues"]["nodes"] == [
        {
            "title": "two", "state": "CLOSED", "stateReason": "NOT_PLANNED", "labels": {"totalCount": 0},
            "comments": {"nodes": [{"body": "hello"}]},
        }
    ]  # fmt: skip
    assert repository(api, "issues(states: [OPEN]) { totalCount }")["issues"]["totalCount"] == 0
    assert api("GET", f"{REPO}/issues/1").json()["state_reason"] == "not_planned"


def test_a_pull_request_is_made_and_merged(api):
    api("POST", f"{REPO}/git/refs", {"ref": "refs/heads/next", "sha": COMMIT}, expect=201)
    api("PUT", f"{REPO}/contents/a", {"message": "add a\n\nwhy", "content": "YQ==", "branch": "next"}, expect=201)
    home = repository(api, "id")["id"]
    made = mutate(
        api, "createPullRequest", "pullRequest { id number }",
        repositoryId=home, title="t", baseRefName="main", headRefName="next",
    )["pullRequest"]  # fmt: skip
    fields = "state headRefOid commits(first: 9) { nodes { commit { oid messageHeadline messageBody } } }"
    one = f"pullRequest(number: {made['number']})"
    shown = repository(api, f"{one} {{ {fields} }}")["pullRequest"]
    head = shown["headRefOid"]
    assert shown["commits"]["nodes"] == [{"commit": {"oid": head, "messageHeadline": "add a", "messageBody": "why"}}]
    stale = ask(
        api, "mutation M($input: MergePullRequestInput!) { mergePullRequest(input: $input) { clientMutationId } }",
        input={"pullRequestId": made["id"], "expectedHeadOid": "0" * 40},
    )  # fmt: skip
    assert stale["errors"][0]["type"] == "UNPROCESSABLE"
    mutate(api, "mergePullRequest", "pullRequest { state }", pullRequestId=made["id"], expectedHeadOid=head)
    assert repository(api, f"{one} {{ state mergeCommit {{ oid }} }}")["pullRequest"]["state"] == "MERGED"
    assert api("GET", f"{REPO}/pulls/{made['number']}").json()["merged"] is True


def test_lists_are_paged_and_chosen_from(api):
    for title in ("a", "b", "c"):
        api("POST", f"{REPO}/issues", {"title": title}, expect=201)
    order = "orderBy: {field: CREATED_AT, direction: DESC}"
    fields = "nodes { title } pageInfo { hasNextPage endCursor }"
    first = repository(api, f"issues(first: 2, {order}) {{ {fields} }}")["issues"]
    assert ([each["title"] for each in first["nodes"]], first["pageInfo"]["hasNextPage"]) == (["c", "b"], True)
    after = f'after: "{first["pageInfo"]["endCursor"]}"'
    last = repository(api, f"issues(first: 2, {after}, {order}) {{ {fields} }}")["issues"]
    assert ([each["title"] for each in last["nodes"]], last["pageInfo"]["hasNextPage"]) == (["a"], False)


def test_an_archived_repository_is_opened_again(api):
    home = repository(api, "id")["id"]
    mutate(api, "archiveRepository", "repository { isArchived }", repositoryId=home)
    api("POST", f"{REPO}/issues", {"title": "x"}, expect=403)
    mutate(api, "unarchiveRepository", "repository { isArchived }", repositoryId=home)
    assert api("GET", REPO).json()["archived"] is False


HERE = f'repository(owner: "{ORGANIZATION}", name: "storefront")'


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (f"query Releases {{ {HERE} {{ releases {{ totalCount }} }} }}", "query Releases"),
        ("mutation Star { addStar(input: {}) { clientMutationId } }", "mutation Star"),
        (f'query Mine {{ {HERE} {{ issues(filterBy: {{assignee: "x"}}) {{ totalCount }} }} }}', "assignee"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_a_loud_501_that_names_it(api, query, named):
    assert named in ask(api, query, expect=501)["message"]


def test_a_variable_that_the_schema_has_no_place_for_is_a_501(api):
    query = "mutation M($input: CreateIssueInput!) { createIssue(input: $input) { issue { id } } }"
    given = {"repositoryId": "x", "title": "t", "issueTypeId": "y"}
    assert "issueTypeId" in ask(api, query, expect=501, input=given)["message"]
    assert api("GET", f"{REPO}/issues").json() == []


def test_what_is_not_there_is_an_error_in_githubs_form(api):
    answer = ask(api, 'query Q { repository(owner: "x", name: "y") { id } }')
    assert answer["data"] == {"repository": None}
    assert (answer["errors"][0]["type"], answer["errors"][0]["path"]) == ("NOT_FOUND", ["repository"])
    assert answer["errors"][0]["message"] == "Could not resolve to a Repository with the name 'x/y'."
    assert "Syntax" in ask(api, "query {")["errors"][0]["message"]


def test_the_rules_of_a_branch_are_those_of_the_rulesets_that_guard_it(api):
    rule = {"name": "r", "target": "branch", "enforcement": "active", "rules": [{"type": "deletion"}]}
    api(
        "POST",
        f"{REPO}/rulesets",
        {**rule, "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}},
        expect=201,
    )
    assert [each["type"] for each in api("GET", f"{REPO}/rules/branches/main").json()] == ["deletion"]
    assert api("GET", f"{REPO}/rules/branches/next").json() == []
    rulesets = repository(
        api, "rulesets(first: 9, includeParents: true) { nodes { name target rules { totalCount } } }"
    )["rulesets"]
    assert rulesets["nodes"] == [{"name": "r", "target": "BRANCH", "rules": {"totalCount": 1}}]
