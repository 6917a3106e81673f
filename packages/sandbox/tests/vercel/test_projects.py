"""Projects: names, scope, settings, links, bypasses, what goes with a deleted one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from parity_sandbox import vercel
from support.vercel_api import OTHER, SEED, TEAM, Vercel, error_of

if TYPE_CHECKING:
    from parity_sandbox.context import Context


def test_a_name_is_given_once_in_a_scope_and_again_in_another(api: Vercel) -> None:
    first = api("POST", "/v8/projects", {"name": "shop"})
    assert re.fullmatch(r"prj_[A-Za-z0-9]{28}", first["id"])
    assert first["accountId"] == TEAM["id"]
    again = api.ask("POST", "/v11/projects", {"name": "shop"})
    assert error_of(again) == (409, "conflict")
    assert "shop" in again.json()["error"]["message"]
    assert api("POST", "/v11/projects", {"name": "shop"}, teamId=OTHER["id"])["id"] != first["id"]


def test_a_project_is_read_by_id_and_by_name_and_only_in_its_scope(api: Vercel) -> None:
    made = api.project("shop")
    assert api("GET", f"/v10/projects/{made['id']}") == api("GET", "/v9/projects/shop")
    assert error_of(api.ask("GET", f"/v9/projects/{made['id']}", teamId=OTHER["id"])) == (404, "not_found")
    api.team = None
    assert error_of(api.ask("GET", "/v9/projects/shop", slug="missing")) == (403, "forbidden")
    assert api("GET", "/v9/projects/shop", slug=TEAM["slug"])["id"] == made["id"]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"name": "shop", "colour": "red"}, "additional property `colour`"),
        ({}, "missing required property `name`"),
        ({"name": 7}, "`name` should be string"),
        ({"name": "Shop"}, "lowercase"),
        ({"name": "a---b"}, "---"),
        ({"name": "shop", "framework": "notexist"}, "`framework`"),
        ({"name": "shop", "buildCommand": "x" * 257}, "256"),
        ({"name": "shop", "resourceConfig": {"functionDefaultRegions": ["moon1"]}}, "functionDefaultRegions"),
        ({"name": "shop", "gitRepository": {"type": "github", "repo": "missing/nothing"}}, "GitHub"),
        ([], "object"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_made(api: Vercel, body: object, names: str) -> None:
    answer = api.ask("POST", "/v11/projects", body)
    assert answer.status_code == 400, answer.text
    assert names in answer.json()["error"]["message"]
    assert api("GET", "/v10/projects")["projects"] == []


def test_settings_change_one_by_one_and_an_empty_text_removes_one(api: Vercel) -> None:
    made = api.project(buildCommand="npm run build", rootDirectory="apps/shop")
    changed = api("PATCH", f"/v9/projects/{made['id']}", {"buildCommand": ""})
    assert changed["buildCommand"] is None
    assert changed["rootDirectory"] == "apps/shop"
    assert changed["autoAssignCustomDomains"] is False


def test_a_password_is_never_given_back(api: Vercel, context: Context) -> None:
    made = api.project(passwordProtection={"deploymentType": "preview", "password": "opensesame"})
    assert made["passwordProtection"] == {"deploymentType": "preview"}
    assert "opensesame" not in str(context.store.everything())


def test_a_link_follows_the_repository_and_its_branch(api: Vercel) -> None:
    made = api.project()
    assert (made["link"]["org"], made["link"]["repo"]) == ("storefront-labs", "storefront")
    assert made["link"]["productionBranch"] == "main"
    path = f"/v9/projects/{made['id']}"
    assert api("PATCH", f"{path}/branch", {"branch": "release"})["link"]["productionBranch"] == "release"
    assert "link" not in api("DELETE", f"{path}/link")
    assert error_of(api.ask("PATCH", f"{path}/branch", {"branch": "release"})) == (400, "bad_request")
    linked = api("POST", f"{path}/link", {"type": "github", "repo": "Storefront-Labs/storefront"})
    assert linked["link"]["repoId"] == 41


def test_the_first_bypass_is_the_default_and_one_can_be_revoked(api: Vercel) -> None:
    made = api.project()
    path = f"/v10/projects/{made['id']}/protection-bypass"
    first = next(iter(api("PATCH", path, {"generate": {}})["protectionBypass"]))
    both = api("PATCH", path, {"generate": {"secret": "s" * 32}})["protectionBypass"]
    assert both[first]["isEnvVar"] is True
    assert both["s" * 32]["isEnvVar"] is False
    chosen = api("PATCH", path, {"update": {"secret": "s" * 32, "isEnvVar": True}})["protectionBypass"]
    assert chosen[first]["isEnvVar"] is False
    left = api("PATCH", path, {"revoke": {"secret": first, "regenerate": False}})["protectionBypass"]
    assert set(left) == {"s" * 32}
    assert error_of(api.ask("PATCH", path, {"revoke": {"secret": first, "regenerate": False}})) == (404, "not_found")


def test_lists_come_in_pages_newest_first_and_none_is_lost(api: Vercel) -> None:
    for number in range(25):
        api.clock.now += 1
        api("POST", "/v11/projects", {"name": f"p{number:02}"})
    names: list[str] = []
    until: dict[str, int] = {}
    while True:
        page = api("GET", "/v10/projects", limit=10, **until)
        names += [each["name"] for each in page["projects"]]
        assert page["pagination"]["count"] == len(page["projects"])
        if page["pagination"]["next"] is None:
            break
        until = {"until": page["pagination"]["next"]}
    assert names == [f"p{number:02}" for number in reversed(range(25))]
    assert len(api("GET", "/v10/projects")["projects"]) == 20


def test_projects_of_one_millisecond_stay_on_one_page(api: Vercel) -> None:
    for name in ("a", "b", "c"):
        api("POST", "/v11/projects", {"name": name})
    page = api("GET", "/v10/projects", limit=1)
    assert len(page["projects"]) == 3
    assert page["pagination"]["next"] is None


def test_all_that_belongs_to_a_project_goes_with_it(api: Vercel, context: Context) -> None:
    before = context.store.everything()
    made = api.project()
    api.variable(made, "ONE", "1")
    api("POST", f"/v10/projects/{made['id']}/domains", {"name": "shop.example.com"})
    api("POST", "/v1/vcr/repository", {"projectId": made["id"], "name": "images"})
    deployment = api.deploy(made)
    api("POST", f"/v2/deployments/{deployment['id']}/aliases", {"alias": "try-it"})
    api.deploy(made, ready=False)
    assert api.ask("DELETE", f"/v9/projects/{made['id']}").status_code == 204
    left = {kind: documents for kind, documents in context.store.everything()["vercel"].items() if documents}
    assert left == before["vercel"]


def test_retention_speaks_in_words_and_the_project_in_days(api: Vercel) -> None:
    made = api.project()
    words = api("PATCH", f"/v9/projects/{made['id']}/deployment-expiration", {"expiration": "1w"})
    assert words["deploymentExpiration"]["expiration"] == "1w"
    assert words["deploymentExpiration"]["expirationProduction"] == "unlimited"
    days = api("GET", f"/v2/projects/{made['id']}")["deploymentExpiration"]
    assert (days["expirationDays"], days["expirationDaysProduction"]) == (7, 36500)


def test_a_seed_sown_twice_changes_nothing(context: Context, api: Vercel) -> None:
    before = context.store.everything()
    vercel.seed(context, SEED)
    vercel.seed(context, {"vercel": SEED})
    assert context.store.everything() == before
    assert api("GET", f"/v2/teams/{TEAM['slug']}") == api("GET", f"/v2/teams/{TEAM['id']}")
    assert error_of(api.ask("GET", "/v2/teams/missing")) == (404, "not_found")
