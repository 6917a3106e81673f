"""The gate: each kind of danger blocks, its harmless neighbour does not, and an acknowledgement is for one URN."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.masked import MASK
from parity.preview import gate, held
from support import plans
from support.paths import ROOT
from support.plans import DATABASE, DEPLOYMENT, DOMAIN, GRANT, LIVE, PROJECT, ROLE, VARIABLE

SECRET_TYPE = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"
VARIABLE_TYPE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
RULESET = "github:index/repositoryRuleset:RepositoryRuleset"
PERMISSIONS = "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions"
DEFAULT = "postgresql:index/defaultPrivileges:DefaultPrivileges"
DRAIN = "vercel:index/logDrain:LogDrain"
GITHUB = {"repository": "storefront", "environment": "prod"}


def unprotected(step="same", after=None):
    old = plans.state(PROJECT, "p", {"name": "p"}, protect=True)
    return plans.step(step, old, plans.state(PROJECT, "p", after or {"name": "p"}, protect=False))


def replaced(type_, before, after, first, **more):
    return plans.replacement(type_, "x", before, after, because="a", first=first, **more)


def right(role, *privileges):
    return {"database": "d", "role": role, "objectType": "schema", "schema": "s", "privileges": list(privileges)}


def login(name, *member_of):
    return plans.same(ROLE, name, {"name": name, "login": True, "roles": list(member_of)})


def protected(deployments):
    return {"name": "x", "vercelAuthentication": {"deploymentType": deployments}}


def moved():
    return plans.update(DOMAIN, "x", {"domain": "d", "projectId": "prj_a"}, {"domain": "d", "projectId": "prj_b"})


role = plans.urn(ROLE, "x")

DANGERS = {
    "a database is deleted": ("loss", [plans.delete(DATABASE, "x", {"name": "x"})]),
    "a database is replaced": ("loss", [replaced(DATABASE, {"name": "x", "a": 1}, {"name": "y", "a": 2}, "delete")]),
    "a project is deleted": ("loss", [plans.delete(PROJECT, "x", {"name": "x"})]),
    "a domain is deleted": ("loss", [plans.delete(DOMAIN, "x", {"domain": "x.example"})]),
    "a domain is replaced": ("loss", [replaced(DOMAIN, {"domain": "x"}, {"domain": "y"}, "delete")]),
    "the ruleset is deleted": ("unguarded", [plans.delete(RULESET, "x", {"name": "x", **GITHUB})]),
    "any action may run again": ("unguarded", [plans.delete(PERMISSIONS, "x", GITHUB)]),
    "a role goes whose deployment stays": (
        "role-in-use",
        [plans.delete(ROLE, "x", {"name": "x"}), plans.same(DEPLOYMENT, "d", {}, dependencies=(role,))],
    ),
    "a role is replaced whose grant stays": (
        "role-in-use",
        [replaced(ROLE, {"name": "x"}, {"name": "y"}, "delete"), plans.same(GRANT, "g", {}, dependencies=(role,))],
    ),
    "a protected resource is deleted": ("protected", [plans.delete(DRAIN, "x", {"name": "x"}, protect=True)]),
    "a protected resource is replaced": (
        "protected",
        [replaced(DRAIN, {"name": "x", "a": 1}, {"name": "x", "a": 2}, "delete", protect=True)],
    ),
    "protection is removed": ("unprotected", [unprotected()]),
    "protection is removed with another change": ("unprotected", [unprotected("update", {"name": "p", "a": 1})]),
    "a sensitive variable turns plain": (
        "plain",
        [plans.update(VARIABLE, "x", {"sensitive": True}, {"sensitive": False}, ("sensitive",))],
    ),
    "a sensitive variable turns plain by replacement": (
        "plain",
        [replaced(VARIABLE, {"key": "K", "sensitive": True}, {"key": "K"}, "delete")],
    ),
    "a secret property turns plain": (
        "plain",
        [plans.update(DRAIN, "x", {"secret": MASK}, {"secret": "shown"}, ("secret",))],
    ),
    "a GitHub secret turns into a variable": (
        "plain",
        [
            plans.delete(SECRET_TYPE, "s", {**GITHUB, "secretName": "KEY", "value": MASK}),
            plans.create(VARIABLE_TYPE, "v", {**GITHUB, "variableName": "KEY", "value": "shown"}),
        ],
    ),
    "the new one comes first under the same name": (
        "same-name",
        [replaced(PROJECT, {"name": "x", "a": 1}, {"name": "x", "a": 2}, "create")],
    ),
    "the new one comes first under the same key of several parts": (
        "same-name",
        [
            replaced(
                VARIABLE,
                {"projectId": "p", "key": "K", "targets": ["production"], "a": 1},
                {"projectId": "p", "key": "K", "targets": ["production"], "a": 2},
                "create",
            )
        ],
    ),
    "a grant is replaced": ("grant", [replaced(GRANT, {"schema": "a"}, {"schema": "b"}, "delete")]),
    "a reviewer is lost": (
        "reviewer",
        [plans.update(ENVIRONMENT, "x", {"reviewers": [{"teams": [1, 2]}]}, {"reviewers": [{"teams": [2, 3]}]})],
    ),
    "the reviewers go with the environment": (
        "reviewer",
        [plans.delete(ENVIRONMENT, "x", {"reviewers": [{"users": [1]}]})],
    ),
    "PUBLIC gets a right": ("rights-given", [plans.create(GRANT, "x", right("public", "CREATE"))]),
    "PUBLIC gets a right by default": (
        "rights-given",
        [plans.update(DEFAULT, "x", right("public"), right("public", "EXECUTE"))],
    ),
    "PUBLIC loses a right": ("rights-taken", [plans.update(GRANT, "x", right("public", "USAGE"), right("public"))]),
    "a login loses a right": (
        "rights-taken",
        [plans.update(GRANT, "x", right("app", "SELECT", "UPDATE"), right("app", "SELECT")), login("app")],
    ),
    "production domains come to ask for a login": (
        "asks-for-login",
        [plans.update(PROJECT, "x", protected("standard_protection_new"), protected("all_deployments"))],
    ),
    "a domain moves to a project that serves nothing": (
        "moved-to-nothing",
        [moved(), plans.create(LIVE, "b-live", {"projectId": "prj_b"})],
    ),
    "a role with members that log in loses a right": (
        "rights-taken",
        [plans.delete(GRANT, "x", right("access", "SELECT")), login("app", "access")],
    ),
}

HARMLESS = {
    "a database is created": [plans.create(DATABASE, "x", {"name": "x"})],
    "a database is updated": [plans.update(DATABASE, "x", {"connectionLimit": 1}, {"connectionLimit": 2})],
    "a redundant role goes with its deployment": [
        plans.delete(ROLE, "x", {"name": "x"}),
        plans.delete(DEPLOYMENT, "d", {}, dependencies=(role,)),
    ],
    "a role goes and what used it is moved to another": [
        plans.delete(ROLE, "x", {"name": "x"}),
        plans.step(
            "update",
            plans.state(LIVE, "live", {"release": "r1"}, dependencies=(role,)),
            plans.state(LIVE, "live", {"release": "r2"}),
        ),
    ],
    "protection is added": [
        plans.step(
            "same",
            plans.state(PROJECT, "p", {"name": "p"}, protect=False),
            plans.state(PROJECT, "p", {"name": "p"}, protect=True),
        )
    ],
    "a plain variable turns sensitive": [
        plans.update(VARIABLE, "x", {"sensitive": False}, {"sensitive": True}, ("sensitive",))
    ],
    "a secret changes": [plans.update(VARIABLE, "x", {"value": MASK}, {"value": MASK}, ("value",))],
    "a secret property is taken out": [plans.update(DRAIN, "x", {"secret": MASK}, {}, ("secret",))],
    "the old one is deleted first": [replaced(DRAIN, {"name": "x", "a": 1}, {"name": "x", "a": 2}, "delete")],
    "a drain is replaced: two of one name exist together, and the old one is deleted by its id": [
        replaced(DRAIN, {"name": "x", "projectIds": ["a"]}, {"name": "x", "projectIds": ["a", "b"]}, "create")
    ],
    "a sensitive variable is deleted": [plans.delete(VARIABLE, "x", {"key": "K", "sensitive": True, "value": MASK})],
    "a reviewer is added": [
        plans.update(ENVIRONMENT, "x", {"reviewers": [{"teams": [1]}]}, {"reviewers": [{"teams": [1, 2]}]})
    ],
    "PUBLIC is given nothing": [plans.create(GRANT, "x", right("public"))],
    "a role that no login has loses a right": [plans.delete(GRANT, "x", right("access", "SELECT")), login("other")],
    "a login goes with its rights": [
        plans.delete(GRANT, "x", right("app", "SELECT")),
        plans.delete(ROLE, "app", {"name": "app", "login": True}),
    ],
    "a login gets a right": [plans.update(GRANT, "x", right("app"), right("app", "SELECT")), login("app")],
    "the new one has another name": [replaced(DRAIN, {"name": "x"}, {"name": "y"}, "create")],
    "a deployment has no name": [replaced(DEPLOYMENT, {"name": "x", "ref": "a"}, {"name": "x", "ref": "b"}, "create")],
    "a grant is created": [plans.create(GRANT, "x", {"schema": "a"})],
    "a domain moves to a project with a live release": [moved(), plans.same(LIVE, "b-live", {"projectId": "prj_b"})],
    "production domains stop asking for a login": [
        plans.update(PROJECT, "x", protected("all_deployments"), protected("standard_protection_new"))
    ],
    "a leftover is cleared": [
        plans.step("delete", plans.state(DATABASE, "x", {"name": "x"}, protect=True, delete=True)),
        plans.same(DATABASE, "x", {"name": "x"}),
    ],
}


@pytest.mark.parametrize("name", DANGERS)
def test_a_danger_blocks(name):
    rule, steps = DANGERS[name]
    found = gate.judge(plans.plan(*steps), ())
    assert rule in {each.rule for each in found.blocking}
    assert not found.open


def test_the_page_says_what_each_rule_blocks():
    page = (ROOT / "docs" / "preview.md").read_text()
    assert [name for name in gate._RULES if f"| `{name}` |" not in page] == []
    # What migrations take and lock is read in the database: test_migrated_plan.py, test_rehearsal.py.
    assert {rule for rule, _ in DANGERS.values()} == set(gate._RULES) - {"contracts", "holds-up"}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_passes(name):
    found = gate.judge(plans.plan(*HARMLESS[name]), ())
    assert found.open, found.blocking


@pytest.mark.parametrize("name", DANGERS)
def test_an_acknowledgement_opens_the_gate_for_its_urn_alone(name):
    _, steps = DANGERS[name]
    plan = plans.plan(*steps, plans.delete(DATABASE, "other", {"name": "other"}))
    other = plans.urn(DATABASE, "other")
    urns = {each.urn for each in gate.judge(plan, ()).blocking} - {other}
    found = gate.judge(plan, tuple(urns))
    assert {each.urn for each in found.acknowledged} == urns
    assert {each.urn for each in found.blocking} == {other}
    assert found.stale == ()


def test_one_acknowledgement_is_for_every_danger_of_its_urn():
    plan = plans.plan(plans.delete(DATABASE, "x", {"name": "x"}, protect=True))
    found = gate.judge(plan, (plans.urn(DATABASE, "x"),))
    assert {each.rule for each in found.acknowledged} == {"loss", "protected"}
    assert found.open


def on_database(role, *privileges):
    return {"database": "d", "role": role, "objectType": "database", "privileges": list(privileges)}


def test_a_new_grant_to_public_blocks_where_undeclared_logins_use_the_database():
    made = plans.plan(plans.create(GRANT, "x", on_database("public")))
    assert held.revoked_in(made) == ("d",)
    assert gate.judge(made, ()).open
    (danger,) = gate.judge(replace(made, users={"d": ("legacy_shop",)}), ()).blocking
    assert danger.rule == "rights-taken"
    assert danger.what == "leaves PUBLIC nothing on the database in d, which legacy_shop use and nothing here declares"
    crowd = replace(made, users={"d": tuple("abcdefgh")})
    assert "a, b, c and 5 more" in gate.judge(crowd, ()).blocking[0].what


def test_a_database_that_the_plan_creates_has_no_users_to_ask_for():
    created = plans.create(DATABASE, "d", {"name": "d"})
    assert held.revoked_in(plans.plan(created, plans.create(GRANT, "x", on_database("public")))) == ()
    assert held.revoked_in(plans.plan(plans.create(GRANT, "x", on_database("app", "CONNECT")))) == ()


@pytest.mark.parametrize(("type_", "ending"), [(PROJECT, "project"), (DATABASE, "database")])
def test_what_may_be_a_rename_by_hand_says_what_to_write_instead(type_, ending):
    gone, made = (f"{name}-{ending}" for name in ("shop", "store"))
    (danger,) = gate.judge(
        plans.plan(plans.delete(type_, gone, {"name": "a"}), plans.create(type_, made, {"name": "b"})), ()
    ).blocking
    assert danger.what.endswith(
        'if store is shop with another name, the catalog says so: `name="store", formerly="shop"`'
    )


def test_an_acknowledgement_of_nothing_is_stale():
    gone = plans.urn(DATABASE, "gone")
    found = gate.judge(plans.plan(plans.update(DATABASE, "x", {"a": 1}, {"a": 2})), (gone, plans.urn(DATABASE, "x")))
    assert found.stale == (gone, plans.urn(DATABASE, "x"))


def test_a_preview_that_did_not_end_says_nothing_of_stale_ones():
    found = gate.judge(plans.plan(failed=True), (plans.urn(DATABASE, "gone"),))
    assert found.stale == ()


def test_the_switch_and_lost_privileges_are_for_review_and_pass():
    switch = plans.update(LIVE, "live", {"release": "r1"}, {"release": "r2"})
    fewer = plans.update(GRANT, "g", {"privileges": ["INSERT", "SELECT"]}, {"privileges": ["SELECT"]})
    plan = plans.plan(switch, fewer)
    assert gate.judge(plan, ()).open
    assert [gate.caution(each) for each in plan.changes] == ["switches what users see", "takes away INSERT"]


def test_more_privileges_need_no_review():
    more = plans.update(GRANT, "g", {"privileges": ["SELECT"]}, {"privileges": ["INSERT", "SELECT"]})
    assert gate.caution(plans.plan(more).changes[0]) == ""
