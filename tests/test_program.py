"""The program: both stacks declare the same, every kept release is deployed, the workflows offer what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from parity.check import proof
from parity.config import settings
from parity.config.project import Project
from parity.testing import record

ROOT = Path(__file__).resolve().parents[1]
PROJECT = Project(ROOT)
STACKS = list(PROJECT.stack_files())


def load(stack: str) -> settings.Settings:
    return settings.load(stack, ROOT, None)


def test_staging_and_prod_declare_the_same():
    assert proof.check(PROJECT, "staging", "prod", load).clean, "parity check says what differs"


@pytest.mark.parametrize("stack", STACKS)
def test_every_kept_release_is_deployed_and_one_is_live(stack: str):
    read = load(stack)
    declared = record(lambda: PROJECT.program.build()(read), stack=stack)
    for application, releases in read.releases.items():
        for release, kept in releases.kept.items():
            assert declared.one(f"{application}-deployment-{release}").inputs["ref"] == kept.commit
        assert releases.live in {None, *releases.kept}


def test_a_rollback_can_be_asked_for_every_stack_and_application():
    workflow = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "rollback.yml")
    inputs = workflow["on"]["workflow_dispatch"]["inputs"]
    assert sorted(inputs["stack"]["options"]) == sorted(STACKS)
    assert inputs["application"]["options"] == [each.name for each in PROJECT.program.catalog().applications]
