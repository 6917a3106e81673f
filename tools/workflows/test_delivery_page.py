"""docs/delivery.md, done as it is written: its shell lines against the sandbox, and what they leave there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from support.act import REPOSITORY
from support.paths import ROOT

if TYPE_CHECKING:
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

LINES = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "delivery.md").read_text(), re.DOTALL)
BY_ANOTHER = "aws rds generate-db-auth-token"
"""What test_job_logins.py runs."""


def test_its_lines_set_the_repository_up(small_instance: Instance):
    root = small_instance.project.root
    for words in (("init", "-q"), ("remote", "add", "origin", f"https://github.com/{REPOSITORY}")):
        small_instance.run("git", *words).ok()
    (root / "secrets.txt").write_text("PGUSER=parity_plan\nPGPASSWORD=a long random text\n")
    (root / "variables.txt").write_text("PGROLE=parity_planner\n")
    run = [each for each in LINES if BY_ANOTHER not in each]
    assert len(run) == len(LINES) - 1 == 2
    for each in run:
        small_instance.run("bash", "-ec", each).ok()

    def github(path: str) -> Any:
        return json.loads(small_instance.run("gh", "api", f"repos/{REPOSITORY}/{path}").ok().stdout)

    workflow = github("actions/permissions/workflow")
    assert workflow == {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True}
    for stack in ("staging", "prod"):
        assert github(f"environments/{stack}-pull-request")["deployment_branch_policy"] is None
        admitted = github(f"environments/{stack}-preview/deployment-branch-policies")["branch_policies"]
        assert [each["name"] for each in admitted] == ["main"]
    kept = github("environments/staging-preview/secrets")["secrets"]
    assert {each["name"] for each in kept} == {"PGUSER", "PGPASSWORD"}
    assert github("environments/staging-preview/variables/PGROLE")["value"] == "parity_planner"
    small_instance.run("parity", "doctor", "--accounts").ok()
