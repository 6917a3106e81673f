"""A program run offline without an event loop declares what it declares on the SDK's own runtime."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from types import SimpleNamespace

import pulumi
import pulumi_postgresql as postgresql
import pulumiverse_vercel as vercel
import pytest

from infra import build
from parity.check.facts import but, facts
from parity.config import settings
from parity.errors import ProjectError
from parity.evaluate import graph, lazy
from parity.evaluate.declared import declared
from parity.evaluate.ready import NotSynchronous
from parity.evaluate.registration import Recorder
from parity.resources import kinds
from support.paths import ROOT


def outputs(kind):
    return kinds.of(kind).outputs


def both_ways(program, stack="staging"):
    """The graph as each way gives it; the quick one is asked for by name, so that a fallback cannot hide."""
    slow = graph.evaluate(program, project="storefront", stack_name=stack, outputs=outputs, on_a_loop=True)
    quick = graph._at_once(program, Recorder("storefront", stack, outputs))
    return slow, quick


def evaluated(program):
    return graph.evaluate(program, project="storefront", stack_name="staging", outputs=outputs)


def test_a_catalog_with_migrations_needs_a_program_that_declares_them():
    """A project whose program is of an older template runs none, and would say nothing of it."""
    database = SimpleNamespace(first_name="storefront")
    given = SimpleNamespace(
        stack="staging",
        catalog=SimpleNamespace(databases=(database,), renamed={}),
        migrations=lambda _: ("0001",),
    )
    project = SimpleNamespace(name="storefront", program=SimpleNamespace(build=lambda: lambda _: {}))
    with pytest.raises(ProjectError, match="migrations of storefront, and the program declares none") as caught:
        declared(project, given)
    assert caught.value.remedy == "parity upgrade"
    given.migrations = lambda _: ()
    assert declared(project, given).resources == {}


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_example_is_the_same_both_ways(stack):
    read = settings.load(stack, ROOT, None)
    slow, quick = both_ways(lambda: build.build(read), stack)
    assert len(quick.resources) > 90
    assert quick.resources == slow.resources
    assert quick.component_outputs == slow.component_outputs
    assert quick.outputs == slow.outputs
    assert quick.invokes == slow.invokes


def every_option():
    first = postgresql.Database("first", name="first")
    second = postgresql.Database("second", name="second")
    group = pulumi.ComponentResource("acme:index:Group", "group")
    late = pulumi.ComponentResource("acme:index:Group", "late")
    postgresql.Role(
        "role",
        name=first.name.apply(lambda name: f"{name}-role"),
        password=pulumi.Output.secret(pulumi.Output.concat("a-", second.name)),
        connection_limit=3,
        roles=[first.name, "plain"],
        opts=pulumi.ResourceOptions(
            parent=group,
            depends_on=[second, late],
            protect=True,
            delete_before_replace=False,
            ignore_changes=["connection_limit"],
            version="3.0.0",
            aliases=[pulumi.Alias(name="before"), "urn:pulumi:a::b::c:d/e:E::f"],
            additional_secret_outputs=["name"],
            import_="there",
            custom_timeouts=pulumi.CustomTimeouts(create="1h"),
            replace_on_changes=["connection_limit"],
            plugin_download_url="https://plugins.example.com",
            retain_on_delete=True,
            deleted_with=first,
            hide_diffs=["name"],
        ),
    )
    # Made after the role that depends on its parent, which stands for it.
    postgresql.Database("child", name="child", opts=pulumi.ResourceOptions(parent=late))
    vercel.Project(
        "project",
        name="project",
        git_repository={"type": "github", "repo": first.name},
        resource_config=vercel.ProjectResourceConfigArgs(function_default_regions=["fra1"]),
    )
    vercel.Deployment(
        "deployment",
        project_id="prj",
        meta={"z": "1", "a": first.name, "password": pulumi.Output.secret(second.name)},
        environment=pulumi.Output.secret(first.name.apply(lambda name: {"NAME": name})),
        opts=pulumi.ResourceOptions.merge(
            pulumi.ResourceOptions(additional_secret_outputs=["url"], depends_on=first, protect=True),
            pulumi.ResourceOptions(additional_secret_outputs=["domains"], depends_on=[second], protect=False),
        ),
    )
    merged = (
        (pulumi.ResourceOptions(depends_on=first, protect=True), pulumi.ResourceOptions(protect=False)),
        (pulumi.ResourceOptions(depends_on=[first], ignore_changes=["owner"]), pulumi.ResourceOptions(version="3.1.0")),
        (pulumi.ResourceOptions(additional_secret_outputs=["owner"]), pulumi.ResourceOptions(depends_on=[first])),
        (pulumi.ResourceOptions(additional_secret_outputs=["name"]), pulumi.ResourceOptions(deleted_with=first)),
        (pulumi.ResourceOptions(parent=group), None),
    )
    for number, (one, other) in enumerate(merged):
        postgresql.Database(f"merged-{number}", opts=pulumi.ResourceOptions.merge(one, other))
    group.register_outputs({"name": first.name, "deep": {"list": [second.id, {"secret": pulumi.Output.secret(1.5)}]}})
    return {"plain": 1, "secret": pulumi.Output.secret("x"), "resource": first.id, "nothing": None}


def test_every_option_and_form_of_input_is_the_same_both_ways():
    slow, quick = both_ways(every_option)
    assert quick.resources == slow.resources
    assert quick.component_outputs == slow.component_outputs
    assert quick.outputs == slow.outputs
    role = next(each for each in quick.resources.values() if each.name == "role")
    assert {"protect", "deletedWith", "aliases", "customTimeouts", "hideDiffs", "retainOnDelete"} <= role.options.keys()
    assert {urn.rpartition("::")[2] for urn in role.dependencies} == {"first", "second", "child"}


def test_known_facts_but_those_of_some_resources_are_as_if_taken_without_them():
    graph = evaluated(every_option)
    every = facts(graph)
    for without in (set[str](), {urn for urn in graph.resources if "::group" in urn or "::role" in urn}):
        assert but(every, graph, without) == facts(graph, without)
    assert len(but(every, graph, without)) < len(every)


def wait_for_it():
    async def later():
        await asyncio.sleep(0)
        return "late"

    return {"value": pulumi.Output.from_input(later())}


def transformed():
    async def transform(_):
        return None

    postgresql.Database("a", name="a", opts=pulumi.ResourceOptions(replacement_trigger="x"))
    return {}


def read():
    return {"id": postgresql.Database("there", opts=pulumi.ResourceOptions(id="there")).id}


@pytest.mark.parametrize("program", [wait_for_it, transformed, read])
def test_what_needs_a_loop_or_an_engine_is_run_on_the_sdks_own_runtime(program):
    with pytest.raises(NotSynchronous):
        graph._at_once(program, Recorder("storefront", "staging", outputs))
    slow = graph.evaluate(program, project="storefront", stack_name="staging", on_a_loop=True)
    assert evaluated(program) == slow


def test_a_resource_that_is_read_and_not_made_is_declared_too():
    found = evaluated(read).resources["urn:pulumi:staging::storefront::postgresql:index/database:Database::there"]
    assert found.options == {"read": "there"}


def test_what_the_program_raises_is_raised_unchanged_also_inside_an_apply():
    def fails():
        raise LookupError("in the program")

    def fails_later():
        postgresql.Database("a", name=pulumi.Output.from_input("x").apply(lambda _: {}["missing"]))
        return {}

    with pytest.raises(LookupError, match="in the program"):
        evaluated(fails)
    with pytest.raises(KeyError, match="missing"):
        evaluated(fails_later)


def test_two_resources_with_one_urn_are_refused():
    def twice():
        postgresql.Database("same", name="a")
        postgresql.Database("same", name="b")
        return {}

    with pytest.raises(ValueError, match="two resources with one URN"):
        evaluated(twice)


def test_the_sdk_works_as_before_after_an_evaluation():
    before = pulumi.Output.__dict__["_from_data"], pulumi.resource.register_resource
    evaluated(every_option)
    assert (pulumi.Output.__dict__["_from_data"], pulumi.resource.register_resource) == before


LAZILY = """
import json, sys
from pathlib import Path
if sys.argv[1] == "full":
    import pulumi_github, pulumi_postgresql, pulumiverse_vercel
from parity.config import settings
from parity.config.project import Project
from parity.check.facts import facts
from parity.evaluate.declared import declared
found = facts(declared(Project(Path(sys.argv[2])), settings.load("prod", Path(sys.argv[2]), None)))
print(json.dumps({"facts": sorted(f"{place}={value}" for place, value in found.items()),
                  "modules": sum(name.startswith(("pulumi_github.", "pulumiverse_vercel.")) for name in sys.modules)}))
"""


def test_an_sdk_imported_name_by_name_declares_the_same():
    said = {}
    for how in ("lazy", "full"):
        done = subprocess.run(
            [sys.executable, "-c", LAZILY, how, str(ROOT)], capture_output=True, text=True, check=True, cwd=ROOT
        )
        said[how] = json.loads(done.stdout)
    assert said["lazy"]["facts"] == said["full"]["facts"]
    assert said["lazy"]["modules"] < said["full"]["modules"] / 2


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("RepositoryRuleset", "repository_ruleset"),
        ("RepositoryRulesetRulesArgs", "_inputs"),
        ("get_team_output", "get_team"),
        ("config", "config"),
    ],
)
def test_a_name_is_resolved_in_the_module_that_the_generator_writes_it_to(name, module):
    assert module in lazy.modules_of(name)


FULL = """
from parity.evaluate import lazy
lazy.install()
import pulumi_postgresql as sdk
sdk.DefaultPrivileg
try:
    sdk.NoSuchThing
except AttributeError as error:
    print("no", error.name)
from pulumi_postgresql import *
print(Grant.__name__)
"""


def test_a_name_that_no_module_has_imports_the_full_package():
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["no", "NoSuchThing", "Grant"]
