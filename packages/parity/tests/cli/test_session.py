"""Where a command works: the shell's own accounts, or the sandbox where there are none, never one for the other."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parity.cli import session
from parity.cli.commands import sandbox as commands
from parity.config.project import Project
from parity.errors import UsageError
from parity.local.environment import accounts, backends
from parity.local.sandbox import Local
from parity.printed import OWN, PREFIX
from parity_sandbox import lifecycle
from parity_sandbox.locks import hold

ACCOUNTS = (
    "VERCEL_API_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_APP_PEM_FILE",
    "PGHOST",
    "PGSERVICE",
    "PGPASSWORD",
)
SANDBOX = {"PULUMI_BACKEND_URL": "file:///sandbox", "VERCEL_API_TOKEN": "of the sandbox", "PATH": "/usr/bin:/bin"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A checkout, and a shell that names no account at all."""
    for name in (*ACCOUNTS, "PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CREDENTIALS_PATH", "PARITY_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: example\nruntime: python\n")
    return Project(root)


@pytest.fixture
def sandbox(project, monkeypatch):
    """A sandbox that runs there, as far as its lock says; entering it is counted."""
    entered = []
    directory = project.root / ".sandbox"
    directory.mkdir()
    (directory / "server.json").write_text("{}")

    def enter(local):
        entered.append(local.directory)
        return dict(SANDBOX)

    monkeypatch.setattr(Local, "enter", enter)
    before = dict(os.environ)
    with hold(directory / "serve.lock", 5, "taken"):
        yield entered
    os.environ.clear()
    os.environ.update(before)


def log_in(tmp_path, document):
    (tmp_path / "home" / "credentials.json").write_text(json.dumps(document))


def test_without_any_account_a_running_sandbox_is_used_and_said_on_standard_error(project, sandbox, capsys):
    session.settle(project)
    assert sandbox == [project.root / ".sandbox"]
    assert dict(os.environ) == {**SANDBOX, PREFIX: "parity sandbox exec --"}
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Sandbox: .sandbox, because no backend is configured")


@pytest.mark.parametrize("folder", [None, "my sandbox"])
@pytest.mark.parametrize("outside", ["", "PULUMI_BACKEND_URL", "VERCEL_API_TOKEN"])
def test_what_a_program_in_the_sandbox_prints_can_be_typed_outside(project, sandbox, monkeypatch, folder, outside):
    given = []
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(os, "execvpe", lambda *called: given.append(called))
    if outside:
        monkeypatch.setenv(outside, "mine")
    commands.execute(["parity", "drift"], Path(folder) if folder else None)
    prefix = f"parity sandbox exec{' --dir ' + repr(folder) if folder else ''} --"
    own = {OWN: prefix} if folder or outside else {}
    assert given == [("parity", ["parity", "drift"], {**SANDBOX, PREFIX: prefix} | own)]


@pytest.mark.parametrize("name", ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"])
def test_a_backend_in_the_environment_is_used_as_it_is(project, sandbox, monkeypatch, capsys, name):
    monkeypatch.setenv(name, "mine")
    before = dict(os.environ)
    session.settle(project)
    assert sandbox == []
    assert dict(os.environ) == before
    assert capsys.readouterr() == ("", "")


def test_a_login_or_a_backend_of_the_project_is_used_as_it_is(project, sandbox, tmp_path):
    log_in(tmp_path, {"current": "s3://state"})
    session.settle(project)
    log_in(tmp_path, {"current": "", "accounts": {}})
    (project.root / "Pulumi.yaml").write_text("name: example\nbackend: {url: s3://state}\n")
    session.settle(project)
    assert sandbox == []


def test_a_login_elsewhere_counts_where_pulumi_would_find_it(project, sandbox, tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    monkeypatch.setenv("PULUMI_CREDENTIALS_PATH", str(folder))
    session.settle(project)
    assert sandbox == []


def test_a_login_that_cannot_be_read_is_pulumis_to_judge(project, sandbox, tmp_path):
    (tmp_path / "home" / "credentials.json").write_text("not JSON")
    session.settle(project)
    assert sandbox == []


@pytest.mark.parametrize("name", ACCOUNTS)
def test_with_a_vendors_account_and_no_backend_the_sandbox_is_not_used_by_itself(project, sandbox, monkeypatch, name):
    monkeypatch.setenv(name, "mine")
    with pytest.raises(UsageError) as refused:
        session.settle(project)
    assert name in refused.value.what
    assert "mine" not in f"{refused.value.what} {refused.value.remedy}"
    assert f"unset {name}" in str(refused.value.remedy)
    assert "parity sandbox exec --" in str(refused.value.remedy)
    assert refused.value.exit_code == 2
    assert sandbox == []


def test_with_neither_both_ways_on_are_named(project):
    with pytest.raises(UsageError, match="no state backend is configured, and no sandbox runs here") as refused:
        session.settle(project)
    remedy = str(refused.value.remedy)
    assert [way for way in ("pulumi login", "make demo", "parity sandbox up") if way not in remedy] == []
    assert str(project.root / ".sandbox") in str(refused.value.where)


def test_a_sandbox_that_was_killed_is_not_used(project):
    directory = project.root / ".sandbox"
    directory.mkdir()
    (directory / "server.json").write_text("{}")
    (directory / "serve.lock").touch()
    with pytest.raises(UsageError, match="no sandbox runs here"):
        session.settle(project)


def test_what_the_sandbox_sets_names_a_backend(project, monkeypatch):
    """Inside `parity sandbox exec` a command finds its way without asking again."""
    monkeypatch.setattr(lifecycle, "require", lambda directory: lifecycle.Running(directory, 1, 0, Ports()))
    monkeypatch.setattr(lifecycle, "load_credentials", lambda _path: Credentials())
    environment = lifecycle.environment(project.root / ".sandbox")
    assert backends(environment, {}) == ["PULUMI_BACKEND_URL"]
    assert {"VERCEL_API_TOKEN", "GITHUB_TOKEN", "PGHOST", "PGPASSWORD"} <= set(accounts(environment))


class Ports:
    proxy = tls = control = postgres = 1


class Credentials:
    vercel_token = github_token = postgres_administrator = "t"
