"""`parity doctor`: everything in order, and each fault by its name with its remedy."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import psutil
import pytest

from parity.local import accounts, doctor
from parity.local.sandbox import Local
from parity_sandbox.layout import Layout
from support.mutations import World
from support.mutations.github import seal
from support.mutations.world import REPO
from support.program import ROOT, copy_program

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from parity.config.project import Project
    from parity.local.finding import Check
    from support.sandboxes import Sandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return copy_program(tmp_path / "program")


def examined(project: Project, directory: Path, *, own_accounts: bool = False) -> list[Check]:
    return doctor.examine(project, Local(project, directory), own_accounts=own_accounts)


def faults(checks: Iterable[Check]) -> dict[str, tuple[str, str | None]]:
    return {each.name: (each.detail, each.remedy) for each in checks if each.state == "fault"}


def test_all_is_well_and_each_part_says_where_it_came_from_until_one_after_the_other_fails(
    project: Project, sandbox: Sandbox
):
    checks = examined(project, sandbox.directory)
    assert faults(checks) == {}
    found = {each.name: each for each in checks}
    parts = ("Python", "pulumi", "language host", "plugin github", "plugin postgresql", "plugin vercel", "PostgreSQL")
    assert all(found[name].source for name in parts)
    assert {f"{name} port" for name in ("proxy", "tls", "control", "postgres")} <= set(found)
    assert {"stack staging", "stack prod", "certificates", "sandbox backend", "sandbox"} <= set(found)

    layout = Layout(sandbox.directory)
    layout.bundle.unlink()
    shutil.rmtree(layout.backend)
    without = faults(examined(project, sandbox.directory))
    assert set(without) == {"certificates", "sandbox backend"}, "the other checks are made all the same"
    assert without["certificates"][1] == "parity sandbox down --wipe; parity sandbox up"
    assert without["sandbox backend"][1]

    sandbox.control.postgres("kill")
    dead = faults(examined(project, sandbox.directory))
    assert dead["sandbox"][1] == "parity sandbox down; parity sandbox up"
    assert "does not answer" in dead["postgres port"][0]

    server = psutil.Process(sandbox.running.pid)
    server.kill()
    server.wait(20)
    (check,) = [each for each in examined(project, sandbox.directory) if each.name == "sandbox"]
    assert (check.state, check.remedy) == ("note", "parity sandbox up"), "killed, it counts as not running"


def test_an_engine_that_is_not_there_is_not_built(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARITY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    found = faults(examined(project, tmp_path / "instance", own_accounts=True))
    assert "cannot be had" in found["engine"][0]
    assert (found["engine"][1] or "").startswith("parity engine resolve")
    assert not (tmp_path / "cache").exists() or list((tmp_path / "cache").iterdir()) == []


def test_a_plugin_that_is_named_and_is_not_there(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARITY_VERCEL_PLUGIN", str(tmp_path / "nothing"))
    assert str(tmp_path / "nothing") in faults(examined(project, tmp_path / "instance"))["engine"][0]


def test_a_stack_file_with_faults(project: Project, tmp_path: Path):
    path = project.root / "Pulumi.prod.yaml"
    path.write_text(path.read_text().replace("port: 5432", "prt: 5432"))
    found = faults(examined(project, tmp_path / "instance"))
    assert set(found) == {"stack prod"}
    assert "parity:databases.storefront.prt" in found["stack prod"][0]
    assert found["stack prod"][1] == "correct Pulumi.prod.yaml"


def test_accounts_that_are_ready_and_ones_that_are_not(project: Project, empty_instance):
    empty_instance.init("staging")
    command = ("parity", "doctor", "--accounts", "--json", "--dir", str(empty_instance.local.directory))
    ready = empty_instance.run(*command, extra={"PYTHONPATH": str(ROOT)})
    checks = {each["name"]: each for each in json.loads(ready.ok().stdout)["checks"]}
    assert [checks[name]["state"] for name in ("Vercel", "GitHub", "PostgreSQL", "backend")] == ["ok"] * 4
    assert checks["secrets staging"]["state"] == "ok"
    assert checks["secrets prod"]["remedy"] == "`pulumi stack init prod`"

    wrong = {"VERCEL_API_TOKEN": "", "PGPASSWORD": "canary", "PULUMI_CONFIG_PASSPHRASE": "canary"}
    said = empty_instance.run(*command, extra={"PYTHONPATH": str(ROOT), **wrong})
    assert said.code == 1
    document = json.loads(said.stdout)
    assert not document["healthy"]
    bad = {each["name"]: each for each in document["checks"] if each["state"] == "fault"}
    assert set(bad) == {"Vercel", "PostgreSQL", "secrets staging"}
    assert all(each["remedy"] for each in bad.values())
    assert "canary" not in said.said


def test_the_environments_of_the_jobs_are_asked_for_their_secrets(small_instance, monkeypatch: pytest.MonkeyPatch):
    project, world = small_instance.project, World(small_instance)
    shutil.copytree(ROOT / ".github" / "workflows", project.root / ".github" / "workflows")
    for name, value in small_instance.environment().items():
        monkeypatch.setenv(name, value)

    def found(name: str) -> tuple[str, str]:
        checks = {each.name: each for each in accounts.environments(project)}
        assert len(checks) == 6
        return checks[f"environment {name}"].state, checks[f"environment {name}"].detail

    place, absent = f"{REPO}/environments/staging-preview", ("note", "is not there, and jobs run in it")
    assert found("staging-preview") == absent
    world.github("PUT", place, {})
    lacks = "PARITY_APP_KEY, PARITY_GITHUB_TOKEN, PGHOST, PGPASSWORD, PGUSER, VERCEL_API_TOKEN"
    assert found("staging-preview") == ("note", f"lacks {lacks}"), "not set up yet"
    for name in ("PARITY_GITHUB_TOKEN", "PGHOST", "PGPASSWORD", "VERCEL_API_TOKEN"):
        seal(world, name, place)
    assert found("staging-preview") == ("fault", "lacks PGUSER"), "an App's key is not needed where there is a token"
    seal(world, "PGUSER", f"{REPO}/actions")
    assert found("staging-preview") == ("fault", "admits every branch to its secrets")
    policy = {"protected_branches": False, "custom_branch_policies": True}
    world.github("PUT", place, {"deployment_branch_policy": policy})
    assert found("staging-preview") == ("ok", "has its jobs' secrets")
    assert found("staging-pull-request") == absent
