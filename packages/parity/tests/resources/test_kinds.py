"""Each kind of resource has one descriptor, and one definition of the natural key of what is declared and live."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import parity
from parity.config.project import Project
from parity.evaluate import declared as program
from parity.evaluate.graph import Graph
from parity.evaluate.resource import Resource, computed
from parity.inventory.keys import natural_key
from parity.inventory.model import live_object
from parity.preview import gate
from parity.preview.plan import UNKNOWN
from parity.recover.reconcile_plan import as_declared
from parity.resources import kinds
from parity.resources.kind import Target
from support import plans
from support.decisions import World
from support.paths import ROOT
from support.worlds import Config, Mirror

SOURCE = Path(parity.__file__).parent
PLACE = {"repository": "storefront", "environment": "prod"}
PROJECT_URN = "urn:pulumi:prod::storefront::parity:components:WebApp$vercel:index/project:Project::shop-project"


def graph_of(*resources):
    return Graph("storefront", "prod", {each.urn: each for each in resources}, {}, {})


def declared(type_, inputs, urn="urn:pulumi:prod::storefront::a$b::it"):
    return Resource(urn, type_, "it", "", True, inputs, frozenset(), {}, "", {})


# --- The table ---


@pytest.mark.parametrize("seed", range(2))
def test_the_program_declares_no_kind_that_the_table_does_not_have(seed):
    graph = program.declared(Project(ROOT), Config(seed).settings())
    types = {each.type for each in graph.resources.values() if each.custom and not each.type.startswith("pulumi:")}
    assert types <= kinds.MANAGED
    assert all(all(natural_key(each, graph)[:1]) for each in graph.resources.values() if each.type in types)


@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=lambda kind: kind.name)
def test_a_descriptor_agrees_with_itself(kind):
    container = kinds.KINDS.get(kind.container)
    assert not kind.container or container is not None
    assert container is None or len(container.key) <= len(kind.key), "its own key begins with its container's"
    assert not kind.managed or kind.type.partition(":")[0] in {"vercel", "github", "postgresql", "parity"}
    assert {name for name in kind.values if name in kind.hidden} <= kind.secret, "what no API shows, no report shows"
    for pattern in kind.computed:
        re.compile(pattern)


@pytest.mark.parametrize("kind", [each for each in kinds.KINDS.values() if each.remove], ids=lambda kind: kind.name)
def test_the_command_that_removes_names_the_object(kind):
    privilege = {"owner": "", "kind": "table", "schema": "s", "object": "OBJECT", "grantee": "g", "database": "d"}
    facts = {"role": "OBJECT", "member": "m", "privileges": ["SELECT"], "declared": "OBJECT", **privilege}
    command = kind.remove(Target(("OBJECT",) * len(kind.key), "OBJECT", facts, "team_1", "us/it", "OBJECT"))
    assert "OBJECT" in command
    assert not re.search(r"\{\w+\}", command), "a place that was not filled in"


def test_a_type_token_stands_in_its_descriptors_module_alone():
    tokens = {each for each in kinds.KINDS if "index" in each}
    found = {
        (path.relative_to(SOURCE).as_posix(), node.value)
        for path in SOURCE.rglob("*.py")
        if path.parent.name != "resources"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in tokens
    }
    assert found == set()


def test_what_the_table_does_not_have_is_named_by_its_name():
    assert kinds.key_of("aws:s3/bucket:Bucket", {"name": "b"}) == ("b",)
    assert natural_key(declared("aws:s3/bucket:Bucket", {"name": "b"}), graph_of()) == ()


def test_a_drain_is_not_hidden_where_its_secret_is_shown():
    assert kinds.of(kinds.DRAIN).hidden_in({"name": "d", "secret": "s"}) == {}
    assert set(kinds.of(kinds.DRAIN).hidden_in({"name": "d"})) == {"secret"}


# --- The natural key: one answer each ---


@pytest.mark.parametrize("seed", range(2))
def test_what_is_declared_and_what_is_live_have_one_key(seed):
    graph = program.declared(Project(ROOT), Config(seed).settings())
    sides = Mirror(graph, seed).sides()
    projects = {each.inputs["name"] for each in graph.resources.values() if each.type == kinds.PROJECT}
    for urn, key in sides.live_state.keys.items():
        for found in sides.live_state.under[urn]:
            project = key[0] if kinds.of(found.type).container == kinds.PROJECT else ""
            assert not project or project in projects
            assert live_object(found.type, found.id, "", found.properties, project=project).key == key


def test_a_variable_is_the_same_one_whatever_its_targets():
    project = declared(kinds.PROJECT, {"name": "shop-prod"}, PROJECT_URN)
    inputs = {"projectId": computed(PROJECT_URN, "id"), "key": "A", "targets": ["production"]}
    key = natural_key(declared(kinds.VARIABLE, inputs), graph_of(project))
    assert key == ("shop-prod", "A")
    other = {"projectId": "prj_1", "key": "A", "targets": ["preview"]}
    assert live_object(kinds.VARIABLE, "env_1", "", other, project="shop-prod").key == key


def test_the_gate_sees_one_variable_where_only_the_targets_change():
    before, after = ({"projectId": "p", "key": "K", "targets": [each]} for each in ("production", "preview"))
    step = plans.replacement(kinds.VARIABLE, "x", before, after, because="targets", first="create")
    assert [each.rule for each in gate.judge(plans.plan(*step), ()).blocking] == ["same-name"]


def test_recover_keeps_the_record_of_a_variable_whose_targets_were_changed():
    inputs = {"key": "A", "targets": ["production"], "sensitive": True}
    world = World(kinds.VARIABLE, inputs).recorded("env_1").exists("env_1", {**inputs, "targets": ["preview"]})
    assert world.kinds() == [("same", "env_1")]


def test_recover_takes_no_variable_of_another_branch():
    inputs = {"key": "A", "targets": ["preview"]}
    assert World(kinds.VARIABLE, inputs).exists("env_1", {**inputs, "gitBranch": "next"}).kinds() == []


@pytest.mark.parametrize(("type_", "name"), [(kinds.SECRET, "secretName"), (kinds.GITHUB_VARIABLE, "variableName")])
def test_github_holds_names_in_capitals(type_, name):
    key = natural_key(declared(type_, {**PLACE, name: "Api_Key"}), graph_of())
    assert key == ("storefront", "prod", "API_KEY")
    assert live_object(type_, "i", "", {**PLACE, name: "API_KEY"}).key == key
    step = plans.replacement(
        type_, "x", {**PLACE, name: "Api_Key"}, {**PLACE, name: "API_KEY"}, because=name, first="create"
    )
    assert [each.rule for each in gate.judge(plans.plan(*step), ()).blocking] == ["same-name"]


def test_a_secret_turns_into_a_variable_of_its_name_however_it_is_written():
    steps = [
        plans.delete(kinds.SECRET, "s", {**PLACE, "secretName": "KEY"}),
        plans.create(kinds.GITHUB_VARIABLE, "v", {**PLACE, "variableName": "key", "value": "shown"}),
    ]
    assert [each.rule for each in gate.judge(plans.plan(*steps), ()).blocking] == ["plain"]


def test_a_policy_of_a_branch_is_none_of_a_tag():
    keys = {
        natural_key(declared(kinds.POLICY, {**PLACE, name: "v1"}), graph_of())
        for name in ("branchPattern", "tagPattern")
    }
    assert keys == {("storefront", "prod", "branch:v1"), ("storefront", "prod", "tag:v1")}
    live = live_object(kinds.POLICY, "i", "", {**PLACE, "tagPattern": "v1"})
    assert live.key == ("storefront", "prod", "tag:v1")
    step = plans.replacement(
        kinds.POLICY, "x", {**PLACE, "branchPattern": "v1"}, {**PLACE, "tagPattern": "v1"}, because="x", first="create"
    )
    assert gate.judge(plans.plan(*step), ()).open


def test_what_is_not_known_yet_has_no_name():
    inputs = {"projectId": UNKNOWN, "key": "K"}
    step = plans.replacement(kinds.VARIABLE, "x", inputs, inputs, because="value", first="create")
    assert gate.judge(plans.plan(*step), ()).open


# --- Equality, where the vendor's own default counts ---


@pytest.mark.parametrize(
    ("type_", "inputs", "live", "fits"),
    [
        (kinds.PROJECT, {"gitProviderOptions": {"createDeployments": False}}, {"gitProviderOptions": None}, False),
        (kinds.PROJECT, {"gitProviderOptions": {"createDeployments": True}}, {"gitProviderOptions": None}, True),
        (kinds.GRANT, {"withGrantOption": False}, {"withGrantOption": None}, True),
        (kinds.ROLE, {"connectionLimit": None}, {"connectionLimit": -1}, True),
        (kinds.ROLE, {"connectionLimit": 0}, {"connectionLimit": -1}, False),
    ],
)
def test_what_is_not_there_is_what_the_vendor_makes_of_it(type_, inputs, live, fits):
    assert as_declared(live_object(type_, "i", "", live), inputs) is fits
