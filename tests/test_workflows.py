"""The workflows: permissions, pins, forks, concurrency; and each rule is seen to find what it is for."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from infra.catalog import CATALOG
from parity_toolchain import recipes
from support import workflows
from support.paths import ROOT
from support.program import copy_program
from support.workflows import Workflow

ALL = workflows.read(ROOT / ".github" / "workflows")
BY_NAME = {each.name: each for each in ALL}


def test_there_are_the_workflows_that_the_documentation_names():
    assert {"ci.yml", "preview.yml"} <= BY_NAME.keys()


@pytest.mark.parametrize("workflow", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize("rule", workflows.RULES, ids=lambda each: each.__name__)
def test_each_workflow_keeps_each_rule(workflow, rule):
    assert list(rule(workflow)) == []


def test_an_action_has_one_pin_in_all_workflows():
    assert list(workflows.one_pin_each(ALL)) == []


def test_every_action_may_run_in_the_repository():
    assert [found for each in ALL for found in workflows.allowed(each, CATALOG.repository.allowed_actions)] == []


def test_what_the_ruleset_requires_is_a_job_of_ci():
    assert set(CATALOG.repository.required_checks) <= BY_NAME["ci.yml"].jobs.keys()


def test_ci_reads_no_credential():
    assert not workflows.CREDENTIAL.search(BY_NAME["ci.yml"].text)
    assert not any("environment" in job for job in BY_NAME["ci.yml"].jobs.values())


def test_a_fork_gets_the_check_and_the_sandbox():
    jobs = BY_NAME["ci.yml"].jobs
    assert all("if" not in job for job in jobs.values())
    said = str(jobs)
    assert "parity check" in said
    assert "make test" in said


def test_the_preview_covers_every_stack_and_comments_on_failure_too():
    jobs = BY_NAME["preview.yml"].jobs
    assert jobs["comment"]["needs"] == ["stacks", "preview"]
    assert jobs["comment"]["if"].startswith("!cancelled()")


@pytest.mark.parametrize("name", ["preview.yml", "drift.yml"])
def test_the_stacks_of_a_matrix_are_those_of_the_files(name, tmp_path):
    jobs = BY_NAME[name].jobs
    matrices = [job["strategy"]["matrix"]["stack"] for job in jobs.values() if "strategy" in job]
    assert matrices == ["${{ fromJSON(needs.stacks.outputs.stacks) }}"] * 2
    assert all("stacks" in job["needs"] for job in jobs.values() if "strategy" in job)
    assert jobs["stacks"]["outputs"] == {"stacks": "${{ steps.list.outputs.stacks }}"}
    (step,) = [each for each in jobs["stacks"]["steps"] if each.get("id") == "list"]
    project = copy_program(tmp_path / "program").root
    (project / ".venv").symlink_to(ROOT / ".venv")
    assert listed(project, step["run"]) == ["staging", "prod"]
    text = (project / "Pulumi.prod.yaml").read_text()
    (project / "Pulumi.qa.yaml").write_text(text)
    (project / "Pulumi.prod.yaml").write_text(text.replace("promotesFrom: staging", "promotesFrom: qa"))
    assert listed(project, step["run"]) == ["staging", "qa", "prod"]
    (project / "Pulumi.prod.yaml").write_text(text.replace("promotesFrom: staging", "promotesFrom: stagin"))
    assert listed(project, step["run"]) is None, "the job fails, and no job runs for a wrong list"


def listed(folder, script):
    """What the step gives to the jobs after it; None where it fails."""
    output = folder / "output"
    output.write_text("")
    given = {**os.environ, "GITHUB_OUTPUT": str(output), "PYTHONPATH": str(folder)}
    done = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=given, check=False, capture_output=True)
    return json.loads(output.read_text().removeprefix("stacks=")) if done.returncode == 0 else None


def test_the_job_that_may_comment_runs_the_default_branch_whatever_the_base_is():
    steps = BY_NAME["preview.yml"].jobs["comment"]["steps"]
    assert steps[0]["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert not workflows.CREDENTIAL.search(str(steps))


def test_the_workflows_install_the_versions_that_the_project_pins():
    uv = re.search(r"^version=(\S+)", (ROOT / "scripts" / "uv").read_text(), re.MULTILINE)
    assert uv
    given = [
        (workflow.name, step["uses"].partition("@")[0], step.get("with") or {})
        for workflow in ALL
        for _, step in workflow.steps()
        if "uses" in step
    ]
    wrong = [
        (name, action, options)
        for name, action, options in given
        if (action == "astral-sh/setup-uv" and str(options.get("version")) != uv[1])
        or (action == "pulumi/actions" and str(options.get("pulumi-version")) != recipes.cli_version())
    ]
    assert wrong == []
    assert any(action == "pulumi/actions" for _, action, _ in given)


GOOD = """
on:
  pull_request:
permissions: {}
concurrency:
  group: x-${{ github.ref }}
  cancel-in-progress: true
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - run: make test
"""

_STEP = "- run: |\n          "

BREAKS = [
    ("permissions: {}\n", "", "must begin with"),
    ("permissions: {}\n", "permissions: write-all\n", "must begin with"),
    ("      contents: read\n", "      contents: write\n", "may write ['contents']"),
    ("    permissions:\n      contents: read\n", "", "does not say its permissions"),
    ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "not pinned"),
    ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@3d3c42e5 # v7.0.1", "not pinned"),
    (" # v7.0.1", "", "does not say its version"),
    ("  pull_request:\n", "  pull_request_target:\n", "runs on pull_request_target"),
    ("make test", "TOKEN=${{ secrets.TOKEN }} make test", "a fork could start it"),
    ("    timeout-minutes: 5\n", "    timeout-minutes: 5\n    environment: staging-preview\n", "a fork could start it"),
    ("  cancel-in-progress: true\n", "", "not cancelled"),
    ("x-${{ github.ref }}", "x", "not the pull request's"),
    ("          persist-credentials: false\n", "          fetch-depth: 0\n", "leaves the token"),
    ("make test", "echo ${{ github.event.pull_request.title }}", "expression in a script"),
    ("    timeout-minutes: 5\n", "", "no time limit"),
    (
        "    timeout-minutes: 5\n",
        "    timeout-minutes: 5\n    environment: prod\n",
        "without `concurrency",
    ),
    ("make test", ".venv/bin/parity deliver staging", "no signal reaches it"),
    ("make test", "exec .venv/bin/parity preview staging | tee summary", "no signal reaches it"),
    ("make test", "exec .venv/bin/parity preview staging && make more", "no signal reaches it"),
    (
        "- run: make test",
        f"{_STEP}parity preview staging\n          make more",
        "no signal reaches it",
    ),
    (
        "- run: make test",
        f"{_STEP}parity \\\n            up staging",
        "no signal reaches it",
    ),
]


def test_a_good_workflow_has_no_findings():
    assert workflows.findings(Workflow("x.yml", GOOD)) == []


@pytest.mark.parametrize(("old", "new", "expected"), BREAKS)
def test_a_break_of_each_rule_is_found(old, new, expected):
    assert GOOD.count(old) == 1
    found = workflows.findings(Workflow("x.yml", GOOD.replace(old, new)))
    assert [each for each in found if expected in each], found


def test_two_pins_of_one_action_are_found():
    other = GOOD.replace("3d3c42e5", "00000000")
    assert list(workflows.one_pin_each([Workflow("a.yml", GOOD), Workflow("b.yml", other)]))


def test_an_action_that_the_repository_would_refuse_is_found():
    text = GOOD.replace("actions/checkout@", "another/checkout@")
    assert list(workflows.allowed(Workflow("x.yml", text), CATALOG.repository.allowed_actions))
