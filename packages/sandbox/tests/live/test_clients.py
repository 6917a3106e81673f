"""The vendors' own clients work in the sandbox: Vercel's command line and PyGithub, each from its registry."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sandbox, pytest.mark.live]

VERCEL, PYGITHUB = "64.0.2", "PyGithub==2.10.0"
SHELL_OF_VERCEL = {"sandbox": "4.5.0"}
"""The version that Vercel's command line asks for of its own dependency is not in every registry; this one is."""
INSTALL_SECONDS, COMMAND_SECONDS = 240, 60
COMMIT = "1f" * 20
SEED = {
    "github": {
        "organization": "acme",
        "users": [{"login": "ann"}],
        "teams": [{"slug": "ops"}],
        "repositories": [
            {
                "owner": "acme",
                "name": "shop",
                "default_branch": "main",
                "commits": [COMMIT],
                "runs": [{"id": 77, "head_sha": COMMIT}],
            }
        ],
    },
    "vercel": {"teams": [{"slug": "acme"}], "domains": [{"name": "shop.example", "team": "acme"}]},
}


def install(words: list[str], folder: Path) -> None:
    """Install a client; skips the test where the registry does not give it in time."""
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{words[0]} did not install the client in {INSTALL_SECONDS} s")
    if done.returncode:
        pytest.skip(f"{' '.join(words)} failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


@pytest.fixture(scope="module")
def vercel_client(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Vercel's command line needs npm and node, which are not on PATH")
    folder = tmp_path_factory.mktemp("vercel")
    package = {"private": True, "dependencies": {"vercel": VERCEL}, "overrides": SHELL_OF_VERCEL}
    (folder / "package.json").write_text(json.dumps(package))
    install([npm, "install", "--no-audit", "--no-fund", "--omit=optional", "--ignore-scripts"], folder)
    return [node, str(folder / "node_modules" / "vercel" / "dist" / "index.js")]


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python")
    install([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), PYGITHUB], folder)
    return folder


@pytest.fixture
def seeded(shared_sandbox: Any) -> Any:
    shared_sandbox.control.reset()
    shared_sandbox.control.seed(SEED)
    return shared_sandbox


def run(words: list[str], environment: dict[str, str], folder: Path, given: str = "") -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(
        words, env=environment, cwd=folder, input=given, capture_output=True, text=True, timeout=COMMAND_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words[1:]}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def environment_of(seeded: Any, home: Path) -> dict[str, str]:
    own = seeded.environment
    return {
        **own,
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CI": "1",
        "NO_COLOR": "1",
        "NODE_EXTRA_CA_CERTS": own["SSL_CERT_FILE"],
        "REQUESTS_CA_BUNDLE": own["SSL_CERT_FILE"],
        "VERCEL_TOKEN": own["VERCEL_API_TOKEN"],
        "VERCEL_TELEMETRY_DISABLED": "1",
        "GH_TOKEN": own["GITHUB_TOKEN"],
        "GH_REPO": "acme/shop",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "GH_PROMPT_DISABLED": "1",
    }


def deployed(environment: dict[str, str]) -> list[str]:
    """Two ready production deployments of `web`, as a push makes them; the addresses of both."""
    context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    headers = {"authorization": f"Bearer {environment['VERCEL_TOKEN']}"}
    source = {"type": "github", "org": "acme", "repo": "shop", "ref": COMMIT}
    addresses: list[str] = []
    with httpx.Client(
        base_url="https://api.vercel.com", proxy=environment["HTTPS_PROXY"], verify=context, headers=headers
    ) as http:
        http.post("/v9/projects/web/link", json={"type": "github", "repo": "acme/shop"}).raise_for_status()
        http.patch("/v9/projects/web", json={"autoAssignCustomDomains": False}).raise_for_status()
        for _ in range(2):
            body = {"name": "web", "project": "web", "target": "production", "gitSource": source}
            made = http.post("/v13/deployments", json=body).raise_for_status().json()
            deadline = time.monotonic() + COMMAND_SECONDS
            while http.get(f"/v13/deployments/{made['id']}").json()["readyState"] != "READY":
                assert time.monotonic() < deadline, "the build does not end"
                time.sleep(0.1)
            addresses.append(made["url"])
    return addresses


def test_vercels_command_line(seeded, vercel_client, tmp_path):
    environment = environment_of(seeded, tmp_path)

    def vercel(*words: str, given: str = "") -> str:
        return run([*vercel_client, *words, "--scope", "acme"], environment, tmp_path, given)

    assert "sandbox" in run([*vercel_client, "whoami"], environment, tmp_path)
    assert "acme" in vercel("teams", "ls")
    vercel("project", "add", "web")
    assert "acme/web" in vercel("link", "--yes", "--project", "web")
    assert "web" in vercel("project", "ls")
    vercel("env", "add", "HIDDEN", "production", given="sealed")
    vercel("env", "add", "SHOWN", "production", "--value", "open", "--yes", "--type", "config")
    assert "SHOWN" in vercel("env", "ls")
    vercel("env", "pull", "--yes", "pulled", "--environment", "production")
    pulled = (tmp_path / "pulled").read_text()
    assert 'SHOWN="open"' in pulled
    assert "sealed" not in pulled
    vercel("env", "rm", "SHOWN", "production", "--yes")
    vercel("domains", "add", "www.shop.example", "web")
    assert "shop.example" in vercel("domains", "ls")
    vercel("domains", "inspect", "shop.example")
    first, second = deployed(environment)
    assert first in vercel("list", "web")
    assert "Ready" in vercel("inspect", first)
    vercel("promote", first, "--yes")
    vercel("promote", second, "--yes")
    vercel("rollback", first, "--yes")
    assert first in vercel("rollback", "status", "web")
    vercel("alias", "set", first, "other.shop.example")
    assert "other.shop.example" in vercel("alias", "ls")
    vercel("alias", "rm", "other.shop.example", "--yes")
    assert "Ready" in vercel("redeploy", first)
    vercel("remove", "web", "--yes")
    assert seeded.control.state()["vercel"].get("projects", []) == []
    unknown = [row["path"] for row in seeded.control.requests(service="vercel") if row["status"] == 501]
    assert unknown == []


PROGRAM = """
import os
from github import Auth, Github, InputGitAuthor

hub = Github(auth=Auth.Token(os.environ["GH_TOKEN"]))
shop = hub.get_repo("acme/shop")
shop.create_file("a.txt", "add", "one", author=InputGitAuthor("Ann", "ann@acme.example", "2026-01-02T03:04:05Z"))
commit = shop.get_commits()[0].commit
assert (commit.author.name, commit.author.email) == ("Ann", "ann@acme.example"), commit.author
assert commit.committer.name == "parity-sandbox", commit.committer
team = hub.get_organization("acme").get_team_by_slug("ops")
team.add_membership(hub.get_user("ann"), role="maintainer")
assert [each.login for each in team.get_members(role="maintainer")] == ["parity-sandbox", "ann"]
assert list(team.get_members(role="member")) == []
shop.create_environment("prod")
shop.create_secret("KEY", "sealed")
shop.create_variable("PLAIN", "1")
issue = shop.create_issue("one", labels=["bug"])
issue.create_comment("two")
issue.edit(state="closed")
assert shop.get_workflow_run(77).status == "completed"
"""


def test_pygithub(seeded, python_client, tmp_path):
    environment = {**environment_of(seeded, tmp_path), "PYTHONPATH": str(python_client)}
    run([sys.executable, "-c", PROGRAM], environment, tmp_path)
