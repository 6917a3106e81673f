"""The edge: which deployment a host means, who is kept out, what is answered while a build is under way or failed."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from parity_sandbox import edge, oidc
from parity_sandbox.context import Context
from parity_sandbox.vercel import protection

if TYPE_CHECKING:
    from support.vercel_api import Vercel

DOMAIN = "shop.example.com"
HEADER = "x-vercel-trusted-oidc-idp-token"


def domain(api: Vercel, project: dict[str, Any], name: str = DOMAIN, **given: Any) -> None:
    api("POST", f"/v10/projects/{project['id']}/domains", {"name": name, **given})


def released(api: Vercel, project: dict[str, Any], release: str, **given: Any) -> dict[str, Any]:
    env = {"PARITY_RELEASE": release, "PARITY_COMMIT": "c" * 40, "PARITY_ENVIRONMENT": "staging"}
    return api.deploy(project, env=env, **given)


def test_it_answers_as_the_application_would(api: Vercel) -> None:
    project = api.project()
    api.variable(project, "SECRET", "canary-91", type="sensitive")
    made = released(api, project, "r1")
    answer = api.visit(made["url"], "/any/path?query=1")
    assert answer.status_code == 200
    assert answer.json() == {
        "application": "shop-staging",
        "release": "r1",
        "commit": "c" * 40,
        "environment": "staging",
        "deployment": made["id"],
        "variables": ["PARITY_COMMIT", "PARITY_ENVIRONMENT", "PARITY_RELEASE", "SECRET"],
        "database": [],
    }
    assert "canary-91" not in answer.text


def test_a_domain_follows_the_promotion_and_a_deployments_own_host_does_not(api: Vercel) -> None:
    project = api.project()
    domain(api, project)
    first, second = released(api, project, "r1"), released(api, project, "r2")
    missing = api.visit(DOMAIN)
    assert missing.status_code == 404
    assert missing.headers["x-vercel-error"] == "DEPLOYMENT_NOT_FOUND"
    api.promote(project, first)
    assert api.visit(DOMAIN).json()["release"] == "r1"
    api("POST", f"/v10/projects/{project['id']}/promote/{second['id']}", {})
    assert api.visit(DOMAIN).json()["release"] == "r1"
    api.clock.now += api.context.promote_seconds
    for host in (DOMAIN, "shop-staging.vercel.app", "shop-staging-storefront-labs.vercel.app"):
        assert api.visit(host).json()["release"] == "r2"
    assert api.visit(first["url"]).json()["release"] == "r1"


def test_a_promotion_takes_back_a_name_that_was_aliased_by_hand(api: Vercel) -> None:
    project = api.project()
    domain(api, project)
    first, second = released(api, project, "r1"), released(api, project, "r2")
    api.promote(project, first)
    api("POST", f"/v2/deployments/{second['id']}/aliases", {"alias": DOMAIN})
    assert api.visit(DOMAIN).json()["release"] == "r2"
    third = released(api, project, "r3")
    api.promote(project, third)
    assert api.visit(DOMAIN).json()["release"] == "r3"


def test_what_is_not_ready_is_not_served(api: Vercel, context: Context) -> None:
    project = api.project()
    context.store.collection("sandbox", "builds").insert("1", {"match": {"release": "bad"}, "state": "ERROR"})
    building = released(api, project, "r1", ready=False)
    assert api.visit(building["url"]).status_code == 303
    bad = released(api, project, "bad")
    assert api.visit(bad["url"]).status_code == 404
    assert api.visit("nothing-here.vercel.app").status_code == 404


def test_a_deleted_live_deployment_leaves_the_domain_without_an_answer(api: Vercel) -> None:
    project = api.project()
    domain(api, project)
    made = released(api, project, "r1")
    api.promote(project, made)
    api("DELETE", f"/v13/deployments/{made['id']}")
    assert api.visit(DOMAIN).status_code == 404
    assert api.visit(made["url"]).status_code == 404


@pytest.mark.parametrize(("given", "status"), [({}, 308), ({"redirectStatusCode": 307}, 307)])
def test_a_redirect_keeps_path_and_query(api: Vercel, given: dict[str, int], status: int) -> None:
    project = api.project()
    domain(api, project)
    domain(api, project, f"www.{DOMAIN}", redirect=DOMAIN, **given)
    answer = api.visit(f"www.{DOMAIN}", "/a%20b/c?x=1&y=2")
    assert answer.status_code == status
    assert answer.headers["location"] == f"https://{DOMAIN}/a%20b/c?x=1&y=2"


def test_a_branch_domain_serves_the_newest_of_its_branch(api: Vercel) -> None:
    project = api.project()
    api("PATCH", f"/v9/projects/{project['id']}/branch", {"branch": "release"})
    domain(api, project, "preview.example.com", gitBranch="main")
    source = {"type": "github", "org": "storefront-labs", "repo": "storefront", "ref": "main"}
    for release in ("one", "two"):
        released(api, project, release, target=None, gitSource=source)
        api.clock.now += 1
    released(api, project, "production")
    assert api.visit("preview.example.com").json()["release"] == "two"


@pytest.mark.parametrize(
    ("kind", "kept_out"),
    [
        ("all", {"domain", "generated", "production", "preview"}),
        ("all_except_custom_domains", {"generated", "production", "preview"}),
        ("prod_deployment_urls_and_all_previews", {"production", "preview"}),
        ("preview", {"preview"}),
        (None, set[str]()),
    ],
)
def test_protection_keeps_out_all_but_the_bypass(api: Vercel, kind: str | None, kept_out: set[str]) -> None:
    project = api.project(ssoProtection=None if kind is None else {"deploymentType": kind})
    domain(api, project)
    live, preview = released(api, project, "r1"), released(api, project, "p1", target=None)
    api.promote(project, live)
    hosts = {
        "domain": DOMAIN,
        "generated": "shop-staging.vercel.app",
        "production": live["url"],
        "preview": preview["url"],
    }
    assert {name for name, host in hosts.items() if api.visit(host).status_code == 401} == kept_out
    made = api("PATCH", f"/v1/projects/{project['id']}/protection-bypass", {"generate": {}})["protectionBypass"]
    secret = next(iter(made))
    for host in hosts.values():
        assert api.visit(host, **{"x-vercel-protection-bypass": secret}).status_code == 200
        if kept_out:
            assert api.visit(live["url"], **{"x-vercel-protection-bypass": "x" * 32}).status_code in {200, 401}
    if "preview" in kept_out:
        assert api.visit(preview["url"], **{"x-vercel-protection-bypass": "x" * 32}).status_code == 401


JOB = {"aud": "parity", "repository": "acme/shop", "environment": "staging"}
RULE = {"to": {"slugs": ["production"]}, "claims": {name: [value, "another"] for name, value in JOB.items()}}
SOURCES = {"oidcProviders": {protection.GITHUB: [RULE]}}


def forged(token: str) -> str:
    """The same claims under another key's signature."""
    claims = jwt.decode(token, oidc._key(), algorithms=["RS256"]).claims
    return jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))


def unsigned(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


@pytest.mark.parametrize(
    ("changed", "made", "seconds", "status"),
    [
        ({}, str, 0, 200),
        ({"aud": ["other", "parity"]}, str, 0, 200),
        ({"aud": "other"}, str, 0, 401),
        ({"repository": "acme/other"}, str, 0, 401),
        ({"environment": "prod"}, str, 0, 401),
        ({"environment": None}, str, 0, 401),
        ({"iss": "https://gitlab.com"}, str, 0, 401),
        ({}, str, oidc.SECONDS + 1, 401),
        ({}, forged, 0, 401),
        ({}, unsigned, 0, 401),
        ({}, lambda _: "no token", 0, 401),
    ],
)
def test_a_trusted_source_passes_with_a_token_that_fits_the_rule(
    api: Vercel, changed: dict[str, Any], made: Any, seconds: float, status: int
) -> None:
    project = api.project(ssoProtection={"deploymentType": "all"}, trustedSources=SOURCES)
    claims = {name: value for name, value in {**JOB, **changed}.items() if value is not None}
    token = made(oidc.issue(api.context, claims))
    live, preview = released(api, project, "r1"), released(api, project, "p1", target=None)
    api.clock.now += seconds
    assert api.visit(live["url"], **{HEADER: token}).status_code == status
    assert api.visit(preview["url"], **{HEADER: token}).status_code == 401, "the rule reaches production alone"


@pytest.mark.parametrize(
    "rule",
    [
        {"to": {}, "claims": RULE["claims"]},
        {"to": RULE["to"], "claims": {"repository": ["acme/shop"]}},
        {"to": RULE["to"], "claims": {"aud": ["parity"], "environment": ["staging"]}},
        {"to": RULE["to"]},
        {**RULE, "other": 1},
    ],
)
def test_a_rule_for_a_trusted_source_that_vercel_would_not_take_is_refused(api: Vercel, rule: dict[str, Any]) -> None:
    project = api.project()
    path, given = f"/v9/projects/{project['id']}", {"trustedSources": {"oidcProviders": {protection.GITHUB: [rule]}}}
    assert api.ask("PATCH", path, given).status_code == 400
    assert api("PATCH", path, {"trustedSources": SOURCES})["trustedSources"] == SOURCES
    assert "trustedSources" not in api("PATCH", path, {"trustedSources": None})


def test_an_unhealthy_rule_gives_503_until_it_goes(api: Vercel, context: Context) -> None:
    made = released(api, api.project(), "r1")
    rules = context.store.collection("sandbox", "builds")
    rules.insert("1", {"match": {"release": "r1"}, "healthy": False})
    assert api.visit(made["url"]).status_code == 503
    rules.delete("1")
    assert api.visit(made["url"]).status_code == 200


def test_a_login_that_fails_gives_503_and_never_the_password(api: Vercel) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        closed = held.getsockname()[1]
    made = released(api, api.project(), "r1")
    project = api("GET", "/v9/projects/shop-staging")
    api.variable(project, "DATABASE_URL", "postgresql://app:canary-44@db.example.com:5432/shop?sslmode=require")
    api.variable(project, "OTHER_URL", "postgres://app:canary-44@[broken/shop")
    made = released(api, project, "r2")
    api.context = Context(api.context.store, closed, clock=api.clock)
    answer = api.visit(made["url"])
    assert answer.status_code == 503
    logins = answer.json()["database"]
    assert [(each["variable"], each["ok"]) for each in logins] == [("DATABASE_URL", False), ("OTHER_URL", False)]
    assert all(each["error"] for each in logins)
    assert "canary-44" not in answer.text


def test_it_owns_what_a_project_has_and_nothing_else(api: Vercel, context: Context) -> None:
    domain(api, api.project())
    assert edge.owns(context, DOMAIN)
    assert edge.owns(context, f"{DOMAIN.upper()}:443")
    assert edge.owns(context, "anything.vercel.app")
    assert not edge.owns(context, "other.example.com")
    assert not edge.owns(context, "evil-vercel.app")
    assert not edge.owns(context, "api.vercel.com")


def test_a_share_of_answers_fails_and_a_drains_host_counts_them(api: Vercel, context: Context) -> None:
    project = api.project()
    made = released(api, project, "r1")
    context.store.collection("sandbox", "builds").insert("1", {"match": {"release": "r1"}, "errors": 0.25})
    answers = [api.visit(made["url"], "/page").status_code for _ in range(8)]
    assert sorted(answers) == [200] * 6 + [500] * 2
    assert api.visit(made["url"], "/api/health").status_code == 200
    window = "/counts?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
    assert not edge.owns(context, "logs.example.com")
    delivery = {"type": "http", "endpoint": "https://logs.example.com/drain", "encoding": "json"}
    api("POST", "/v1/drains", {"name": "logs", "projects": "all", "schemas": {"log": {}}, "delivery": delivery})
    assert edge.owns(context, "logs.example.com")
    counted = api.visit("logs.example.com", window)
    assert counted.json() == {"deployments": {made["id"]: {"requests": 9, "errors": 2}}}
    before = "/counts?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z"
    assert api.visit("logs.example.com", before).json() == {"deployments": {}}
    assert api.visit("logs.example.com", "/counts").status_code == 400
