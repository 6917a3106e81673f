"""What GitHub says: pull requests, runs that wait, a token that ends; a refusal is noted and hides nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from parity.git import Commit
from parity.status import hub
from parity.status.model import Link, Waiting
from parity.vendors import services
from parity.vendors.http import Client, Limits
from support.statuses import NOW

SHA = "3f" * 20
ROOT = "/repos/acme/storefront"
PULL = {"number": 41, "html_url": "https://github.com/p/41", "title": "More results", "head": {"ref": "topic"}}
OPEN = [
    {**PULL, "number": 42, "title": "r5 of shop", "head": {"ref": "promote/prod/shop-r5-0a1b2c3d"}},
    {**PULL, "number": 43, "head": {"ref": "promote"}},
    {**PULL, "number": 44, "head": {"ref": "someone/prod/work"}},
]
RUN = {"id": 9, "name": "promote", "display_title": "r5", "html_url": "https://github.com/r/9"}
ANSWERS = {
    f"{ROOT}/commits/{SHA}": {"commit": {"message": "Say how many\n\nbecause"}},
    f"{ROOT}/commits/{SHA}/pulls": [{**PULL, "merged_at": None}, {**PULL, "merged_at": "2026-11-30T00:00:00Z"}],
    f"{ROOT}/pulls": OPEN,
    f"{ROOT}/actions/runs/9/pending_deployments": [
        {"environment": {"name": each}} for each in ("production", "other", "staging")
    ],
}


def ask(work, *, refused=(), expiry="", answers=None):
    """The result of a method of the reader, and the reader."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path in refused:
            return httpx.Response(403, json={"message": "Resource not accessible"})
        headers = {"github-authentication-token-expiration": expiry} if expiry else {}
        if request.url.path == f"{ROOT}/actions/runs":
            found = [RUN] if request.url.params["status"] == "waiting" else []
            return httpx.Response(200, json={"workflow_runs": found})
        return httpx.Response(200, json=(ANSWERS | (answers or {}))[request.url.path], headers=headers)

    async def run():
        transport = httpx.MockTransport(answer)
        async with Client(services.github("token"), limits=Limits(deadline_seconds=0.1), transport=transport) as client:
            reader = hub._Reader(client, "acme/storefront", NOW, {"production": "prod", "staging": "staging"})
            return await work(reader), reader

    return asyncio.run(run())


def test_a_commit_has_its_subject_and_the_pull_request_that_was_merged():
    (commit, pull), _ = ask(lambda reader: reader.named(SHA, None))
    assert commit == Commit(SHA, "Say how many")
    assert pull == Link("#41", "https://github.com/p/41")
    local = Commit(SHA, "As the clone has it")
    (commit, _), _ = ask(lambda reader: reader.named(SHA, local))
    assert commit is local


def test_what_waits_is_pull_requests_that_change_a_release_and_runs_that_have_not_begun():
    found, _ = ask(lambda reader: reader.pulls())
    assert [(each.stack, each.link.text) for each in found] == [("prod", "#42 r5 of shop")]
    found, _ = ask(lambda reader: reader.runs())
    link = Link("promote: r5", "https://github.com/r/9")
    assert found == [Waiting("run waits for an approval", each, link) for each in ("prod", "staging")]


def test_a_run_of_which_it_is_not_known_what_it_waits_for_is_shown_without_a_stack():
    found, reader = ask(lambda reader: reader.runs(), refused=[f"{ROOT}/actions/runs/9/pending_deployments"])
    assert [each.stack for each in found] == [""]
    assert [each.what for each in reader.unknown] == ["which stack a run waits for"]
    ours = {f"{ROOT}/actions/runs/9/pending_deployments": [{"environment": {"name": "prod-preview"}}]}
    found, reader = ask(lambda reader: reader.runs(), answers=ours)
    assert ([each.stack for each in found], reader.unknown) == ([""], []), "an environment of no stack"


@pytest.mark.parametrize(("days", "said"), [(2, 1), (13, 1), (15, 0)])
def test_a_token_that_ends_within_two_weeks_is_said(days, said):
    _, reader = ask(lambda reader: reader.pulls(), expiry=f"{NOW + timedelta(days=days):%Y-%m-%d %H:%M:%S} UTC")
    assert len(reader.ending) == said


def test_what_is_refused_is_noted_with_the_command_that_says_why():
    paths = [f"{ROOT}/pulls", f"{ROOT}/actions/runs", f"{ROOT}/commits/{SHA}/pulls"]
    for work, what in (
        (lambda reader: reader.pulls(), "pull requests"),
        (lambda reader: reader.runs(), "runs that wait"),
        (lambda reader: reader.named(SHA, None), "pull requests"),
    ):
        _, reader = ask(work, refused=paths)
        (noted,) = reader.unknown
        assert (noted.what, noted.command) == (what, "parity doctor")
        assert "403" in noted.why
