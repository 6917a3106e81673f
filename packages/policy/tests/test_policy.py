"""The policy pack: the example keeps every rule, and each rule finds what it is for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from pulumi_policy import EnforcementLevel
from ruamel.yaml import YAML

import parity_policy
from parity.config import settings
from parity.config.project import Project
from parity.evaluate.declared import declared
from parity.evaluate.resource import SecretInput
from parity_policy import pack
from parity_policy.rules import RULES
from support.paths import ROOT

STACKS = ("staging", "prod")
VERCEL, POSTGRESQL, GITHUB = "vercel:index/", "postgresql:index/", "github:index/"
PROJECT = f"{VERCEL}project:Project"
VARIABLE = f"{VERCEL}projectEnvironmentVariable:ProjectEnvironmentVariable"
DEPLOYMENT = f"{VERCEL}deployment:Deployment"
DRAIN = f"{VERCEL}logDrain:LogDrain"
ROLE = f"{POSTGRESQL}role:Role"
GRANT = f"{POSTGRESQL}grant:Grant"
ENVIRONMENT = f"{GITHUB}repositoryEnvironment:RepositoryEnvironment"
RULESET = f"{GITHUB}repositoryRuleset:RepositoryRuleset"

GOOD_DEPLOYMENT = {"production": True, "ref": "a" * 40, "meta": {"release": "r1"}}
GOOD_DRAIN = {"endpoint": "https://logs.example", "secret": "s" * 32}
GOOD_ENVIRONMENT = {"canAdminsBypass": False, "deploymentBranchPolicy": {"customBranchPolicies": True}}
GOOD_RULESET = {"enforcement": "active", "target": "branch", "rules": {"pullRequest": {}}}

BREAKS = [
    ("named-by-the-program", PROJECT, {"name": "shop-prod-1a2b3c4"}),
    ("no-dynamic-resources", "pulumi-python:dynamic/x:Resource", {}),
    ("vercel-live-by-promotion-only", PROJECT, {"name": "p", "autoAssignCustomDomains": True}),
    ("vercel-live-by-promotion-only", PROJECT, {"name": "p"}),
    ("vercel-fork-protection", PROJECT, {"gitForkProtection": False}),
    ("vercel-variables-apart", PROJECT, {"environments": [{"key": "A"}]}),
    ("vercel-secrets-are-sensitive", VARIABLE, {"key": "PAYMENT_SECRET_KEY", "sensitive": False}),
    ("vercel-secrets-are-sensitive", VARIABLE, {"key": "URL", "value": "postgresql://a:canary@h/d"}),
    ("vercel-public-is-not-sensitive", VARIABLE, {"key": "NEXT_PUBLIC_KEY", "sensitive": True}),
    ("vercel-sensitive-targets", VARIABLE, {"key": "K", "sensitive": True, "targets": ["development"]}),
    ("vercel-one-variable-one-resource", f"{VERCEL}projectEnvironmentVariables:ProjectEnvironmentVariables", {}),
    ("vercel-no-alias", f"{VERCEL}alias:Alias", {}),
    ("vercel-release-is-fixed", DEPLOYMENT, GOOD_DEPLOYMENT | {"production": False}),
    ("vercel-release-is-fixed", DEPLOYMENT, GOOD_DEPLOYMENT | {"ref": "main"}),
    ("vercel-release-is-fixed", DEPLOYMENT, GOOD_DEPLOYMENT | {"meta": {}}),
    (
        "vercel-releases-are-kept",
        f"{VERCEL}projectDeploymentRetention:ProjectDeploymentRetention",
        {"expirationProduction": "1m"},
    ),
    ("vercel-images-are-private", f"{VERCEL}vcrRepository:VcrRepository", {"name": "dockerfile", "public": True}),
    ("vercel-drain-signed", DRAIN, GOOD_DRAIN | {"endpoint": "http://logs.example"}),
    ("vercel-drain-signed", DRAIN, GOOD_DRAIN | {"secret": "canary"}),
    ("vercel-drain-signed", DRAIN, {"endpoint": "https://logs.example"}),
    *(
        ("postgresql-no-powers", ROLE, {"name": "r", power: True})
        for power in ("superuser", "createRole", "createDatabase", "replication", "bypassRowLevelSecurity")
    ),
    ("postgresql-login-has-password", ROLE, {"login": True}),
    ("postgresql-roles-go", ROLE, {"skipDropRole": True}),
    ("postgresql-grants-all", GRANT, {"objects": ["orders"]}),
    ("postgresql-public-has-nothing", GRANT, {"role": "public", "privileges": ["CONNECT"]}),
    (
        "postgresql-public-has-nothing",
        f"{POSTGRESQL}defaultPrivileges:DefaultPrivileges",
        {"role": "PUBLIC", "privileges": ["EXECUTE"]},
    ),
    ("postgresql-no-grant-option", GRANT, {"withGrantOption": True}),
    ("postgresql-no-cascade", f"{POSTGRESQL}schema:Schema", {"dropCascade": True}),
    ("postgresql-no-cascade", f"{POSTGRESQL}extension:Extension", {"dropCascade": True}),
    ("github-environment-approvals", ENVIRONMENT, GOOD_ENVIRONMENT | {"canAdminsBypass": True}),
    ("github-environment-guarded", ENVIRONMENT, GOOD_ENVIRONMENT | {"deploymentBranchPolicy": None}),
    ("github-environment-guarded", ENVIRONMENT, {"canAdminsBypass": False}),
    ("github-secret-value", f"{GITHUB}actionsEnvironmentSecret:ActionsEnvironmentSecret", {"plaintextValue": "canary"}),
    (
        "github-variables-are-public",
        f"{GITHUB}actionsEnvironmentVariable:ActionsEnvironmentVariable",
        {"value": "postgresql://a:canary@h/d"},
    ),
    ("github-ruleset-active", RULESET, GOOD_RULESET | {"enforcement": "evaluate"}),
    ("github-ruleset-active", RULESET, GOOD_RULESET | {"rules": {}}),
    ("github-ruleset-active", RULESET, GOOD_RULESET | {"bypassActors": [{"actorId": 1}]}),
    (
        "github-actions-selected",
        f"{GITHUB}actionsRepositoryPermissions:ActionsRepositoryPermissions",
        {"allowedActions": "all"},
    ),
]

GOOD = [(DEPLOYMENT, GOOD_DEPLOYMENT), (DRAIN, GOOD_DRAIN), (ENVIRONMENT, GOOD_ENVIRONMENT), (RULESET, GOOD_RULESET)]


def judged(type_, inputs):
    return {rule.name: list(rule.judge(inputs)) for rule in RULES if rule.concerns(type_)}


def opened(value):
    if isinstance(value, SecretInput):
        return opened(value.value)
    return {name: opened(each) for name, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("stack", STACKS)
def test_the_example_keeps_every_rule(stack):
    graph = declared(Project(ROOT), settings.load(stack, ROOT, None))
    examined: set[str] = set()
    for resource in graph.resources.values():
        # A sealed secret is shorter than a real one.
        inputs = {name: opened(each) for name, each in resource.inputs.items() if name != "secret"}
        inputs |= {"secret": "s" * 32} if "secret" in resource.inputs else {}
        found = judged(resource.type, inputs)
        examined |= found.keys()
        assert {name: said for name, said in found.items() if said} == {}, resource.urn
    assert len(examined) > 15


@pytest.mark.parametrize(("name", "type_", "inputs"), BREAKS)
def test_a_break_is_found_and_shows_no_secret(name, type_, inputs):
    said = judged(type_, inputs)[name]
    assert said
    assert "canary" not in " ".join(said)


@pytest.mark.parametrize(("ignored", "said"), [((), True), (("canAdminsBypass",), False), (("waitTimer",), True)])
def test_what_is_left_as_it_is_in_writing_is_not_objected_to(ignored, said):
    [policy] = [each for each in pack.policies() if each.name == "github-environment-approvals"]
    reported: list[str] = []
    options = SimpleNamespace(ignore_changes=list(ignored))
    props = GOOD_ENVIRONMENT | {"canAdminsBypass": True}
    given = SimpleNamespace(resource_type=ENVIRONMENT, props=props, opts=options)
    policy.validate(given, lambda what, _: reported.append(what))
    assert bool(reported) is said


@pytest.mark.parametrize(("type_", "inputs"), GOOD)
def test_what_is_right_is_not_objected_to(type_, inputs):
    assert {name: said for name, said in judged(type_, inputs).items() if said} == {}


def test_each_rule_has_a_break_that_it_finds():
    assert {rule.name for rule in RULES} == {name for name, _, _ in BREAKS}


def test_rules_have_names_of_their_own_and_say_why():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(len(rule.description) > 20 for rule in RULES)


def test_the_engine_gets_every_rule_as_mandatory():
    made = pack.policies()
    assert [each.name for each in made] == [rule.name for rule in RULES]
    assert {each.enforcement_level for each in made} == {EnforcementLevel.MANDATORY}


def test_the_pack_runs_in_the_environment_that_it_is_installed_in():
    document = YAML(typ="safe").load(Path(parity_policy.__file__).with_name("PulumiPolicy.yaml"))
    assert document["runtime"] == "python", "a virtualenv of its own would be expected next to the pack"
