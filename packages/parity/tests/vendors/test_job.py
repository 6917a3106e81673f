"""A job's OIDC token: a new one for each question, known to the redactor; and what is refused without one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest

from parity import redact
from parity.bisect import kept
from parity.bisect.probe import At, Probe
from parity.bisect.search import Answer
from parity.config import settings
from parity.config.parameters import TrustedSource
from parity.config.secret import Secret
from parity.errors import AccessError
from parity.releases import observing, switches
from parity.vendors import health, http, in_engine, job
from support.paths import ROOT

SETTINGS = settings.load("staging", ROOT, None)
JOB = {job.URL: "https://jobs.example/token?api-version=2.0", job.TOKEN: "canary-request-token"}
OURS = health.Pass(audience="ours")


def trusting(protection: str = "preview"):
    """Settings of which the shop has a trusted source."""
    shop, *others = SETTINGS.catalog.applications
    catalog = SETTINGS.catalog.model_copy(
        update={"applications": (shop.model_copy(update={"trusted_source": TrustedSource(audience="ours")}), *others)}
    )
    own = {**SETTINGS.applications}
    own["shop"] = own["shop"].model_copy(update={"protection": protection})
    return replace(SETTINGS, catalog=catalog, applications=own, secret=Secret("s" * 40, "parity:secret"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch):
    """The requests that were sent; the first of each kind of address is answered as GitHub and Vercel would."""
    requests: list[httpx.Request] = []
    tokens = iter(["canary-token-one", "canary-token-two"])

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"value": next(tokens)} if request.url.host == "jobs.example" else {})

    client = httpx.AsyncClient

    def connection(_environment=None, *, transport=None, **options):
        return client(transport=transport or httpx.MockTransport(answer), **options)

    monkeypatch.setattr(http, "connection", connection)
    monkeypatch.setattr(health, "connection", connection)
    monkeypatch.setattr("parity.bisect.probe.web", connection)
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)
    return requests


async def ask_twice() -> None:
    async with health.web() as web:
        for _ in range(2):
            await health.ask(web, "https://shop.example/api/health", through=OURS)


def test_each_question_has_a_new_token_made_out_to_the_audience(asked: list[httpx.Request]):
    with redact.command() as redactor:
        asyncio.run(ask_twice())
        assert redactor.text("canary-token-one canary-token-two") == "[secret] [secret]"
    first, page, _, again = asked
    assert dict(first.url.params) == {"api-version": "2.0", "audience": "ours"}
    assert first.headers["authorization"] == "Bearer canary-request-token"
    assert [each.headers[health.TRUSTED_HEADER] for each in (page, again)] == ["canary-token-one", "canary-token-two"]
    assert health.BYPASS_HEADER not in page.headers
    assert "canary" not in str(page.url)


def test_a_job_that_gets_no_token_asks_nothing_and_says_why(
    asked: list[httpx.Request], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(job, "_LIMITS", http.Limits(deadline_seconds=0))

    async def ask():
        async with health.web() as web:
            return await health.ask(web, "https://shop.example/api/health", through=OURS)

    monkeypatch.setattr(http.Client, "get", lambda *_, **__: asyncio.sleep(0, {"message": "no"}))
    said = asyncio.run(ask())
    assert "no token in the answer" in said.fault()
    assert not asked


def test_outside_of_a_job_the_question_carries_no_token(asked: list[httpx.Request], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(job.TOKEN)
    asyncio.run(ask_twice())
    assert {each.url.host for each in asked} == {"shop.example"}
    assert health.TRUSTED_HEADER not in asked[0].headers


def test_a_probe_asks_with_the_jobs_token(asked: list[httpx.Request]):
    said, _ = Probe("{url}/page", repeat=1).ask(At("https://shop.example", OURS), "r1")
    assert (said, asked[-1].headers[health.TRUSTED_HEADER]) == (Answer.GOOD, "canary-token-one")
    command = f"test \"$PARITY_PROBE_HEADER\" = '{health.TRUSTED_HEADER}: canary-token-two'"
    assert Probe(command, repeat=1).ask(At("https://shop.example", OURS), "r1")[0] is Answer.GOOD


@pytest.mark.parametrize(
    ("found", "inputs"),
    [
        (trusting(), {"trustedAudience": "ours"}),
        (SETTINGS, {}),
    ],
)
def test_no_secret_is_derived_where_a_trusted_source_asks(found, inputs):
    assert health.pass_of(found, "shop").inputs == inputs
    assert health.Pass.of(inputs).inputs == inputs


# --- Outside of a job -------------------------------------------------------------------------------------------------


def test_outside_of_a_job_the_error_says_what_where_and_what_to_do():
    with pytest.raises(AccessError) as refused:
        job.require(trusting(), {})
    said = refused.value.document()
    assert said["where"] == "infra/catalog.py: applications.shop.trusted_source"
    assert "a job alone" in said["error"]
    assert ".github/workflows/deliver.yml" in said["remedy"]


@pytest.mark.parametrize(("found", "environ"), [(trusting(), JOB), (trusting("none"), {}), (SETTINGS, {})])
def test_a_job_what_is_not_protected_and_what_a_secret_opens_are_asked(found, environ):
    job.require(found, environ)


CHANGES = {
    "a switch to a kept release": lambda: switches._ready(None, trusting(), "shop", None, "r1"),
    "a bisection among kept releases": lambda: kept.read(trusting(), None, "shop"),
    "a watch": lambda: observing.observer(
        SimpleNamespace(read=lambda: (watched(), None)), SimpleNamespace(begin={"application": "shop", "release": "r1"})
    ),
}


def watched():
    found = trusting()
    object.__setattr__(found, "watch", lambda _: True)
    return found


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_would_ask_a_release_is_refused_before_it_asks(change, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(job.URL, raising=False)
    with pytest.raises(AccessError, match="this is none"):
        change()


@pytest.mark.parametrize("previewing", [True, False])
def test_the_program_stops_an_update_before_its_first_resource_and_no_preview(previewing, monkeypatch):
    monkeypatch.delenv(job.URL, raising=False)
    monkeypatch.setattr(in_engine, "load", lambda *_, **__: trusting())
    monkeypatch.setattr(in_engine.guard, "check", lambda _: None)
    monkeypatch.setattr(in_engine.addresses, "faults", lambda *_: [])
    monkeypatch.setattr(in_engine.pulumi.runtime, "is_dry_run", lambda: previewing)
    if previewing:
        assert in_engine.settings().stack == "staging"
    else:
        with pytest.raises(in_engine.pulumi.RunError, match=r"shop\.trusted_source\s+lets a job alone"):
            in_engine.settings()
