"""The control API refuses what it cannot read, and what another web page asks for, each time in its own form."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from parity_sandbox import asgi, maintenance
from parity_sandbox.asgi import Answer, BodyRefused, call, read_body
from parity_sandbox.control import create_control
from parity_sandbox.errors import SandboxError
from parity_sandbox.layout import Layout
from parity_sandbox.postgres.binaries import find_binaries
from parity_sandbox.world import open_world

from .test_bad_requests import NOT_JSON, QUERY_VALUES, VALUES, rolled_back

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parity_sandbox.world import World

CHANGING = [
    ("POST", "/_sandbox/reset"),
    ("POST", "/_sandbox/seed"),
    ("POST", "/_sandbox/snapshots"),
    ("POST", "/_sandbox/snapshots/x/load"),
    ("DELETE", "/_sandbox/snapshots/x"),
    ("POST", "/_sandbox/faults"),
    ("DELETE", "/_sandbox/faults"),
    ("DELETE", "/_sandbox/faults/x"),
    ("PUT", "/_sandbox/latency"),
    ("POST", "/_sandbox/builds"),
    ("DELETE", "/_sandbox/builds"),
    ("POST", "/_sandbox/keeps"),
    ("DELETE", "/_sandbox/keeps"),
    ("POST", "/_sandbox/postgres"),
    ("DELETE", "/_sandbox/requests"),
]
READING = ["state", "requests", "faults", "faults/x", "latency", "builds", "keeps", "snapshots", "secrets", "nothing"]
FIELDS = {
    "seed": ["vercel", "github"],
    "snapshots": ["name"],
    "faults": [
        "id", "service", "method", "path", "nth", "times", "when", "action", "status", "retry_after", "headers", "body",
        "delay_seconds", "seen", "nothing",
    ],
    "latency": ["vercel", "github", "edge", "nothing"],
    "builds": ["id", "match", "state", "error_code", "error_message", "seconds", "healthy", "nothing"],
    "keeps": ["id", "service", "method", "path", "where", "pointer", "drop", "value", "nothing"],
    "postgres": ["action"],
}  # fmt: skip
METHODS = {"latency": "PUT"}
SEED_PARTS = {
    "vercel": {
        "teams": ["id", "slug", "name"],
        "domains": ["name", "team", "accountId"],
        "dns": ["name", "misconfigured", "txt"],
    },
    "github": {
        "users": ["login"],
        "repositories": ["owner", "name", "default_branch", "private", "branches", "commits", "runs"],
        "teams": ["slug", "name", "repositories"],
    },
}
GOOD = {"owner": "acme", "login": "acme", "name": "x", "slug": "x"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    layout = Layout(tmp_path)
    layout.create()
    world = open_world(layout, find_binaries(None), build_seconds=0, promote_seconds=0)
    for name in ("reset", "save", "load", "act_on_postgres"):

        async def happened(*_given: object, name: str = name) -> None:
            raise SandboxError(f"{name} was reached")

        monkeypatch.setattr(maintenance, name, happened)
    yield world
    world.context.store.close()


def ask(
    world: World, method: str, path: str, body: bytes = b"", query: str = "", *, token: bool = False, **headers: str
) -> Answer:
    sent = {"host": "127.0.0.1:4321", "content-type": "application/json", **headers}
    if token:
        sent["authorization"] = f"Bearer {world.credentials.control_token}"
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
        "scheme": "http", "server": ("127.0.0.1", 4321), "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    with rolled_back(world.context.store):
        return asyncio.run(call(create_control(world), scope, body))


def in_form(answer: Answer) -> bool:
    if answer.status < 400:
        return True
    document = json.loads(answer.body)
    return set(document) == {"error"} and (answer.status < 500 or document["error"].endswith("was reached"))


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example", "content_type": "application/x-www-form-urlencoded"},
    ],
)
def test_another_web_page_changes_nothing(world, method, path, headers):
    answer = ask(world, method, path, b"{}", **headers)
    assert answer.status == 403
    assert "web page" in json.loads(answer.body)["error"]


@pytest.mark.parametrize("headers", [{}, {"origin": "http://127.0.0.1:4321", "sec_fetch_site": "same-origin"}])
def test_the_command_line_and_the_control_page_may_change(world, headers):
    assert "reset was reached" in ask(world, "POST", "/_sandbox/reset", **headers).body.decode()
    assert ask(world, "PUT", "/_sandbox/latency", b'{"vercel": 1}', **headers).status == 200


@pytest.mark.parametrize("name", FIELDS)
def test_no_document_makes_the_control_api_fail(world, name):
    method = METHODS.get(name, "POST")
    bodies = [*NOT_JSON, *(json.dumps({field: value}).encode() for field in FIELDS[name] for value in VALUES)]
    wrong = [body[:80] for body in bodies if not in_form(ask(world, method, f"/_sandbox/{name}", body))]
    assert wrong == []


@pytest.mark.parametrize("vendor", SEED_PARTS)
def test_no_seed_makes_the_control_api_fail(world, vendor):
    parts: list[dict[str, Any]] = []
    for kind, fields in SEED_PARTS[vendor].items():
        parts += [{kind: value} for value in VALUES]
        parts += [{kind: [{name: value}]} for name in fields for value in VALUES]
        good = {name: value for name, value in GOOD.items() if name in fields}
        parts += [{kind: [{**good, name: value}], "organization": "acme"} for name in fields for value in VALUES]
    for part in parts:
        if vendor == "vercel":
            part.pop("organization", None)
        answer = ask(world, "POST", "/_sandbox/seed", json.dumps({vendor: part}).encode())
        assert in_form(answer), f"{part}: {answer.status} {answer.body}"[:400]


@pytest.mark.parametrize("name", READING)
def test_no_query_makes_the_control_api_fail(world, name):
    for key in ("since", "limit", "service", "method", "fired", "then"):
        for value in QUERY_VALUES:
            answer = ask(world, "GET", f"/_sandbox/{name}", query=f"{key}={value}")
            assert in_form(answer), f"{key}={value[:40]}: {answer.status} {answer.body}"[:300]


def test_latency_is_changed_by_a_document_without_faults_only(world):
    assert ask(world, "PUT", "/_sandbox/latency", b'{"vercel": 2, "github": -1}').status == 400
    assert world.latency == {}


def test_a_body_that_is_too_long_is_refused_before_it_has_arrived(world):
    answer = ask(world, "POST", "/_sandbox/seed", b" " * (2**20 + 1))
    assert answer.status == 413
    assert "1048576 bytes" in json.loads(answer.body)["error"]


def test_reading_a_body_stops_at_the_limit():
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b"x" * 600, "more_body": True}

    with pytest.raises(BodyRefused, match="1000 bytes") as refused:
        asyncio.run(read_body(receive, 1000))
    assert (refused.value.status, received) == (413, 2)


def test_a_body_that_does_not_come_is_refused():
    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyRefused) as refused:
        asyncio.run(read_body(receive, seconds=0.01))
    assert refused.value.status == 408
    assert asgi.MAXIMUM_BODY == 32 * 2**20
