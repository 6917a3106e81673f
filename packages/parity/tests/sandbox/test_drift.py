"""`parity drift` on stacks that the real engine brought up: clean, drifted, half read, suppressed, adopted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from parity.drift import adopt
from parity.drift.audit import audit, find
from parity.drift.compare import Sides
from parity.evaluate.stack import Stack, ambient
from parity.inventory import collect_live_state as reality_of
from parity.resources import kinds
from parity.vendors.http import Limits
from support.amounts import everything
from support.instances import START
from support.mutations import DATABASE, OWNER, STACK, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from parity.drift.audit import Audit
    from parity.drift.model import Finding
    from parity.inventory.model import LiveState
    from parity_sandbox.client import ControlClient
    from support.program import Instance, Run

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

FAST = Limits(request_seconds=5, deadline_seconds=1.5, first_pause_seconds=0.05)


@pytest.fixture
def clean(small_module_instance: Instance) -> Iterator[Instance]:
    small_module_instance.local.client().load_snapshot(START)
    yield small_module_instance
    small_module_instance.local.client().clear_faults()


def audited(instance: Instance, stack: str = STACK) -> Audit:
    return audit(Stack(stack, instance.project, ambient(instance.project)), limits=FAST)


def parity(instance: Instance, *arguments: str) -> Run:
    return instance.run("parity", *arguments)


def plant(instance: Instance) -> World:
    """One difference at each vendor."""
    world = World(instance)
    world.vercel("PATCH", "/v9/projects/shop-prod", {"framework": "vite"})
    world.github(
        "PATCH", "/repos/storefront-example/storefront/environments/prod/variables/LIVE_URL_SHOP", {"value": "x"}
    )
    world.sql(f"alter database {DATABASE} connection limit 77")
    return world


PLANTED = {"Vercel": "framework", "GitHub": "value", "PostgreSQL": "connectionLimit"}


def test_the_command_ends_with_0_where_all_is_as_declared_and_20_where_it_drifted(clean: Instance, tmp_path: Path):
    run = parity(clean, "drift", "staging", "--json").ok()
    document = json.loads(run.stdout)
    assert (document["clean"], document["exit_code"], document["inventoried"]) == (True, 0, document["declared"])
    assert {each["kind"] for each in document["findings"]} == {"unknowable"}
    plant(clean)
    run = parity(clean, "drift", STACK, "--plan", "--output", str(tmp_path / "out"))
    assert run.code == 20, run.said
    assert "prod: drifted: 3 changed" in run.stdout
    assert "pulumi up --refresh --stack prod" in run.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {each["vendor"]: each["property"] for each in report["findings"] if each["kind"] == "changed"} == PLANTED
    for name in ("report.md", "report.html"):
        assert "shop-project" in (tmp_path / "out" / name).read_text()
    recorded = parity(clean, "drift", STACK, "--fail-on", "missing", "--record").ok()
    assert "Recorded: 3 found for the first time, 0 gone." in recorded.stderr
    drafted = json.loads(parity(clean, "postmortem", STACK, "--json").ok().stdout)
    assert {each["property"] for each in drafted["causes"]} == {*PLANTED.values()}
    assert drafted["incident"]["signs"][0]["what"] == "drift found 3 that others had changed"
    assert parity(clean, "drift", STACK, "--fail-on", "gone").code == 2


HTTP = [
    {"status": 401},
    {"status": 403},
    {"status": 404},
    {"status": 429, "retry_after": 1},
    {"status": 500},
    {"action": "drop"},
    {"action": "truncate"},
]


@dataclass(frozen=True)
class Seen:
    """What one audit gave, on the stack as it was read once."""

    live_state: LiveState
    findings: list[Finding]

    @property
    def vendors(self) -> set[str]:
        return {each.vendor for each in self.live_state.read_failures}

    def of(self, *kinds: str) -> dict[str, str]:
        return {each.vendor: each.path for each in self.findings if each.kind in kinds}


@pytest.fixture(scope="module")
def planted(small_module_instance: Instance) -> Callable[[], Seen]:
    """An audit of the stack with one difference at each vendor; config and record are read once, for speed."""
    instance = small_module_instance
    instance.local.client().load_snapshot(START)
    stack = Stack(STACK, instance.project, ambient(instance.project))
    graph, state = stack.declared(stack.settings()), stack.recorded(show_secrets=True)
    plant(instance)

    def once() -> Seen:
        live_state = reality_of(graph, limits=FAST, passwords=False)
        return Seen(live_state, find(Sides(graph, state, live_state, frozenset({"staging"})), []))

    return once


@pytest.fixture
def faults(small_module_instance: Instance) -> Iterator[ControlClient]:
    control = small_module_instance.local.client()
    control.clear_faults()
    yield control
    control.clear_faults()


def test_each_vendors_difference_is_reported(planted: Callable[[], Seen]):
    found = planted()
    assert found.live_state.read_failures == ()
    assert found.of("changed") == PLANTED


@pytest.mark.parametrize("vendor", ["vercel", "github"])
@pytest.mark.parametrize("fault", HTTP, ids=lambda fault: str(fault.get("status") or fault["action"]))
def test_a_vendor_that_fails_is_never_clean_and_the_others_are_reported(
    planted: Callable[[], Seen], faults: ControlClient, vendor: str, fault: dict[str, Any]
):
    faults.add_fault(service=vendor, times=None, **fault)
    found = planted()
    name = {"vercel": "Vercel", "github": "GitHub"}[vendor]
    assert found.vendors == {name}
    assert found.of("changed") == {key: path for key, path in PLANTED.items() if key != name}
    assert found.of("missing") == {}, "what could not be seen is not gone"


OF_ONE_REQUEST = [
    ("/env[?]", "the variables of "), ("/domains", "the domains of "), ("/v6/deployments", "the deployments of "),
    ("/v1/drains", "the team's drains"), ("/v9/projects/shop-prod($|[?])", "the project shop-prod"),
    ("environments/prod/secrets", "the secrets of prod"), ("environments/prod/variables", "the variables of prod"),
    ("/actions/secrets", "the secrets of storefront itself"),
    ("/actions/variables", "the variables of storefront itself"),
    ("/collaborators", "the collaborators of storefront"), ("storefront/teams", "the teams of storefront"),
    ("/permissions/workflow", "the Actions permissions of "), ("/rulesets", "the rulesets of "),
    ("/deployment-branch-policies", "the deployment branch policies of prod"),
    ("/actions/permissions", "the Actions permissions of "), ("/orgs/.*/teams/", "the team "),
]  # fmt: skip
"""A part of a request's path, and how what it hides is called."""
ONE = ({"status": 404}, {"action": "truncate"})
CASES = [
    pytest.param(*one, fault, id=f"{one[1].strip()}, {next(iter(fault.values()))}")
    for number, one in enumerate(OF_ONE_REQUEST)
    for fault in (ONE if everything() else ONE[number % 2 :][:1])
]


@pytest.mark.parametrize(("path", "what", "fault"), CASES)
def test_one_request_that_fails_hides_no_more_than_its_own(
    planted: Callable[[], Seen], faults: ControlClient, path: str, what: str, fault: dict[str, Any]
):
    faults.add_fault(path=path, method="GET", times=None, **fault)
    found = planted()
    assert found.live_state.read_failures
    assert [str(each) for each in found.live_state.read_failures if not each.what.startswith(what)] == []
    assert found.of("missing") == {}
    assert found.of("changed").items() <= PLANTED.items()
    assert len(found.of("changed")) >= 2


def test_a_rate_limit_that_ends_is_waited_out(planted: Callable[[], Seen], faults: ControlClient):
    faults.add_fault(service="vercel", path="/v2/teams", times=1, status=429, retry_after=0)
    assert planted().live_state.read_failures == ()
    assert [each["seen"] > 0 for each in faults.faults()] == [True]


def test_postgresql_that_is_down_is_reported_and_the_others_are_read(
    planted: Callable[[], Seen], faults: ControlClient
):
    faults.postgres("stop")
    try:
        found = planted()
    finally:
        faults.postgres("start")
    assert found.vendors == {"PostgreSQL"}
    assert found.of("changed") == {key: path for key, path in PLANTED.items() if key != "PostgreSQL"}
    assert found.of("missing") == {}


def test_a_password_that_postgresql_refuses_is_reported(
    planted: Callable[[], Seen], faults: ControlClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGPASSWORD", "wrong")
    found = planted()
    assert found.vendors == {"PostgreSQL"}
    assert found.of("missing") == {}


def test_a_database_that_takes_no_connection_is_reported(clean: Instance):
    World(clean).sql(f"alter database {DATABASE} allow_connections false", database="postgres", superuser=True)
    found = audited(clean)
    assert [each.what for each in found.report.read_failures] == [f"the database {DATABASE}"]
    reported = {(each.kind, each.path) for each in found.report.findings if each.kind != "unknowable"}
    assert reported == {("changed", "allowConnections")}, "declared grants on it are not called unmanaged"


def test_a_role_that_may_only_read_sees_the_same(clean: Instance, monkeypatch: pytest.MonkeyPatch):
    every = audited(clean).report
    world = World(clean)
    world.sql("create role auditor login password 'words-of-its-own-7391'", database="postgres", superuser=True)
    world.sql(f"grant connect on database {DATABASE} to auditor", superuser=True)
    world.sql(
        "grant usage on schema parity to auditor",
        "grant select on parity.migrations to auditor",
        role=OWNER,
        superuser=True,
    )
    monkeypatch.setenv("PGUSER", "auditor")
    monkeypatch.setenv("PGPASSWORD", "words-of-its-own-7391")
    found = audited(clean).report
    assert found.read_failures == ()
    more = {each.what for each in found.findings} - {each.what for each in every.findings}
    places = (f"database {DATABASE}", "schema parity", "table parity.migrations")
    assert more == {f"Grant auditor on {each} of {DATABASE}" for each in places}


def test_after_a_failed_update_it_audits_all_the_same(clean: Instance):
    clean.local.client().add_fault(service="github", method="PATCH", path="/variables/", times=None, status=500)
    clean.replace(STACK, "https://shop.storefront.example", "https://other.storefront.example")
    try:
        run = clean.up(STACK)
        assert run.code != 0
        clean.local.client().clear_faults()
        found = audited(clean)
        assert found.report.read_failures == ()
        changed = {(each.kind, each.cause) for each in found.report.findings if each.kind != "unknowable"}
        assert changed <= {("changed", "not applied"), ("missing", "not applied"), ("changed", "outside")}
    finally:
        clean.replace(STACK, "https://other.storefront.example", "https://shop.storefront.example")


def test_an_exception_is_written_and_nothing_else_and_accepts_what_it_names(clean: Instance):
    plant(clean)
    path = clean.project.root / f"Pulumi.{STACK}.yaml"
    before = path.read_bytes()
    identity = next(each.id for each in audited(clean).report.findings if each.path == "framework")
    assert parity(clean, "drift", STACK, "--suppress", identity).code == 2, "it needs a reason"
    run = parity(clean, "drift", STACK, "--suppress", identity, "--reason", 'a "trial"', "--expiry", "2099-01-01").ok()
    assert identity in run.stdout
    after = path.read_bytes()
    try:
        added = after.replace(b"\n    - {accepts: drift", b" []#", 1)
        assert after.count(b"accepts: drift") == 1
        assert len(added) < len(after)
        assert before.count(b"\n") + 1 == after.count(b"\n")
        found = {each.id: each for each in audited(clean).report.findings}
        accepted = found[identity].suppression
        assert accepted is not None
        assert (accepted.reason, accepted.expiry, accepted.expired) == ('a "trial"', "2099-01-01", False)
        assert not found[identity].counts
        path.write_bytes(after.replace(b"2099-01-01", b"2020-01-01"))
        assert next(each for each in audited(clean).report.findings if each.id == identity).counts, (
            "its last day is over"
        )
    finally:
        path.write_bytes(before)


def test_what_is_declared_and_there_but_not_recorded_is_adopted(clean: Instance):
    name = "delivery-variable-LIVE_URL_SHOP"
    urn = next(
        row["urn"]
        for row in json.loads(clean.pulumi("stack", "export", "--stack", STACK).ok().stdout)["deployment"]["resources"]
        if row["urn"].endswith(f"::{name}")
    )
    clean.pulumi("state", "delete", urn, "--stack", STACK, "--yes").ok()
    found = audited(clean)
    finding = next(each for each in found.report.findings if each.kind == "unmanaged")
    assert (finding.cause, finding.type) == ("not recorded", kinds.GITHUB_VARIABLE)
    shown = parity(clean, "adopt", STACK, finding.id, "--json").ok()
    assert json.loads(shown.stdout)["imported"] == 0
    parity(clean, "adopt", STACK, finding.id, "--write").ok()
    again = audited(clean).report
    assert [each.what for each in again.findings if each.kind != "unknowable"] == []


def test_what_the_program_does_not_declare_is_not_imported(clean: Instance):
    World(clean).vercel(
        "POST",
        "/v10/projects/shop-prod/env",
        {"key": "BY_HAND", "value": "1", "type": "plain", "target": ["production"]},
    )
    found = audited(clean)
    finding = next(each for each in found.report.findings if each.kind == "unmanaged")
    prepared = adopt.prepare(finding, found.sides.graph, found.sides.state)
    assert prepared.resource is None
    assert 'PlainVariable(name="BY_HAND"' in prepared.declare
    assert parity(clean, "adopt", STACK, finding.id, "--write").code == 2


def test_no_secret_is_shown_anywhere(clean: Instance, tmp_path: Path):
    world = plant(clean)
    canary = "canary-0123456789-canary-0123456789"
    body = {"key": "LEAK", "value": f"postgresql://u:{canary}@host/db", "type": "plain", "target": ["production"]}
    world.vercel("POST", "/v10/projects/shop-prod/env", body)
    world.vercel(
        "PATCH", f"/v9/projects/shop-prod/env/{world.variable('shop-prod', 'NEXT_PUBLIC_BASE_URL')}", {"value": canary}
    )
    drain = world.drain()
    world.vercel("PATCH", f"/v1/drains/{drain['id']}", {"delivery": {**drain["delivery"], "secret": canary}})
    run = parity(clean, "drift", STACK, "--plan", "--record", "--output", str(tmp_path / "out"))
    assert run.code == 20
    said = run.said + "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    said += "".join(parity(clean, "postmortem", STACK, *form).ok().said for form in ((), ("--html",), ("--json",)))
    said += "".join(path.read_text() for path in (clean.local.layout.backend / ".parity").rglob("*.json"))
    assert "LEAK" in said
    secrets = {
        canary,
        drain["delivery"]["secret"],
        clean.environment()["PGPASSWORD"],
        clean.environment()["VERCEL_API_TOKEN"],
    }
    assert [each for each in secrets if each in said] == []
