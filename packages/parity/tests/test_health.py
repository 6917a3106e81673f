"""Whether an answer is healthy, and the same for whoever asks."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import httpx
import pytest

from packages.parity.tests.provider.conftest import BYPASS, World, inputs
from parity.inventory import domain_health
from parity.provider import live_release
from parity.provider.errors import Unhealthy
from parity.releases import observing, release_status
from parity.resources import kinds
from parity.vendors import health, services
from parity.vendors.health import Answer
from parity.vendors.http import Client

COMMIT = "a" * 40
LOGIN = {"variable": "DATABASE_URL", "ok": True, "role": "shop_g1", "database": "storefront_prod"}
GOOD = {"release": "r1", "commit": COMMIT, "database": [LOGIN]}
SAID = f"200 with release r1, commit {COMMIT}"


def test_a_healthy_release_has_no_fault():
    assert Answer(200, GOOD).fault("r1", COMMIT) == ""
    assert Answer(200, GOOD).fault() == ""


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(503, GOOD), f"503 with release r1, commit {COMMIT}, DATABASE_URL ok"),
        (Answer(200, {**GOOD, "release": "r0"}), "wanted release r1 of commit aaaaaaaaaaaa"),
        (Answer(200, {**GOOD, "release": None}), "wanted the name of a release"),
        (Answer(200, {**GOOD, "commit": "b" * 40}), "wanted release r1 of commit aaaaaaaaaaaa"),
        (Answer(200, {**GOOD, "database": [{**LOGIN, "ok": False}]}), "DATABASE_URL failed, wanted a working login"),
        (Answer(200, {"release": "r1", "commit": COMMIT}), f"{SAID}, database not ok, wanted a working login"),
        (
            Answer(401),
            "401 without a JSON object (deployment protection refused the bypass secret, or the job's token)",
        ),
        (Answer(404), "404 without a JSON object"),
        (Answer(error="ConnectError"), "no answer (ConnectError)"),
    ],
)
def test_each_fault_is_named(answer, fault):
    assert fault in answer.fault("r1", COMMIT)


def test_nothing_of_an_answer_that_could_be_a_secret_is_shown():
    rows = [{**LOGIN, "ok": False, "variable": "postgres://canary@x", "error": "canary"}]
    assert "canary" not in Answer(200, {**GOOD, "release": "can ary!", "database": rows}).fault("r1", COMMIT)


def test_logins_are_reported_without_secrets():
    assert Answer(200, GOOD).logins() == "storefront_prod as shop_g1"


# --- One answer for whoever asks --------------------------------------------------------------------------------------

CASES = [
    ([], True),
    ([LOGIN], True),
    (True, True),
    ({"ok": True}, True),
    (None, False),
    ([{**LOGIN, "ok": False}], False),
    ([{**LOGIN, "ok": 1}], False),
]


@pytest.mark.parametrize(("database", "healthy"), CASES)
def test_the_provider_the_inventory_and_the_releases_agree(database, healthy, monkeypatch):
    """An application without a database has none to report; one that says nothing of it is not healthy."""
    body = {"release": "r2", "commit": inputs()["commit"], "database": database}
    page = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    monkeypatch.setattr(health, "web", lambda _=None: httpx.AsyncClient(transport=page))

    live = SimpleNamespace(type=kinds.LIVE, name="shop-live", inputs={**inputs(), "protectionBypass": ""})
    (asked,) = domain_health.ask(SimpleNamespace(resources={"urn": live}, called=str), {})
    assert (asked.fault == "") is healthy

    status = object.__new__(release_status._Reader)
    status.releases = SimpleNamespace(kept={"r2": SimpleNamespace(commit=body["commit"], deployment=None)})
    status.application = SimpleNamespace(health=SimpleNamespace(path="/api/health", timeout_seconds=1))
    status.web, status.through, status.patience = health.web(), health.NOTHING, 1
    assert (asyncio.run(status._ask("shop.example.com", "r2")) == "") is healthy

    made = live_release.switch(World().vercel(), inputs(), {"deploymentId": "d1"}, print, web=health.web())
    if healthy:
        asyncio.run(made)
    else:
        with pytest.raises(Unhealthy, match="working login"):
            asyncio.run(made)


# --- What passes protection -------------------------------------------------------------------------------------------

SECRET, JOBS = health.Pass("declared"), health.Pass(audience="ours")


def project(*secrets: str, audience: str | None = None):
    rule = {"to": {"slugs": ["production"]}, "claims": {"aud": [audience]}}
    passes = {each: {"scope": "automation-bypass"} for each in secrets}
    return {
        "protectionBypass": {"link": {"scope": "shareable-link"}, **passes},
        "trustedSources": {"oidcProviders": {"https://issuer.example": [rule]}} if audience else None,
    }


@pytest.mark.parametrize(
    ("declared", "at_vercel", "passes"),
    [
        (SECRET, project("other", "declared"), SECRET),
        (JOBS, project("other", audience="ours"), JOBS),
        (JOBS, project("other"), health.Pass("other")),
        (SECRET, project(audience="theirs"), health.Pass(audience="theirs")),
        (health.NOTHING, project("other"), health.Pass("other")),
        (SECRET, project(), SECRET),
        (SECRET, {}, SECRET),
    ],
)
def test_what_is_declared_passes_where_vercel_takes_it_and_else_what_vercel_takes(declared, at_vercel, passes):
    assert health.passing(declared, at_vercel) == passes


def test_a_switch_asks_with_what_the_project_takes_until_an_update_gives_it_what_is_declared():
    world = World(protected=True, bypasses={BYPASS})
    declared = {**inputs(protectionBypass=""), "trustedAudience": "ours"}
    asyncio.run(live_release.switch(world.vercel(), declared, {"deploymentId": "d1"}, print, web=world.web()))
    assert world.live == "d2"


@pytest.mark.parametrize(
    ("at_vercel", "fault"),
    [(project("other"), ""), (project(audience="ours"), release_status.MAY_NOT_ASK), ({}, release_status.MAY_NOT_ASK)],
)
def test_a_status_says_that_it_may_not_ask_where_only_that_is_known(at_vercel, fault):
    """What takes a secret is asked with it although the file says that jobs ask."""
    body = {"release": "r2", "commit": COMMIT, "database": []}

    def page(request: httpx.Request) -> httpx.Response:
        passes = request.headers.get(health.BYPASS_HEADER) == "other"
        return httpx.Response(200, json=body) if passes else httpx.Response(401)

    async def read() -> None:
        status.through = health.passing(status.through, at_vercel)

    async def ask() -> str:
        status.project = asyncio.ensure_future(read())
        return await status._ask("shop.example.com", "r2")

    status = object.__new__(release_status._Reader)
    status.releases = SimpleNamespace(kept={"r2": SimpleNamespace(commit=COMMIT, deployment=None)})
    status.application = SimpleNamespace(name="shop", health=SimpleNamespace(path="/api/health", timeout_seconds=1))
    status.settings = SimpleNamespace(names=SimpleNamespace(project="{}-prod".format))
    status.web, status.patience, status.unasked = httpx.AsyncClient(transport=httpx.MockTransport(page)), 1, []
    status.through = JOBS
    assert asyncio.run(ask()) == fault
    assert status.unasked == ([f"shop-prod {release_status.MAY_NOT_ASK}"] if fault else [])


def test_a_watch_that_sees_its_secret_revoked_asks_with_what_vercel_takes_now(monkeypatch):
    """An update that makes the jobs a trusted source ends while a watch asks with the secret that it revoked."""
    taken, body = [project("old")], {"release": "r2", "commit": COMMIT, "database": []}

    def page(request: httpx.Request) -> httpx.Response:
        passes = taken[0]["protectionBypass"].get(request.headers.get(health.BYPASS_HEADER))
        return httpx.Response(200, json=body) if passes else httpx.Response(401)

    def vercel(_settings):
        answer = httpx.MockTransport(lambda _: httpx.Response(200, json=taken[0]))
        return Client(services.vercel("t", "acme"), transport=answer)

    monkeypatch.setattr(observing.release_status, "vercel", vercel)
    shop = SimpleNamespace(name="shop", health=SimpleNamespace(path="/api/health", timeout_seconds=1))
    kept = SimpleNamespace(kept={"r2": SimpleNamespace(commit=COMMIT, deployment=None)})
    names, catalog = SimpleNamespace(project="{}-prod".format), SimpleNamespace(application=lambda _: shop)
    settings = SimpleNamespace(catalog=catalog, releases={"shop": kept}, names=names)
    watches = observing.Observer(None, "dpl_2", "host", settings, "shop", "r2", "", health.Pass("old"))

    async def ask() -> str:
        async with httpx.AsyncClient(transport=httpx.MockTransport(page)) as web:
            return await watches._fault(web, "shop.example")

    assert asyncio.run(ask()) == ""
    taken[0] = project("new")
    assert asyncio.run(ask()) == ""
    taken[0] = project()
    assert "401" in asyncio.run(ask())


@pytest.mark.parametrize(
    ("status", "well"), [(200, True), (404, True), (308, True), (401, False), (500, False), (None, False)]
)
def test_a_deployment_that_was_there_before_only_has_to_answer(status, well):
    assert (health.Answer(status).served() == "") is well
