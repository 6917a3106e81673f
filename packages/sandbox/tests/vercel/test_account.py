"""The token, unknown routes, domains, aliases, drains, webhooks, registry, the public lists."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from parity_sandbox import vercel
from parity_sandbox.routing import Route
from support.vercel_api import OTHER, TEAM, TOKEN, Vercel, error_of

if TYPE_CHECKING:
    from parity_sandbox.context import Context


@pytest.mark.parametrize(("token", "field"), [("", "missingToken"), ("wrong", "invalidToken")])
def test_without_the_token_nothing_is_said(api: Vercel, token: str, field: str) -> None:
    api.token = token
    for path in ("/v2/user", "/v99/nothing"):
        answer = api.ask("GET", path)
        assert error_of(answer) == (403, "forbidden")
        assert answer.json()["error"][field] is True


def test_an_unknown_route_is_loud_and_no_404(api: Vercel) -> None:
    answer = api.ask("DELETE", "/v1/edge-config/x")
    assert error_of(answer) == (501, "sandbox_unknown_route")
    assert "DELETE /v1/edge-config/x" in answer.json()["error"]["message"]


def test_each_route_says_where_it_was_read() -> None:
    assert all(isinstance(route, Route) and route.source for route in vercel.ROUTES)
    assert len({(route.method, route.pattern.pattern) for route in vercel.ROUTES}) == len(vercel.ROUTES)


def test_the_public_lists_need_no_token(context: Context) -> None:
    async def get(host: str) -> Any:
        transport = httpx.ASGITransport(vercel.create_app(context, TOKEN))
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get(f"https://{host}/")).json()

    assert {"slug": "nextjs", "name": "nextjs"} in asyncio.run(get("api-frameworks.zeit.sh"))
    assert "V2_DEPLOYMENT_CREATE" in asyncio.run(get("dcs.vercel-infra.com"))["iad1"]["caps"]


def test_the_first_team_is_meant_where_none_is_named(api: Vercel) -> None:
    api.team = None
    assert api("GET", "/v2/user")["user"]["defaultTeamId"] == TEAM["id"]
    assert api("POST", "/v11/projects", {"name": "shop"})["accountId"] == TEAM["id"]


def test_the_token_in_use_says_what_it_is_and_never_itself(api: Vercel) -> None:
    token = api("GET", "/v5/user/tokens/current")["token"]
    assert (token["type"], "expiresAt" in token) == ("token", False)
    assert TOKEN not in str(token)
    assert error_of(api.ask("GET", "/v5/user/tokens/another")) == (404, "not_found")


def test_a_domain_serves_one_project(api: Vercel) -> None:
    one, two = api.project("one"), api.project("two")
    api("POST", f"/v10/projects/{one['id']}/domains", {"name": "shop.example.com"})
    taken = api.ask("POST", f"/v10/projects/{two['id']}/domains", {"name": "SHOP.example.com"})
    assert error_of(taken) == (409, "domain_already_in_use")
    assert taken.json()["error"]["projectId"] == one["id"]
    assert error_of(api.ask("GET", f"/v9/projects/{two['id']}/domains/shop.example.com")) == (404, "not_found")
    api("DELETE", f"/v9/projects/{one['id']}/domains/shop.example.com")
    api("POST", f"/v10/projects/{two['id']}/domains", {"name": "shop.example.com"})


def test_a_domain_of_another_account_waits_for_its_record(api: Vercel, context: Context) -> None:
    api.team = OTHER["id"]
    theirs = api("POST", "/v11/projects", {"name": "theirs"})
    api("POST", f"/v10/projects/{theirs['id']}/domains", {"name": "shop.example.com"})
    api.team = TEAM["id"]
    project = api.project()
    path = f"/v9/projects/{project['id']}/domains"
    made = api("POST", path, {"name": "shop.example.com"})
    assert made["verified"] is False
    challenge = made["verification"][0]
    assert error_of(api.ask("POST", f"{path}/shop.example.com/verify")) == (400, "missing_txt_record")
    vercel.seed(context, {"dns": [{"name": challenge["domain"], "txt": [challenge["value"]]}]})
    assert api("POST", f"{path}/shop.example.com/verify")["verified"] is True
    assert api("GET", f"{path}/shop.example.com")["verified"] is True


def test_a_domain_that_the_seed_gives_to_another_account_is_not_verified(api: Vercel, context: Context) -> None:
    claims = [{"name": "theirs.example", "team": OTHER["slug"]}, {"name": "ours.example", "team": TEAM["slug"]}]
    vercel.seed(context, {"domains": claims})
    project = api.project()
    path = f"/v10/projects/{project['id']}/domains"
    assert api("POST", path, {"name": "shop.theirs.example"})["verified"] is False
    assert api("POST", path, {"name": "shop.ours.example"})["verified"] is True


def test_dns_is_right_unless_the_seed_says_otherwise(api: Vercel, context: Context) -> None:
    assert api("GET", "/v6/domains/shop.example.com/config")["misconfigured"] is False
    vercel.seed(context, {"dns": [{"name": "shop.example.com", "misconfigured": True}]})
    assert api("GET", "/v6/domains/shop.example.com/config")["misconfigured"] is True


@pytest.mark.parametrize(
    "given",
    [
        {"name": "no dots"},
        {"name": "a.example.com", "redirect": "a.example.com"},
        {"name": "a.example.com", "redirect": "elsewhere.example.com"},
        {"name": "a.example.com", "redirect": "shop-staging.vercel.app", "redirectStatusCode": 200},
        {"name": "a.example.com", "redirect": "shop-staging.vercel.app", "gitBranch": "x"},
        {"name": "a.example.com", "gitBranch": "main"},
    ],
)
def test_a_domain_that_does_not_fit_is_refused(api: Vercel, given: dict[str, Any]) -> None:
    project = api.project()
    assert api.ask("POST", f"/v10/projects/{project['id']}/domains", given).status_code == 400
    domains = api("GET", f"/v9/projects/{project['id']}/domains")["domains"]
    assert [each["name"] for each in domains] == ["shop-staging.vercel.app"]


def test_a_domain_that_others_redirect_to_stays(api: Vercel) -> None:
    project = api.project()
    path = f"/v9/projects/{project['id']}/domains"
    api("POST", path, {"name": "shop.example.com"})
    api("POST", path, {"name": "www.shop.example.com", "redirect": "shop.example.com", "redirectStatusCode": 308})
    assert error_of(api.ask("DELETE", f"{path}/shop.example.com")) == (409, "domain_has_redirects")
    api("DELETE", f"{path}/shop.example.com", {"removeRedirects": True})
    assert error_of(api.ask("GET", f"{path}/www.shop.example.com")) == (404, "not_found")


def test_an_alias_moves_and_is_removed(api: Vercel) -> None:
    project = api.project()
    first, second = api.deploy(project), api.deploy(project)
    one = api("POST", f"/v2/deployments/{first['id']}/aliases", {"alias": "try-it"})
    assert one["alias"] == "try-it.vercel.app"
    two = api("POST", f"/v2/deployments/{second['id']}/aliases", {"alias": "try-it.vercel.app"})
    assert (two["uid"], two["oldDeploymentId"]) == (one["uid"], first["id"])
    assert api("GET", f"/v4/aliases/{one['uid']}")["deploymentId"] == second["id"]
    api("DELETE", f"/v2/aliases/{one['uid']}")
    assert error_of(api.ask("GET", "/v4/aliases/try-it.vercel.app")) == (404, "not_found")
    building = api.deploy(project, ready=False)
    refused = api.ask("POST", f"/v2/deployments/{building['id']}/aliases", {"alias": "x"})
    assert error_of(refused) == (400, "deployment_not_ready")


DRAIN: dict[str, Any] = {
    "name": "logs",
    "projects": "all",
    "schemas": {"log": {"version": "v1"}},
    "filter": {"version": "v2", "filter": {"type": "basic", "log": {"sources": ["lambda"]}}},
    "delivery": {"type": "http", "endpoint": "https://logs.example.com/", "encoding": "json", "headers": {}},
    "sampling": [{"type": "head_sampling", "rate": 0.5}],
    "source": {"kind": "self-served"},
}


def test_a_drain_is_kept_changed_and_removed(api: Vercel) -> None:
    made = api("POST", "/v1/drains", DRAIN)
    assert made["filterV2"] == DRAIN["filter"]
    assert made["ownerId"] == TEAM["id"]
    assert api("PATCH", f"/v1/drains/{made['id']}", {"name": "all"})["name"] == "all"
    assert [each["id"] for each in api("GET", "/v1/drains")["drains"]] == [made["id"]]
    assert api("GET", "/v1/drains", teamId=OTHER["id"])["drains"] == []
    api("DELETE", f"/v1/drains/{made['id']}")
    assert error_of(api.ask("GET", f"/v1/drains/{made['id']}")) == (404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"projects": "some"},
        {"sampling": [{"type": "head_sampling", "rate": 2}]},
        {"delivery": {"type": "pigeon", "endpoint": "https://x.example.com"}},
        {"delivery": {"type": "http", "endpoint": "nowhere"}},
        {"filter": {"version": "v2", "filter": {"type": "basic", "log": {"sources": ["kitchen"]}}}},
    ],
)
def test_a_drain_that_does_not_fit_is_refused(api: Vercel, change: dict[str, Any]) -> None:
    assert error_of(api.ask("POST", "/v1/drains", {**DRAIN, **change})) == (400, "bad_request")
    assert api("GET", "/v1/drains")["drains"] == []


def test_a_webhook_shows_its_secret_once(api: Vercel) -> None:
    made = api("POST", "/v1/webhooks", {"url": "https://hooks.example.com", "events": ["deployment.created"]})
    assert made["secret"]
    assert "secret" not in api("GET", f"/v1/webhooks/{made['id']}")
    assert [each["id"] for each in api("GET", "/v1/webhooks")] == [made["id"]]
    api("DELETE", f"/v1/webhooks/{made['id']}")
    assert error_of(api.ask("GET", f"/v1/webhooks/{made['id']}")) == (404, "not_found")


def _rule(project: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "built-in",
        "name": "errors",
        "ruleScope": {"type": "include", "projectIds": [project["id"]]},
        "triggers": {"mode": "selected", "items": [{"type": "error_anomaly", "filter": "statusGroup:5xx"}]},
        "matchMinimumSeverityLevel": "high",
        **more,
    }


def test_alert_rules_are_listed_by_a_cursor_after_the_default_one(api: Vercel) -> None:
    project = api.project()
    made = [api("POST", "/alerts/v3/alert-rules", _rule(project))["rule"]["id"] for _ in range(3)]
    pages, query = list[list[str]](), dict[str, str]()
    while len(pages) < 4:
        page = api("GET", "/alerts/v3/alert-rules", limit=3, **query)
        pages.append([each["id"] for each in page["rules"]])
        if (cursor := page["pagination"]["next"]) is None:
            break
        query = {"cursor": cursor}
    expected = ["ar_default", *made]
    assert pages == [expected[:3], expected[3:]], "a POST is not idempotent, and two rules may have one name"


def test_an_alert_rule_keeps_what_a_change_does_not_name_and_null_clears(api: Vercel) -> None:
    rule = api("POST", "/alerts/v3/alert-rules", _rule(api.project(), tags=["prod"]))["rule"]
    path = f"/alerts/v3/alert-rules/{rule['id']}"
    settings = {"enableTeamOwnerNotifications": False, "incidentIoRoutingKey": "key"}
    changed = api("PATCH", path, {"tags": None, "notificationSettings": settings})["rule"]
    assert (changed["name"], changed.get("tags"), changed["notificationSettings"]) == ("errors", None, settings)
    assert api("GET", path)["rule"] == changed
    assert api("DELETE", path) == {"success": True}
    assert error_of(api.ask("GET", path)) == (404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "custom"},
        {"matchMinimumSeverityLevel": "critical"},
        {"ruleScope": {"type": "include"}},
        {"triggers": {"mode": "selected", "items": []}},
        {"triggers": {"mode": "selected", "items": [{"type": "error_anomaly"}]}},
    ],
)
def test_an_alert_rule_that_does_not_fit_is_refused(api: Vercel, change: dict[str, Any]) -> None:
    refused = api.ask("POST", "/alerts/v3/alert-rules", _rule(api.project(), **change))
    assert error_of(refused) == (400, "bad_request")


def test_the_default_alert_rule_stays(api: Vercel) -> None:
    for method, body in (("PATCH", {"name": "other"}), ("DELETE", None)):
        assert error_of(api.ask(method, "/alerts/v3/alert-rules/ar_default", body)) == (403, "forbidden")


def test_a_projects_tracing_is_off_until_all_of_it_is_set(api: Vercel) -> None:
    path, of = "/v1/drains/tracing/config", {"projectId": api.project()["id"]}
    assert api("GET", path, **of) == {"enabled": False, "sampling": []}
    rules = [{"type": "head_sampling", "rate": 0.5, "env": "production", "requestPath": "/api"}]
    assert api("PUT", path, {"enabled": True, "sampling": rules}, **of) == {"enabled": True, "sampling": rules}
    assert api("GET", path, **of)["sampling"] == rules
    eleven = {"enabled": True, "sampling": [{"type": "head_sampling", "rate": 1}] * 11}
    assert error_of(api.ask("PUT", path, eleven, **of)) == (400, "bad_request")
    assert error_of(api.ask("GET", path, projectId="prj_none")) == (404, "not_found")


def test_a_trace_drain_delivers_by_otlp_to_an_address_for_traces(api: Vercel) -> None:
    delivery = {"type": "otlphttp", "encoding": "proto", "headers": {}}
    given = {"name": "t", "projects": "all", "schemas": {"trace": {"version": "v1"}}}
    made = api("POST", "/v1/drains", {**given, "delivery": {**delivery, "endpoint": {"traces": "https://o.example/t"}}})
    assert api("GET", f"/v1/drains/{made['id']}")["delivery"]["endpoint"] == {"traces": "https://o.example/t"}
    for endpoint in ("https://o.example/t", {"logs": "https://o.example/t"}):
        refused = api.ask("POST", "/v1/drains", {**given, "delivery": {**delivery, "endpoint": endpoint}})
        assert error_of(refused) == (400, "bad_request")
