"""The workflows: permissions, forks, concurrency; and each rule is seen to find what it is for."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from infra.catalog import CATALOG
from parity.cli.commands import doctor
from parity.config.project import Project
from parity.console import Screen
from parity.local import accounts
from parity_toolchain import recipes
from support import workflows
from support.paths import ROOT
from support.program import copy_program
from support.workflows import Workflow

ALL = workflows.read(ROOT / ".github" / "workflows")
PROJECT = Project(ROOT)
BY_NAME = {each.name: each for each in ALL}
ACTION = Workflow("action.yml", (ROOT / ".github" / "actions" / "parity" / "action.yml").read_text())


@pytest.mark.parametrize("workflow", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize("rule", workflows.RULES, ids=lambda each: each.__name__)
def test_each_workflow_keeps_each_rule(workflow, rule):
    assert list(rule(workflow)) == []


def test_every_action_may_run_in_the_repository():
    allowed = CATALOG.repository.allowed_actions
    assert [found for each in (*ALL, ACTION) for found in workflows.allowed(each, allowed)] == []


@pytest.mark.parametrize("rule", [workflows.checkouts, workflows.injections, workflows.signals])
def test_the_action_that_every_job_uses_keeps_the_rules_of_steps(rule):
    assert list(rule(ACTION)) == []


def test_what_the_ruleset_requires_is_a_job_of_ci():
    assert set(CATALOG.repository.required_checks) <= BY_NAME["ci.yml"].jobs.keys()


def test_ci_reads_no_credential():
    assert not workflows.CREDENTIAL.search(BY_NAME["ci.yml"].text)
    assert not any("environment" in job for job in BY_NAME["ci.yml"].jobs.values())


@pytest.mark.parametrize("name", ["preview.yml", "drift.yml", "promote.yml"])
def test_the_stacks_of_a_matrix_are_those_of_the_files(name):
    jobs = BY_NAME[name].jobs
    assert jobs["stacks"]["uses"] == "./.github/workflows/stacks.yml"
    several = [job for job in jobs.values() if "strategy" in job]
    assert {job["strategy"]["matrix"]["include"] for job in several} == {"${{ fromJSON(needs.stacks.outputs.stacks) }}"}
    assert all("stacks" in job["needs"] for job in several)


def test_no_workflow_names_a_stack_or_an_application():
    named = {*PROJECT.promotion.stacks, *(each.name for each in CATALOG.applications)}
    found = {(each.name, word) for each in ALL for word in re.findall(r"[\w-]+", code(each.text)) if word in named}
    assert found == set()


def code(text):
    return "\n".join(line.partition(" #")[0] for line in text.splitlines() if not line.lstrip().startswith("#"))


def test_the_list_of_the_stacks_is_in_the_order_of_promotion(tmp_path):
    (step,) = [each for each in BY_NAME["stacks.yml"].jobs["list"]["steps"] if each.get("id") == "list"]
    project = copy_program(tmp_path / "program").root
    (project / ".venv").symlink_to(ROOT / ".venv")
    assert listed(project, step["run"]) == [("staging", None), ("prod", "staging")]
    text = (project / "Pulumi.prod.yaml").read_text()
    (project / "Pulumi.qa.yaml").write_text(text)
    (project / "Pulumi.prod.yaml").write_text(text.replace("promotesFrom: staging", "promotesFrom: qa"))
    assert listed(project, step["run"]) == [("staging", None), ("qa", "staging"), ("prod", "qa")]
    (project / "Pulumi.prod.yaml").write_text(text.replace("promotesFrom: staging", "promotesFrom: stagin"))
    assert listed(project, step["run"]) is None, "the job fails, and no job runs for a wrong list"


def listed(folder, script):
    """What the step gives to the jobs after it; None where it fails."""
    output = folder / "output"
    output.write_text("")
    given = {**os.environ, "GITHUB_OUTPUT": str(output), "PYTHONPATH": str(folder)}
    done = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=given, check=False, capture_output=True)
    if done.returncode:
        return None
    rows = json.loads(output.read_text().removeprefix("stacks="))
    return [(each["stack"], each["promotes_from"]) for each in rows]


@pytest.mark.parametrize("workflow", ALL, ids=lambda each: each.name)
def test_a_job_that_has_a_database_login_made_ends_it_last_and_whatever_happens(workflow):
    made = [name for name, step in workflow.steps() if "credential new" in step.get("run", "")]
    last = {
        name: (job["steps"][-1].get("run", ""), job["steps"][-1].get("if"))
        for name, job in workflow.jobs.items()
        if "steps" in job
    }
    assert [name for name in made if last[name] != (".venv/bin/parity credential end", "always()")] == []


def test_the_doctor_says_what_each_job_can_do():
    found = {each.name: each.detail for each in accounts.workflows(PROJECT)}
    assert found["ci.yml lint"] == "its own token: contents: read, ends with the job"
    assert "PostgreSQL login: read the catalogues, ends with the job" in found["drift.yml audit"]
    assert found["deliver.yml apply"].startswith("in <stack>: Vercel token: change the team's projects")
    assert "promote.yml stack" not in found, "its jobs are deliver.yml's"


def test_a_terminal_has_one_line_for_each_job(capsys):
    doctor._show(Screen(), list(accounts.workflows(PROJECT)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list(accounts.workflows(PROJECT)))
    assert max(map(len, lines)) <= 80
    assert next(line for line in lines if "deliver.yml apply" in line).endswith(
        "changes Vercel, GitHub, PostgreSQL, Pulumi"
    )


def test_the_job_that_may_comment_runs_the_default_branch_whatever_the_base_is():
    steps = BY_NAME["preview.yml"].jobs["comment"]["steps"]
    assert steps[0]["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert not workflows.CREDENTIAL.search(str(steps))


def test_the_workflows_install_the_versions_that_the_project_pins():
    uv = (ROOT / "scripts" / "uv.txt").read_text().split()[0]
    steps = [step for workflow in (*ALL, ACTION) for _, step in workflow.steps()]
    given = [(step["uses"].partition("@")[0], step.get("with") or {}) for step in steps if "uses" in step]
    assert {str(each["version"]) for name, each in given if name == "astral-sh/setup-uv"} == {uv.removeprefix("uv==")}
    versions = {str(each["pulumi-version"]) for name, each in given if name == "pulumi/actions"}
    assert versions == {recipes.cli_version()}


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
    (
        "    runs-on: ubuntu-24.04\n",
        "    uses: ./.github/workflows/deliver.yml\n    runs-on: ubuntu-24.04\n",
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


@pytest.mark.parametrize(
    ("condition", "expected"), [("", 0), ("needs.first.result == 'success'", 0), ("${{ !cancelled() }}", 1)]
)
def test_a_job_that_needs_one_which_a_fork_skips_is_skipped_too(condition, expected):
    second = f"""
  second:
    needs: first
    if: {condition}
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read
      id-token: write
    steps: []
"""
    text = GOOD.replace("  test:\n", f"  first:\n    if: {workflows.SAME_REPOSITORY}\n", 1) + second
    found = [each for each in workflows.forks(Workflow("x.yml", text)) if "second" in each]
    assert len(found) == expected


def test_a_good_workflow_has_no_findings():
    assert workflows.findings(Workflow("x.yml", GOOD)) == []


@pytest.mark.parametrize(("old", "new", "expected"), BREAKS)
def test_a_break_of_each_rule_is_found(old, new, expected):
    assert GOOD.count(old) == 1
    found = workflows.findings(Workflow("x.yml", GOOD.replace(old, new)))
    assert [each for each in found if expected in each], found


def test_an_action_that_the_repository_would_refuse_is_found():
    text = GOOD.replace("actions/checkout@", "another/checkout@")
    assert list(workflows.allowed(Workflow("x.yml", text), CATALOG.repository.allowed_actions))
