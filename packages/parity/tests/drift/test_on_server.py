"""Each finding about PostgreSQL names its server, where that has a name, and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parity.config import servers, settings
from parity.config.parameters import Database
from parity.config.project import Project
from parity.drift import marks
from parity.drift.compare import Sides
from parity.drift.database_objects import compare
from parity.drift.model import Finding
from parity.engine import state
from parity.inventory import collect, postgres
from parity.inventory.model import DatabaseObject, LiveState, Server, VendorState, live_object
from parity.resources import kinds
from parity.testing import record
from support.paths import ROOT

READ = settings.load("staging", ROOT, None)
BOTH = replace(
    READ,
    catalog=READ.catalog.model_copy(
        update={
            "databases": (*READ.catalog.databases, Database(name="events", server="analytics", schemas=("events",)))
        }
    ),
    databases={**READ.databases, "events": READ.databases["storefront"]},
)
GRAPH = record(lambda: Project(ROOT).program.build()(BOTH)).graph
STRANGER = live_object(kinds.ROLE, "events_staging_stranger", "", {"name": "events_staging_stranger"})
ADMINISTRATOR = DatabaseObject("", "administrator", "", "ops", "", note="superuser", undo="alter role ops nosuperuser")


def sides(**more: Any) -> Sides:
    under = dict.fromkeys(GRAPH.resources, ())
    live = LiveState(under=under, unmanaged=(replace(STRANGER, server="analytics"),), **more)
    return Sides(GRAPH, state.parse({}), live)


def server_of(**of: Any) -> Any:
    finding = Finding("unmanaged", of.pop("type_", kinds.ROLE), "x", "", of.pop("key", ("x",)), **of)
    (marked,) = marks.on_server([finding], sides())
    return marked.facts.get(marks.SERVER)


def test_a_finding_is_at_the_server_of_its_resource_its_database_or_its_role():
    urns = {each.name: urn for urn, each in GRAPH.resources.items()}
    assert server_of(urn=urns["events-owner"]) == "analytics"
    assert server_of(urn=urns["storefront-owner"]) is None
    assert server_of(facts={"urn": urns["events-readonly"]}) == "analytics"
    assert server_of(key=("events_staging", "by_hand")) == "analytics"
    assert server_of(key=("events_staging", "by_hand"), type_=kinds.PROJECT) is None
    assert server_of(key=STRANGER.key) == "analytics"
    assert server_of(key=("storefront_staging", "by_hand")) is None


def test_the_same_administrator_at_two_servers_is_two_findings():
    both = sides()
    things = (ADMINISTRATOR, replace(ADMINISTRATOR, server="analytics"))
    found = marks.on_server(compare(replace(both, live_state=replace(both.live_state, things=things))), both)
    assert [each.facts.get(marks.SERVER) for each in found] == [None, "analytics"]
    assert len({each.id for each in found}) == 2


def test_a_server_with_two_names_is_read_once_and_known_by_both(monkeypatch):
    asked: list[tuple[str | None, postgres.Scope]] = []

    def read(environment: dict[str, str], scope: postgres.Scope) -> VendorState:
        asked.append((environment.get("PGHOST"), scope))
        return VendorState(servers={name: Server(f"admin of {environment['PGHOST']}") for name in scope.servers})

    monkeypatch.setattr(postgres, "read", read)
    first = {"PGHOST": "one", "PGPORT": "1", "PGUSER": "u", "PGPASSWORD": "p", "PGSSLMODE": "require"}
    second = {servers.variable(name, "analytics"): value for name, value in first.items()}
    only = replace(GRAPH, resources={urn: each for urn, each in GRAPH.resources.items() if "postgresql" in each.type})

    live = collect.collect_live_state(only, environment={**first, **second}, passwords=False)
    ((_, scope),) = asked
    assert (scope.servers, scope.databases) == (("", "analytics"), ("storefront_staging", "events_staging"))
    assert set(live.servers) == {"", "analytics"}

    asked.clear()
    live = collect.collect_live_state(only, environment={**first, **second, "PGHOST_ANALYTICS": "two"}, passwords=False)
    assert {host: scope.databases for host, scope in asked} == {
        "one": ("storefront_staging",),
        "two": ("events_staging",),
    }
    assert live.servers["analytics"].administrator == "admin of two"
