"""The command line starts at once: help, completion and the checks of arguments load nothing that works."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from parity.cli.lazy_group import load
from parity.cli.listing import JOBS, LISTINGS
from parity.cli.main import application
from reference.pages import commands
from support.paths import ROOT

HEAVY = ("pydantic", "pulumi", "pulumi_github", "pulumiverse_vercel", "pulumi_postgresql", "psycopg", "httpx", "rich")
PROBE = (
    "import sys\nfrom parity.cli.main import main\nsys.argv = ['parity', *sys.argv[1:]]\n"
    "try: main()\nexcept SystemExit: pass\n"
    f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
)
GROUPS = ("sandbox snapshot", "sandbox fault")
NAMES = [*(each.name for each in LISTINGS), *GROUPS, *(name.removeprefix("parity ") for name, _ in commands())]


def loaded(*arguments, **variables):
    """What a command line loads of the libraries that take long, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "80", **variables},
    )
    return done.stderr.strip().splitlines()[-1], done.stdout


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("up", "--help"), ("sandbox", "fault", "add", "-h")]
)
def test_help_loads_nothing_that_works(arguments):
    assert loaded(*arguments)[0] == "[]"


def test_no_commands_module_loads_anything_that_works():
    script = f"import sys\n{{}}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    modules = "\n".join(f"import parity.cli.commands.{each.module}" for each in LISTINGS)
    done = subprocess.run(
        [sys.executable, "-c", script.format(modules)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


ENDING = """
import sys, atexit, parity.cli.main as cli
class Kept:
    def __del__(self): print("freed")
kept = Kept()
def main():
    atexit.register(print, "let go")
    print("said")
    {end}
cli.main = main
cli.run()
"""


@pytest.mark.parametrize(
    ("end", "code", "last"),
    [("", 0, "let go"), ("sys.exit(20)", 20, "let go"), ("sys.exit('why')", 1, "let go"), ("1 / 0", 1, "freed")],
)
def test_a_command_ends_with_its_code_and_lets_go_but_frees_nothing(end, code, last):
    done = subprocess.run(
        [sys.executable, "-c", ENDING.format(end=end)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == code
    assert done.stdout.split("\n")[-2] == last
    assert done.stdout.startswith("said")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_press_of_tab_loads_nothing_that_works(shell):
    words = "parity rollback staging shop --to "
    variables = {"_PARITY_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    found, said = loaded(COMP_WORDS=words, COMP_CWORD="5", _TYPER_COMPLETE_ARGS=words, **variables)
    assert found == "[]"
    assert "r1" in said


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_the_table_says_what_the_command_itself_says(listing):
    first = (load(listing).help or "").splitlines()[0]
    assert first == listing.summary


def test_every_listing_stands_under_a_job_and_every_job_has_one():
    assert {each.job for each in LISTINGS} == set(JOBS)
    assert len({each.name for each in LISTINGS}) == len(LISTINGS)


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_help_fits_80_columns_with_its_summary_and_is_there_by_both_names(name, capsys):
    said = []
    for flag in ("-h", "--help"):
        with pytest.raises(SystemExit) as ended:
            application()([*name.split(), flag], prog_name="parity", terminal_width=80)
        assert ended.value.code == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert max(len(line) for line in said[0].splitlines()) <= 80
    body = "\n".join(said[0].splitlines()[1:])
    assert "..." not in body.replace("COMMAND...", "")


def test_the_root_groups_its_commands_by_job_each_in_one_line(capsys):
    with pytest.raises(SystemExit):
        application()(["--help"], prog_name="parity")
    lines = capsys.readouterr().out.splitlines()
    headings = [line.removesuffix(":") for line in lines if line.endswith(":") and line[0] != " "]
    assert headings == ["Options", *JOBS]
    for each in LISTINGS:
        assert any(line.split(None, 1) == [each.name, each.summary] for line in lines), each.name


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_a_value_is_called_the_same_in_every_command(name):
    command = dict(commands())[name]
    for parameter in command.params:
        if getattr(parameter, "is_flag", False):
            continue
        assert parameter.metavar, f"{name}: {parameter.name} has no name for its value"
        assert "APP]" not in parameter.metavar
        assert not (parameter.name == "stack" and parameter.metavar != "STACK")
        is_path = parameter.type_descriptor.is_path
        assert not is_path or parameter.metavar in {"FILE", "FOLDER"}, f"{name}: {parameter.name}"


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as ended:
        application()(["--version"], prog_name="parity")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"parity {(ROOT / 'VERSION').read_text().strip()}\n"


def test_a_command_that_was_mistyped_is_guessed(capsys):
    with pytest.raises(SystemExit) as ended:
        application()(["rolback"], prog_name="parity")
    assert ended.value.code == 2
    assert "Did you mean 'rollback'?" in capsys.readouterr().err
