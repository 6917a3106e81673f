"""The vendors' client: pages, back-off, and errors that say what was asked."""

import asyncio
import pathlib
import time

import certifi
import httpx
import pytest

from parity.vendors import http
from parity.vendors.http import Client, Limits, Service

SERVICE = Service(
    name="vercel",
    base_url="https://api.example",
    headers={"authorization": "Bearer canary-token-0123456789"},
    parameters={"teamId": "team_1"},
)


def run(handler, work, **limits):
    async def main():
        settings = Limits(**{"first_pause_seconds": 0.001, "deadline_seconds": 5, **limits})
        async with Client(SERVICE, limits=settings, transport=httpx.MockTransport(handler)) as client:
            return await work(client), client.calls

    return asyncio.run(main())


def collect(path, **parameters):
    async def work(client):
        return [page async for page in client.pages(path, **parameters)]

    return work


def get(path):
    async def work(client):
        return await client.get(path)

    return work


def test_vercels_pages_are_followed_to_the_end_with_the_teams_parameter():
    def handler(request):
        assert request.url.params["teamId"] == "team_1"
        mark = request.url.params.get("until")
        following = {None: 20, "20": 10, "10": None}[mark]
        return httpx.Response(200, json={"items": [mark], "pagination": {"next": following}})

    pages, calls = run(handler, collect("/v9/projects"))
    assert [page["items"][0] for page in pages] == [None, "20", "10"]
    assert calls == 3


def test_githubs_link_header_is_followed_with_its_own_query():
    def handler(request):
        if request.url.params.get("page") == "2":
            assert request.url.params["per_page"] == "1"
            return httpx.Response(200, json=["b"])
        link = '<https://api.example/repos/o/r/environments?per_page=1&page=2>; rel="next"'
        return httpx.Response(200, json=["a"], headers={"link": link})

    pages, _ = run(handler, collect("/repos/o/r/environments", per_page=1))
    assert pages == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, http.Unauthorized),
        (403, {}, http.Forbidden),
        (404, {}, http.NotFound),
        (409, {}, http.Refused),
    ],
)
def test_a_final_answer_is_raised_at_once_with_the_vendors_words(status, headers, kind):
    def handler(request):
        return httpx.Response(status, headers=headers, json={"error": {"code": "x", "message": "its own words"}})

    with pytest.raises(kind, match=r"vercel: GET /v9/p: status \d+: its own words") as caught:
        run(handler, get("/v9/p"))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (429, {"retry-after": "0"}, http.RateLimited),
        (403, {"retry-after": "0"}, http.RateLimited),
        (500, {}, http.Unavailable),
        (503, {}, http.Unavailable),
    ],
)
def test_a_passing_fault_is_waited_out(status, headers, kind):
    answers = iter([httpx.Response(status, headers=headers)] * 3 + [httpx.Response(200, json={"ok": True})])
    document, calls = run(lambda request: next(answers), get("/x"))
    assert document == {"ok": True}
    assert calls == 4
    with pytest.raises(kind):
        run(lambda request: httpx.Response(status, headers=headers), get("/x"), deadline_seconds=0.01)


def test_a_pause_longer_than_the_deadline_is_not_slept():
    begun = time.monotonic()
    with pytest.raises(http.RateLimited):
        run(lambda request: httpx.Response(429, headers={"retry-after": "3600"}), get("/x"))
    assert time.monotonic() - begun < 2


def test_a_dropped_connection_is_tried_again_and_then_unavailable():
    def handler(request):
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")

    with pytest.raises(http.Unavailable, match="no answer: RemoteProtocolError"):
        run(handler, get("/x"), deadline_seconds=0.01)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError])
def test_where_no_connection_was_made_yet_it_gives_up_soon_and_later_waits_as_for_any_answer(error):
    answers = [httpx.Response(200, json={})]

    def handler(request):
        if answers and request.url.path == "/first":
            return answers.pop()
        raise error("no network")

    async def after_another(client):
        await client.get("/first")
        begun = time.monotonic()
        with pytest.raises(http.Unavailable):
            await client.get("/x")
        return time.monotonic() - begun

    begun = time.monotonic()
    with pytest.raises(http.Unavailable, match="no network"):
        run(handler, get("/x"), connect_seconds=0.02)
    assert time.monotonic() - begun < 0.5
    waited, _ = run(handler, after_another, connect_seconds=0.02, deadline_seconds=1.5)
    assert waited > 0.5


def test_what_is_asked_again_for_long_is_said_once(monkeypatch, capsys):
    monkeypatch.setattr(http, "_QUIET_SECONDS", 0.01)
    with pytest.raises(http.Unavailable):
        run(lambda _: httpx.Response(503, json={"error": {"message": "said-once"}}), get("/y"), deadline_seconds=0.3)
    assert capsys.readouterr().err == "Asked again: vercel: GET /y: status 503: said-once\n"


def test_a_page_cut_short_is_an_error_and_not_a_shorter_list():
    with pytest.raises(http.Unreadable, match="no complete JSON"):
        run(lambda request: httpx.Response(200, content=b'{"items": [1, 2'), collect("/x"))


def test_what_must_not_be_sent_twice_is_not_repeated_after_a_failure_but_after_a_rate_limit():
    async def once(client):
        return await client.request("POST", "/x", body={}, repeat=False)

    sent = []

    def failing(request):
        sent.append(request)
        return httpx.Response(500)

    with pytest.raises(http.Unavailable):
        run(failing, once)
    assert len(sent) == 1
    answers = iter([httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(201)])
    answer, calls = run(lambda request: next(answers), once)
    assert (answer.status_code, calls) == (201, 2)


def test_one_tls_context_serves_every_client_of_a_process(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(pathlib.Path(certifi.where()).read_bytes())
    environment = {"SSL_CERT_FILE": str(bundle), "HTTPS_PROXY": "http://127.0.0.1:9"}

    def contexts(client):
        pools = [client._transport._pool, *(each._pool for each in client._mounts.values() if each)]
        return {id(each._ssl_context) for each in pools}

    own, again, other = http.connection(environment), http.connection(dict(environment)), http.connection({})
    assert len(contexts(own)) == 1
    assert contexts(own) == contexts(again)
    assert contexts(own) != contexts(other), "another bundle is another context"


def test_another_environment_than_the_process_s_is_taken_as_it_is(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://elsewhere.invalid:1")
    client = http.connection({"HTTPS_PROXY": "http://127.0.0.1:9"})
    assert {each._pool._proxy_url.host for each in client._mounts.values() if each} == {b"127.0.0.1"}


def test_a_write_that_is_sent_elsewhere_is_refused_and_not_sent_as_a_read():
    asked = []

    def handler(request):
        asked.append(request.method)
        return httpx.Response(302, headers={"location": "https://api.example/other"})

    async def promote(client):
        await client.request("POST", "/v10/projects/p/promote/d", body={})

    with pytest.raises(http.Refused, match="status 302"):
        run(handler, promote)
    assert asked == ["POST"]


def test_half_a_surrogate_pair_in_an_answer_is_a_text_that_can_be_written():
    def handler(request):
        return httpx.Response(200, content=b'{"name": "a\\ud83db", "pair": "\\ud83d\\ude00"}')

    found, _ = run(handler, get("/x"))
    assert found == {"name": "a?b", "pair": "\U0001f600"}
    assert str(found).encode()
