"""The program: the stacks declare the same, every kept release is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_no_token_of_the_environment_is_recorded(monkeypatch: pytest.MonkeyPatch):
    for name in ("GITHUB_TOKEN", "VERCEL_API_TOKEN", "PGPASSWORD"):
        monkeypatch.setenv(name, "canary-of-a-token")
    declared = record(lambda: PROJECT.program.build()(load(STACKS[0])), stack=STACKS[0])
    given = {key for each in declared.resources if each.type.startswith("pulumi:providers:") for key in each.inputs}
    assert not {"token", "apiToken", "password"} & given
    assert "owner" in given


@pytest.mark.parametrize("stack", STACKS)
def test_every_kept_release_is_deployed_and_one_is_live(stack: str):
    read = load(stack)
    declared = record(lambda: PROJECT.program.build()(read), stack=stack)
    for application, releases in read.releases.items():
        for release, kept in releases.kept.items():
            assert declared.one(f"{application}-deployment-{release}").inputs["ref"] == kept.commit
        assert releases.live in {None, *releases.kept}
