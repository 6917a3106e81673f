"""The comment, posted to the sandbox's GitHub: one a stack, updated in place, in time order, whatever goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from parity.preview import comment, markdown
from parity.preview.markdown import COMMENT_LIMIT
from parity.vendors.http import Client, Forbidden, Limits, NotFound, Service
from parity_sandbox.context import Context
from parity_sandbox.github import create_app, seed
from parity_sandbox.github.state import accounts
from parity_sandbox.github.state.collections import collection
from parity_sandbox.store import Store
from support.github_api import ORGANIZATION, SEED, TOKEN

NAME = f"{ORGANIZATION}/storefront"
ENTRY = comment.Entry(
    run=7,
    attempt=1,
    started="2026-11-24T21:00:00Z",
    verdict="ready",
    counts="2 to create",
    head="a" * 40,
    url="https://github.com/acme/storefront/actions/runs/1",
)


def _plain(headers):
    return {name: value for name, value in headers.items() if name.lower() != "content-length"}


class Wire(httpx.AsyncBaseTransport):
    """The sandbox's GitHub; `before` and `after` may break a request, or answer it by themselves."""

    def __init__(self, context):
        self.context = context
        self.app = create_app(context, TOKEN)
        self.inner = httpx.ASGITransport(app=self.transactional)
        self.before = lambda request: None
        self.after = lambda request: None
        self.rewrite = bytes
        self.seen = []

    async def transactional(self, scope, receive, send):
        with self.context.store.transaction():
            await self.app(scope, receive, send)

    async def handle_async_request(self, request):
        self.seen.append((request.method, request.url.path))
        if answer := self.before(request):
            return answer
        answer = await self.inner.handle_async_request(request)
        self.after(request)
        content = self.rewrite(await answer.aread())
        return httpx.Response(answer.status_code, headers=_plain(answer.headers), content=content, request=request)


@pytest.fixture
def context(tmp_path):
    store = Store(tmp_path / "store.db")
    now = iter(range(1_800_000_000, 1_900_000_000))
    found = Context(store, clock=lambda: float(next(now)))
    seed(found, SEED)
    yield found
    store.close()


@pytest.fixture
def wire(context):
    return Wire(context)


@pytest.fixture
def number(wire):
    """A pull request's number; to comments an issue is the same."""

    async def make():
        async with client(wire) as github:
            answer = await github.request("POST", f"/repos/{NAME}/issues", body={"title": "More connections"})
            return answer.json()["number"]

    return asyncio.run(make())


def client(wire):
    service = Service("GitHub", "https://api.github.com", {"Authorization": f"Bearer {TOKEN}"}, {})
    return Client(service, transport=wire, limits=Limits(deadline_seconds=1, first_pause_seconds=0.01))


def post(wire, number, *, stack="prod", body="## Preview\n", **changes):
    async def run():
        async with client(wire) as github:
            entry = replace(ENTRY, **changes)
            return await comment.post(github, NAME, number, comment.Post(stack, entry, body))

    return asyncio.run(run())


def comments(wire, number):
    async def run():
        async with client(wire) as github:
            return [row async for page in github.pages(f"/repos/{NAME}/issues/{number}/comments") for row in page]

    return asyncio.run(run())


def say(wire, number, body):
    async def run():
        async with client(wire) as github:
            path = f"/repos/{NAME}/issues/{number}/comments"
            return (await github.request("POST", path, body={"body": body})).json()["id"]

    return asyncio.run(run())


def test_the_first_creates_and_the_second_updates_in_place(wire, number):
    first = post(wire, number)
    second = post(wire, number, run=8, body="## Another preview\n")
    assert (first.done, second.done) == ("created", "updated")
    assert first.url == second.url
    (only,) = comments(wire, number)
    assert "## Another preview" in only["body"]
    assert "Earlier previews (1)" in only["body"]


def test_each_stack_has_its_own(wire, number):
    post(wire, number, stack="staging")
    post(wire, number, stack="prod")
    post(wire, number, stack="staging", run=8)
    assert len(comments(wire, number)) == 2


def test_what_was_before_stands_in_time_order(wire, number):
    for run in (7, 8, 9):
        post(wire, number, run=run, started=f"2026-11-24T21:0{run}:00Z", verdict=f"verdict-{run}")
    body = comments(wire, number)[0]["body"].partition("-->")[2]
    assert body.index("21:09:00") < body.index("verdict-7") < body.index("verdict-8")
    assert "verdict-9" not in body.partition("Earlier previews")[2]


def test_a_slow_run_does_not_hide_a_newer_one(wire, number):
    post(wire, number, run=8, body="## Newer\n")
    late = post(wire, number, run=7, body="## Older\n")
    assert late.done == "older"
    assert "## Newer" in comments(wire, number)[0]["body"]


def test_the_same_run_again_replaces_its_own(wire, number):
    post(wire, number, attempt=1, body="## Failed\n")
    post(wire, number, attempt=2, body="## Well\n")
    post(wire, number, attempt=2, body="## Well again\n")
    body = comments(wire, number)[0]["body"]
    assert "## Well again" in body
    assert "Earlier previews (1)" in body


def test_a_comment_that_only_resembles_ours_is_left_alone(wire, number, context):
    mark = say(wire, number, "<!-- parity preview prod {} -->\nresembles ours")
    with context.store.transaction():
        rows = collection(context, "issue_comments")
        rows.put(str(mark), rows.get(str(mark)) | {"user_id": accounts.user(context, "first-user")["id"]})
    say(wire, number, "see `<!-- parity preview prod {} -->`")
    assert post(wire, number).done == "created"
    assert post(wire, number, run=8).done == "updated"
    said = [row["body"] for row in comments(wire, number)]
    assert len(said) == 3
    assert said[0].endswith("resembles ours")


def test_ours_is_found_beyond_the_first_page(wire, number):
    for index in range(35):
        say(wire, number, f"comment {index}")
    post(wire, number)
    for index in range(35):
        say(wire, number, f"more {index}")
    assert post(wire, number, run=8).done == "updated"
    assert sum("## Preview" in row["body"] for row in comments(wire, number)) == 1


def test_a_lost_answer_makes_no_second_comment(wire, number):
    lost = [True]

    def drop(request):
        if request.method == "POST" and lost:
            lost.clear()
            raise httpx.ReadError("the connection was cut")

    wire.after = drop
    post(wire, number)
    assert not lost
    assert len(comments(wire, number)) == 1


def test_two_first_previews_at_once_leave_one_comment(wire, number):
    """Each saw none, and both wrote: the second finds the first one's, and clears up."""
    racer = comment._body(comment.Post("prod", replace(ENTRY, run=6), "## Racer\n"), ())
    first = say(wire, number, racer)
    hidden = [True]

    def hide(request):
        if request.method == "GET" and request.url.path.endswith("/comments") and hidden:
            hidden.clear()
            return httpx.Response(200, json=[], request=request)
        return None

    wire.before = hide
    assert post(wire, number).done == "created"
    (only,) = comments(wire, number)
    assert only["id"] == first
    assert "## Preview" in only["body"]
    assert "Earlier previews (1)" in only["body"]


def test_a_deleted_comment_is_made_again(wire, number):
    post(wire, number)
    gone = []

    def delete(request):
        if request.method == "PATCH" and not gone:
            gone.append(request.url.path)
            return httpx.Response(404, json={"message": "Not Found"}, request=request)
        return None

    wire.before = delete
    assert post(wire, number, run=8).done == "updated"
    assert gone


def test_a_workflows_own_token_may_not_ask_who_it_is(wire, number):
    """It writes as GitHub's bot; here the sandbox's viewer is given that name on the way."""

    def forbid(request):
        if request.url.path == "/user":
            return httpx.Response(403, json={"message": "Resource not accessible by integration"}, request=request)
        return None

    def as_bot(text):
        return text.replace(f'"login":"{accounts.VIEWER}"'.encode(), b'"login":"github-actions[bot]"')

    wire.before = forbid
    wire.rewrite = as_bot
    assert post(wire, number).done == "created"
    assert post(wire, number, run=8).done == "updated"
    wire.rewrite = bytes
    assert len(comments(wire, number)) == 1


def test_a_token_without_the_right_is_refused_and_nothing_is_repeated(wire, number):
    def forbid(request):
        if request.method == "POST":
            return httpx.Response(403, json={"message": "Resource not accessible"}, request=request)
        return None

    wire.before = forbid
    with pytest.raises(Forbidden):
        post(wire, number)
    assert [method for method, _ in wire.seen].count("POST") == 2


def test_a_pull_request_that_is_not_there_is_an_error(wire):
    with pytest.raises(NotFound):
        post(wire, 4711)


def test_the_longest_comment_fits_with_its_history(wire, number):
    for run in range(7, 25):
        post(wire, number, run=run, started=f"2026-11-24T21:{run}:00Z", counts="c" * 300, url="u" * 200)
    body = "x" * (COMMENT_LIMIT - markdown.RESERVE)
    post(wire, number, run=30, body=body)
    (only,) = comments(wire, number)
    assert len(only["body"]) <= COMMENT_LIMIT
    assert body in only["body"]


def test_a_preview_without_a_report_is_said_and_replaced_by_the_next(wire, number):
    said = comment.missing("prod", ENTRY, why="The run ended before there was a report.")

    async def run():
        async with client(wire) as github:
            return await comment.post(github, NAME, number, said)

    assert asyncio.run(run()).done == "created"
    assert "did not come to its end" in comments(wire, number)[0]["body"]
    post(wire, number, run=8)
    assert "## Preview" in comments(wire, number)[0]["body"]


def test_a_marker_cannot_end_its_own_comment(wire, number):
    post(wire, number, verdict="--> <script>", counts="-->")
    post(wire, number, run=8)
    body = comments(wire, number)[0]["body"]
    assert body.index("-->") == body.index("\n") - 3
    assert len(comments(wire, number)) == 1
