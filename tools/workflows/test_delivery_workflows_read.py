"""promote.yml and rollback.yml: what starts them, what waits for what, and that the docs name all they need."""

from __future__ import annotations

import re

from parity.releases.delivery import PROGRAM
from support import workflows
from support.paths import ROOT

WORKFLOWS = {each.name: each for each in workflows.read(ROOT / ".github" / "workflows")}


def test_what_starts_a_delivery_is_what_it_depends_on():
    """Stands in two places, since GitHub wants it written out."""
    paths = WORKFLOWS["promote.yml"].document["on"]["push"]["paths"]
    plain = [path.removesuffix("/**") for path in paths]
    assert plain == [path.removeprefix(":(glob)") for path in PROGRAM]


def test_one_stack_is_delivered_after_the_other_and_each_waits_for_itself():
    stack = WORKFLOWS["promote.yml"].jobs["stack"]
    assert stack["strategy"]["max-parallel"] == 1
    assert stack["strategy"].get("fail-fast", True) is True
    assert stack["with"] == {"stack": "${{ matrix.stack }}", "after": "${{ matrix.promotes_from }}"}
    jobs = WORKFLOWS["deliver.yml"].jobs
    assert jobs["apply"]["needs"] == "plan"
    assert not [name for name, job in jobs.items() if "if" in job], (
        "a condition would replace the rule of what it needs"
    )
    # GitHub's order of a matrix is no promise to build on alone: the stack before must have left its mark in this run.
    first, last = jobs["plan"]["steps"][0], jobs["apply"]["steps"][-2]
    assert first["if"] == "inputs.after"
    assert first["with"]["name"] == last["with"]["name"].replace("stack", "after")
    stacks = {"name": "${{ inputs.stack }}", "url": "${{ steps.update.outputs.url }}"}
    assert {name: jobs[name]["environment"] for name in jobs} == {
        "plan": "${{ inputs.stack }}-preview",
        "apply": stacks,
    }
    back = WORKFLOWS["rollback.yml"].jobs["apply"]
    assert back["environment"] == stacks
    for group, job in (
        ("parity-${{ matrix.stack }}", stack),
        # Going back must not wait for a promotion that waits to be approved.
        ("parity-rollback-${{ inputs.stack }}", back),
    ):
        assert job["concurrency"] == {"group": group, "cancel-in-progress": False}


def test_no_workflow_keeps_a_long_lived_pulumi_token():
    assert [name for name, each in WORKFLOWS.items() if "PULUMI_ACCESS_TOKEN" in each.text] == []
    page = "".join((ROOT / "docs" / name).read_text() for name in ("delivery.md", "image.md"))
    used = {found for each in WORKFLOWS.values() for found in re.findall(r"\b(?:secrets|vars)\.(\w+)", each.text)}
    assert [name for name in sorted(used) if f"`{name}`" not in page] == []
