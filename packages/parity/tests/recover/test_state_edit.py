"""Decisions carried over into a state that the engine takes: in order, complete, secrets marked."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from parity.engine.state import parse
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource, SecretInput, computed
from parity.inventory.model import LiveObject, LiveState
from parity.masked import SECRET, SIGNATURE
from parity.recover.model import Decision, Plan
from parity.recover.state_edit import UNREAD, Known, Unknown, edit, stamped
from parity.resources import kinds

HEAD = "urn:pulumi:staging::storefront"
STACK = f"{HEAD}::pulumi:pulumi:Stack::storefront-staging"
APP = f"{HEAD}::parity:components:WebApp::shop"
VERCEL = f"{HEAD}::pulumi:providers:vercel::vercel"
PROJECT = f"{HEAD}::parity:components:WebApp${kinds.PROJECT}::shop-project"
VARIABLE = f"{HEAD}::parity:components:WebApp${kinds.VARIABLE}::shop-variable-A"
DRAIN = f"{HEAD}::{kinds.DRAIN}::logs-drain"
LIVE = f"{HEAD}::parity:components:WebApp${kinds.LIVE}::shop-live"
CANARY = "canary-secret-value"


def declared(urn, type_, inputs, *, parent=APP, needs=(), custom=True, options=None):
    provider = f"{VERCEL}::{computed(VERCEL, 'id')}" if custom and type_.startswith("vercel") else ""
    dependencies = frozenset(needs)
    return Resource(
        urn, type_, urn.rpartition("::")[2], parent, custom, inputs, dependencies,
        {"projectId": dependencies} if needs else {}, provider, options or {},
    )  # fmt: skip


GRAPH = Graph(
    "storefront",
    "staging",
    {
        each.urn: each
        for each in (
            declared(VERCEL, "pulumi:providers:vercel", {"team": "t"}, parent=STACK),
            declared(APP, "parity:components:WebApp", {}, parent=STACK, custom=False),
            declared(PROJECT, kinds.PROJECT, {"name": "shop-staging"}, options={"protect": True, "version": "5"}),
            declared(
                VARIABLE,
                kinds.VARIABLE,
                {"projectId": computed(PROJECT, "id"), "key": "A", "value": SecretInput(CANARY), "sensitive": True},
                needs=[PROJECT],
            ),
            declared(DRAIN, kinds.DRAIN, {"name": "d"}, parent=STACK),
            declared(LIVE, kinds.LIVE, {"project": "shop-staging"}, needs=[PROJECT]),
        )
    },
    {},
    {},
)


def row(urn, identity="", **more):
    custom = bool(identity)
    kind = urn.split("::")[2].rpartition("$")[2]
    found = {"urn": urn, "type": kind, "custom": custom, "created": "2026-11-24T21:00:00Z", **more}
    return {**found, "id": identity, "inputs": {}, "outputs": {}} if custom else found


def carried(decisions, rows, found=None, operations=()):
    state = parse({"version": 3, "deployment": {"resources": rows, "pending_operations": list(operations)}})
    found = found or {}
    under = {urn: tuple(found.get(urn, ())) for urn in GRAPH.resources}
    inputs = {urn: dict(each.inputs) for urn, each in GRAPH.resources.items()}
    keys = dict.fromkeys(GRAPH.resources, ("k",))
    live_state = LiveState(keys=keys, inputs=inputs, under=under, account={"team": "team_1"})
    return edit(GRAPH, state, live_state, Plan(tuple(decisions)))


def rows_of(edited):
    return edited.document["deployment"]["resources"]


def found(type_, identity, properties=None):
    return LiveObject(type_, ("k",), identity, "", properties or {})


NOTHING = LiveState()
BASE = [row(STACK), row(VERCEL, "p1", parent=STACK), row(APP, parent=STACK)]


def test_what_is_adopted_stands_after_all_that_it_needs_and_names_its_provider():
    there = {PROJECT: [found(kinds.PROJECT, "prj_1")], VARIABLE: [found(kinds.VARIABLE, "env_1")]}
    plan = [Decision(VARIABLE, "import", "", "env_1", unread=("value",)), Decision(PROJECT, "import", "", "prj_1")]
    edited = carried(plan, BASE, there)
    order = [each["urn"] for each in rows_of(edited)]
    assert order.index(PROJECT) < order.index(VARIABLE)
    variable = rows_of(edited)[order.index(VARIABLE)]
    assert variable["provider"] == f"{VERCEL}::p1"
    assert variable["parent"] == APP
    assert variable["dependencies"] == [PROJECT]
    assert variable["inputs"]["projectId"] == "prj_1", "what only Vercel knew is filled in"
    assert rows_of(edited)[order.index(PROJECT)]["protect"] is True
    assert edited.refresh == (VARIABLE, PROJECT)


def test_a_secret_is_marked_for_the_engine_to_seal():
    edited = carried([Decision(VARIABLE, "import", "", "env_1")], BASE, {PROJECT: [found(kinds.PROJECT, "prj_1")]})
    value = rows_of(edited)[-1]["inputs"]["value"]
    assert value == {SIGNATURE: SECRET, "plaintext": json.dumps(CANARY)}


def test_what_no_api_shows_is_recorded_as_unknown_so_that_it_is_written_again():
    recorded = row(VARIABLE, "env_1", parent=APP)
    recorded["inputs"] = recorded["outputs"] = {"key": "A", "value": {SIGNATURE: SECRET, "ciphertext": "v1:x"}}
    edited = carried([Decision(VARIABLE, "refresh", "", "env_1", unread=("value",))], [*BASE, recorded])
    after = rows_of(edited)[-1]
    assert json.loads(after["inputs"]["value"]["plaintext"]) == UNREAD
    assert json.loads(after["outputs"]["value"]["plaintext"]) == UNREAD
    assert after["inputs"]["key"] == "A"
    assert edited.refresh == (VARIABLE,)


def test_a_parent_and_a_provider_that_were_never_recorded_are():
    edited = carried([Decision(PROJECT, "import", "", "prj_1")], [])
    urns = [each["urn"] for each in rows_of(edited)]
    assert set(urns) == {STACK, APP, VERCEL, PROJECT}
    assert urns.index(STACK) < urns.index(APP) < urns.index(PROJECT)
    assert urns.index(VERCEL) < urns.index(PROJECT)
    provider = rows_of(edited)[urns.index(VERCEL)]
    assert rows_of(edited)[urns.index(PROJECT)]["provider"] == f"{VERCEL}::{provider['id']}"


def test_the_project_s_own_plugin_gets_a_default_provider():
    edited = carried([Decision(LIVE, "import", "", "team/shop")], BASE)
    live = next(each for each in rows_of(edited) if each["urn"] == LIVE)
    assert "::pulumi:providers:parity::default" in live["provider"]
    assert "id" not in live["outputs"], "the plugin's own outputs have none"


def test_what_is_forgotten_goes_and_nothing_names_it_any_more():
    named = row(VARIABLE, "env_1", dependencies=[PROJECT], propertyDependencies={"projectId": [PROJECT]})
    edited = carried([Decision(PROJECT, "drop-from-state", "", "prj_1")], [*BASE, row(PROJECT, "prj_1"), named])
    assert PROJECT not in json.dumps(edited.document)
    assert VARIABLE in [each["urn"] for each in rows_of(edited)]


def test_a_twin_is_handed_to_the_engine_to_delete():
    recorded = row(DRAIN, "d1", parent=STACK)
    edited = carried([Decision(DRAIN, "delete", "", "d2")], [*BASE, recorded])
    twins = [(each["id"], each.get("delete", False)) for each in rows_of(edited) if each["urn"] == DRAIN]
    assert twins == [("d1", False), ("d2", True)], "the one that leaves stands last, as the engine wants it"
    assert DRAIN not in edited.refresh


def test_a_replacement_takes_the_place_of_what_leaves():
    recorded = row(DRAIN, "old", parent=STACK)
    edited = carried([Decision(DRAIN, "import", "", "new", replaces="old")], [*BASE, recorded])
    twins = [(each["id"], each.get("delete", False)) for each in rows_of(edited) if each["urn"] == DRAIN]
    assert twins == [("new", False), ("old", True)]


def test_what_leaves_and_is_gone_goes_alone():
    rows = [*BASE, row(DRAIN, "new", parent=STACK), row(DRAIN, "old", parent=STACK, delete=True)]
    edited = carried([Decision(DRAIN, "drop-from-state", "", "old", leaving=True)], rows)
    assert [each["id"] for each in rows_of(edited) if each["urn"] == DRAIN] == ["new"]


def test_a_recorded_failed_build_is_handed_over_itself():
    edited = carried([Decision(DRAIN, "delete", "", "d1")], [*BASE, row(DRAIN, "d1", parent=STACK)])
    twins = [(each["id"], each.get("delete", False)) for each in rows_of(edited) if each["urn"] == DRAIN]
    assert twins == [("d1", True)]


def test_operations_without_an_end_go_but_for_those_that_a_person_decides():
    operations = [{"type": "creating", "resource": row(urn, "x")} for urn in (DRAIN, PROJECT)]
    plan = [Decision(DRAIN, "drop-from-state", ""), Decision(PROJECT, "manual", "")]
    edited = carried(plan, BASE, operations=operations)
    left = edited.document["deployment"]["pending_operations"]
    assert [each["resource"]["urn"] for each in left] == [PROJECT]


def test_where_all_is_the_same_the_state_is_too():
    rows = [*BASE, row(PROJECT, "prj_1")]
    edited = carried([Decision(PROJECT, "same", "", "prj_1")], rows)
    assert not edited.changed
    assert edited.refresh == ()


def test_what_is_recorded_and_not_declared_is_read_by_its_provider():
    other = f"{HEAD}::{kinds.ROLE}::gone"
    assert carried([], [*BASE, row(other, "r")]).refresh == (other,)


def test_an_output_that_is_unknown_is_an_error_and_no_empty_text():
    with pytest.raises(Unknown):
        Known({}).resolve(computed(PROJECT, "id"))


def test_a_known_output_is_filled_in_inside_a_text_and_a_secret():
    known = Known({PROJECT: {"id": "prj_1"}})
    assert known.resolve(f"https://x/{computed(PROJECT, 'id')}") == "https://x/prj_1"
    assert known.resolve(SecretInput([computed(PROJECT, "id")])) == SecretInput(["prj_1"])


def test_what_recover_wrote_and_was_read_without_a_change_is_noted_as_read():
    rows = [*BASE, {key: value for key, value in row(LIVE, "team/shop").items() if key != "created"}]
    state = parse({"version": 3, "deployment": {"resources": rows}})
    document = stamped(state, datetime(2026, 11, 24, tzinfo=UTC))
    assert document is not None
    assert document["deployment"]["resources"][-1]["modified"] == "2026-11-24T00:00:00+00:00"
    assert stamped(parse(document), datetime(2026, 11, 25, tzinfo=UTC)) is None


def test_an_input_that_names_what_does_not_exist_is_recorded_as_it_really_is():
    there = {VARIABLE: [found(kinds.VARIABLE, "env_1", {"projectId": "prj_other"})]}
    edited = carried([Decision(VARIABLE, "import", "", "env_1")], BASE, there)
    assert rows_of(edited)[-1]["inputs"]["projectId"] == "prj_other"


UNDECLARED = "urn:pulumi:staging::storefront::parity:index:ProjectDomain::gone"


def test_read_by_a_provider_is_what_was_adopted_finished_or_is_recorded_and_not_declared():
    loose = row(UNDECLARED, "d", parent=STACK)
    assert carried([], [*BASE, loose]).refresh == (UNDECLARED,)
    assert carried([Decision(UNDECLARED, "refresh", "", "d")], [*BASE, loose]).refresh == (UNDECLARED,), "once"
    assert carried([Decision(DRAIN, "refresh", "")], BASE).refresh == (), "there is nothing to read"
    assert carried([Decision(UNDECLARED, "drop-from-state", "", "d")], [*BASE, loose]).refresh == (), "it is gone"


def test_what_leaves_what_is_a_component_and_what_is_a_provider_is_not_read():
    leaving = row(UNDECLARED, "d", delete=True)
    component = row("urn:pulumi:staging::storefront::parity:components:Old::old", parent=STACK)
    provider = row("urn:pulumi:staging::storefront::pulumi:providers:github::old", "p2", parent=STACK)
    assert carried([], [*BASE, leaving, component, provider]).refresh == ()


def test_what_is_declared_is_read_where_no_provider_has_read_it_yet():
    unread = row(DRAIN, "d1", parent=STACK)
    del unread["created"]
    assert carried([], [*BASE, unread]).refresh == (DRAIN,)
    assert carried([], [*BASE, row(DRAIN, "d1", parent=STACK)]).refresh == ()


def test_nothing_changes_where_nothing_is_decided_whatever_the_state_leaves_out():
    assert not carried([], BASE).changed
    assert not edit(GRAPH, parse({"version": 3}), NOTHING, Plan(())).changed
    assert not edit(GRAPH, parse({"version": 3, "deployment": {"resources": None}}), NOTHING, Plan(())).changed
    assert carried([Decision(DRAIN, "drop-from-state", "", "d1")], [*BASE, row(DRAIN, "d1", parent=STACK)]).changed
    operations = [{"type": "creating", "resource": row(DRAIN, "x")}]
    assert carried([], BASE, operations=operations).changed, "an operation without an end goes"


def test_the_order_of_the_engine_s_own_is_no_reason_to_write_the_state():
    leaves = row(DRAIN, "old", parent=STACK, delete=True)
    assert not carried([], [*BASE, leaves, row(DRAIN, "new", parent=STACK)]).changed, "what leaves stands in the middle"


# --- The complete document --------------------------------------------------------------------------------------------


def by_urn(edited):
    return {each["urn"]: each for each in rows_of(edited) if not each.get("delete")}


def test_what_the_state_holds_besides_resources_and_operations_stays():
    unmanaged = {"manifest": {"version": "v3"}, "secrets_providers": {"type": "passphrase"}, "metadata": {}}
    state = parse({"version": 3, "deployment": {**unmanaged, "resources": [*BASE, row(DRAIN, "d1", parent=STACK)]}})
    document = edit(GRAPH, state, NOTHING, Plan((Decision(DRAIN, "drop-from-state", "", "d1"),))).document
    assert document == {"version": 3, "deployment": {**unmanaged, "resources": BASE}}


@pytest.mark.parametrize(
    "names",
    [
        {"parent": PROJECT},
        {"provider": f"{PROJECT}::prj_1"},
        {"deletedWith": PROJECT},
        {"dependencies": [PROJECT]},
        {"propertyDependencies": {"key": None, "projectId": [PROJECT]}},
    ],
)
def test_what_is_adopted_stands_before_each_that_names_it_already(names):
    edited = carried([Decision(PROJECT, "import", "", "prj_1")], [*BASE, row(VARIABLE, "env_1", **names)])
    assert [each["urn"] for each in rows_of(edited)] == [STACK, VERCEL, APP, PROJECT, VARIABLE]
    assert names.keys() <= by_urn(edited)[VARIABLE].keys()


@pytest.mark.parametrize("leaves", [False, True])
def test_what_is_gone_is_named_by_nothing_and_what_is_there_still_is(leaves):
    named = row(
        VARIABLE,
        "env_1",
        parent=APP,
        deletedWith=PROJECT,
        dependencies=[DRAIN, PROJECT],
        propertyDependencies={"a": [PROJECT], "b": [DRAIN], "c": None},
        delete=leaves,
    )
    rows = [*BASE, row(PROJECT, "prj_1"), row(DRAIN, "d1", parent=STACK), named]
    found = rows_of(carried([Decision(PROJECT, "drop-from-state", "", "prj_1")], rows))[-1]
    assert "deletedWith" not in found
    assert (found["dependencies"], found["parent"]) == ([DRAIN], APP)
    assert found["propertyDependencies"] == {"a": [], "b": [DRAIN], "c": []}
    kept = by_urn(carried([Decision(DRAIN, "drop-from-state", "", "d1")], [*rows[:-1], {**named, "delete": False}]))[
        VARIABLE
    ]
    assert (kept["deletedWith"], kept["dependencies"]) == (PROJECT, [PROJECT])


def test_a_record_that_names_nothing_gets_no_new_names():
    edited = carried([Decision(DRAIN, "drop-from-state", "", "d1")], [*BASE, row(PROJECT, "prj_1"), row(DRAIN, "d1")])
    assert by_urn(edited)[PROJECT] == row(PROJECT, "prj_1")


def test_components_and_providers_that_are_not_recorded_yet_are_recorded_before_what_they_hold():
    edited = carried([Decision(PROJECT, "import", "", "prj_1")], [])
    made = by_urn(edited)
    assert [each["urn"] for each in rows_of(edited)] == [STACK, APP, VERCEL, PROJECT]
    assert made[STACK] == {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"}
    assert made[APP] == {"urn": APP, "custom": False, "type": "parity:components:WebApp", "parent": STACK}
    assert made[PROJECT]["provider"] == f"{VERCEL}::{made[VERCEL]['id']}"
    assert made[VERCEL]["outputs"] == {"team": "t"}, "a provider's outputs have no id"
    assert made[VERCEL]["parent"] == STACK
    inside = declared(VERCEL, "pulumi:providers:vercel", {"team": "t"}, parent=APP)
    graph = Graph("storefront", "staging", {**GRAPH.resources, VERCEL: inside}, {}, {})
    held = edit(graph, parse({"deployment": {}}), NOTHING, Plan((Decision(DRAIN, "import", "", "d1"),)))
    assert [each["urn"] for each in rows_of(held)] == [STACK, APP, VERCEL, DRAIN]


def test_a_component_that_is_recorded_stays_as_it_is():
    recorded = row(APP, parent=STACK, outputs={"url": "https://shop.example"})
    edited = carried([Decision(PROJECT, "import", "", "prj_1")], [*BASE[:2], recorded])
    assert by_urn(edited)[APP] == recorded


def test_a_stack_and_a_provider_that_the_program_registers_without_a_parent_have_none():
    stack = declared(STACK, "pulumi:pulumi:Stack", {}, parent="", custom=False)
    provider = declared(VERCEL, "pulumi:providers:vercel", {"team": "t"}, parent="")
    graph = Graph("storefront", "staging", {**GRAPH.resources, STACK: stack, VERCEL: provider}, {}, {})
    made = by_urn(edit(graph, parse({"deployment": {}}), NOTHING, Plan((Decision(DRAIN, "import", "", "d1"),))))
    assert [name for name, each in made.items() if "parent" not in each] == [STACK, VERCEL]


def test_the_project_s_own_plugin_has_the_default_provider_recorded_or_new():
    default = f"{HEAD}::pulumi:providers:parity::default_0_1"
    recorded = [*BASE, row(default, "p9", parent=STACK), row(PROJECT, "prj_1")]
    live = by_urn(carried([Decision(LIVE, "import", "", "team/shop")], recorded))
    assert live[LIVE]["provider"] == f"{default}::p9"
    made = by_urn(carried([Decision(LIVE, "import", "", "team/shop")], [*BASE, row(PROJECT, "prj_1")]))
    (urn,) = made.keys() - live.keys()
    assert (made[urn]["type"], made[urn]["custom"], made[urn]["inputs"]) == ("pulumi:providers:parity", True, {})
    assert made[LIVE]["provider"] == f"{urn}::{made[urn]['id']}"


# --- What an input names ----------------------------------------------------------------------------------------------


def project_of(rows, there=None):
    """What a variable that is adopted has as its project."""
    edited = carried([Decision(VARIABLE, "import", "", "env_1")], [*BASE, *rows], there)
    return by_urn(edited)[VARIABLE]["inputs"].get("projectId")


def test_an_output_is_the_recorded_one_s_and_not_that_of_what_leaves_or_bears_its_name():
    recorded, leaving = row(PROJECT, "prj_1"), row(PROJECT, "prj_0", delete=True)
    assert project_of([recorded, leaving]) == "prj_1"
    assert project_of([recorded], {PROJECT: [found(kinds.PROJECT, "prj_other")]}) == "prj_1"
    assert project_of([], {PROJECT: [found(kinds.PROJECT, "prj_2")]}) == "prj_2"


def test_an_input_of_which_nothing_is_known_is_left_out():
    assert project_of([]) is None
    assert project_of([], {VARIABLE: [found(kinds.VARIABLE, "env_1", {"key": "A"})]}) is None


def test_a_team_that_only_vercel_knows_is_filled_in():
    named = declared(DRAIN, kinds.DRAIN, {"team": computed(PROJECT, "teamId")}, parent=STACK)
    graph = Graph("storefront", "staging", {**GRAPH.resources, DRAIN: named}, {}, {})
    inputs, under = {PROJECT: {"name": "shop-staging"}}, {PROJECT: (found(kinds.PROJECT, "prj_1"),)}
    for account, team in (({"team": "team_1"}, "team_1"), ({}, None)):
        live_state = LiveState(inputs=inputs, under=under, account=account)
        plan = Plan((Decision(DRAIN, "import", "", "d1"),))
        made = by_urn(edit(graph, parse({"deployment": {"resources": BASE}}), live_state, plan))
        assert made[DRAIN]["inputs"].get("team") == team


def test_a_twin_of_which_none_is_recorded_is_handed_over_alone():
    assert [
        (each["id"], each["delete"]) for each in rows_of(carried([Decision(DRAIN, "delete", "", "d2")], BASE))[3:]
    ] == [("d2", True)]


def test_what_leaves_and_was_never_read_is_not_read_in_the_place_of_what_stays():
    leaving = row(DRAIN, "old", parent=STACK, delete=True)
    del leaving["created"]
    assert carried([], [*BASE, row(DRAIN, "new", parent=STACK), leaving]).refresh == ()


def test_only_what_is_adopted_or_finished_and_recorded_is_written_again():
    recorded = row(VARIABLE, "env_1", parent=APP)
    recorded["inputs"] = recorded["outputs"] = {"value": "1"}
    assert not carried([Decision(VARIABLE, "manual", "", "env_1", unread=("value",))], [*BASE, recorded]).changed
    assert not carried([Decision(VARIABLE, "refresh", "", unread=("value",))], BASE).changed
    assert not carried([Decision(APP, "refresh", "")], BASE).changed, "nothing is added to a component's record"
    again = by_urn(carried([Decision(VARIABLE, "refresh", "", "env_1", unread=("value",))], [*BASE, recorded]))[
        VARIABLE
    ]
    assert json.loads(again["inputs"]["value"]["plaintext"]) == UNREAD
