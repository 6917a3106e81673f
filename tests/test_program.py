"""The program: the stacks declare the same, every kept release is deployed, the workflows offer what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from parity.check import proof
from parity.config import settings
from parity.config.project import Project
from parity.testing import record

ROOT = Path(__file__).resolve().parents[1]
PROJECT = Project(ROOT)
ORDER = PROJECT.promotion
STACKS = list(ORDER.stacks)


def load(stack: str) -> settings.Settings:
    return settings.load(stack, ROOT, None)


def test_the_stacks_declare_the_same():
    found = [proof.check(PROJECT, *pair, load) for pair in ORDER.pairs()]
    together = proof.together(found, ORDER.pairs(), [load(stack) for stack in STACKS])
    assert [each.clean for each in together] == [True] * (len(STACKS) - 1), "parity check says what differs"


@pytest.mark.parametrize("stack", STACKS)
def test_every_kept_release_is_deployed_and_one_is_live(stack: str):
    read = load(stack)
    declared = record(lambda: PROJECT.program.build()(read), stack=stack)
    for application, releases in read.releases.items():
        for release, kept in releases.kept.items():
            assert declared.one(f"{application}-deployment-{release}").inputs["ref"] == kept.commit
        assert releases.live in {None, *releases.kept}


def test_a_rollback_can_be_asked_for_every_stack_and_application():
    inputs = workflow("rollback.yml")["on"]["workflow_dispatch"]["inputs"]
    assert sorted(inputs["stack"]["options"]) == sorted(STACKS)
    assert inputs["application"]["options"] == [each.name for each in PROJECT.program.catalog().applications]


def test_each_stack_is_delivered_after_the_one_that_it_promotes_from():
    """The jobs stand written out, because a job cannot wait for another one of its own matrix."""
    jobs = workflow("promote.yml")["jobs"]
    delivered = {job["environment"]: name for name, job in jobs.items() if job["environment"] in STACKS}
    assert sorted(delivered) == sorted(STACKS), "promote.yml has a job for each stack"
    for stack, above in ORDER.sources.items():
        assert above is None or delivered[above] in jobs[delivered[stack]]["needs"]


def workflow(name: str) -> Any:
    return YAML(typ="safe").load(ROOT / ".github" / "workflows" / name)
