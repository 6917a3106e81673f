"""A request's way through the sandbox, served for real over TLS, with a tiny vendor in place of the real ones."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import ssl
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request  # noqa: TC002 - Starlette reads the annotations
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as StarletteRoute

from parity_sandbox import keeps
from parity_sandbox.authority import load_authority
from parity_sandbox.context import Context
from parity_sandbox.dispatch import REQUEST_ID, Dispatcher, Gate
from parity_sandbox.faults import FaultBook
from parity_sandbox.layout import Layout
from parity_sandbox.ports import listen, port_of
from parity_sandbox.proxy import Proxy
from parity_sandbox.redaction import Redactor
from parity_sandbox.requestlog import RequestLog
from parity_sandbox.routing import Route, build_app
from parity_sandbox.server import _serve_http
from parity_sandbox.services import Service
from parity_sandbox.store import Store

CANARY = "canary-7f3a9c"


def tiny_vendor(store: Store):
    things = store.collection("tiny", "things")

    async def create(request: Request) -> Response:
        body = await request.json()
        things.insert(body["id"], body)
        return JSONResponse({"id": body["id"], "request": request.scope[REQUEST_ID]}, 201)

    async def read(request: Request) -> Response:
        return JSONResponse(things.all())

    async def late_error(request: Request) -> Response:
        things.insert("half", {})
        raise LookupError

    async def broken(request: Request) -> Response:
        things.insert("half", {})
        raise ZeroDivisionError(CANARY)

    async def waits(request: Request) -> Response:
        things.insert("half", {})
        await asyncio.sleep(0)
        return JSONResponse({})

    return build_app(
        (
            Route("POST", "/things", create, "test"),
            Route("GET", "/things", read, "test"),
            Route("POST", "/late-error", late_error, "test"),
            Route("POST", "/broken", broken, "test"),
            Route("POST", "/waits", waits, "test"),
        ),
        unknown=lambda request: JSONResponse({}, 501),
        on_error=lambda request, error: JSONResponse({"code": "late"}, 409) if isinstance(error, LookupError) else None,
    )


async def slow(request: Request) -> Response:
    await asyncio.sleep(0.01)
    return JSONResponse({"edge": request.headers["host"]})


@dataclass
class Rig:
    http: httpx.AsyncClient
    store: Store
    log: RequestLog
    faults: FaultBook
    dispatcher: Dispatcher
    gate: Gate
    refused: list[tuple[str, str]]
    proxy_url: str
    verify: ssl.SSLContext

    def things(self):
        return [thing["id"] for thing in self.store.collection("tiny", "things").all() if thing]

    def rows(self):
        return self.log.rows()


@asynccontextmanager
async def rig(tmp_path):
    layout = Layout(tmp_path)
    layout.create()
    store = Store(layout.store)
    authority = load_authority(layout)
    services = (
        Service("vercel", tiny_vendor(store), frozenset({"api.vercel.com"})),
        Service(
            "edge",
            Starlette(routes=[StarletteRoute("/", slow)]),
            frozenset({"shop.example"}),
            transactional=False,
            by_host=True,
        ),
    )
    log, faults, gate = RequestLog(store), FaultBook(store), Gate()
    dispatcher = Dispatcher(Context(store), services, log, faults, Redactor("key"), gate, {})
    refused = []
    async with AsyncExitStack() as stack:
        tls, front = listen("TLS", None, None), listen("proxy", None, None)
        await _serve_http(stack, dispatcher, tls, authority.server_context())
        hosts = {"api.vercel.com", "shop.example"}
        proxy = Proxy(port_of(tls), hosts.__contains__, lambda method, target: refused.append((method, target)))
        server = await asyncio.start_server(proxy.handle, sock=front)
        stack.callback(server.close)
        stack.callback(proxy.close)
        verify = ssl.create_default_context(cafile=layout.bundle)
        url = f"http://127.0.0.1:{port_of(front)}"
        http = await stack.enter_async_context(
            httpx.AsyncClient(proxy=url, verify=verify, trust_env=False, base_url="https://api.vercel.com", timeout=10)
        )
        yield Rig(http, store, log, faults, dispatcher, gate, refused, url, verify)
    store.close()


def in_rig(test):
    def run(tmp_path):
        async def inside():
            async with rig(tmp_path) as each:
                await asyncio.wait_for(test(each), 30)

        asyncio.run(inside())

    run.__name__ = test.__name__
    return run


@in_rig
async def test_a_request_is_served_committed_and_logged(rig):
    answer = await rig.http.post("/things?teamId=t&token=abc", json={"id": "a", "value": CANARY})
    assert answer.status_code == 201
    assert rig.things() == ["a"]
    (row,) = rig.rows()
    assert (row["service"], row["method"], row["status"], row["applied"], row["fault"]) == (
        "vercel",
        "POST",
        201,
        True,
        None,
    )
    assert row["path"].startswith("/things?teamId=t&token=hmac:")
    assert row["request_id"] == answer.json()["request"] == answer.headers["x-sandbox-request-id"]
    assert row["body"]["value"].startswith("hmac:")
    assert row["body_digest"].startswith("hmac:")


@in_rig
async def test_what_was_acknowledged_is_in_the_file_before_the_answer(rig):
    await rig.http.post("/things", json={"id": "a"})
    other = sqlite3.connect(rig.store.path)
    assert other.execute("SELECT count(*) FROM documents WHERE kind = 'things'").fetchone() == (1,)
    assert other.execute("SELECT count(*) FROM requests").fetchone() == (1,)
    other.close()


@in_rig
async def test_a_handlers_error_rolls_back_and_is_logged_as_not_applied(rig):
    answer = await rig.http.post("/late-error")
    assert (answer.status_code, answer.json()) == (409, {"code": "late"})
    assert rig.store.collection("tiny", "things").all() == []
    assert [(row["status"], row["applied"]) for row in rig.rows()] == [(409, False)]


@in_rig
async def test_a_write_that_a_rule_drops_is_answered_and_leaves_nothing(rig):
    keeps.add_keep(rig.store, {"service": "vercel", "where": {"/id": "b"}, "pointer": "", "drop": True})
    for name in ("a", "b"):
        assert (await rig.http.post("/things", json={"id": name})).status_code == 201
    assert rig.things() == ["a"]
    assert [(row["status"], row["applied"]) for row in rig.rows()] == [(201, True), (201, False)]
    assert keeps.rules(rig.store).all()[0]["fired"] == 1


@in_rig
async def test_what_a_rule_alters_is_what_the_handler_is_given(rig):
    keeps.add_keep(rig.store, {"service": "vercel", "pointer": "/id", "value": "b"})
    assert (await rig.http.post("/things", json={"id": "a"})).json()["id"] == "b"
    assert rig.things() == ["b"]


@pytest.mark.parametrize("path", ["/broken", "/waits"])
def test_a_fault_of_the_sandbox_is_a_500_in_the_vendors_form_and_rolls_back(tmp_path, path, caplog):
    async def inside():
        async with rig(tmp_path) as each:
            answer = await each.http.post(path)
            assert answer.status_code == 500
            assert answer.json()["error"]["code"] == "internal_server_error"
            assert CANARY not in answer.text
            assert each.store.collection("tiny", "things").all() == []

    asyncio.run(inside())
    assert "a handler failed" in caplog.text


@in_rig
async def test_the_edge_may_wait_and_its_rows_carry_the_host(rig):
    answer = await rig.http.get("https://shop.example/")
    assert answer.json() == {"edge": "shop.example"}
    assert [row["path"] for row in rig.rows()] == ["shop.example/"]


@in_rig
async def test_other_hosts_are_refused_by_the_proxy_and_named(rig):
    with pytest.raises(httpx.ProxyError, match="403"):
        await rig.http.get("https://pypi.example/simple")
    async with httpx.AsyncClient(proxy=rig.proxy_url, trust_env=False) as plain:
        answer = await plain.get("http://api.vercel.com/things")
    assert answer.status_code == 403
    assert "GET api.vercel.com:80" in answer.text
    assert rig.refused == [("CONNECT", "pypi.example:443"), ("GET", "api.vercel.com:80")]


@in_rig
async def test_a_port_other_than_443_is_refused(rig):
    with pytest.raises(httpx.ProxyError):
        await rig.http.get("https://api.vercel.com:8443/things")
    assert rig.refused == [("CONNECT", "api.vercel.com:8443")]


@in_rig
async def test_a_status_before_the_effect_leaves_nothing_and_after_it_everything(rig):
    rig.faults.add({"service": "vercel", "method": "POST", "path": "^/things$", "status": 429, "retry_after": 2})
    answer = await rig.http.post("/things", json={"id": "before"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json()["error"]["code"] == "rate_limited"
    rig.faults.add({"method": "POST", "when": "after", "status": 502, "body": {"own": 1}, "headers": {"x-own": "2"}})
    answer = await rig.http.post("/things", json={"id": "after"})
    assert (answer.status_code, answer.json(), answer.headers["x-own"]) == (502, {"own": 1}, "2")
    assert rig.things() == ["after"]
    rows = rig.rows()
    assert [(row["status"], row["applied"]) for row in rows] == [(429, False), (502, True)]
    assert all(row["fault"].startswith("flt_") for row in rows)


@in_rig
async def test_nth_and_times_count_the_requests_that_match(rig):
    rig.faults.add({"method": "POST", "nth": 2, "times": 2})
    seen = []
    for number in range(5):
        await rig.http.get("/things")
        seen.append((await rig.http.post("/things", json={"id": str(number)})).status_code)
    assert seen == [201, 500, 500, 201, 201]
    assert [(fault.seen, fault.fired) for fault in rig.faults.all()] == [(5, 2)]


@in_rig
async def test_a_fault_without_times_strikes_until_it_is_removed(rig):
    fault = rig.faults.add({"times": None})
    assert [(await rig.http.get("/things")).status_code for _ in range(3)] == [500, 500, 500]
    rig.faults.remove(fault.id)
    assert (await rig.http.get("/things")).status_code == 200


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["a"])])
def test_a_dropped_connection_is_seen_as_one(tmp_path, when, left):
    async def inside():
        async with rig(tmp_path) as each:
            each.faults.add({"action": "drop", "when": when})
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await each.http.post("/things", json={"id": "a"})
            assert each.things() == left
            assert [(row["status"], row["applied"]) for row in each.rows()] == [(None, bool(left))]
            assert (await each.http.get("/things")).status_code == 200

    asyncio.run(inside())


@in_rig
async def test_a_truncated_answer_ends_in_the_middle(rig):
    await rig.http.post("/things", json={"id": "a" * 100})
    rig.faults.add({"method": "GET", "action": "truncate"})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await rig.http.get("/things")


@in_rig
async def test_a_delay_before_holds_the_effect_back(rig):
    rig.faults.add({"action": "delay", "delay_seconds": 0.3})
    began = time.monotonic()
    request = asyncio.create_task(rig.http.post("/things", json={"id": "a"}))
    await asyncio.sleep(0.15)
    assert rig.things() == []
    assert (await request).status_code == 201
    assert time.monotonic() - began >= 0.3
    assert rig.rows()[0]["duration_ms"] >= 300


async def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in 10 s"
        await asyncio.sleep(0.01)


@in_rig
async def test_a_held_request_takes_effect_when_the_fault_is_removed_although_its_client_is_gone(rig):
    fault = rig.faults.add({"action": "hang", "method": "POST"})
    async with httpx.AsyncClient(proxy=rig.proxy_url, verify=rig.verify, trust_env=False) as other:
        with pytest.raises(httpx.ReadTimeout):
            await other.post("https://api.vercel.com/things", json={"id": "late"}, timeout=0.3)
    assert rig.things() == []
    assert rig.faults.all()[0].fired == 1
    rig.faults.remove(fault.id)
    await until(lambda: rig.things() == ["late"])


@in_rig
async def test_a_held_request_is_cut_before_its_effect_where_the_removal_says_so(rig):
    await held_and_cut(rig, "before", [])


@in_rig
async def test_a_held_request_is_cut_after_its_effect_where_the_removal_says_so(rig):
    await held_and_cut(rig, "after", ["late"])


async def held_and_cut(rig, when, there):
    fault = rig.faults.add({"action": "hang", "method": "POST", "when": when})
    request = asyncio.create_task(rig.http.post("/things", json={"id": "late"}))
    struck = await rig.faults.until_fired(fault.id, 1, 10)
    assert struck.fired == 1
    assert rig.things() == there
    rig.faults.remove(fault.id, cut=True)
    with pytest.raises(httpx.TransportError):
        await request
    assert rig.things() == there


@in_rig
async def test_a_fault_that_does_not_strike_is_waited_for_no_longer_than_asked(rig):
    fault = rig.faults.add({"action": "hang", "method": "POST"})
    began = time.monotonic()
    assert (await rig.faults.until_fired(fault.id, 1, 0.1)).fired == 0
    assert time.monotonic() - began < 5
    assert await rig.faults.until_fired("flt_none", 1, 5) is None


@in_rig
async def test_a_drop_may_come_late(rig):
    rig.faults.add({"action": "drop", "method": "POST", "delay_seconds": 0.2})
    began = time.monotonic()
    with pytest.raises(httpx.TransportError):
        await rig.http.post("/things", json={"id": "a"})
    assert time.monotonic() - began >= 0.2


@in_rig
async def test_latency_is_of_one_service(rig):
    rig.dispatcher.latency["edge"] = 60.0
    slow = asyncio.create_task(rig.http.get("https://shop.example/"))
    await rig.http.get("/things")
    assert not slow.done()
    slow.cancel()
    rig.dispatcher.latency["edge"] = 0.2
    began = time.monotonic()
    await rig.http.get("https://shop.example/")
    assert time.monotonic() - began >= 0.2


@in_rig
async def test_requests_wait_while_the_gate_is_closed(rig):
    async with rig.gate.closed():
        request = asyncio.create_task(rig.http.post("/things", json={"id": "a"}))
        await asyncio.sleep(0.1)
        assert rig.things() == []
    assert (await request).status_code == 201


@in_rig
async def test_the_gate_closes_only_once_the_requests_inside_are_done(rig):
    request = asyncio.create_task(rig.http.get("https://shop.example/"))
    await until(lambda: rig.gate._inside == 1)
    async with rig.gate.closed():
        assert rig.gate._inside == 0
    assert (await request).status_code == 200


def test_nothing_secret_is_in_the_store_of_the_log(tmp_path):
    async def inside():
        async with rig(tmp_path) as each:
            each.faults.add({"path": "/nowhere"})
            for path in ("/things", "/nowhere", "/broken"):
                await each.http.post(f"{path}?token={CANARY}", json={"id": path, "env": [{"value": CANARY}]})
            return json.dumps(each.rows())

    assert CANARY not in asyncio.run(inside())
