"""What a token of a Viewer or of a project may call, route by route, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity_sandbox import vercel
from support.vercel_api import Clock, Vercel, error_of

if TYPE_CHECKING:
    from parity_sandbox.context import Context

SCOPED = "s" * 24


@pytest.fixture
def scoped(api: Vercel, context: Context, clock: Clock) -> Any:
    """The API with a token that may do less."""

    def of(**scope: str) -> Vercel:
        vercel.seed(context, {"tokens": [{"token": SCOPED, "expires_at": clock() + 3600, **scope}]})
        api.token = SCOPED
        return api

    return of


def test_a_viewer_reads_and_writes_nothing(api: Vercel, scoped: Any):
    api("POST", "/v11/projects", {"name": "shop"})
    viewer = scoped(role="VIEWER")
    viewer("GET", "/v9/projects/shop")
    for method, path in (("PATCH", "/v9/projects/shop"), ("POST", "/v10/projects"), ("DELETE", "/v9/projects/shop")):
        assert error_of(viewer.ask(method, path, {"name": "other"})) == (403, "forbidden")


def test_a_token_of_a_project_has_that_project_and_nothing_of_the_team(api: Vercel, scoped: Any, clock: Clock):
    for name in ("shop", "admin"):
        api("POST", "/v11/projects", {"name": name})
    shop, admin = (api("GET", f"/v9/projects/{name}")["id"] for name in ("shop", "admin"))
    token = scoped(project="shop")
    token("GET", "/v9/projects/shop")
    tracing = {"enabled": True, "sampling": []}
    token("PUT", "/v1/drains/tracing/config", tracing, projectId=shop)
    assert error_of(token.ask("PUT", "/v1/drains/tracing/config", tracing, projectId=admin)) == (403, "forbidden")
    token("POST", "/v10/projects/shop/env", {"key": "A", "value": "1", "type": "plain", "target": ["production"]})
    refused = (
        ("GET", "/v9/projects/admin"), ("GET", "/v10/projects"), ("POST", "/v11/projects"), ("GET", "/v2/teams"),
        ("GET", "/v1/drains"), ("POST", "/v1/drains"), ("GET", "/alerts/v3/alert-rules"), ("GET", "/v1/webhooks"),
        ("GET", "/v2/user"), ("GET", "/v6/deployments"),
    )  # fmt: skip
    for method, path in refused:
        assert error_of(token.ask(method, path, {"name": "more"} if method == "POST" else None)) == (403, "forbidden")
    clock.now += 3601
    answer = token.ask("GET", "/v9/projects/shop")
    assert answer.json()["error"]["invalidToken"] is True
