"""What is done about each resource: every rule, and that none destroys data on a guess."""

from __future__ import annotations

import pytest

from parity.inventory.model import Login
from parity.recover.model import FailedUpdates
from parity.resources import kinds
from support.decisions import CLEAN, DEPLOYMENT, VARIABLE, World


def test_what_is_recorded_and_exists_is_the_same():
    assert World(kinds.DOMAIN).recorded("a").exists("a").kinds() == [("same", "a")]


def test_what_exists_and_is_not_recorded_is_adopted():
    assert World(kinds.DOMAIN).exists("a").kinds() == [("import", "a")]


def test_what_neither_exists_nor_is_recorded_needs_no_decision():
    assert World(kinds.DOMAIN).kinds() == []


def test_a_creation_that_began_and_made_nothing_is_forgotten():
    assert World(kinds.DOMAIN).pending("creating").kinds() == [("drop-from-state", "")]


def test_a_creation_that_began_and_made_it_is_adopted():
    assert World(kinds.DOMAIN).pending("creating").exists("a").kinds() == [("import", "a")]


def test_what_is_declared_elsewhere_now_stays_recorded_until_the_update_takes_it():
    domain = {"team": "acme", "projectId": "prj_shop", "domain": "a.example"}
    environment = {"repository": "shop", "environment": "Production"}
    variable = {"projectId": "prj_shop", "key": "A"}
    for type_, now, before, decision in (
        (kinds.DOMAIN, domain, {**domain, "projectId": "prj_admin"}, "same"),
        (kinds.DOMAIN, domain, domain, "drop-from-state"),
        (kinds.ENVIRONMENT, environment, {**environment, "environment": "prod"}, "same"),
        (kinds.VARIABLE, variable, {**variable, "projectId": "prj_gone"}, "drop-from-state"),
    ):
        assert World(type_, now).recorded("a", inputs=before).kinds() == [(decision, "a")], type_


def test_what_is_recorded_and_gone_is_forgotten():
    assert World(kinds.DOMAIN).recorded("a").kinds() == [("drop-from-state", "a")]


@pytest.mark.parametrize("operation", ["updating", "deleting"])
def test_an_operation_without_an_end_is_finished(operation):
    assert World(kinds.DOMAIN).recorded("a").exists("a").pending(operation).kinds() == [("refresh", "a")]


def test_an_operation_that_failed_is_finished_because_it_may_have_been_carried_out():
    world = World(kinds.DOMAIN).recorded("a").exists("a")
    assert world.kinds(FailedUpdates(touched=frozenset({world.urn}))) == [("refresh", "a")]


def test_a_half_made_resource_is_finished():
    assert World(kinds.DOMAIN).recorded("a", initErrors=["not verified"]).exists("a").kinds() == [("refresh", "a")]


def test_a_record_that_no_provider_has_read_is_finished_even_when_all_else_is_clean():
    world = World(kinds.DOMAIN).exists("a")
    world.records.append({key: value for key, value in world.row("a").items() if key != "created"})
    assert world.kinds(CLEAN) == [("refresh", "a")]


# --- Data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", sorted(each.type for each in kinds.KINDS.values() if each.holds_data))
def test_data_that_cannot_be_found_is_not_given_up_on_a_guess(type_):
    (decision,) = World(type_).recorded("a").decide().decisions
    assert decision.kind == "manual"
    assert "PGHOST" in decision.remedy


@pytest.mark.parametrize("type_", sorted(each.type for each in kinds.KINDS.values() if each.holds_data))
def test_data_whose_deletion_began_is_forgotten_once_it_is_gone(type_):
    assert World(type_).recorded("a").pending("deleting").kinds() == [("drop-from-state", "a")]
    assert World(type_).recorded("a").kinds(FailedUpdates(destroying=True)) == [("drop-from-state", "a")]


def test_data_that_an_update_touched_may_be_gone_and_data_under_another_operation_may_not():
    world = World(kinds.SCHEMA).recorded("a")
    assert world.kinds(FailedUpdates(touched=frozenset({world.urn}))) == [("drop-from-state", "a")]
    assert World(kinds.SCHEMA).recorded("a").pending("updating").kinds() == [("manual", "a")]


def test_another_one_of_the_recorded_ones_name_is_adopted_where_no_data_is_at_stake():
    assert World(kinds.DOMAIN).recorded("a").exists("b").kinds() == [("import", "b")]
    assert World(kinds.PROJECT).recorded("a").exists("b").kinds(FailedUpdates(destroying=True)) == [("import", "b")]


def test_another_one_that_is_not_ours_is_asked_about_whatever_was_under_way():
    world = World(kinds.PROJECT, {"gitRepository": {"repo": "us/it"}}).recorded("prj_1").pending("creating")
    (decision,) = world.exists("prj_2", {"gitRepository": {"repo": "them/other"}}).decide().decisions
    assert decision.kind == "manual"
    assert "linked to them/other" in decision.why


def test_another_project_with_the_recorded_ones_name_is_asked_about():
    assert World(kinds.PROJECT).recorded("prj_1").exists("prj_2").kinds() == [("manual", "prj_2")]
    assert "nothing of ours was about to make it" in (
        World(kinds.PROJECT).recorded("prj_1").exists("prj_2").decide().decisions[0].why
    )
    assert World(kinds.PROJECT).recorded("prj_1").exists("prj_2").pending("creating").kinds() == [("import", "prj_2")]


@pytest.mark.parametrize(
    ("type_", "inputs", "properties", "word"),
    [
        (
            kinds.PROJECT,
            {"gitRepository": {"repo": "us/it"}},
            {"gitRepository": {"repo": "them/other"}},
            "linked to them/other",
        ),
        (kinds.DATABASE, {"encoding": "UTF8"}, {"encoding": "LATIN1"}, "encoding is LATIN1"),
        (kinds.ROLE, {"name": "r"}, {"superuser": True}, "superuser"),
    ],
)
def test_what_has_our_name_and_is_not_ours_is_asked_about(type_, inputs, properties, word):
    (decision,) = World(type_, inputs).exists("x", properties).decide().decisions
    assert decision.kind == "manual"
    assert word in decision.why
    assert "`pulumi import` it where it is ours" in decision.remedy


def test_a_project_without_its_link_is_one_of_ours_half_made():
    world = World(kinds.PROJECT, {"gitRepository": {"repo": "us/it"}}).exists("prj_1", {"gitRepository": None})
    assert world.kinds() == [("import", "prj_1")]
    assert World(kinds.PROJECT, {"gitRepository": {"repo": "us/it"}}).exists("prj_1").kinds() == [("import", "prj_1")]


# --- What no API shows ------------------------------------------------------------------------------------------------


def test_a_sensitive_value_whose_update_has_no_end_is_written_again():
    world = World(kinds.VARIABLE, VARIABLE).exists("a").recorded("a").pending("updating")
    assert world.decide().decisions[0].unread == ("value",)


def test_a_sensitive_value_that_was_not_touched_is_left_alone():
    (decision,) = World(kinds.VARIABLE, VARIABLE).exists("a").recorded("a").decide().decisions
    assert (decision.kind, decision.unread) == ("same", ())


def test_a_plain_value_is_read_and_not_written_again():
    world = World(kinds.VARIABLE, {**VARIABLE, "sensitive": False}).exists("a").recorded("a").pending("updating")
    assert world.decide().decisions[0].unread == ()


@pytest.mark.parametrize(("works", "unread"), [(True, ()), (False, ("password",)), (None, ("password",))])
def test_a_password_is_written_again_unless_it_logs_in(works, unread):
    world = World(kinds.ROLE, {"name": "r", "login": True}).exists("r")
    world.logins.append(Login("r", "db", works, ""))
    assert world.decide().decisions[0].unread == unread


def test_another_role_s_password_that_logs_in_says_nothing():
    world = World(kinds.ROLE, {"name": "r", "login": True}).exists("r")
    world.logins += [Login("r", "db", False, ""), Login("other", "db", True, "")]
    assert world.decide().decisions[0].unread == ("password",)


@pytest.mark.parametrize("type_", [kinds.GRANT, kinds.DEFAULT, kinds.RETENTION, kinds.PERMISSIONS])
def test_what_may_be_written_twice_is_adopted_only_where_it_is_as_declared(type_):
    declared = {"privileges": ["A", "B"]}
    assert World(type_, declared).exists("g", {"privileges": ["B", "A"]}).kinds() == [("import", "g")]
    assert World(type_, declared).exists("g", {"privileges": ["A"]}).kinds() == []
    assert World(type_, declared).exists("g", {"privileges": ["A"]}).pending("creating").kinds() == [("refresh", "")]
    assert World(type_, declared).exists("g", {}, vacuous=True).kinds() == []


@pytest.mark.parametrize(
    ("type_", "inputs", "unread"),
    [
        (kinds.VARIABLE, {"targets": ["production"], "sensitive": True}, ("value",)),
        (kinds.VARIABLE, {"targets": ["production"]}, ()),
        (kinds.SECRET, {"name": "it"}, ("value",)),
        (kinds.ROLE, {"name": "it", "login": True}, ("password",)),
        (kinds.ROLE, {"name": "it"}, ()),
        (kinds.DOMAIN, {"name": "it", "login": True, "sensitive": True}, ()),
    ],
)
def test_only_what_no_api_shows_is_written_again(type_, inputs, unread):
    (decision,) = World(type_, inputs).recorded("a").exists("a").pending("updating").decide().decisions
    assert (decision.kind, decision.unread) == ("refresh", unread)


def test_a_releases_image_is_never_adopted_since_an_update_alone_knows_the_build():
    declared = {"tag": "c" * 12}
    assert World(kinds.IMAGE, declared).exists("dpl", {**declared, "digest": "d"}, vacuous=True).kinds() == []
    pending = World(kinds.IMAGE, declared).exists("dpl", declared, vacuous=True).pending("creating")
    assert pending.kinds() == [("refresh", "")]


@pytest.mark.parametrize("type_", [kinds.GRANT, kinds.DEFAULT, kinds.SECRET])
def test_what_may_be_written_twice_is_written_where_its_creation_began_and_else_left_to_the_next_update(type_):
    assert World(type_).kinds() == []
    assert World(type_).pending("creating").kinds() == [("refresh", "")]
    assert World(type_).exists("a", vacuous=True).pending("creating").kinds() == [("refresh", "")]
    assert World(type_).exists("a", vacuous=True).kinds() == []
    assert World(type_).pending("creating").kinds(FailedUpdates(destroying=True)) == [("refresh", "")]


def test_a_secret_at_github_is_written_again_rather_than_believed():
    world = World(kinds.SECRET, {"secretName": "A"}).exists("s", hidden={"value": "never shown"})
    assert world.kinds() == [("refresh", "")]


# --- What is live -----------------------------------------------------------------------------------------------------


def live(recorded, serving, wanted, release="r2", **beyond):
    inputs = {"deploymentId": wanted, "release": "r2"}
    world = World(kinds.LIVE, inputs, "shop-live")
    if recorded:
        world.recorded("team/shop", inputs={"deploymentId": recorded})
    if serving:
        properties = {"deploymentId": serving, "release": release}
        world.exists("team/shop", properties, beyond={f"lastAliasRequest.{k}": v for k, v in beyond.items()})
    return world


def test_a_first_promotion_that_happened_is_adopted_and_one_that_did_not_is_forgotten():
    assert live("", "new", "new").kinds() == [("import", "team/shop")]
    assert live("", "", "new").pending("creating").kinds() == [("drop-from-state", "")]


def test_what_a_destroy_took_out_of_the_record_is_not_brought_back():
    destroying = FailedUpdates(destroying=True)
    assert live("", "new", "new").kinds(destroying) == []
    assert World(kinds.GRANT, {"privileges": []}).exists("g", {"privileges": []}).kinds(destroying) == []
    assert World(kinds.DOMAIN).exists("a").kinds(destroying) == [("import", "a")], "it is there: it has to be destroyed"


def test_a_switch_that_happened_is_finished_and_one_that_did_not_is_the_same():
    assert live("old", "new", "new").kinds() == [("refresh", "team/shop")]
    assert live("old", "old", "new").kinds() == [("same", "team/shop")]


def test_a_switch_under_way_is_finished():
    assert live("old", "old", "new", jobStatus="in-progress").kinds() == [("refresh", "team/shop")]


def test_a_switch_by_hand_is_asked_about_unless_an_update_was_to_make_it():
    world = live("old", "other", "new", release="r7")
    (decision,) = world.decide().decisions
    assert decision.kind == "manual"
    assert "pulumi refresh" in decision.remedy
    world.urn = world.urn.replace("::it", "::shop-live")
    assert live("old", "other", "new", release="r7").kinds(FailedUpdates(intended=frozenset({"it/r7"}))) == [
        ("refresh", "team/shop")
    ]


def test_a_switch_that_is_not_recorded_is_known_by_what_is_served():
    destroying = FailedUpdates(destroying=True)
    assert live("", "new", "new").pending("creating").kinds(destroying) == [("import", "team/shop")]
    assert live("", "other", "new").kinds() == []
    assert live("", "", "").kinds() == []
    assert live("", "", "").pending("creating").kinds() == [("drop-from-state", "")]
    assert live("old", "", "new").kinds() == [("drop-from-state", "team/shop")]
    assert live("old", "other", "new").pending("updating").kinds() == [("refresh", "team/shop")]


def test_a_build_that_failed_and_serves_a_domain_all_the_same_stays():
    world = World(kinds.DEPLOYMENT, DEPLOYMENT).exists("d1", beyond={"readyState": "ERROR"})
    world.live = "d1"
    assert world.kinds() == [("same", "d1")]
