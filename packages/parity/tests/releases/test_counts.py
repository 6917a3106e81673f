"""Counts of requests and errors by deployment, from a URL that a team names; what is not of the form is no count."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from parity.releases import counts
from parity.releases.evidence import Counts

URL = "https://logs.example/counts?of=shop"
SINCE = datetime(2026, 12, 1, tzinfo=UTC)


def read(handler):
    async def ask():
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as web:
            return await counts.read(web, URL, "dpl_1", SINCE, SINCE + timedelta(minutes=1))

    return asyncio.run(ask())


def answer(document, status=200):
    return lambda _: httpx.Response(status, json=document)


def test_the_window_is_asked_for_and_the_urls_own_query_stays(monkeypatch):
    monkeypatch.setenv(counts.TOKEN, "a-token")

    def handler(request):
        assert dict(request.url.params) == {
            "of": "shop", "from": "2026-12-01T00:00:00+00:00", "to": "2026-12-01T00:01:00+00:00",
        }  # fmt: skip
        assert request.headers["authorization"] == "Bearer a-token"
        return httpx.Response(200, json={"deployments": {"dpl_1": {"requests": 12, "errors": 3}}})

    assert read(handler) == Counts(12, 3)


def test_a_deployment_that_answered_nothing_may_be_absent():
    assert read(answer({"deployments": {"dpl_2": {"requests": 1, "errors": 0}}})) == Counts(0, 0)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"deployments": []},
        {"deployments": {"dpl_1": {"requests": 3}}},
        {"deployments": {"dpl_1": 3}},
        {"deployments": {"dpl_1": {"requests": 3, "errors": 4}}},
        {"deployments": {"dpl_1": {"requests": 3, "errors": -1}}},
        {"deployments": {"dpl_1": {"requests": 3.5, "errors": 1}}},
        {"deployments": {"dpl_1": {"requests": True, "errors": False}}},
    ],
)
def test_what_is_not_of_the_form_is_not_taken_for_a_count(document):
    with pytest.raises(counts.UnreadCounts, match=r"docs/watch\.md"):
        read(answer(document))


def test_a_refusal_and_no_answer_are_said():
    with pytest.raises(counts.UnreadCounts, match="it answered 500"):
        read(answer({}, 500))

    def fails(_):
        raise httpx.ConnectError("no")

    with pytest.raises(counts.UnreadCounts, match=r"no answer \(ConnectError\)"):
        read(fails)
