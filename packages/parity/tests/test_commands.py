"""The commands: documented, with help, with errors that have exit codes, and JSON that is JSON."""

from __future__ import annotations

import json
import shutil

import pytest

from parity import errors, problems
from parity.local.translate import translated
from parity_sandbox.errors import NotRunning
from reference import write
from reference.pages import commands
from support import command_line
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


@pytest.fixture
def parity(monkeypatch):
    """Runs a command in a folder where no sandbox is named."""
    monkeypatch.delenv("PARITY_SANDBOX", raising=False)

    def run(folder, *arguments):
        monkeypatch.chdir(folder)
        return command_line.parity(*arguments)

    return run


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
    own = {error.__name__: error.exit_code for error in all_errors() if "exit_code" in vars(error)}
    assert all(0 < code < 64 for code in own.values()), own
    shared = {name for name, code in own.items() if list(own.values()).count(code) > 1}
    assert shared == {"UsageError", "ProjectError"}


def test_what_is_wrong_in_the_projects_files_is_a_project_error_with_every_fault():
    faults = [problems.ConfigProblem("Pulumi.prod.yaml", 3, 1, "parity:secret", "is missing.", "Add it.")]
    for kind in (errors.ConfigError, errors.StaleRelease):
        assert issubclass(kind, errors.ProjectError)
        assert translated(kind(faults)).what == problems.report(faults)
    assert "log in with" in errors.AccessError(faults).what
    assert errors.SealedSecret("parity:secret").exit_code == errors.ProjectError.exit_code


@pytest.mark.parametrize("arguments", [("sandbox", "env"), ("sandbox", "exec", "--", "true"), ("sandbox", "reset")])
def test_a_command_that_needs_the_sandbox_says_how_to_start_it(parity, project, arguments):
    done = parity(project, *arguments)
    assert done.returncode == errors.SandboxDownError.exit_code
    assert "parity sandbox up" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_status_of_a_sandbox_that_does_not_run(parity, project):
    done = parity(project, "sandbox", "status", "--json")
    assert done.returncode == errors.SandboxDownError.exit_code
    assert json.loads(done.stdout) == {"running": False, "directory": str(project / ".sandbox")}


def test_taking_down_what_is_not_there_is_no_fault(parity, project):
    done = parity(project, "sandbox", "down", "--wipe")
    assert done.returncode == 0
    assert "No sandbox was running" in done.stdout


def test_an_error_is_json_where_json_was_asked_for(parity, tmp_path):
    done = parity(tmp_path, "doctor", "--json")
    assert done.returncode == errors.ProjectError.exit_code
    document = json.loads(done.stdout)
    assert document["error"] == "no Pulumi project was found"
    assert document["remedy"]


def test_a_fault_of_the_config_has_its_place_and_remedy_in_json(parity, tmp_path):
    shutil.copytree(ROOT, tmp_path / "p", ignore=shutil.ignore_patterns(".*", "packages", "docs", "__pycache__"))
    path = tmp_path / "p" / "Pulumi.prod.yaml"
    path.write_text(path.read_text().replace("SEARCH_RESULTS_LIMIT: 50", "SEARCH_RESULTS_LIMIT: 050"))
    done = parity(tmp_path / "p", "check", "--json")
    document = json.loads(done.stdout)
    assert document["exit_code"] == done.returncode == errors.ConfigError.exit_code
    assert document["where"].startswith("Pulumi.prod.yaml:")
    assert document["where"].endswith("SEARCH_RESULTS_LIMIT")
    assert '"050"' in document["remedy"]
    (fault,) = document["faults"]
    assert (fault["file"], fault["remedy"]) == ("Pulumi.prod.yaml", document["remedy"])


def test_an_option_behind_the_dashes_is_the_programs_own(parity, project):
    done = parity(project, "sandbox", "exec", "--", "echo", "--json")
    assert done.returncode == errors.SandboxDownError.exit_code
    assert done.stdout == ""


def test_outside_a_project_the_remedy_is_said(parity, tmp_path):
    done = parity(tmp_path, "sandbox", "up")
    assert done.returncode == errors.ProjectError.exit_code
    assert "run the command in the project's folder" in done.stderr


def test_errors_of_other_packages_are_shown_alike():
    known = translated(NotRunning("No sandbox runs"))
    assert isinstance(known, errors.SandboxDownError)
    assert known.what == "No sandbox runs"


def test_a_fault_of_the_project_itself_is_not_dressed_up():
    assert translated(KeyError("x")) is None
