"""Every property changed, every object removed, every kind of object added: an audit tells each, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.evaluate.stack import Stack, ambient
from support import mutations, recall
from support.boxes import own
from support.mutations import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from support.boxes import Template
    from support.mutations import Mutation
    from support.program import Box

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

CLEAN = "clean"
CONSEQUENCES = {
    "changed": {
        ("storefront-readonly", "password"),  # it may not log in any more
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


@pytest.fixture(scope="module")
def box(finished_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with (
        own(finished_template, tmp_path_factory.mktemp("recall") / "own") as box,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in box.environment().items():
            patch.setenv(name, value)
        World(box).sql(*mutations.MIGRATION, role=mutations.OWNER, superuser=True)
        found = recall.look(box).report
        assert found.read_failures == ()
        assert [each.what for each in found.findings if each.kind != "unknowable"] == [], "a false alarm"
        box.local.client().save_snapshot(CLEAN)
        yield box


def _removals(box: Box) -> Sequence[Mutation]:
    stack = Stack(mutations.STACK, box.project, ambient(box.project))
    return mutations.removals(stack.declared(stack.settings()))


BATCHES: dict[str, Callable[[Box], Sequence[Mutation]]] = {
    "changed": lambda _: mutations.CHANGED,
    "switched": lambda _: mutations.SWITCHED,
    "removed": _removals,
    "containers": lambda _: mutations.CONTAINERS,
    "last": lambda _: mutations.LAST,
    "added": lambda _: mutations.ADDED,
    "cross-stack": lambda _: mutations.CROSSED,
}


@pytest.mark.parametrize("batch", BATCHES)
def test_every_difference_is_told_and_nothing_else(box: Box, batch: str):
    box.local.client().load_snapshot(CLEAN)
    outcome = recall.run(box, batch, BATCHES[batch](box))
    assert [each.label for each in outcome.missed] == []
    loose = {(each.name, each.path) for each in outcome.unexplained}
    assert loose - CONSEQUENCES.get(batch, set()) == set()
    assert outcome.audit.report.read_failures == ()
