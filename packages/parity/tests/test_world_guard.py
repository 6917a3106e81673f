"""The wrong-state guard: what stops an update before its first call, what lets it on, and what it does not stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.backend.ledger import Record
from parity.engine import state as recorded
from parity.errors import RefusedError
from parity.evaluate.graph import Graph
from parity.inventory.model import LiveState, live_object
from parity.resources import kinds
from parity.updates import conditions, world_guard
from support import plans
from support.recovery import declared

NOTHING = recorded.parse({})
ACCOUNT = {"team": "team_1", "repository": "7", "server": "77"}
SALTED = "encryptionsalt: v1:one\nconfig: {}\n"


def state_of(*rows, **sealed):
    providers = {"secrets_providers": {"type": "any", "state": sealed}} if sealed else {}
    return recorded.parse({"deployment": {"resources": list(rows), **providers}})


def row(urn, type_=kinds.PROJECT, id_="prj_1", **inputs):
    return {"urn": urn, "type": type_, "id": id_, "custom": True, "inputs": inputs}


def guarded(type_, inputs, found, *, state=NOTHING, operation="create"):
    """Judge a plan with one change of a resource, with what is there under its key."""
    urn = plans.urn(type_, "x")
    made = plans.state(type_, "x", inputs)
    steps = {"create": lambda: plans.step("create", None, made), "same": lambda: plans.same(type_, "x", inputs)}
    plan = plans.plan(steps[operation]())
    graph = Graph("storefront", "prod", {urn: declared(urn, inputs, parent="")}, {}, {})
    there = tuple(live_object(type_, f"live{n}", "", each) for n, each in enumerate(found))
    live = LiveState(keys={urn: ("x",)}, inputs={urn: inputs}, under={urn: there})
    world_guard.require_unclaimed(plan, graph, state, live)


def on_server(provider: str, *, recorded_on: str, there: bool) -> None:
    """Judge a database that is declared with one provider and recorded with another."""
    urn, inputs = plans.urn(kinds.DATABASE, "x"), {"name": "events_prod"}
    reference = "urn:pulumi:prod::storefront::pulumi:providers:postgresql::{}::id"
    resource = replace(declared(urn, inputs, parent=""), type=kinds.DATABASE, provider=reference.format(provider))
    graph = Graph("storefront", "prod", {urn: resource}, {}, {})
    found = (live_object(kinds.DATABASE, "events_prod", "", inputs),) if there else ()
    live = LiveState(keys={urn: ("events_prod",)}, inputs={urn: inputs}, under={urn: found})
    state = state_of({**row(urn, kinds.DATABASE, **inputs), "provider": reference.format(recorded_on)})
    world_guard.require_made_there("prod", graph, state, live)


def test_an_update_moves_no_database_to_another_server():
    with pytest.raises(RefusedError, match="made on the server of PGHOST, declared on the server analytics") as caught:
        on_server("postgresql-analytics", recorded_on="postgresql", there=False)
    assert "put `server` back in infra/catalog.py" in str(caught.value.remedy)
    on_server("postgresql-analytics", recorded_on="postgresql", there=True)
    on_server("postgresql-analytics", recorded_on="postgresql-analytics", there=False)


def test_each_server_is_an_account_of_its_own():
    known = {**ACCOUNT, "server:analytics": "88", "repository name": "o/r", "team:reviewers": "5"}
    facts = world_guard.of_account(known)
    assert facts["the identifier of the PostgreSQL server analytics"] == "88"
    assert facts["the GitHub repository's name"] == "o/r"
    assert world_guard.recorded(facts) == {**ACCOUNT, "server:analytics": "88"}
    before = [Record("1", {"account": {"server:analytics": "87"}}, None)]
    with pytest.raises(RefusedError, match="PostgreSQL server analytics is 88, and was 87") as caught:
        world_guard.require_same_account("prod", before, world_guard.recorded(facts), ())
    assert "correct PGHOST_ANALYTICS and PGPORT_ANALYTICS" in str(caught.value.remedy)
    assert "--acknowledge server:analytics=88" in str(caught.value.remedy)
    world_guard.require_same_account("prod", before, world_guard.recorded(facts), ("server:analytics=88",))


CREATED = {
    "a project": (kinds.PROJECT, {"name": "shop-prod"}),
    "a database": (kinds.DATABASE, {"name": "storefront_prod"}),
    "a role": (kinds.ROLE, {"name": "storefront_prod_owner"}),
    "a log drain": (kinds.DRAIN, {"name": "storefront-prod"}),
    "a domain": (kinds.DOMAIN, {"projectId": "prj_1", "domain": "shop.example"}),
    "a variable": (kinds.VARIABLE, {"projectId": "prj_1", "key": "A", "targets": ["production"]}),
    "an environment": (kinds.ENVIRONMENT, {"repository": "storefront", "environment": "prod"}),
}


@pytest.mark.parametrize(("type_", "inputs"), CREATED.values(), ids=CREATED)
def test_what_exists_already_is_not_created_from_an_empty_state(type_, inputs):
    with pytest.raises(RefusedError, match="exist already, and the state is empty") as refused:
        guarded(type_, inputs, [inputs])
    assert "parity recover prod" in str(refused.value.remedy)
    guarded(type_, inputs, [])
    guarded(type_, inputs, [inputs], operation="same")


def test_a_state_with_other_resources_is_said_not_to_have_them():
    other = row(plans.urn(kinds.PROJECT, "other"), name="other")
    with pytest.raises(RefusedError, match="the state does not have them"):
        guarded(kinds.DATABASE, {"name": "d"}, [{"name": "d"}], state=state_of(other))


HARMLESS = {
    "a grant, which sets a state": (kinds.GRANT, {"database": "d", "role": "r", "objectType": "database"}, [{}]),
    "a bypass of another automation": (kinds.BYPASS, {"projectId": "p", "secret": "a"}, [{"projectId": "p"}]),
    "what is live, which every project has": (kinds.LIVE, {"projectId": "p"}, [{"projectId": "p"}]),
    "a variable of the same name for another target": (
        kinds.VARIABLE,
        {"projectId": "p", "key": "A", "targets": ["production"]},
        [{"projectId": "p", "key": "A", "targets": ["preview"]}],
    ),
}


@pytest.mark.parametrize(("type_", "inputs", "found"), HARMLESS.values(), ids=HARMLESS)
def test_what_takes_no_name_may_exist(type_, inputs, found):
    guarded(type_, inputs, found)


def test_a_resource_with_a_new_urn_is_no_stranger():
    old = row(plans.urn(kinds.PROJECT, "old"), id_="live0", name="shop-prod")
    guarded(kinds.PROJECT, {"name": "shop-prod"}, [{"name": "shop-prod"}], state=state_of(old))


# --- Accounts ---------------------------------------------------------------------------------------------------------


def records(*accounts):
    return [Record(str(n), {"account": each} if each else {}, None) for n, each in enumerate(accounts)]


@pytest.mark.parametrize("key", ACCOUNT)
def test_another_account_than_that_of_the_last_update_stops(key):
    now = {**ACCOUNT, key: "other"}
    with pytest.raises(
        RefusedError, match=f"{world_guard.ACCOUNT[key][0]} is other, and was {ACCOUNT[key]}"
    ) as refused:
        world_guard.require_same_account("prod", records({}, ACCOUNT, {}), now, ())
    assert f"parity up prod --acknowledge {key}=other" in str(refused.value.remedy)
    world_guard.require_same_account("prod", records(ACCOUNT), now, (f"{key}=other",))
    world_guard.require_same_account("prod", records(ACCOUNT, now), now, ())


def test_what_is_not_known_on_either_side_stops_nothing():
    world_guard.require_same_account("prod", [], ACCOUNT, ())
    world_guard.require_same_account("prod", records({"team": "team_1"}), ACCOUNT, ())
    world_guard.require_same_account("prod", records(ACCOUNT), {"team": "team_1"}, ())


def test_a_plan_depends_on_the_account():
    seen = LiveState(account={**ACCOUNT, "repository name": "acme/shop", "team:ops": "3"})
    found = conditions.of_live_state(seen, b"k" * 32)
    assert world_guard.recorded(found) == ACCOUNT
    assert world_guard.repository_name(found) == "acme/shop"
    (said,) = conditions.differences(found, {**found, "the Vercel team": "team_2"})
    assert said == "the Vercel team is team_2, and was team_1"


# --- State and file ---------------------------------------------------------------------------------------------------


def test_another_stack_s_state_stops():
    ours = row(plans.urn(kinds.PROJECT, "p"))
    world_guard.require_own_state("storefront", "prod", state_of(ours), SALTED)
    for other in (ours["urn"].replace(":prod::", ":staging::"), ours["urn"].replace("::storefront::", "::shop::")):
        with pytest.raises(RefusedError, match="the state holds resources of"):
            world_guard.require_own_state("storefront", "prod", state_of(ours, row(other)), SALTED)


def test_a_file_that_was_sealed_for_another_state_stops():
    world_guard.require_own_state("storefront", "prod", state_of(salt="v1:one"), SALTED)
    world_guard.require_own_state("storefront", "prod", state_of(salt="v1:one"), "config: {}\n")
    with pytest.raises(RefusedError, match="sealed differently") as refused:
        world_guard.require_own_state("storefront", "prod", state_of(salt="v1:two"), SALTED)
    assert refused.value.where == "Pulumi.prod.yaml"


def test_a_file_that_was_sealed_with_another_key_stops():
    file = "secretsprovider: hashivault://prod\nencryptedkey: 'one'\nconfig: {}\n"
    world_guard.require_own_state("storefront", "prod", state_of(encryptedkey="one", url="hashivault://prod"), file)
    with pytest.raises(RefusedError, match="`encryptedkey`") as refused:
        world_guard.require_own_state("storefront", "prod", state_of(encryptedkey="two", url="hashivault://x"), file)
    assert "`pulumi stack change-secrets-provider hashivault://x --stack prod`" in str(refused.value.remedy)


BUILT = {"ref": "a" * 40, "meta": {"release": "r2", "commit": "a" * 40, "config": "c" * 32}}


def test_a_release_that_is_built_and_not_recorded_is_not_built_again():
    other = {**BUILT, "meta": {**BUILT["meta"], "config": "d" * 32}}
    guarded(kinds.DEPLOYMENT, BUILT, [other])
    urn = plans.urn(kinds.DEPLOYMENT, "x")
    guarded(kinds.DEPLOYMENT, BUILT, [BUILT], state=state_of(row(urn, kinds.DEPLOYMENT, "live0")))
    with pytest.raises(RefusedError, match="exist already") as caught:
        guarded(kinds.DEPLOYMENT, BUILT, [BUILT])
    assert "`parity recover" in str(caught.value.remedy)
