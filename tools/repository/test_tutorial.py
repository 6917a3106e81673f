"""The tutorial and README are true: each command, run in order in a shell, prints what the page shows.

It is done in the example with the shop alone, which has fewer resources; with PARITY_EXAMPLES=all as a reader has it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from parity.config import settings
from parity.config.project import Project
from parity.engine.counting import counted
from parity.evaluate.declared import declared
from parity_sandbox import lifecycle
from repository.walk import Step, clone, missing, outcomes_of, script, steps, walk
from support import wheels
from support.amounts import everything
from support.instances import SANDBOX, copy_template
from support.paths import ROOT
from support.program import SPEED, with_shop_alone
from support.warm import WARM_PLUGINS, Warm

PAGE = ROOT / "docs" / "tutorial.md"
README = ROOT / "README.md"
OTHERS = ("PARITY_SANDBOX", "PULUMI_BACKEND_URL", "VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
"""What a reader's fresh shell does not have."""


@pytest.fixture
def folder():
    """A folder that every user of the machine may enter: started by root, PostgreSQL runs as another one."""
    with tempfile.TemporaryDirectory(prefix="tutorial-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def set_up(project, environment, request):
    """Set the clone's environment up; gives the variables to walk with.

    A warm process runs its Python, and its sandbox is a copy of the tests' empty one. Where all examples are asked for
    the reader's own commands make both.
    """
    if everything():
        wheels.set_up(project, environment)
        yield environment
        return
    parent = request.getfixturevalue("warm")
    with closing(Warm(project / ".venv", project, environment, parent)) as warm:
        (warm.programs / "parity").unlink()
        (warm.programs / "parity").symlink_to(warm.parity)
        (project / ".venv" / ".parity-synced").touch()
        copy_template(request.getfixturevalue("empty_template").folder, project.parent / "empty")
        (project.parent / "empty" / SANDBOX).rename(project / ".sandbox")
        yield environment | {WARM_PLUGINS: "1"}


def after_the_demo(tutorial):
    """README's commands for a shell after `make demo`, of its two blocks below it; without the tutorial's own."""
    found = [replace(each, block=-each.block) for each in steps(README) if not each.command.startswith("make ")]
    assert len({each.block for each in found}) == 2
    known = {each.command for each in tutorial}
    return [each for each in found if each.command.partition("  #")[0].rstrip() not in known]


@pytest.mark.engine
@pytest.mark.sandbox
@pytest.mark.timeout(1560)
def test_every_command_of_the_tutorial_and_readme_does_what_the_page_shows(folder, request):
    project = clone(folder / "storefront", (lambda _: None) if everything() else with_shop_alone)
    environment = {name: value for name, value in os.environ.items() if name not in OTHERS} | SPEED
    *tutorial, clean, put_back = steps(PAGE)
    for each in tutorial:
        each.shown = [line.replace(unchanged(ROOT), unchanged(project)) for line in each.shown]
    todo = [*tutorial, *after_the_demo(tutorial), clean, put_back]
    with set_up(project, environment, request) as sooner:
        outcomes = walk(todo, project, sooner)
    try:
        problems = [problem for outcome in outcomes for problem in outcome.problems()]
        assert not problems, "\n\n".join(problems)
        assert len(outcomes) == len(todo)
        assert not (project / ".sandbox").exists()
    finally:
        lifecycle.down(project / ".sandbox", wipe=True)


def unchanged(root):
    """What a preview of staging says where there is nothing to change."""
    return f"({counted(declared(Project(root), settings.load('staging', root, None)).resources)} unchanged)"


def test_the_tutorial_counts_the_resources_of_the_example():
    assert unchanged(ROOT) in PAGE.read_text()


def test_the_tutorial_goes_from_nothing_to_a_rollback():
    commands = [step.command for step in steps(PAGE)]
    assert commands[0] == "make demo"
    assert any(command.startswith("parity rollback prod shop --up") for command in commands)
    assert sum(bool(step.shown) for step in steps(PAGE)) > 12


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        (["live: r2"], "live: r1\n"),
        (["second", "first"], "first\nsecond\n"),
        (["r1 ... yes yes"], "r1  READY  yes  no\n"),
    ],
)
def test_an_output_that_is_not_as_shown_is_noticed(shown, output):
    assert missing(shown, output)


def test_an_output_that_is_as_shown_is_taken():
    assert (
        missing(["r1 (newest) ... READY yes yes", "done"], "x\n r1 (newest)  abc   READY  yes   yes  \nall done\n")
        == []
    )


def test_a_walk_stops_at_the_first_command_that_does_not_end_as_it_should(tmp_path):
    todo = [Step(1, "true"), Step(2, "false  # exit code 1"), Step(3, "false"), Step(4, "true")]
    done = subprocess.run(["bash", "-c", script(todo)], cwd=tmp_path, capture_output=True, text=True, check=False)
    outcomes = outcomes_of(todo, done.stdout)
    assert [outcome.code for outcome in outcomes] == [0, 1, 1]
    assert [bool(outcome.problems()) for outcome in outcomes] == [False, False, True]


def test_the_commands_of_one_block_are_compared_with_the_text_below_it_as_one(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh\necho one\necho two\n```\n\n```text\none\ntwo\n```\n\n```sh\necho three\n```\n")
    todo = steps(page)
    assert [step.block for step in todo] == [1, 1, 2]
    done = subprocess.run(["bash", "-c", script(todo)], capture_output=True, text=True, check=False)
    outcomes = outcomes_of(todo, done.stdout)
    assert [outcome.problems() for outcome in outcomes] == [[], [], []]
    assert missing(["one"], outcomes[2].output)
