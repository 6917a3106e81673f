"""What an installation token may call, by its permissions, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity_sandbox.github import seed
from support.github_api import ORGANIZATION, REPO, Api

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from support.vercel_api import Clock

TOKEN = "ghs_" + "i" * 36


def headers(context: Context, clock: Clock, repository: str = "storefront", **permissions: str) -> dict[str, str]:
    row = {"token": TOKEN, "expires_at": clock() + 3600, "repository": f"{ORGANIZATION}/{repository}"}
    seed(context, {"tokens": [{**row, "permissions": permissions}]})
    return {"authorization": f"Bearer {TOKEN}"}


CALLS = [
    ("GET", "/environments", None, {"actions": "read"}),
    ("PUT", "/environments/more", {}, {"administration": "write"}),
    ("GET", "/environments/staging/variables", None, {"environments": "read"}),
    ("POST", "/environments/staging/variables", {"name": "A", "value": "1"}, {"environments": "write"}),
    ("GET", "/actions/variables", None, {"variables": "read"}),
    ("GET", "/actions/permissions", None, {"administration": "read"}),
    ("GET", "/actions/runs", None, {"actions": "read"}),
    ("GET", "/hooks", None, {"repository_hooks": "read"}),
    ("GET", "/rulesets", None, {}),
    ("GET", "/branches/main", None, {"contents": "read"}),
    ("GET", "/pulls", None, {"pull_requests": "read"}),
    ("POST", "/issues", {"title": "One"}, {"issues": "write"}),
    ("PATCH", "", {"has_wiki": False}, {"administration": "write"}),
    ("GET", "", None, {}),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
def test_a_call_needs_its_permission_and_no_other(api, context, clock, call):
    method, path, body, needed = call
    api("PUT", f"{REPO}/environments/staging", {})
    every = {name: "write" for call in CALLS for name in call[3]}
    lower = {name: "read" for name, level in needed.items() if level == "write"}
    less = {name: level for name, level in every.items() if name not in needed} | lower
    if needed:
        api(method, REPO + path, body, expect=403, headers=headers(context, clock, **less))
    expect = {"POST": 201}.get(method, 200)
    api(method, REPO + path, body, expect=expect, headers=headers(context, clock, **needed))


def test_a_token_ends_and_is_for_one_repository(api: Api, context: Context, clock: Clock):
    api("GET", REPO, headers=headers(context, clock))
    api("GET", "/user", expect=403, headers=headers(context, clock))
    api("GET", f"/orgs/{ORGANIZATION}/teams", expect=403, headers=headers(context, clock))
    api("GET", f"/orgs/{ORGANIZATION}/teams", headers=headers(context, clock, members="read"))
    api("GET", REPO, expect=404, headers=headers(context, clock, repository="another"))
    given = headers(context, clock)
    clock.now += 3601
    api("GET", REPO, expect=401, headers=given)
