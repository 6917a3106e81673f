"""LiveRelease on the real engine: what a failure leaves recorded, and what the next update does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.small_program import SmallProgram

if TYPE_CHECKING:
    from pathlib import Path

    from support.sandboxes import Sandbox
    from support.warm import Warm

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

COMMITS = {"r1": "1" * 40, "r2": "2" * 40, "r3": "3" * 40}
DOMAIN = "shop.example.com"
SOURCE = """
import json, pathlib
from parity.provider.resource import LiveRelease
given = json.loads(pathlib.Path("given.json").read_text())
health = {"path": "/", "timeoutSeconds": 5, "deadlineSeconds": given["health_deadline"]}
LiveRelease("live", health=health, promote_deadline_seconds=given["promote_deadline"], **given["release"])
"""


class Shop:
    """A project with a deployment for each release, and the program that makes one of them live."""

    def __init__(self, sandbox: Sandbox, folder: Path, warm: Warm) -> None:
        self.sandbox = sandbox
        sandbox.control.seed(
            {
                "vercel": {"teams": [{"id": "team_" + "a" * 24, "slug": "acme", "name": "acme"}]},
                "github": {
                    "organization": "acme",
                    "repositories": [
                        {
                            "owner": "acme",
                            "name": "shop",
                            "default_branch": "main",
                            "branches": ["main"],
                            "commits": list(COMMITS.values()),
                        }
                    ],
                },
            }
        )
        self.project = self.call(
            "POST",
            "/v11/projects",
            {"name": "shop-staging", "gitRepository": {"type": "github", "repo": "acme/shop"}},
        )
        self.call("PATCH", f"/v9/projects/{self.project['id']}", {"autoAssignCustomDomains": False})
        self.call("POST", f"/v10/projects/{self.project['id']}/domains", {"name": DOMAIN})
        self.call("PATCH", f"/v1/projects/{self.project['id']}/protection-bypass", {"generate": {"secret": "b" * 32}})
        self.deployments = {release: self.deploy(release) for release in COMMITS}
        self.program = SmallProgram(folder, sandbox.environment, SOURCE, warm)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with self.sandbox.vercel() as client:
            answer = client.request(method, path, params={"teamId": "team_" + "a" * 24}, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    def deploy(self, release: str) -> dict[str, Any]:
        commit = COMMITS[release]
        source = {"type": "github", "repoId": self.project["link"]["repoId"], "ref": commit}
        return self.call(
            "POST",
            "/v13/deployments",
            {
                "name": "shop-staging",
                "project": self.project["id"],
                "target": "production",
                "gitSource": source,
                "meta": {"release": release, "commit": commit},
                "env": {"PARITY_RELEASE": release, "PARITY_COMMIT": commit},
            },
        )

    def want(self, release: str, *, health: float = 30, promote: float = 30) -> None:
        deployment = self.deployments[release]
        self.program.give(
            health_deadline=health,
            promote_deadline=promote,
            release={
                "team": "team_" + "a" * 24,
                "project_id": self.project["id"],
                "project": "shop-staging",
                "deployment_id": deployment["id"],
                "deployment_url": deployment["url"],
                "release": release,
                "commit": COMMITS[release],
                "domains": [DOMAIN],
                "protection_bypass": "b" * 32,
                "newest": True,
                "variables": {},
                "sensitive_variables": [],
            },
        )

    def make_live(self, release: str) -> None:
        self.want(release)
        self.program.up().ok()
        assert self.served() == release

    def served(self) -> str:
        with self.sandbox.client() as client:
            return client.get(f"https://{DOMAIN}/").json()["release"]

    def recorded(self) -> dict[str, Any]:
        return self.program.state()["live"]

    def changing_calls(self) -> list[str]:
        """Requests to Vercel that change anything, so far."""
        rows = self.sandbox.control.requests()
        return [row["path"].partition("?")[0] for row in rows if row["service"] == "vercel" and row["method"] != "GET"]


@pytest.fixture(scope="module")
def shops(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Shop:
    """The one shop of this module, with a snapshot before anything is live and one in which r1 is."""
    found = Shop(shared_sandbox, tmp_path_factory.mktemp("shop") / "program", warm)
    shared_sandbox.control.save_snapshot("none")
    found.make_live("r1")
    shared_sandbox.control.save_snapshot("r1")
    return found


def at(shop: Shop, snapshot: str) -> Shop:
    control = shop.sandbox.control
    control.clear_faults()
    control.clear_build_rules()
    control.load_snapshot(snapshot)
    return shop


@pytest.fixture
def empty_shop(shops: Shop) -> Shop:
    """The shop before anything is live."""
    return at(shops, "none")


@pytest.fixture
def shop(shops: Shop) -> Shop:
    """The shop with r1 live."""
    return at(shops, "r1")


def test_an_unhealthy_release_leaves_the_old_one_live_and_the_next_update_switches_with_one_changing_call(shop: Shop):
    before = len(shop.changing_calls())
    shop.sandbox.control.add_build_rule(match={"release": "r2"}, healthy=False)
    shop.want("r2", health=1)
    failed = shop.program.up()
    assert failed.code != 0
    assert "is not healthy, so it was not promoted" in failed.said
    assert shop.served() == "r1"
    assert shop.recorded()["inputs"]["release"] == "r1", "the old inputs stay"
    shop.sandbox.control.clear_build_rules()
    shop.make_live("r2")
    promoted = f"/v10/projects/{shop.project['id']}/promote/{shop.deployments['r2']['id']}"
    assert shop.changing_calls()[before:] == [promoted]


def test_an_unfinished_switch_is_recorded_without_the_bypass_and_going_back_is_a_change(shop: Shop):
    fault = shop.sandbox.control.add_fault(service="edge", path=DOMAIN, times=None, action="status", status=503)
    shop.want("r2", promote=1.5)
    failed = shop.program.up("--diff")
    assert failed.code != 0
    assert "goes on from there" in failed.said
    # The engine keeps the old inputs of an update that failed halfway; the provider compares with the outputs.
    recorded = shop.recorded()
    assert recorded["outputs"]["release"] == "r2"
    assert recorded["initErrors"]
    assert "b" * 32 not in failed.said + str(recorded)
    shop.sandbox.control.remove_fault(fault["id"])
    assert shop.served() == "r2"
    shop.make_live("r1")


def test_an_unfinished_first_switch_is_recorded_and_the_next_update_goes_on_without_a_second_call(empty_shop: Shop):
    fault = empty_shop.sandbox.control.add_fault(service="edge", path=DOMAIN, times=None, action="status", status=503)
    empty_shop.want("r1", promote=1.5)
    assert empty_shop.program.up().code != 0
    assert empty_shop.recorded()["inputs"]["release"] == "r1"
    before = len(empty_shop.changing_calls())
    empty_shop.sandbox.control.remove_fault(fault["id"])
    empty_shop.make_live("r1")
    assert empty_shop.changing_calls()[before:] == []
    assert "initErrors" not in empty_shop.recorded()
