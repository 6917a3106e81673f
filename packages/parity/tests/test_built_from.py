"""What a build would get compared with what is declared: each rule, on a world that is exactly as declared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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


# --- What Vercel never shows -----------------------------------------------------------------------------------------

PASSED = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def hidden():
    """Sides of a world as declared, and one of its sensitive variables that is live there."""
    for seed in range(40):
        graph = declared(Config(seed).settings())
        sides = Mirror(graph, seed).sides()
        projects = {str(each.inputs["projectId"]) for each in graph.resources.values() if each.type == kinds.LIVE}
        for urn, each in graph.resources.items():
            if each.type == kinds.VARIABLE and each.inputs["sensitive"] and str(each.inputs["projectId"]) in projects:
                return sides, urn
    raise AssertionError("no such config")


def noted(sides, urn):
    """The state, in which the engine noted at PASSED that it had written this variable."""
    resources = [
        replace(each, document={**each.document, "modified": PASSED.isoformat()}) if each.urn == urn else each
        for each in sides.state.resources
    ]
    return replace(sides.state, resources=tuple(resources))


def compared(sides, urn, *, mark="one", id_=None):
    """The same, and a release passed with the variable as it was written then."""
    variable = sides.state.of(urn)
    name, project = variable.inputs["key"], variable.inputs["projectId"]
    was = {"id": id_ or variable.id, "value": mark, "updatedAt": PASSED.timestamp() * 1000}
    now = {"sensitiveWrites": {name: {"id": variable.id, "value": "one"}}}
    state = noted(sides, urn)
    return replace(
        state,
        resources=tuple(
            replace(each, inputs={**each.inputs, **now}, outputs={**each.outputs, "compared": {name: was}})
            if each.type == kinds.LIVE and each.inputs["projectId"] == project
            else each
            for each in state.resources
        ),
    )


def values(sides, urn, state, seconds):
    """The findings about the value of a variable that was written so long after PASSED."""
    one = replace(sides.live_state.under[urn][0], written_at=PASSED + timedelta(seconds=seconds))
    live = replace(sides.live_state, under={**sides.live_state.under, urn: (one,)})
    project = str(sides.live_state.keys[urn][0])
    found = built_from.differences(sides.graph, state, live, {project}, CONTEXT)
    return [each for each in found if (each.finding.urn, each.finding.path) == (urn, "value")]


def test_a_sensitive_value_that_was_written_since_a_release_passed_is_written_again(hidden):
    sides, urn = hidden
    state = compared(sides, urn)
    assert values(sides, urn, state, 0) == []
    (one,) = values(sides, urn, state, 0.001)
    assert built_from.options_for([one]) == ("--replace", urn)


@pytest.mark.parametrize("more", [{"mark": "another"}, {"id_": "env_before"}], ids=["another value", "made again"])
def test_one_that_an_update_wrote_since_is_as_the_engine_noted_it(hidden, more):
    sides, urn = hidden
    for state in (noted(sides, urn), compared(sides, urn, **more)):
        assert values(sides, urn, state, 0.001) == []
