"""What is read again after an update, what of it is a finding, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from parity import inventory
from parity.engine.events import Operation
from parity.errors import UsageError, VerifyError
from parity.inventory.model import ReadFailure
from parity.resources import kinds
from parity.resources.kind import vendor
from parity.updates import verify
from support.worlds import Config, Mirror, declared

if TYPE_CHECKING:
    from parity.drift.compare import Sides
    from parity.evaluate.stack import Stack
    from parity.inventory.model import LiveObject, LiveState

SEED = 7
OTHER = "kept otherwise"
CHANGED: dict[str, dict[str, Any]] = {
    kinds.PROJECT: {"framework": OTHER},
    kinds.VARIABLE: {"targets": ["development"]},
    kinds.DOMAIN: {"redirect": OTHER},
    kinds.RETENTION: {"expirationPreview": OTHER},
    kinds.DEPLOYMENT: {"ref": OTHER},
    kinds.LIVE: {"deploymentId": OTHER},
    kinds.DRAIN: {"endpoint": OTHER},
    kinds.ENVIRONMENT: {"waitTimer": 99},
    kinds.GITHUB_VARIABLE: {"value": OTHER},
    kinds.RULESET: {"enforcement": "disabled"},
    kinds.PERMISSIONS: {"allowedActions": "all"},
    kinds.DATABASE: {"connectionLimit": 99_999},
    kinds.SCHEMA: {"owner": OTHER},
    kinds.ROLE: {"connectionLimit": 99},
    kinds.EXTENSION: {"schema": OTHER},
}
"""A property of each kind with what a vendor keeps; kinds of which nothing can be read but their name are not in."""
NAMED = (kinds.SECRET, kinds.POLICY, kinds.BYPASS)
OF_CONTAINERS = (kinds.REGISTRY, kinds.REGISTRY_SHARE, kinds.IMAGE)
"""No random config has a container: what is read of one is tried in sandbox/test_containers.py."""
OF_TELEMETRY = (kinds.TRACE_DRAIN, kinds.TRACING, kinds.ALERT)
"""Nor has one traces or alerts: what is read of them is tried in sandbox/test_telemetry.py."""
OF_STAGES = (kinds.ROLLING_RELEASE,)
"""Nor stages: sandbox/test_stages.py."""
IN_LISTS = (kinds.GRANT, kinds.DEFAULT)


@pytest.fixture(scope="module")
def settings():
    """Of the first random config that declares every kind, and each property that is changed."""
    for seed in range(SEED, SEED + 200):
        found = Config(seed).settings()
        resources = declared(found).resources.values()
        declaring = {(each.type, name) for each in resources for name in each.inputs}
        wanted = {(type_, name) for type_, change in CHANGED.items() for name in change}
        if declaring >= wanted and {each.type for each in resources} >= {*NAMED, *IN_LISTS}:
            return found
    raise AssertionError("no config declares every kind")


@pytest.fixture(scope="module")
def sides(settings):
    return Mirror(declared(settings), SEED).sides()


def everything(sides: Sides) -> frozenset[str]:
    return frozenset(sides.live_state.keys)


def one(sides: Sides, type_: str, *declaring: str) -> str:
    """A resource of the type that declares these properties."""
    resources = {urn: sides.graph.resources[urn] for urn in sides.live_state.keys}
    return next(urn for urn, each in resources.items() if each.type == type_ and {*declaring} <= {*each.inputs})


def with_found(live_state: LiveState, urn: str, *found: LiveObject) -> LiveState:
    return replace(live_state, under={**live_state.under, urn: found})


def altered(sides: Sides, type_: str) -> tuple[str, LiveState]:
    """A resource of the type, and the world in which a vendor kept one of its properties otherwise."""
    urn = one(sides, type_, *CHANGED[type_])
    found = sides.live_state.under[urn][0]
    return urn, with_found(sides.live_state, urn, replace(found, properties={**found.properties, **CHANGED[type_]}))


def found_in(sides: Sides, live_state: LiveState, urns: frozenset[str]) -> list[tuple[str, str, str]]:
    return [(each.kind, each.urn, each.path) for each in verify.find(sides.graph, sides.state, live_state, urns)]


def test_what_is_kept_as_declared_is_no_finding(sides):
    assert found_in(sides, sides.live_state, everything(sides)) == []


def test_every_kind_is_tried():
    # No random config has migrations: what is read of them is tried in test_migrated_inventory.py.
    assert {
        *CHANGED,
        *NAMED,
        *IN_LISTS,
        *OF_CONTAINERS,
        *OF_TELEMETRY,
        *OF_STAGES,
        kinds.MEMBERSHIP,
        kinds.MIGRATION,
    } >= kinds.MANAGED


@pytest.mark.parametrize("type_", CHANGED)
def test_a_property_of_each_kind_kept_otherwise_is_a_finding(sides, type_):
    urn, live_state = altered(sides, type_)
    (path,) = CHANGED[type_]
    assert found_in(sides, live_state, everything(sides)) == [("changed", urn, path)]


@pytest.mark.parametrize("type_", [*CHANGED, *NAMED])
def test_what_is_not_there_is_a_finding_even_where_what_it_is_in_is_missing_too(sides, type_):
    urn = one(sides, type_)
    nothing = replace(sides.live_state, under=dict.fromkeys(sides.live_state.under, ()))
    assert found_in(sides, nothing, frozenset({urn})) == [("missing", urn, "")]


@pytest.mark.parametrize("type_", IN_LISTS)
def test_a_privilege_that_was_not_revoked_is_a_finding(sides, type_):
    held = next(
        each for each in sides.live_state.privileges if each.default == (type_ == kinds.DEFAULT) and not each.builtin
    )
    more = replace(sides.live_state, privileges=(*sides.live_state.privileges, replace(held, privilege="MAINTAIN")))
    ((kind, urn, path),) = found_in(sides, more, everything(sides))
    assert (kind, sides.graph.resources[urn].type, path) == ("changed", type_, "privileges")


def test_a_property_that_the_program_does_not_declare_is_no_finding(sides):
    resources = sides.graph.resources
    urn = next(each for each in sides.live_state.keys if resources[each].type == kinds.PROJECT)
    found = sides.live_state.under[urn][0]
    assert "previewComments" not in resources[urn].inputs
    other = with_found(sides.live_state, urn, replace(found, properties={**found.properties, "previewComments": True}))
    assert found_in(sides, other, everything(sides)) == []


def test_a_property_that_the_update_left_as_it_is_is_no_finding(sides):
    urn, live_state = altered(sides, kinds.PROJECT)
    graph = sides.graph
    left = replace(graph.resources[urn], options={**graph.resources[urn].options, "ignoreChanges": ["framework"]})
    given = (sides.state, live_state, everything(sides))
    assert verify.find(graph, *given)
    assert verify.find(replace(graph, resources={**graph.resources, urn: left}), *given) == []


def test_what_was_not_written_is_no_finding(sides):
    _, live_state = altered(sides, kinds.PROJECT)
    assert found_in(sides, live_state, frozenset({one(sides, kinds.DRAIN)})) == []


def test_only_what_was_written_and_is_read_counts(sides):
    project, drain = one(sides, kinds.PROJECT), one(sides, kinds.DRAIN)
    component = next(urn for urn, each in sides.graph.resources.items() if not each.custom)
    operations = [
        Operation("create", project, done=True),
        Operation("create-replacement", drain, done=True),
        Operation("update", one(sides, kinds.RETENTION), done=False),
        Operation("delete", one(sides, kinds.DOMAIN), done=True),
        Operation("refresh", one(sides, kinds.LIVE), done=True),
        Operation("create", component, done=True),
        Operation("update", "urn:pulumi:a::b::c:d:E::gone", done=True),
    ]
    assert verify.written(operations, sides.graph) == {project, drain}


def test_of_vercel_only_the_projects_concerned_are_asked(sides):
    variable = one(sides, kinds.VARIABLE)
    part = verify.concerned(sides.graph, frozenset({variable}))
    mine = [each for each in part.resources.values() if vendor(each.type) == "Vercel"]
    assert sorted(each.type for each in mine) == sorted([kinds.VARIABLE, kinds.PROJECT])
    assert not [each for each in part.resources.values() if vendor(each.type) in {"GitHub", "PostgreSQL"}]
    assert "pulumi:providers:vercel" in {each.type for each in part.resources.values()}


def test_a_value_that_names_another_vendors_object_is_compared(sides):
    urn = next(
        urn
        for urn, each in sides.graph.resources.items()
        if each.type == kinds.GITHUB_VARIABLE and "parity-computed:" in str(each.inputs["value"])
    )
    part = verify.concerned(sides.graph, frozenset({urn}))
    assert {vendor(each.type) for each in part.resources.values() if each.custom} >= {"GitHub", "Vercel"}


# --- Reading ----------------------------------------------------------------------------------------------------------


class Inventory:
    """Answers in place of the vendors, one after another, and counts."""

    def __init__(self, *answers: LiveState | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.passwords: list[bool] = []

    def __call__(self, graph: Any, **given: Any) -> LiveState:
        self.asked += 1
        self.passwords.append(given["passwords"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        asked = {urn: key for urn, key in answer.keys.items() if urn in graph.resources}
        return replace(answer, keys=asked)


def run(monkeypatch, sides: Sides, settings: Any, urns: frozenset[str], *answers: Any):
    collect = Inventory(*answers)
    monkeypatch.setattr(inventory, "collect_live_state", collect)
    stack = SimpleNamespace(name="staging", recorded=lambda: sides.state, pulumi=SimpleNamespace(environment={}))
    return verify.verify(cast("Stack", stack), settings, sides.graph, urns), collect


def test_where_nothing_was_written_nothing_is_asked(monkeypatch, sides, settings):
    found, collect = run(monkeypatch, sides, settings, frozenset())
    assert (collect.asked, found) == (0, verify.Verified())


def test_it_is_read_once_where_all_is_right(monkeypatch, sides, settings):
    found, collect = run(monkeypatch, sides, settings, everything(sides), sides.live_state)
    assert (collect.asked, found.steps, found.unread, found.read) == (1, (), (), len(everything(sides)))
    assert found.calls == sum(sides.live_state.calls.values())
    found.require("staging")


def test_a_list_that_lags_behind_is_no_finding(monkeypatch, sides, settings):
    _, late = altered(sides, kinds.GITHUB_VARIABLE)
    found, collect = run(monkeypatch, sides, settings, everything(sides), late, sides.live_state)
    assert (collect.asked, found.steps) == (2, ())


def test_a_finding_is_raised_with_its_remedy_and_recorded(monkeypatch, sides, settings):
    urn, kept = altered(sides, kinds.GITHUB_VARIABLE)
    found, _ = run(monkeypatch, sides, settings, everything(sides), kept, kept)
    with pytest.raises(VerifyError) as caught:
        found.require("staging")
    assert caught.value.exit_code == 15
    assert f"kept {OTHER}" in caught.value.what
    assert found.steps[0].command in caught.value.what
    (row,) = found.document()["findings"]
    assert (row["urn"], row["property"], row["remedy"]["command"]) == (urn, "value", found.steps[0].command)


def test_what_could_not_be_read_is_said_and_is_no_finding(monkeypatch, sides, settings):
    urn = one(sides, kinds.DRAIN)
    blind = ReadFailure("Vercel", "the log drains", "GET /v1/drains", 500, "no", frozenset({kinds.DRAIN}), ())
    other = replace(blind, types=frozenset({kinds.PROJECT}))
    live_state = replace(with_found(sides.live_state, urn), read_failures=(blind, other))
    found, _ = run(monkeypatch, sides, settings, frozenset({urn}), live_state)
    assert (found.steps, found.read, found.unread) == ((), 0, (str(blind),))


def test_an_error_of_the_inventory_does_not_hide_that_the_update_is_done(monkeypatch, sides, settings):
    found, _ = run(monkeypatch, sides, settings, everything(sides), UsageError("not set: GITHUB_TOKEN"))
    assert found.unread == (f"{len(everything(sides))} resources: not set: GITHUB_TOKEN",)


@pytest.mark.parametrize(("type_", "tried"), [(kinds.ROLE, True), (kinds.PROJECT, False)])
def test_passwords_are_tried_only_where_a_role_was_written(monkeypatch, sides, settings, type_, tried):
    _, collect = run(monkeypatch, sides, settings, frozenset({one(sides, type_)}), sides.live_state)
    assert collect.passwords == [tried]
