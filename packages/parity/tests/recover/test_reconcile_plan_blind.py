"""What is done about what cannot be read, and about what is not declared."""

from __future__ import annotations

import pytest

from parity.inventory.model import LiveObject, ReadFailure
from parity.recover.model import FailedUpdates
from parity.resources import kinds
from support.decisions import World, urn


def test_what_could_not_be_read_is_asked_about_where_it_matters():
    world = World(kinds.DOMAIN).pending("creating")
    world.read_failures.append(
        ReadFailure("Vercel", "the domains", "GET /", 500, "down", frozenset({kinds.DOMAIN}), ())
    )
    (decision,) = world.decide().decisions
    assert decision.kind == "manual"
    assert "500" in decision.why
    assert World(kinds.DOMAIN).recorded("a").exists("a").kinds() == [("same", "a")]


def test_nothing_is_forgotten_because_it_could_not_be_read():
    world = World(kinds.DOMAIN).recorded("a")
    world.read_failures.append(
        ReadFailure("Vercel", "the domains", "GET /", 500, "down", frozenset({kinds.DOMAIN}), ())
    )
    assert world.kinds() == [("same", "a")]


def test_what_is_recorded_and_in_doubt_is_asked_about_where_it_could_not_be_read_and_the_reason_is_its_own():
    world = World(kinds.DOMAIN).recorded("a").pending("updating")
    world.read_failures.append(
        ReadFailure("GitHub", "the secrets", "GET /s", 502, "away", frozenset({kinds.SECRET}), ())
    )
    world.read_failures.append(
        ReadFailure("Vercel", "the domains", "GET /d", 500, "down", frozenset({kinds.DOMAIN}), ())
    )
    (decision,) = world.decide().decisions
    assert decision.kind == "manual"
    assert "GET /d" in decision.why
    world = World(kinds.DOMAIN)
    world.read_failures.append(
        ReadFailure("Vercel", "the domains", "GET /d", 500, "down", frozenset({kinds.DOMAIN}), ())
    )
    assert world.kinds() == [("manual", "")]


def inside_a_closed_database(type_, trouble, *, pending=False, recorded=False, accepts=False):
    world = World(type_)
    world.read_failures.append(
        ReadFailure("PostgreSQL", "the database", "connect", None, "closed", frozenset({type_}), ("key",))
    )
    if pending:
        world.pending("creating")
    if recorded:
        world.recorded("a", initErrors=["half made"])
    database = urn(kinds.DATABASE, "database")
    properties = {"allowConnections": accepts}
    world.unmanaged = {database: (LiveObject(kinds.DATABASE, ("key",), "key", "", properties),)}
    if trouble in {"read", "recorded"}:  # as the provider records it once recover had it read, and before
        outputs = {"allowConnections": trouble != "read"}
        world.records.append({**world.row("key", outputs=outputs), "urn": database, "type": kinds.DATABASE})
    touched = frozenset({database}) if trouble == "touched" else frozenset()
    return world.kinds(FailedUpdates(touched=touched, destroying=trouble == "destroying"))


@pytest.mark.parametrize("type_", sorted(kinds.inside(kinds.DATABASE) & kinds.MANAGED))
@pytest.mark.parametrize("trouble", ["touched", "destroying", "read"])
def test_what_is_in_a_database_whose_deletion_began_goes_with_it(type_, trouble):
    assert inside_a_closed_database(type_, trouble) == []
    assert inside_a_closed_database(type_, "none") == [("manual", "")], "another closed it"
    assert ("manual", "") in inside_a_closed_database(type_, "recorded"), "another closed what we recorded as open"
    assert inside_a_closed_database(type_, trouble, accepts=True) == [("manual", "")], "there is another reason"
    assert inside_a_closed_database(type_, trouble, pending=True) == [("manual", "")]
    assert inside_a_closed_database(type_, trouble, recorded=True) == [("manual", "")]


def test_what_is_not_in_a_database_is_not_gone_with_one():
    assert inside_a_closed_database(kinds.DOMAIN, "destroying") == [("manual", "")]


def foreign(type_="aws:s3/bucket:Bucket"):
    world = World(type_)
    world.inventoried = False
    return world


def test_an_operation_on_what_is_not_inventoried_is_asked_about_unless_it_is_recorded():
    assert foreign().pending("creating", custom=True).kinds() == [("manual", "")]
    assert foreign().recorded("a").pending("updating", custom=True).kinds() == [("refresh", "a")]
    assert foreign("pulumi:providers:aws").pending("creating", custom=True).kinds() == [("refresh", "")]
    assert foreign("parity:components:X").pending("creating", custom=False).kinds() == [("refresh", "")]
    assert foreign().recorded("a").kinds() == []


def test_a_creation_of_what_is_not_declared_any_more_is_asked_about():
    world = World(kinds.DOMAIN).pending("creating")
    world.declared = False
    (decision,) = world.decide().decisions
    assert decision.kind == "manual"
    assert "parity log" in decision.remedy


def test_a_deletion_or_a_providers_creation_of_what_is_neither_declared_nor_recorded_is_forgotten():
    for type_, operation in ((kinds.DOMAIN, "deleting"), ("pulumi:providers:vercel", "creating")):
        world = World(type_).pending(operation)
        world.declared = False
        assert world.kinds() == [("drop-from-state", "")]


@pytest.mark.parametrize("type_", ["pulumi:pulumi:Stack", "parity:components:X"])
def test_a_creation_of_what_stands_in_the_record_alone_is_forgotten(type_):
    world = World(type_).pending("creating", custom=False)
    world.declared = False
    assert world.kinds() == [("drop-from-state", "")], (
        "no program declares the stack's own resource, begun first of all"
    )


def test_an_operation_on_what_is_recorded_and_not_declared_is_finished():
    world = World(kinds.DOMAIN).recorded("a").pending("deleting")
    world.declared = False
    assert world.kinds() == [("refresh", "a")]
