"""What a build would get compared with what is declared: each rule, on a world that is exactly as declared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from parity.drift.remediation import Context
from parity.errors import RefusedError
from parity.inventory.model import LiveObject, ReadFailure
from parity.preview.plan import Change, Plan, Property, Resource
from parity.resources import kinds
from parity.updates import built_from
from support.worlds import Config, Mirror, declared

CONTEXT = Context("staging", "team_1", "acme/storefront", {})


@pytest.fixture(scope="module")
def world():
    """Sides of a world as declared, a project's name, and the URN of one of its plain production variables."""
    for seed in range(40):
        graph = declared(Config(seed).settings())
        for urn, each in graph.resources.items():
            if each.type == kinds.VARIABLE and each.inputs["sensitive"] is False:
                sides = Mirror(graph, seed).sides()
                if "production" in sides.live_state.inputs[urn]["targets"]:
                    return sides, str(sides.live_state.keys[urn][0]), urn
    raise AssertionError("no such config")


def found(sides, live, project):
    return built_from.differences(sides.graph, sides.state, live, {project}, CONTEXT)


def changed(live, urn, **properties):
    one = live.under[urn][0]
    return replace(live, under={**live.under, urn: (replace(one, properties={**one.properties, **properties}),)})


def plan(*changes):
    return Plan("staging", changes, {}, 0)


def test_a_world_as_declared_differs_in_nothing(world):
    sides, project, _ = world
    assert found(sides, sides.live_state, project) == []


def test_a_changed_value_is_shown_to_the_engine_by_a_refresh(world):
    sides, project, urn = world
    (one,) = found(sides, changed(sides.live_state, urn, value="elsewhere"), project)
    assert (one.finding.urn, one.finding.path) == (urn, "value")
    assert built_from.left_by(plan(), [one]) == [one]
    assert built_from.options_for([one]) == ("--refresh",)


def test_what_an_exception_leaves_is_put_right_by_no_update_while_it_is_there(world):
    sides, project, urn = world
    options = {**sides.graph.resources[urn].options, "ignoreChanges": ["value"]}
    resources = {**sides.graph.resources, urn: replace(sides.graph.resources[urn], options=options)}
    left = replace(sides, graph=replace(sides.graph, resources=resources))
    (one,) = found(left, changed(sides.live_state, urn, value="elsewhere"), project)
    assert "remove that from parity:exceptions in Pulumi.staging.yaml" in one.step.why
    assert one.step.command == "parity up staging"
    assert built_from.options_for([replace(one, finding=replace(one.finding, path="targets"))]) == ()


def test_what_the_plan_writes_is_put_right_and_what_it_leaves_is_not(world):
    sides, project, urn = world
    (one,) = found(sides, changed(sides.live_state, urn, value="elsewhere"), project)
    written = Change(urn, kinds.VARIABLE, "update", (Property("value", "elsewhere", "right"),))
    other = Change(urn, kinds.VARIABLE, "update", (Property("comment", "a", "b"),))
    assert built_from.left_by(plan(written), [one]) == []
    assert built_from.left_by(plan(other), [one]) == [one]
    assert built_from.left_by(plan(replace(written, operation="delete")), [one]) == [one]


def test_a_comment_gets_into_no_build(world):
    sides, project, urn = world
    assert found(sides, changed(sides.live_state, urn, comment="by hand"), project) == []


def test_another_project_is_not_compared(world):
    sides, _, urn = world
    assert found(sides, changed(sides.live_state, urn, value="elsewhere"), "another") == []


def extra(project, *targets):
    properties = {"key": "EXTRA", "value": "1", "sensitive": False, "targets": list(targets)}
    when = datetime(2026, 11, 29, tzinfo=UTC)
    return LiveObject(kinds.VARIABLE, (project, "EXTRA"), "env_extra", "", properties, written_at=when)


def test_an_undeclared_production_variable_is_refused_and_no_preview_one(world):
    sides, project, _ = world
    live = replace(sides.live_state, unmanaged=(extra(project, "production"),))
    (one,) = found(sides, live, project)
    assert built_from.options_for([one]) == (), "no plan puts it right"
    error = built_from.refusal("staging", [one])
    assert "EXTRA" in error.what
    assert error.exit_code == 8
    assert found(sides, replace(sides.live_state, unmanaged=(extra(project, "preview"),)), project) == []


def test_each_difference_has_its_own_remedy_whatever_order_the_remedies_come_in(world):
    sides, project, urn = world
    live = replace(changed(sides.live_state, urn, value="elsewhere"), unmanaged=(extra(project, "production"),))
    both = found(sides, live, project)
    remedies = {each.finding.kind: each.step.by for each in both}
    assert remedies == {"changed": "refresh and up", "unmanaged": "not by an update"}
    assert [each.step.finding for each in both] == [each.finding for each in both]


def test_a_variable_that_is_recorded_and_no_longer_declared_must_go_before_the_build(world):
    sides, project, urn = world
    gone = extra(project, "production")
    recorded = replace(sides.state.of(urn), urn=f"{urn}-gone", id=gone.id)
    state = replace(sides.state, resources=(*sides.state.resources, recorded))
    live = replace(sides.live_state, unmanaged=(gone,))
    (one,) = built_from.differences(sides.graph, state, live, {project}, CONTEXT)
    assert one.step.command == "parity up staging"
    inputs = {"projectId": "prj", "targets": ["production"]}
    delete = Change(recorded.urn, kinds.VARIABLE, "delete", before=inputs)
    build = Change("urn:pulumi:staging::p::t::d", kinds.DEPLOYMENT, "create", after=inputs)
    resource = Resource(recorded.urn, "", frozenset(), frozenset(), "delete", id=gone.id)
    alone = Plan("staging", (delete,), {recorded.urn: resource}, 0)
    assert built_from.left_by(alone, [one]) == [one], "the engine would delete it after the build"
    assert built_from.left_by(replace(alone, changes=(delete, build)), [one]) == []


def test_a_setting_that_a_build_uses_counts_and_another_does_not(world):
    sides, project, _ = world
    urn = next(
        u
        for u, key in sides.live_state.keys.items()
        if sides.graph.resources[u].type == kinds.PROJECT and key == (project,)
    )
    (one,) = found(sides, changed(sides.live_state, urn, framework="elsewhere"), project)
    assert one.finding.path == "framework"
    assert found(sides, changed(sides.live_state, urn, gitForkProtection=False), project) == []


def test_what_cannot_be_read_is_refused(world):
    sides, project, _ = world
    failure = ReadFailure("Vercel", "the variables", "GET /env", 403, "no", frozenset({kinds.VARIABLE}), (project,))
    with pytest.raises(RefusedError, match="could not be read"):
        found(sides, replace(sides.live_state, read_failures=(failure,)), project)
