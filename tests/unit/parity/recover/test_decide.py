"""What is done about each resource: every rule, and that none destroys data on a guess."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.graph import Graph, Resource
from parity.look import model
from parity.look.model import Found, Login, Reality, Unseen
from parity.recover.decide import DATA, INSIDE, as_declared, decide
from parity.recover.model import Decision, Plan, Trouble
from parity.state import parse

PROJECT_URN = "urn:pulumi:staging::storefront::parity:components:WebApp$vercel:index/project:Project::shop-project"
CLEAN, DIED = Trouble(clean=True), Trouble()


def urn(type_, name="it"):
    return f"urn:pulumi:staging::storefront::parity:components:X${type_}::{name}"


class World:
    """One declared resource with what is recorded of it and what there is."""

    def __init__(self, type_, inputs=None, name="it"):
        self.type, self.inputs, self.urn = type_, inputs or {}, urn(type_, name)
        self.records, self.operations, self.found, self.unseen, self.logins = [], [], [], [], []
        self.live = ""
        self.beside = {}
        self.more = ()
        self.declared = True
        self.looked = True

    def row(self, identity, **more):
        return {
            "urn": self.urn,
            "type": self.type,
            "id": identity,
            "custom": True,
            "inputs": self.inputs,
            "outputs": self.inputs,
            "created": "2026-11-24T21:00:00Z",
            **more,
        }

    def recorded(self, identity="old", **more):
        self.records.append(self.row(identity, **more))
        return self

    def pending(self, operation, **more):
        self.operations.append({"type": operation, "resource": self.row("", **more)})
        return self

    def exists(self, identity, properties=None, **more):
        self.found.append(
            Found(self.type, ("key",), identity, "", self.inputs if properties is None else properties, **more)
        )
        return self

    def decide(self, trouble=DIED):
        resource = Resource(self.urn, self.type, "it", "", True, self.inputs, frozenset(), {}, "", {})
        resources = {self.urn: resource} if self.declared else {}
        resources |= dict.fromkeys(self.beside, resource)
        under = {self.urn: tuple(self.found)} if self.declared else {}
        under |= self.beside
        keys = {self.urn: ("key",)} if self.declared and self.looked else {}
        inputs = {self.urn: self.inputs} if self.declared else {}
        if self.live:
            found = Found(model.LIVE, ("key",), "team/shop", "", {"deploymentId": self.live, "release": "r1"})
            under["live"], keys["live"], inputs["live"] = (found,), ("key",), {}
        reality = Reality(keys, inputs, under, self.more, tuple(self.unseen), (), (), tuple(self.logins), {}, {})
        state = parse({"deployment": {"resources": self.records, "pending_operations": self.operations}})
        return decide(Graph("storefront", "staging", resources, {}, {}), state, reality, trouble)

    def kinds(self, trouble=DIED):
        return [(each.kind, each.id) for each in self.decide(trouble).decisions]


VARIABLE = {"key": "A", "targets": ["production"], "sensitive": True}
DEPLOYMENT = {"projectId": "prj_1", "ref": "abc", "meta": {"release": "r1"}}
DRAIN = {"name": "d", "endpoint": "https://logs"}


def test_what_is_recorded_and_exists_is_the_same():
    assert World(model.DOMAIN).recorded("a").exists("a").kinds() == [("same", "a")]


def test_what_exists_and_is_not_recorded_is_adopted():
    assert World(model.DOMAIN).exists("a").kinds() == [("adopt", "a")]


def test_what_neither_exists_nor_is_recorded_needs_no_decision():
    assert World(model.DOMAIN).kinds() == []


def test_a_creation_that_began_and_made_nothing_is_forgotten():
    assert World(model.DOMAIN).pending("creating").kinds() == [("forget", "")]


def test_a_creation_that_began_and_made_it_is_adopted():
    assert World(model.DOMAIN).pending("creating").exists("a").kinds() == [("adopt", "a")]


def test_what_is_recorded_and_gone_is_forgotten():
    assert World(model.DOMAIN).recorded("a").kinds() == [("forget", "a")]


@pytest.mark.parametrize("operation", ["updating", "deleting"])
def test_an_operation_without_an_end_is_finished(operation):
    assert World(model.DOMAIN).recorded("a").exists("a").pending(operation).kinds() == [("finish", "a")]


def test_an_operation_that_failed_is_finished_because_it_may_have_been_carried_out():
    world = World(model.DOMAIN).recorded("a").exists("a")
    assert world.kinds(Trouble(touched=frozenset({world.urn}))) == [("finish", "a")]


def test_a_half_made_resource_is_finished():
    assert World(model.DOMAIN).recorded("a", initErrors=["not verified"]).exists("a").kinds() == [("finish", "a")]


def test_a_record_that_no_provider_has_read_is_finished_even_when_all_else_is_clean():
    world = World(model.DOMAIN).exists("a")
    world.records.append({key: value for key, value in world.row("a").items() if key != "created"})
    assert world.kinds(CLEAN) == [("finish", "a")]


# --- Data ---


@pytest.mark.parametrize("type_", sorted(DATA))
def test_data_that_cannot_be_found_is_not_given_up_on_a_guess(type_):
    (decision,) = World(type_).recorded("a").decide().decisions
    assert decision.kind == "ask"
    assert "PGHOST" in decision.remedy


@pytest.mark.parametrize("type_", sorted(DATA))
def test_data_whose_deletion_began_is_forgotten_once_it_is_gone(type_):
    assert World(type_).recorded("a").pending("deleting").kinds() == [("forget", "a")]
    assert World(type_).recorded("a").kinds(Trouble(destroying=True)) == [("forget", "a")]


def test_data_that_an_update_touched_may_be_gone_and_data_under_another_operation_may_not():
    world = World(model.SCHEMA).recorded("a")
    assert world.kinds(Trouble(touched=frozenset({world.urn}))) == [("forget", "a")]
    assert World(model.SCHEMA).recorded("a").pending("updating").kinds() == [("ask", "a")]


def test_another_one_of_the_recorded_ones_name_is_adopted_where_no_data_is_at_stake():
    assert World(model.DOMAIN).recorded("a").exists("b").kinds() == [("adopt", "b")]
    assert World(model.PROJECT).recorded("a").exists("b").kinds(Trouble(destroying=True)) == [("adopt", "b")]


def test_another_one_that_is_not_ours_is_asked_about_whatever_was_under_way():
    world = World(model.PROJECT, {"gitRepository": {"repo": "us/it"}}).recorded("prj_1").pending("creating")
    (decision,) = world.exists("prj_2", {"gitRepository": {"repo": "them/other"}}).decide().decisions
    assert decision.kind == "ask"
    assert "linked to them/other" in decision.why


def test_another_project_with_the_recorded_ones_name_is_asked_about():
    assert World(model.PROJECT).recorded("prj_1").exists("prj_2").kinds() == [("ask", "prj_2")]
    assert "nothing of ours was about to make it" in (
        World(model.PROJECT).recorded("prj_1").exists("prj_2").decide().decisions[0].why
    )
    assert World(model.PROJECT).recorded("prj_1").exists("prj_2").pending("creating").kinds() == [("adopt", "prj_2")]


@pytest.mark.parametrize(
    ("type_", "inputs", "properties", "word"),
    [
        (
            model.PROJECT,
            {"gitRepository": {"repo": "us/it"}},
            {"gitRepository": {"repo": "them/other"}},
            "linked to them/other",
        ),
        (model.DATABASE, {"encoding": "UTF8"}, {"encoding": "LATIN1"}, "encoding is LATIN1"),
        (model.ROLE, {"name": "r"}, {"superuser": True}, "superuser"),
    ],
)
def test_what_has_our_name_and_is_not_ours_is_asked_about(type_, inputs, properties, word):
    (decision,) = World(type_, inputs).exists("x", properties).decide().decisions
    assert decision.kind == "ask"
    assert word in decision.why
    assert "`pulumi import` it where it is ours" in decision.remedy


def test_a_project_without_its_link_is_one_of_ours_half_made():
    world = World(model.PROJECT, {"gitRepository": {"repo": "us/it"}}).exists("prj_1", {"gitRepository": None})
    assert world.kinds() == [("adopt", "prj_1")]
    assert World(model.PROJECT, {"gitRepository": {"repo": "us/it"}}).exists("prj_1").kinds() == [("adopt", "prj_1")]


# --- Twins ---


def test_of_twins_the_recorded_one_stays():
    world = World(model.DRAIN, DRAIN).exists("d1").exists("d2").recorded("d2")
    assert world.kinds() == [("same", "d2"), ("remove", "d1")]


def test_of_twins_of_which_none_is_recorded_the_first_is_adopted():
    assert World(model.DRAIN, DRAIN).exists("d1").exists("d2").kinds() == [("adopt", "d1"), ("remove", "d2")]


def test_a_replacement_that_exists_takes_the_recorded_ones_place():
    world = World(model.DRAIN, DRAIN).exists("new").exists("old", {"name": "d", "endpoint": "https://other"})
    (decision,) = world.recorded("old").pending("creating").decide().decisions
    assert (decision.kind, decision.id, decision.replaces) == ("adopt", "new", "old")


def test_a_replacement_is_known_by_fitting_whichever_was_made_first():
    world = World(model.DRAIN, DRAIN).exists("old", {"name": "d", "endpoint": "https://other"}).exists("new")
    (decision,) = world.recorded("old").pending("creating").decide().decisions
    assert (decision.kind, decision.id, decision.replaces) == ("adopt", "new", "old")


def test_of_twin_deployments_the_live_one_stays():
    world = World(model.DEPLOYMENT, DEPLOYMENT).exists("d1").exists("d2")
    world.live = "d2"
    assert world.kinds() == [("adopt", "d2"), ("remove", "d1")]


def test_a_twin_that_serves_a_domain_is_never_removed():
    world = World(model.DEPLOYMENT, DEPLOYMENT).exists("d1").exists("d2").recorded("d1")
    world.live = "d2"
    assert world.kinds() == [("same", "d1"), ("ask", "d2")]


def test_what_is_handed_to_the_next_update_already_is_no_twin():
    world = World(model.DRAIN, DRAIN).exists("d1").exists("d2").recorded("d1").recorded("d2", delete=True)
    assert world.kinds() == [("same", "d1")]


@pytest.mark.parametrize("exists", [False, True])
def test_what_is_handed_to_the_next_update_and_is_gone_is_forgotten_alone(exists):
    world = World(model.DEPLOYMENT, DEPLOYMENT).exists("new").recorded("new").recorded("old", delete=True)
    if exists:
        world.exists("old")
    found = world.decide().decisions
    assert [(each.kind, each.id) for each in found if each.leaving] == ([] if exists else [("forget", "old")])
    assert [(each.kind, each.id) for each in found if not each.leaving] == [("same", "new")]


def test_only_a_twin_that_is_to_leave_and_is_gone_is_forgotten_as_what_leaves():
    assert World(model.DRAIN, DRAIN).recorded("d1").kinds() == [("forget", "d1")], "once"
    other = World(model.DOMAIN).exists("new").recorded("new").recorded("old", delete=True)
    assert other.kinds() == [("same", "new")], "its provider finds out by itself that there is nothing to delete"
    namesake = World(model.DRAIN, DRAIN).exists("new").recorded("new").recorded("old", delete=True)
    namesake.more = (Found(model.DOMAIN, ("key",), "old", "", {}),)
    assert [(each.kind, each.id) for each in namesake.decide().decisions if each.leaving] == [("forget", "old")]


def test_what_is_handed_to_the_next_update_stays_where_nobody_could_look():
    world = World(model.DEPLOYMENT, DEPLOYMENT).recorded("new").recorded("old", delete=True)
    world.unseen.append(Unseen("vercel", "deployments", "GET", 500, "", frozenset({model.DEPLOYMENT}), ()))
    assert [each for each in world.decide().decisions if each.leaving] == []


def test_a_deployment_built_from_something_else_is_another_release():
    world = World(model.DEPLOYMENT, DEPLOYMENT).exists("d1", {**DEPLOYMENT, "ref": "other"})
    assert world.kinds() == []


@pytest.mark.parametrize("state", ["ERROR", "CANCELED"])
def test_a_failed_build_is_handed_over_and_built_again(state):
    world = World(model.DEPLOYMENT, DEPLOYMENT).exists("d1", beyond={"readyState": state}).pending("creating")
    assert world.kinds() == [("remove", "d1"), ("forget", "")]


def test_two_variables_of_one_name_are_two_variables():
    world = World(model.VARIABLE, VARIABLE).exists("a").exists("b", {**VARIABLE, "targets": ["preview"]})
    assert world.kinds() == [("adopt", "a")]
    other = World(model.VARIABLE, VARIABLE).exists("b", {**VARIABLE, "targets": ["preview"]})
    assert other.kinds() == [], "one for other targets is no one's but its own"
    assert World(model.DOMAIN, {"targets": ["a"]}).exists("d", {"targets": ["b"]}).kinds() == [("adopt", "d")]


def test_a_recorded_build_that_failed_is_handed_over_and_nothing_else_is_said_of_it():
    world = World(model.DEPLOYMENT, DEPLOYMENT).recorded("d1").exists("d1", beyond={"readyState": "ERROR"})
    assert world.kinds() == [("remove", "d1")]


def test_a_recorded_deployment_that_differs_stays_until_its_replacement_exists():
    world = World(model.DEPLOYMENT, DEPLOYMENT).recorded("d1").exists("d1", {**DEPLOYMENT, "ref": "before"})
    assert world.kinds() == [("same", "d1")]


def test_only_of_twins_another_one_takes_the_recorded_ones_place():
    differs = {"name": "other"}
    assert World(model.DRAIN, DRAIN).recorded("d1").exists("d1", differs).kinds() == [("same", "d1")]
    world = World(model.DOMAIN, DRAIN).exists("b").recorded("a").exists("a", differs)
    assert world.kinds() == [("same", "a")]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda world: world.pending("creating"), "its creation began, and it is not recorded"),
        (lambda world: world, "it exists under its name, and it is not recorded"),
        (lambda world: world.recorded("a").pending("creating"), "its replacement began, and has no end"),
        (lambda world: world.recorded("a").pending("updating"), "its update began, and has no end"),
        (lambda world: world.recorded("a").pending("deleting"), "its deletion began, and has no end"),
        (lambda world: world.recorded("a", initErrors=["x", "y"]), "it is half made: x; y"),
        (lambda world: world.recorded("a", created=None), "it was recorded, and not read yet"),
    ],
)
def test_each_decision_says_what_it_rests_on(make, why):
    world = make(World(model.DOMAIN).exists("a"))
    for each in world.records:
        if each["created"] is None:
            del each["created"]
    assert [each.why for each in world.decide().decisions] == [why]


def test_what_failed_and_may_have_been_done_says_so():
    world = World(model.DOMAIN).recorded("a").exists("a")
    found = world.decide(Trouble(touched=frozenset({world.urn}))).decisions
    assert [each.why for each in found] == ["an operation on it failed, and may have been carried out all the same"]


# --- What nobody can read ---


def test_a_sensitive_value_whose_update_has_no_end_is_written_again():
    world = World(model.VARIABLE, VARIABLE).exists("a").recorded("a").pending("updating")
    assert world.decide().decisions[0].unread == ("value",)


def test_a_sensitive_value_that_nobody_touched_is_left_alone():
    (decision,) = World(model.VARIABLE, VARIABLE).exists("a").recorded("a").decide().decisions
    assert (decision.kind, decision.unread) == ("same", ())


def test_a_plain_value_is_read_and_not_written_again():
    world = World(model.VARIABLE, {**VARIABLE, "sensitive": False}).exists("a").recorded("a").pending("updating")
    assert world.decide().decisions[0].unread == ()


@pytest.mark.parametrize(("works", "unread"), [(True, ()), (False, ("password",)), (None, ("password",))])
def test_a_password_is_written_again_unless_it_logs_in(works, unread):
    world = World(model.ROLE, {"name": "r", "login": True}).exists("r")
    world.logins.append(Login("r", "db", works, ""))
    assert world.decide().decisions[0].unread == unread


def test_another_role_s_password_that_logs_in_says_nothing():
    world = World(model.ROLE, {"name": "r", "login": True}).exists("r")
    world.logins += [Login("r", "db", False, ""), Login("other", "db", True, "")]
    assert world.decide().decisions[0].unread == ("password",)


@pytest.mark.parametrize("type_", [model.GRANT, model.DEFAULT, model.RETENTION, model.PERMISSIONS])
def test_what_may_be_written_twice_is_adopted_only_where_it_is_as_declared(type_):
    declared = {"privileges": ["A", "B"]}
    assert World(type_, declared).exists("g", {"privileges": ["B", "A"]}).kinds() == [("adopt", "g")]
    assert World(type_, declared).exists("g", {"privileges": ["A"]}).kinds() == []
    assert World(type_, declared).exists("g", {"privileges": ["A"]}).pending("creating").kinds() == [("finish", "")]
    assert World(type_, declared).exists("g", {}, vacuous=True).kinds() == []


@pytest.mark.parametrize(
    ("type_", "inputs", "unread"),
    [
        (model.VARIABLE, {"targets": ["production"], "sensitive": True}, ("value",)),
        (model.VARIABLE, {"targets": ["production"]}, ()),
        (model.SECRET, {"name": "it"}, ("value",)),
        (model.ROLE, {"name": "it", "login": True}, ("password",)),
        (model.ROLE, {"name": "it"}, ()),
        (model.DOMAIN, {"name": "it", "login": True, "sensitive": True}, ()),
    ],
)
def test_only_what_nobody_can_read_is_written_again(type_, inputs, unread):
    (decision,) = World(type_, inputs).recorded("a").exists("a").pending("updating").decide().decisions
    assert (decision.kind, decision.unread) == ("finish", unread)


@pytest.mark.parametrize("type_", [model.GRANT, model.DEFAULT, model.SECRET])
def test_what_may_be_written_twice_is_written_where_its_creation_began_and_else_left_to_the_next_update(type_):
    assert World(type_).kinds() == []
    assert World(type_).pending("creating").kinds() == [("finish", "")]
    assert World(type_).exists("a", vacuous=True).pending("creating").kinds() == [("finish", "")]
    assert World(type_).exists("a", vacuous=True).kinds() == []
    assert World(type_).pending("creating").kinds(Trouble(destroying=True)) == [("finish", "")]


def test_a_secret_at_github_is_written_again_rather_than_believed():
    world = World(model.SECRET, {"secretName": "A"}).exists("s", hidden={"value": "never shown"})
    assert world.kinds() == [("finish", "")]


# --- What is live ---


def live(recorded, serving, wanted, release="r2", **beyond):
    inputs = {"deploymentId": wanted, "release": "r2"}
    world = World(model.LIVE, inputs, "shop-live")
    if recorded:
        world.recorded("team/shop", inputs={"deploymentId": recorded})
    if serving:
        properties = {"deploymentId": serving, "release": release}
        world.exists("team/shop", properties, beyond={f"lastAliasRequest.{k}": v for k, v in beyond.items()})
    return world


def test_a_first_promotion_that_happened_is_adopted_and_one_that_did_not_is_forgotten():
    assert live("", "new", "new").kinds() == [("adopt", "team/shop")]
    assert live("", "", "new").pending("creating").kinds() == [("forget", "")]


def test_what_a_destroy_took_out_of_the_record_is_not_brought_back():
    destroying = Trouble(destroying=True)
    assert live("", "new", "new").kinds(destroying) == []
    assert World(model.GRANT, {"privileges": []}).exists("g", {"privileges": []}).kinds(destroying) == []
    assert World(model.DOMAIN).exists("a").kinds(destroying) == [("adopt", "a")], "it is there: it has to be destroyed"


def test_a_switch_that_happened_is_finished_and_one_that_did_not_is_the_same():
    assert live("old", "new", "new").kinds() == [("finish", "team/shop")]
    assert live("old", "old", "new").kinds() == [("same", "team/shop")]


def test_a_switch_under_way_is_finished():
    assert live("old", "old", "new", jobStatus="in-progress").kinds() == [("finish", "team/shop")]


def test_a_switch_by_hand_is_asked_about_unless_an_update_was_to_make_it():
    world = live("old", "other", "new", release="r7")
    (decision,) = world.decide().decisions
    assert decision.kind == "ask"
    assert "pulumi refresh" in decision.remedy
    world.urn = world.urn.replace("::it", "::shop-live")
    assert live("old", "other", "new", release="r7").kinds(Trouble(intended=frozenset({"it/r7"}))) == [
        ("finish", "team/shop")
    ]


def test_a_switch_that_nobody_recorded_is_known_by_what_is_served():
    destroying = Trouble(destroying=True)
    assert live("", "new", "new").pending("creating").kinds(destroying) == [("adopt", "team/shop")]
    assert live("", "other", "new").kinds() == []
    assert live("", "", "").kinds() == []
    assert live("", "", "").pending("creating").kinds() == [("forget", "")]
    assert live("old", "", "new").kinds() == [("forget", "team/shop")]
    assert live("old", "other", "new").pending("updating").kinds() == [("finish", "team/shop")]


def test_a_build_that_failed_and_serves_a_domain_all_the_same_stays():
    world = World(model.DEPLOYMENT, DEPLOYMENT).exists("d1", beyond={"readyState": "ERROR"})
    world.live = "d1"
    assert world.kinds() == [("same", "d1")]


# --- What cannot be looked at, and what is not declared ---


def test_what_could_not_be_looked_at_is_asked_about_where_it_matters():
    world = World(model.DOMAIN).pending("creating")
    world.unseen.append(Unseen("Vercel", "the domains", "GET /", 500, "down", frozenset({model.DOMAIN}), ()))
    (decision,) = world.decide().decisions
    assert decision.kind == "ask"
    assert "500" in decision.why
    assert World(model.DOMAIN).recorded("a").exists("a").kinds() == [("same", "a")]


def test_nothing_is_forgotten_because_it_could_not_be_looked_at():
    world = World(model.DOMAIN).recorded("a")
    world.unseen.append(Unseen("Vercel", "the domains", "GET /", 500, "down", frozenset({model.DOMAIN}), ()))
    assert world.kinds() == [("same", "a")]


def test_what_is_recorded_and_in_doubt_is_asked_about_where_nobody_could_look_and_the_reason_is_its_own():
    world = World(model.DOMAIN).recorded("a").pending("updating")
    world.unseen.append(Unseen("GitHub", "the secrets", "GET /s", 502, "away", frozenset({model.SECRET}), ()))
    world.unseen.append(Unseen("Vercel", "the domains", "GET /d", 500, "down", frozenset({model.DOMAIN}), ()))
    (decision,) = world.decide().decisions
    assert decision.kind == "ask"
    assert "GET /d" in decision.why
    world = World(model.DOMAIN)
    world.unseen.append(Unseen("Vercel", "the domains", "GET /d", 500, "down", frozenset({model.DOMAIN}), ()))
    assert world.kinds() == [("ask", "")]


def inside_a_closed_database(type_, trouble, *, pending=False, recorded=False, accepts=False):
    world = World(type_)
    world.unseen.append(Unseen("PostgreSQL", "the database", "connect", None, "closed", frozenset({type_}), ("key",)))
    if pending:
        world.pending("creating")
    if recorded:
        world.recorded("a", initErrors=["half made"])
    database = urn(model.DATABASE, "database")
    properties = {"allowConnections": accepts}
    world.beside = {database: (Found(model.DATABASE, ("key",), "key", "", properties),)}
    if trouble in {"read", "recorded"}:  # as the provider records it once recover had it read, and before
        outputs = {"allowConnections": trouble != "read"}
        world.records.append({**world.row("key", outputs=outputs), "urn": database, "type": model.DATABASE})
    touched = frozenset({database}) if trouble == "touched" else frozenset()
    return world.kinds(Trouble(touched=touched, destroying=trouble == "destroying"))


@pytest.mark.parametrize("type_", sorted(INSIDE))
@pytest.mark.parametrize("trouble", ["touched", "destroying", "read"])
def test_what_is_in_a_database_whose_deletion_began_goes_with_it(type_, trouble):
    assert inside_a_closed_database(type_, trouble) == []
    assert inside_a_closed_database(type_, "none") == [("ask", "")], "somebody else closed it"
    assert ("ask", "") in inside_a_closed_database(type_, "recorded"), "somebody else closed what we recorded as open"
    assert inside_a_closed_database(type_, trouble, accepts=True) == [("ask", "")], "there is another reason"
    assert inside_a_closed_database(type_, trouble, pending=True) == [("ask", "")]
    assert inside_a_closed_database(type_, trouble, recorded=True) == [("ask", "")]


def test_what_is_not_in_a_database_is_not_gone_with_one():
    assert inside_a_closed_database(model.DOMAIN, "destroying") == [("ask", "")]


def foreign(type_="aws:s3/bucket:Bucket"):
    world = World(type_)
    world.looked = False
    return world


def test_an_operation_on_what_is_not_looked_at_is_asked_about_unless_it_is_recorded():
    assert foreign().pending("creating", custom=True).kinds() == [("ask", "")]
    assert foreign().recorded("a").pending("updating", custom=True).kinds() == [("finish", "a")]
    assert foreign("pulumi:providers:aws").pending("creating", custom=True).kinds() == [("finish", "")]
    assert foreign("parity:components:X").pending("creating", custom=False).kinds() == [("finish", "")]
    assert foreign().recorded("a").kinds() == []


def test_a_creation_of_what_is_not_declared_any_more_is_asked_about():
    world = World(model.DOMAIN).pending("creating")
    world.declared = False
    (decision,) = world.decide().decisions
    assert decision.kind == "ask"
    assert "parity ledger" in decision.remedy


def test_a_deletion_or_a_providers_creation_of_what_is_neither_declared_nor_recorded_is_forgotten():
    for type_, operation in ((model.DOMAIN, "deleting"), ("pulumi:providers:vercel", "creating")):
        world = World(type_).pending(operation)
        world.declared = False
        assert world.kinds() == [("forget", "")]


@pytest.mark.parametrize("type_", ["pulumi:pulumi:Stack", "parity:components:X"])
def test_a_creation_of_what_stands_in_the_record_alone_is_forgotten(type_):
    world = World(type_).pending("creating", custom=False)
    world.declared = False
    assert world.kinds() == [("forget", "")], "no program declares the stack's own resource, begun first of all"


def test_an_operation_on_what_is_recorded_and_not_declared_is_finished():
    world = World(model.DOMAIN).recorded("a").pending("deleting")
    world.declared = False
    assert world.kinds() == [("finish", "a")]


# --- Over everything ---

RECORDS = st.lists(st.sampled_from(["a", "b"]), max_size=1)
FOUND = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3)
OPERATIONS = st.sampled_from(["", "creating", "updating", "deleting"])
TYPES = st.sampled_from(
    [model.DOMAIN, model.DRAIN, model.DEPLOYMENT, model.PROJECT, model.DATABASE, model.ROLE, model.VARIABLE]
)


def world_of(type_, records, found, operation):
    inputs = {model.DEPLOYMENT: DEPLOYMENT, model.DRAIN: DRAIN, model.VARIABLE: VARIABLE}.get(type_, {"name": "x"})
    world = World(type_, inputs)
    for each in records:
        world.recorded(each)
    for each in found:
        world.exists(each, written_at=datetime(2026, 11, 24, tzinfo=UTC))
    return world.pending(operation) if operation else world


@given(TYPES, RECORDS, FOUND, OPERATIONS, st.booleans())
def test_no_object_is_both_kept_and_removed_and_none_but_a_twin_is_removed(
    type_, records, found, operation, destroying
):
    plan = world_of(type_, records, found, operation).decide(Trouble(destroying=destroying))
    removed = {each.id for each in plan.of("remove")}
    kept = {each.id for each in plan.of("same", "adopt", "finish")}
    assert not removed & kept
    assert removed <= set(found)
    if removed:
        assert type_ in {model.DRAIN, model.DEPLOYMENT}
        assert kept, "one of the twins stays"


@given(TYPES, RECORDS, FOUND, OPERATIONS)
def test_nothing_that_exists_is_forgotten_and_nothing_that_does_not_is_adopted(type_, records, found, operation):
    plan = world_of(type_, records, found, operation).decide()
    assert all(each.id not in found for each in plan.of("forget"))
    assert all(each.id in found for each in plan.of("adopt", "remove"))


@given(TYPES, RECORDS, FOUND, OPERATIONS)
def test_a_recorded_object_that_exists_keeps_its_record(type_, records, found, operation):
    plan = world_of(type_, records, found, operation).decide()
    for identity in set(records) & set(found):
        says = [(each.kind, each.replaces) for each in plan.decisions if identity in {each.id, each.replaces}]
        assert says
        assert all(kind in {"same", "finish"} or replaces == identity for kind, replaces in says)


# --- What fits ---


@pytest.mark.parametrize(
    ("declared", "there", "fits"),
    [
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ({"a": ["x"]}, {"a": ["x", "y"]}, False),
        ({"a": ""}, {"a": None}, True),
        ({"a": []}, {"a": None}, True),
        ({"a": {"b": None}}, {"a": {}}, True),
        ({"a": {"b": None}}, {"a": None}, True),
        ({"a": {"b": [], "c": "1"}}, {"a": {"c": "1"}}, True),
        ({"a": {"b": "1"}}, {"a": {"b": "2"}}, False),
        ({"a": "1"}, {"a": None}, False),
        ({"a": False}, {"a": None}, False),
        ({"a": "1", "b": "2"}, {"a": "1"}, True),
    ],
)
def test_lists_are_sets_and_what_is_not_set_is_nothing(declared, there, fits):
    assert as_declared(Found(model.DOMAIN, ("k",), "i", "", there), declared) is fits


def test_what_is_hidden_says_nothing():
    found = Found(model.DOMAIN, ("k",), "i", "", {"a": "1"}, hidden={"a": "never shown"})
    assert as_declared(found, {"a": "2"})


def test_a_project_whose_link_nobody_declares_is_not_ours_where_it_has_one():
    linked = {"gitRepository": {"repo": "them/other"}}
    assert [kind for kind, _ in World(model.PROJECT, {}).exists("p", linked).kinds()] == ["ask"]
    assert [kind for kind, _ in World(model.PROJECT, {"gitRepository": "none"}).exists("p").kinds()] == ["adopt"]


def test_a_role_that_may_do_what_ours_may_is_ours():
    powers = {"createRole": True}
    assert World(model.ROLE, powers).exists("r", powers).kinds() == [("adopt", "r")]
    assert World(model.DATABASE, {"encoding": "UTF8"}).exists("d", {"encoding": "UTF8"}).kinds() == [("adopt", "d")]


def test_a_provider_and_a_component_that_bear_no_times_were_proved_all_the_same():
    for type_, custom in (("pulumi:providers:vercel", True), (model.DOMAIN, False)):
        world = World(type_).recorded("a", custom=custom).exists("a")
        for each in world.records:
            del each["created"]
        assert world.kinds() == [("same", "a")]
    read = World(model.DOMAIN).recorded("a", modified="2026-11-24T21:00:00Z").exists("a")
    for each in read.records:
        del each["created"]
    assert read.kinds() == [("same", "a")]


def test_of_what_serves_a_domain_every_form_counts():
    world = World(model.DRAIN, DRAIN).exists("d1").exists("d2")
    world.beside = {
        "live": (Found(model.LIVE, ("k",), "t", "", {"deploymentId": "x"}, beyond={"serves.a": "d2", "other": "d1"}),)
    }
    assert world.kinds() == [("adopt", "d2"), ("remove", "d1")], "the live one of two that fit"


def test_what_is_beside_is_told_unless_it_is_recorded_decided_about_or_another_stacks():
    def beside(type_, identity, **more):
        return Found(type_, ("place", identity), identity, "", {}, **more)

    world = World(model.DOMAIN).recorded("a").exists("a")
    world.more = (
        beside(model.DOMAIN, "stranger"),
        beside(model.DOMAIN, "a"),
        beside(model.DRAIN, "leaves"),
        beside(model.DOMAIN, "undeclared"),
        beside(model.ENVIRONMENT, "prod"),
    )
    left = World(model.DRAIN, name="drain").recorded("leaves", delete=True)
    undeclared = World(model.DOMAIN, name="other").recorded("undeclared")
    world.records += left.records + undeclared.records
    assert [each.rpartition(" ")[2] for each in world.decide().beside] == ["place/stranger"]


def test_what_is_declared_and_bears_another_name_now_is_told_unless_the_next_update_deletes_it():
    world = World(model.DOMAIN).recorded("a").exists("b")
    world.more = (Found(model.DOMAIN, ("place", "renamed"), "a", "", {}),)
    assert [each.rpartition(" ")[2] for each in world.decide().beside] == ["place/renamed"]
    world = World(model.DRAIN, DRAIN).recorded("new").exists("new").recorded("old", delete=True)
    world.more = (Found(model.DRAIN, ("place", "renamed"), "old", "", {}),)
    assert world.decide().beside == ()
    assert world.kinds() == [("same", "new")]


# --- Several turns ----------------------------------------------------------------------------------------------------


def test_of_two_turns_it_is_told_what_was_done_in_either():
    first = Plan((Decision("a", "adopt", "", "1"), Decision("b", "forget", ""), Decision("c", "same", "", "3")))
    later = Plan((Decision("a", "same", "", "1"), Decision("b", "adopt", "", "2"), Decision("c", "same", "", "3")))
    told = [(each.urn, each.kind) for each in first.then(later).decisions]
    assert told == [("a", "adopt"), ("b", "adopt"), ("c", "same")]
    assert [each.urn for each in first.then(Plan(())).decisions] == ["a", "b"], "what is gone from the record is told"


def test_of_two_turns_neither_decision_about_one_resource_is_lost():
    first = Plan((Decision("a", "adopt", "", "2"), Decision("a", "remove", "", "3")))
    told = first.then(Plan((Decision("a", "same", "", "2"),))).decisions
    assert [(each.kind, each.id) for each in told] == [("adopt", "2"), ("remove", "3")]
