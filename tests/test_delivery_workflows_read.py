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


def test_prod_waits_for_staging_and_each_stack_for_itself():
    jobs = WORKFLOWS["promote.yml"].jobs
    assert "staging" in jobs["plan"]["needs"]
    assert {"staging", "plan"} <= set(jobs["prod"]["needs"])
    assert "if" not in jobs["prod"], "a condition would replace the rule that what it needs must have ended well"
    assert {name: jobs[name]["environment"] for name in jobs} == {
        "staging": "staging",
        "plan": "prod-preview",
        "prod": "prod",
    }
    back = WORKFLOWS["rollback.yml"].jobs["apply"]
    assert back["environment"] == "${{ inputs.stack }}"
    for group, job in (
        ("parity-staging", jobs["staging"]),
        ("parity-prod", jobs["prod"]),
        # Going back must not wait for a promotion that waits to be approved.
        ("parity-rollback-${{ inputs.stack }}", back),
    ):
        assert job["concurrency"] == {"group": group, "cancel-in-progress": False}


def test_prod_applies_the_plan_that_was_shown_by_its_digest():
    jobs = WORKFLOWS["promote.yml"].jobs
    steps = {name: [*jobs[name]["steps"]] for name in ("plan", "prod")}
    (sent,) = (each["with"] for each in steps["plan"] if "upload-artifact@" in each.get("uses", ""))
    (got,) = (each["with"] for each in steps["prod"] if "download-artifact@" in each.get("uses", ""))
    assert (sent["name"], sent["path"]) == (got["name"], f"{got['path']}/prod.json")
    saved = next(each for each in steps["plan"] if "--save" in each.get("run", ""))
    assert f"--save {sent['path']}" in saved["run"]
    assert jobs["plan"]["outputs"] == {"digest": "${{ steps.plan.outputs.digest }}"}
    last = steps["prod"][-1]
    assert last["env"]["DIGEST"] == "${{ needs.plan.outputs.digest }}"
    assert f'--plan {sent["path"]} --digest "$DIGEST"' in last["run"]
    assert not [each for each in steps["prod"] if "--yes" in each.get("run", "") or "parity preview" in str(each)]


def test_no_workflow_keeps_a_long_lived_pulumi_token():
    for name in ("promote.yml", "rollback.yml"):
        assert "PULUMI_ACCESS_TOKEN" not in WORKFLOWS[name].text
    page = (ROOT / "docs" / "delivery.md").read_text()
    used = {found for each in WORKFLOWS.values() for found in re.findall(r"\b(?:secrets|vars)\.(\w+)", each.text)}
    assert [name for name in sorted(used) if f"`{name}`" not in page] == []
