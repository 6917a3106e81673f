"""All stacks are read from files, a backend in a folder and vendors; what one lacks hides nothing of the others."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parity.backend import holds
from parity.backend.ledger import Ledger
from parity.cli.main import application
from parity.engine.pulumi import Pulumi
from parity.engine.store import FolderStore
from parity.evaluate.stack import Stack
from parity.status.attention import needs
from parity.status.collect import collect
from parity.status.model import Drift, Unknown
from support.program import copy_program
from support.statuses import NOW

TOKENS = ("VERCEL_API_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
FINDING = {"kind": "changed", "concern": "rights", "suppression": None}
REPORT = {
    "time": "2026-11-30T05:17:00+00:00",
    "read_failures": [],
    "findings": [
        FINDING,
        {**FINDING, "concern": "rest"},
        {**FINDING, "kind": "unknowable"},
        {**FINDING, "suppression": {"expired": False}},
        {**FINDING, "suppression": {"expired": True}},
    ],
}


class World:
    """A checkout and a backend in a folder; no token, no passphrase, and an engine that fails whatever it is asked."""

    def __init__(self, folder: Path) -> None:
        self.project = copy_program(folder / "checkout")
        self.store = FolderStore(folder / "backend")
        for name in ("staging", "prod"):
            self.write(name, json.dumps({"version": 3, "checkpoint": {"latest": {"resources": []}}}))

    def write(self, stack: str, text: str) -> None:
        path = self.store.root / f".pulumi/stacks/{self.project.name}/{stack}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def ledger(self, stack: str) -> Ledger:
        return Ledger(self.store, self.project.name, stack)

    def read(self, **options):
        environment = {**os.environ, "PULUMI_BACKEND_URL": f"file://{self.store.root}"}
        engine = Pulumi(Path("/bin/false"), self.project.root, environment)
        stacks = [Stack(name, self.project, engine) for name in self.project.promotion.stacks]
        return collect(self.project, stacks, reports=self.project.root / "drift", **options)

    def files(self) -> dict[str, float]:
        return {
            str(path): path.stat().st_mtime
            for root in (self.store.root, self.project.root)
            for path in root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }


@pytest.fixture
def world(tmp_path, monkeypatch):
    for name in TOKENS:
        monkeypatch.delenv(name, raising=False)
    # The proof takes longer than all else, and one test asks for it.
    monkeypatch.setattr("parity.status.collect._QUICK", 0)
    return World(tmp_path)


def test_without_a_token_or_a_passphrase_files_and_record_are_shown_and_the_rest_is_said(world, monkeypatch):
    monkeypatch.setattr("parity.status.collect._QUICK", 8)
    before = world.files()
    status = world.read()
    assert [(each.name, each.promotes_from) for each in status.stacks] == [("staging", None), ("prod", "staging")]
    for stack in status.stacks:
        assert [(row.name, row.live, row.health) for row in stack.applications] == [
            ("shop", "r1", "unknown"), ("admin", "r1", "unknown"),
        ]  # fmt: skip
        whats = {each.what: each for each in stack.unknown}
        assert set(whats) == {"drift", "health of shop", "health of admin"}
        assert "VERCEL_API_TOKEN" in whats["health of shop"].why
        assert whats["health of shop"].command == f"parity releases {stack.name} shop"
        assert stack.running == "none"
    assert status.stacks[1].parity.clean
    assert [each.why for each in status.unknown] == ["neither GH_TOKEN nor GITHUB_TOKEN is set"]
    assert world.files() == before, "nothing is written"


def test_a_record_that_cannot_be_read_hides_nothing_of_the_other_stack(world):
    world.write("prod", "{")
    world.ledger("staging").end(world.ledger("staging").begin({"command": "up"}), {"result": "succeeded"})
    staging, prod = world.read().stacks
    assert [each.command for each in staging.operations] == ["up"]
    assert staging.running == "none"
    (record,) = [each for each in prod.unknown if each.what == "the record"]
    assert record.command == "parity recover prod --plan"
    assert (prod.running, [row.live for row in prod.applications]) == ("unknown", ["r1", "r1"])


def test_a_file_with_a_fault_hides_nothing_of_the_other_stack(world):
    path = world.project.stack_files()["prod"]
    path.write_text(path.read_text().replace("parity:environment: prod", "parity:environment: another"))
    staging, prod = world.read().stacks
    assert len(staging.applications) == 2
    assert prod.applications == ()
    assert [each.command for each in prod.unknown if each.what == "config"] == ["parity check"]


def test_an_update_that_died_and_one_that_left_operations_need_a_person(world):
    pending = {"type": "creating", "resource": {"urn": "urn:pulumi:prod::storefront::a:b/c:D::e", "type": "a:b/c:D"}}
    world.write(
        "prod", json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [], "pending_operations": [pending]}}})
    )
    status = world.read()
    assert (status.stacks[1].running, status.stacks[1].running_why) == (
        "interrupted", "1 operations have no end in the state",
    )  # fmt: skip
    assert [(each.stack, each.command) for each in needs(status)] == [("prod", "parity recover prod --plan")]
    world.ledger("staging").begin({"command": "up", "pid": 2**22 + 1, "host": {"name": "elsewhere"}})
    assert world.read().stacks[0].running == "unknown", "no one here can say whether it still runs"


def test_a_hold_comes_first_with_the_command_that_lifts_it(world):
    made = {"application": "shop", "who": "ada", "why": "the sale", "until": None}
    holds.hold(world.store, world.project.name, "prod", **made)
    status = world.read()
    assert [len(each.holds) for each in status.stacks] == [0, 1]
    (need,) = needs(status)
    assert need.what.startswith("shop is held by ada since ")
    assert need.what.endswith("the sale")
    assert need.command == "parity lift prod --application shop --why TEXT"
    holds.lift(world.store, world.project.name, "prod", application="shop", who="ada", why="over")
    assert needs(world.read()) == ()


def test_the_last_audits_report_is_counted_as_the_audit_counts(world):
    folder = world.project.root / "drift" / "staging"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(REPORT))
    staging, prod = world.read().stacks
    assert staging.drift.counts == {"served": 0, "rights": 2, "secrets": 0, "rest": 1}
    assert (staging.drift.grave, staging.drift.source) == (2, "drift/staging")
    assert [each.command for each in prod.unknown if each.what == "drift"] == ["parity status prod --audit"]
    (folder / "report.json").write_text("{}")
    (said,) = [each.why for each in world.read().stacks[0].unknown if each.what == "drift"]
    assert said == "drift/staging/report.json cannot be read (KeyError)"


def test_an_audit_that_fails_is_said_for_its_stack(world):
    found = Drift(NOW, {"rest": 1}, 0, "now")
    given = {"staging": found, "prod": Unknown("drift", "no passphrase", "")}
    staging, prod = world.read(audit=given.__getitem__).stacks
    assert staging.drift is found
    assert given["prod"] in prod.unknown


def test_the_record_says_who_what_and_since_when(world):
    ledger, run = world.ledger("prod"), {"url": "https://github.com/acme/storefront/actions/runs/7"}
    facts = {"command": "deliver", "actor": "ada", "commit": "3f" * 20 + "+changes", "pull_request": 41, "run": run}
    sides = {"before": {"shop": {"live": None}}, "intent": {"shop": {"live": "r1"}, "admin": {"live": None}}}
    ledger.end(ledger.begin({**facts, **sides}), {"result": "succeeded"})
    ledger.end(ledger.begin({**facts, "before": sides["intent"], "intent": sides["intent"]}), {"result": "succeeded"})
    prod = world.read().stacks[1]
    newest, first = prod.operations
    assert (newest.moves, first.moves) == ((), ("shop nothing → r1",))
    assert [each.text for each in first.links] == ["3f3f3f3f3 with changes", "#41", "run"]
    assert first.links[0].url.endswith(f"/commit/{'3f' * 20}")
    assert [each.since for each in prod.applications] == [first.started, None]


def test_however_many_operations_are_recorded_few_are_read(world):
    ledger = world.ledger("prod")
    folder = world.store.root / ledger.folder
    folder.mkdir(parents=True)
    for number in range(500):
        base = f"20261130T{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}.000Z-00000000"
        facts = {"form": 1, "update": base, "time": "2026-11-30T00:00:00+00:00"}
        for ending in ("1-begin", "2-end"):
            (folder / f"{base}.{ending}.json").write_text(json.dumps({**facts, "result": "succeeded"}))
    read: list[str] = []
    original = FolderStore.read

    def counted(store: FolderStore, key: str) -> bytes | None:
        read.append(key)
        return original(store, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FolderStore, "read", counted)
        status = world.read()
    assert len(status.stacks[1].operations) == 12
    assert len([key for key in read if "/ledger/" in key]) == 32, "sixteen records are read at once"


@pytest.mark.parametrize(("faults", "code"), [(1, 0), (2, 21)])
def test_it_exits_21_only_where_nothing_of_any_stack_could_be_read(world, monkeypatch, capsys, faults, code):
    for path in list(world.project.stack_files().values())[:faults]:
        path.write_text(path.read_text().replace("parity:environment: ", "parity:environment: another-"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{world.store.root}")
    monkeypatch.chdir(world.project.root)
    with pytest.raises(SystemExit) as ended:
        application()(["status", "--html", "out/page.html"], prog_name="parity")
    assert ended.value.code == code
    assert capsys.readouterr().out == ""
    assert "parity check" in (world.project.root / "out" / "page.html").read_text()
