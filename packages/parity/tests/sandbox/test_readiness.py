"""What vendors would refuse or drop during an update is found before: each fault in the sandbox, all at once."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from parity.config import settings
from parity.vendors import readiness, services
from parity.vendors.http import Client
from support import pg_catalog, shell
from support.mutations import World
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

OWNER, NAME = "storefront-example", "storefront"
REPOSITORY = f"/repos/{OWNER}/{NAME}"
OTHER = "another-project"


def api(instance: Instance, service: services.Service) -> httpx.Client:
    environment = instance.environment()
    return httpx.Client(
        base_url=service.base_url,
        headers=dict(service.headers),
        params=dict(service.parameters),
        proxy=environment["HTTPS_PROXY"],
        verify=ssl.create_default_context(cafile=environment["SSL_CERT_FILE"]),
    )


def test_every_fault_is_found_at_once(own_instance: Instance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    environment = own_instance.environment()
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, environment[name])
    declared = settings.load("prod", ROOT, None)
    assert readiness.faults(declared, environment) == [], "as it is, nothing stands against the update"

    closed = {**environment, services.VERCEL_TOKEN: "wrong", services.GITHUB_TOKEN: "", "PGPORT": "1"}
    for name in (services.VERCEL_TOKEN, services.GITHUB_TOKEN):
        monkeypatch.setenv(name, closed[name])
    assert [each.key for each in readiness.faults(declared, closed)] == [
        services.VERCEL_TOKEN, services.GITHUB_TOKEN, "PostgreSQL",
    ], "each that does not open"  # fmt: skip
    (team, *_) = declared.delivery.reviewers.teams
    domain = declared.applications["shop"].domains[0].name
    with (
        api(own_instance, services.github(environment[services.GITHUB_TOKEN])) as github,
        api(own_instance, services.vercel(environment[services.VERCEL_TOKEN], declared.catalog.vercel_team)) as vercel,
        pg_catalog.connect(environment, "postgres") as server,
    ):
        github.delete(f"/orgs/{OWNER}/teams/{team}{REPOSITORY}").raise_for_status()
        github.patch(REPOSITORY, json={"archived": True}).raise_for_status()
        for each in vercel.get("/v9/projects/shop-prod/domains").json().get("domains") or []:
            vercel.delete(f"/v9/projects/shop-prod/domains/{each['name']}")
        vercel.post("/v11/projects", json={"name": OTHER}).raise_for_status()
        vercel.post(f"/v10/projects/{OTHER}/domains", json={"name": domain}).raise_for_status()
        server.execute("create role stranger")
        with pg_catalog.connect(environment, "storefront_prod") as inside:
            inside.execute("grant create on schema public to public")
            inside.execute("grant stranger to current_user with inherit false, set true")
            inside.execute("grant create on database storefront_prod to stranger")
            inside.execute("alter schema public owner to stranger")
        found = {each.key: each for each in readiness.faults(declared, environment)}
    assert set(found) == {
        "parity:delivery.reviewers.teams",
        "repository",
        "parity:applications.shop.domains",
        "PostgreSQL",
    }
    assert f"the team {team}, which has no access to {OWNER}/{NAME}" in found["parity:delivery.reviewers.teams"].what
    assert "is archived" in found["repository"].what
    assert f"{domain}, which the project {OTHER}" in found["parity:applications.shop.domains"].what
    assert "storefront_prod, whose schema `public` belongs to stranger" in found["PostgreSQL"].what
    printed = [each for fault in found.values() for each in re.findall(r"`([^`]+)`", fault.remedy)]
    statement = next(each for each in printed if each.startswith("alter schema public owner to"))
    World(own_instance).sql(statement, superuser=True)
    commands = [each for each in printed if each.split()[0] in {"gh", "curl"}]
    assert [each.split()[0] for each in commands].count("gh") == len(commands) - 1
    for command in sorted(commands, key=lambda each: "unarchive" not in each):
        own_instance.run("bash", "-c", command, extra=shell.environment(own_instance, tmp_path)).ok()
    assert readiness.faults(declared, environment) == [], "what is printed puts each right"


@pytest.mark.parametrize("plan", ["free", "pro", "team"])
def test_the_fault_names_the_plan_and_the_setting_that_leaves_it_out(plan: str):
    declared = settings.load("prod", ROOT, None)
    assert declared.delivery.reviewers.teams
    found = {each.key: each for each in readiness.against_the_plan(declared, plan)}
    assert f"GitHub's plan {plan} has no" in found["parity:delivery.reviewers.teams"].what
    assert ("repository" in found) == (plan == "free")
    waits = replace(declared, delivery=declared.delivery.model_copy(update={"wait_minutes": 5}))
    assert "parity:delivery.wait_minutes" in {each.key for each in readiness.against_the_plan(waits, plan)}
    assert list(readiness.against_the_plan(waits, "enterprise")) == list(readiness.against_the_plan(waits, "")) == []


def test_a_token_that_expires_before_the_next_run_is_a_fault():
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    soon, late = (now + readiness.NEXT_RUN + timedelta(hours=each) for each in (-1, 1))
    for header in (f"{soon:%Y-%m-%d %H:%M:%S} UTC", f"{soon:%Y-%m-%d %H:%M:%S} +0000"):
        expires = readiness.github_expiry(header)
        assert expires == soon
        assert [each.key for each in readiness.expiring("GITHUB_TOKEN", expires, now)] == ["GITHUB_TOKEN"]
    assert readiness.github_expiry("") is None
    assert (
        list(readiness.expiring("GITHUB_TOKEN", late, now)) == list(readiness.expiring("GITHUB_TOKEN", None, now)) == []
    )


@pytest.mark.parametrize(("token", "expires"), [({"expiresAt": 1_796_040_000_000}, 1_796_040_000), ({}, None)])
def test_vercel_is_asked_when_its_token_expires(token: dict[str, int], expires: int | None):
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v5/user/tokens/current"
        return httpx.Response(200, json={"token": token})

    async def asked() -> datetime | None:
        async with Client(services.vercel("t", "acme"), transport=httpx.MockTransport(answer)) as client:
            return await readiness.vercel_expiry(client)

    found = asyncio.run(asked())
    assert (found.timestamp() if found else None) == expires
