"""Every property changed, every object removed, every kind of object added: an audit tells each, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from parity.evaluate.stack import Stack, ambient
from parity.resources import kinds
from support import mutations, recall, shell
from support.amounts import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from support.mutations import Mutation
    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

CONSEQUENCES = {
    "changed": {
        ("shop-variable-DATABASE_URL", "value"),  # to be readable it was given another value
        ("shop-variable-NEXT_TELEMETRY_DISABLED", "targets"),  # only a preview's variable may have a branch
    },
    "switched": {("shop-live", "deploymentUrl")},
    "containers": {("storefront-extension-vector", "")},  # it was in the schema
    "last": {
        ("delivery-actions", "allowedActions"),  # nothing is allowed where nothing may run
        ("delivery-actions", "allowedActionsConfig.githubOwnedAllowed"),
        ("delivery-actions", "allowedActionsConfig.patternsAlloweds"),
    },
    "added": {
        ("public on routine extensions.by_hand() of storefront_prod", ""),  # PostgreSQL's own default
        ("public on routine public.by_hand_event() of storefront_prod", ""),
        ("storefront_prod/routine/public/by_hand_event()", ""),  # what the event trigger runs
    },
}
"""Findings that follow from a difference, by batch: name and property."""
RECORD = "the migrations of storefront_prod"
UNREAD = {"changed": [RECORD], "removed": [RECORD]}
"""What cannot be read, by batch: another owner of the database, and no grant on the record, take that."""


@pytest.fixture(scope="module")
def instance(module_instance: Instance) -> Instance:
    mutations.migrate(module_instance)
    module_instance.local.client().load_snapshot(mutations.MIGRATED)
    found = recall.audited(module_instance).report
    assert found.read_failures == ()
    assert [each.what for each in found.findings if each.kind != "unknowable"] == [], "a false alarm"
    return module_instance


def _removals(instance: Instance) -> Sequence[Mutation]:
    stack = Stack(mutations.STACK, instance.project, ambient(instance.project))
    return mutations.removals(stack.declared(stack.settings()))


BATCHES: dict[str, Callable[[Instance], Sequence[Mutation]]] = {
    "changed": lambda _: mutations.CHANGED,
    "switched": lambda _: mutations.SWITCHED,
    "removed": _removals,
    "containers": lambda _: mutations.CONTAINERS,
    "last": lambda _: mutations.LAST,
    "added": lambda _: mutations.ADDED,
    "rights": lambda _: (*mutations.RIGHTS, *mutations.REPOSITORY_WIDE),
    "moved": lambda _: mutations.MOVED,
    "cross-stack": lambda _: mutations.CROSS_STACK,
}


BESIDES = {
    "changed": mutations.BESIDES,
    "removed": mutations.BESIDES_REMOVED,
    "added": mutations.BESIDES_ADDED,
}


@pytest.fixture(scope="module")
def besides(instance: Instance) -> Instance:
    """The same with traces, alerts and a container; it comes last, since it changes the program."""
    instance.local.client().load_snapshot(mutations.MIGRATED)
    mutations.declared(instance)
    assert recall.reported(instance, ()) == ([], [])
    instance.local.client().save_snapshot("besides")
    return instance


@pytest.mark.parametrize("batch", BATCHES)
def test_every_difference_is_reported_and_nothing_else(instance: Instance, batch: str):
    instance.local.client().load_snapshot(mutations.MIGRATED)
    outcome = recall.run(instance, batch, BATCHES[batch](instance))
    assert [each.label for each in outcome.missed] == []
    loose = {(each.name, each.path) for each in outcome.unexplained}
    assert loose - CONSEQUENCES.get(batch, set()) == set()
    assert [each.what for each in outcome.audit.report.read_failures] == UNREAD.get(batch, [])
    names = {each.by for each in outcome.audit.report.findings if each.vendor == "Vercel" and each.by}
    assert names <= {"sandbox"}, "a user is shown by name, not by id"


@pytest.mark.parametrize("batch", BESIDES)
def test_every_difference_in_what_a_catalog_may_declare_besides_is_reported_too(besides: Instance, batch: str):
    besides.local.client().load_snapshot("besides")
    missed, loose = recall.reported(besides, BESIDES[batch])
    assert [each.label for each in missed] == []
    assert loose == []


LEFT = {"removed": [recall.Named("missing", kinds.IMAGE, "admin-image-r2", "")]}
"""What no command brings back, by batch: the image of a release that is not live any more."""


@pytest.mark.parametrize("batch", BESIDES if everything() else ("removed", "added"))
def test_what_is_printed_for_what_a_catalog_may_declare_besides_puts_it_right(
    besides: Instance, batch: str, tmp_path: Path
):
    besides.local.client().load_snapshot("besides")
    assert recall.reported(besides, BESIDES[batch])[0] == []
    plan = json.loads(besides.run("parity", "drift", mutations.STACK, "--plan", "--json").stdout)["plan"]
    environment = shell.environment(besides, tmp_path)
    commands = dict.fromkeys(each["command"] for each in plan if each["command"])
    assert [said for each in commands if (said := shell.run(each, besides, environment))] == []
    assert recall.reported(besides, ())[1] == LEFT.get(batch, [])
