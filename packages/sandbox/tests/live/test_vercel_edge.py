"""The edge through the proxy, with real logins: passwords as PostgreSQL judges them, and what a request costs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from psycopg import sql

from parity_sandbox import edge, vercel
from parity_sandbox.context import Context
from parity_sandbox.store import Store
from support.vercel_api import REPOSITORY, Clock, Vercel
from support.vercel_api import SEED as VERCEL_SEED

if TYPE_CHECKING:
    from pathlib import Path

    from support.sandboxes import Sandbox

pytestmark = pytest.mark.sandbox

SEED = {
    "vercel": {"teams": [{"slug": "acme", "name": "Acme"}]},
    "github": {"organization": "acme", "repositories": [{"owner": "acme", "name": "shop", "default_branch": "main"}]},
}
PROJECT = {"name": "shop-staging", "gitRepository": {"type": "github", "repo": "acme/shop"}}
SOURCE = {"type": "github", "org": "acme", "repo": "shop", "ref": "a" * 40}


def call(http: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    answer = http.request(method, path, json=body)
    assert answer.is_success, f"{method} {path} answered {answer.status_code}: {answer.text}"
    return answer.json() if answer.content else None


def role(sandbox: Sandbox, name: str, password: str) -> str:
    """A role that may log in, made as the administrator does; returns its URL, at a host that the edge does not ask."""
    with sandbox.postgres() as connection:
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
        connection.execute(statement)
    return f"postgresql://{name}:{password}@db.staging.example:5432/postgres?sslmode=require"


def deployed(http: httpx.Client, project: dict[str, Any], env: dict[str, str]) -> dict[str, Any]:
    body = {"name": "x", "project": project["id"], "target": "production", "gitSource": SOURCE, "env": env}
    made = call(http, "POST", "/v13/deployments", body)
    deadline = time.monotonic() + 10
    while made["readyState"] != "READY":
        assert time.monotonic() < deadline, made["readyState"]
        time.sleep(0.05)
        made = call(http, "GET", f"/v13/deployments/{made['id']}")
    return made


@pytest.fixture
def project(shared_sandbox: Sandbox) -> dict[str, Any]:
    shared_sandbox.control.reset()
    shared_sandbox.control.seed(SEED)
    with shared_sandbox.vercel() as http:
        made = call(http, "POST", "/v11/projects", PROJECT)
        return call(http, "PATCH", f"/v9/projects/{made['id']}", {"ssoProtection": None})


def test_a_login_is_judged_by_the_server_at_every_request(shared_sandbox: Sandbox, project: dict[str, Any]) -> None:
    url = role(shared_sandbox, "edge_app", "first")
    with shared_sandbox.vercel() as http, shared_sandbox.client() as browser:
        made = deployed(http, project, {"DATABASE_URL": url, "PARITY_RELEASE": "r1"})
        answer = browser.get(f"https://{made['url']}/")
        assert answer.status_code == 200, answer.text
        good = {"variable": "DATABASE_URL", "ok": True, "role": "edge_app", "database": "postgres", "error": None}
        assert answer.json()["database"] == [good]
        assert browser.get("https://shop-staging.vercel.app/").json()["release"] == "r1"
        with shared_sandbox.postgres() as connection:
            connection.execute("ALTER ROLE edge_app PASSWORD 'second'")
        refused = browser.get(f"https://{made['url']}/")
    assert refused.status_code == 503
    assert refused.json()["database"][0]["ok"] is False
    assert "password authentication failed" in refused.json()["database"][0]["error"]
    assert "first" not in refused.text


def test_a_request_with_its_login_costs_less_than_ten_milliseconds_of_processor(
    shared_sandbox: Sandbox, tmp_path: Path
) -> None:
    """A hundred requests a second on one core; processor time, because other tests share the machine."""
    environment = shared_sandbox.environment
    url = role(shared_sandbox, "edge_load", "password")
    store = Store(tmp_path / "store.db")
    clock = Clock()
    context = Context(store, int(environment["PGPORT"]), clock=clock)
    store.collection("github", "repositories").insert("41", REPOSITORY)
    vercel.seed(context, VERCEL_SEED)
    api = Vercel(context, clock)
    made = api.deploy(api.project(), env={"DATABASE_URL": url})

    async def load(requests: int) -> float:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(edge.create_app(context))) as client:
            begun = time.process_time()
            for _ in range(requests):
                answer = await client.get(f"https://{made['url']}/")
                assert answer.json()["database"][0]["ok"], answer.text
            return (time.process_time() - begun) / requests

    costs = [asyncio.run(load(50)) for _ in range(3)]
    store.close()
    assert min(costs) < 0.010, f"{min(costs) * 1000:.1f} ms"


def test_an_unknown_host_is_refused_by_the_proxy(shared_sandbox: Sandbox, project: dict[str, Any]) -> None:
    with shared_sandbox.vercel() as http, shared_sandbox.client() as browser:
        with pytest.raises(httpx.ProxyError):
            browser.get("https://shop.example.com/")
        call(http, "POST", f"/v10/projects/{project['id']}/domains", {"name": "shop.example.com"})
        assert browser.get("https://shop.example.com/").status_code == 404
