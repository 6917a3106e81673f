"""The commands: documented, with help, with errors that have exit codes, and JSON that is JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from parity import errors
from parity.cli.translate import translated
from parity_sandbox.errors import NotRunning
from reference import write
from reference.pages import commands
from support.paths import ROOT

COMMANDS = dict(commands())


def all_errors(base=errors.ParityError):
    yield base
    for child in base.__subclasses__():
        yield from all_errors(child)


@pytest.fixture
def project(tmp_path):
    """A folder that is a project with one stack, and no sandbox."""
    (tmp_path / "Pulumi.yaml").write_text("name: example\nruntime: python\n")
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {}\n")
    return tmp_path


def parity(folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "PARITY_SANDBOX"}
    return subprocess.run(
        [sys.executable, "-c", "from parity.cli.main import main; main()", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_so_has_each_of_its_parameters(name):
    command = COMMANDS[name]
    assert (command.help or "").strip(), f"{name} has no help"
    silent = [parameter.name for parameter in command.params if not (parameter.help or "").strip()]
    assert silent == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert f"\n### {name}\n" in (ROOT / "docs" / "commands.md").read_text()


def test_the_generated_pages_are_up_to_date():
    assert write.stale(ROOT) == [], "run `make docs`"


def test_a_stale_page_is_noticed(tmp_path):
    write.write(tmp_path)
    assert write.stale(tmp_path) == []
    page = tmp_path / "docs" / "commands.md"
    page.write_text(page.read_text() + "more\n")
    assert write.stale(tmp_path) == ["docs/commands.md"]


def test_every_error_has_an_exit_code_of_its_own_or_of_wrong_use():
    codes = {error.__name__: error.exit_code for error in all_errors()}
    assert all(0 < code < 64 for code in codes.values()), codes
    shared = [name for name, code in codes.items() if list(codes.values()).count(code) > 1]
    assert set(shared) <= {"UsageError", "ProjectError", "UpdateError", "FailedUpdate"}


@pytest.mark.parametrize("arguments", [("sandbox", "env"), ("sandbox", "exec", "--", "true"), ("sandbox", "reset")])
def test_a_command_that_needs_the_sandbox_says_how_to_start_it(project, arguments):
    done = parity(project, *arguments)
    assert done.returncode == errors.SandboxDownError.exit_code
    assert "parity sandbox up" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_status_of_a_sandbox_that_does_not_run(project):
    done = parity(project, "sandbox", "status", "--json")
    assert done.returncode == errors.SandboxDownError.exit_code
    assert json.loads(done.stdout) == {"running": False, "directory": str(project / ".sandbox")}


def test_taking_down_what_is_not_there_is_no_fault(project):
    done = parity(project, "sandbox", "down", "--wipe")
    assert done.returncode == 0
    assert "No sandbox was running" in done.stdout


def test_an_error_is_json_where_json_was_asked_for(tmp_path):
    done = parity(tmp_path, "doctor", "--json")
    assert done.returncode == errors.ProjectError.exit_code
    document = json.loads(done.stdout)
    assert document["error"] == "no Pulumi project was found"
    assert document["remedy"]


def test_an_option_behind_the_dashes_is_the_programs_own(project):
    done = parity(project, "sandbox", "exec", "--", "echo", "--json")
    assert done.returncode == errors.SandboxDownError.exit_code
    assert done.stdout == ""


def test_outside_a_project_the_remedy_is_said(tmp_path):
    done = parity(tmp_path, "sandbox", "up")
    assert done.returncode == errors.ProjectError.exit_code
    assert "run the command in the project's folder" in done.stderr


def test_errors_of_other_packages_are_shown_alike():
    known = translated(NotRunning("No sandbox runs"))
    assert isinstance(known, errors.SandboxDownError)
    assert known.what == "No sandbox runs"


def test_a_fault_of_the_project_itself_is_not_dressed_up():
    assert translated(KeyError("x")) is None
