"""One count of a stack's resources: what the program declares, whoever says the number."""

from __future__ import annotations

import json

import pytest

from parity.engine import state
from parity.engine.counting import counted, counts
from parity.engine.events import Progress

STACK = "urn:pulumi:staging::parity::pulumi:pulumi:Stack::parity-staging"
COMPONENT = "urn:pulumi:staging::parity::parity:components:WebApp::shop"
PROJECT = "urn:pulumi:staging::parity::parity:components:WebApp$vercel:index/project:Project::shop"
NAMED = "urn:pulumi:staging::parity::pulumi:providers:vercel::vercel"
DEFAULT = "urn:pulumi:staging::parity::pulumi:providers:parity::default_0_2_0"
EVERY = (STACK, COMPONENT, PROJECT, NAMED, DEFAULT)


@pytest.mark.parametrize(
    ("urn", "expected"), [(STACK, False), (COMPONENT, True), (PROJECT, True), (NAMED, True), (DEFAULT, False)]
)
def test_what_the_engine_adds_by_itself_is_not_counted(urn, expected):
    assert counts(urn) is expected


def test_a_resource_that_stands_twice_while_it_is_replaced_is_one():
    assert counted([*EVERY, PROJECT]) == 3


def test_a_urn_without_the_stacks_name_is_counted_alike():
    assert counts("vercel:index/project:Project::shop")
    assert not counts("pulumi:providers:parity::default")


@pytest.mark.parametrize("operation", ["create", "same", "delete"])
def test_an_update_counts_as_the_state_does(operation):
    """The engine counts the stack's own resource and leaves the default provider out."""
    progress = Progress()
    for urn in EVERY[:-1]:
        progress.take({"resOutputsEvent": {"metadata": {"urn": urn, "op": operation}}})
    progress.take({"summaryEvent": {"resourceChanges": {operation: 4}}})
    rows = [{"urn": urn, "type": urn.split("::")[2]} for urn in EVERY]
    recorded = state.parse(json.loads(json.dumps({"deployment": {"resources": rows}})))
    assert progress.changes == {operation: 3}
    assert counted(each.urn for each in recorded.resources) == 3


def test_a_kind_of_which_nothing_is_left_is_not_said():
    progress = Progress()
    progress.take({"resOutputsEvent": {"metadata": {"urn": STACK, "op": "create"}}})
    progress.take({"summaryEvent": {"resourceChanges": {"create": 1, "same": 3}}})
    assert progress.changes == {"same": 3}
