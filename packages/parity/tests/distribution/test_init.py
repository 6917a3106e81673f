"""A project that `parity init` makes from the built wheels: complete, checked, tested and brought up."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from parity.config.project import Project
from parity.local.sandbox import Local
from support import wheels as building
from support.amounts import everything
from support.program import SPEED

OWN = ("storefront", r"shop\b", r"admin\b")


def text_files(folder: Path) -> list[Path]:
    hidden = {".venv", ".tools", "__pycache__", ".sandbox", ".pytest_cache", ".ruff_cache"}
    return [path for path in folder.rglob("*") if path.is_file() and not hidden & set(path.relative_to(folder).parts)]


def test_it_holds_what_a_team_owns_and_nothing_of_the_tools(project):
    names = {path.relative_to(project).as_posix() for path in text_files(project)} - {"uv.lock"}
    assert {name.partition("/")[0] for name in names} == {
        ".copier-answers.yml", ".github", ".gitignore", "Makefile", "Pulumi.prod.yaml", "Pulumi.staging.yaml",
        "Pulumi.yaml", "README.md", "components", "conftest.py", "docs", "infra", "plugin", "pyproject.toml", "scripts",
        "tests",
    }  # fmt: skip
    assert {name for name in names if name.startswith("docs/")} == {"docs/stack.schema.json"}
    workflows = {path.name for path in (project / ".github" / "workflows").iterdir()}
    names = ("ci", "deliver", "drift", "preview", "promote", "rollback", "stacks")
    assert workflows == {f"{name}.yml" for name in names}
    assert "test-all" not in building.run("make", "help", cwd=project, env=building.environment(project)).ok()


def test_it_speaks_of_its_own_team_alone(project):
    """The component tests have a small program of their own, whose names are no project's."""
    of_the_example = [
        f"{path.relative_to(project)}: {line.strip()}"
        for path in text_files(project)
        if "components" not in path.parts and path.name != "uv.lock"
        for line in path.read_text().splitlines()
        if any(re.search(rf"\b{name}", line) for name in OWN)
    ]
    assert of_the_example == []
    assert 'owner="acme-inc"' in (project / "infra" / "catalog.py").read_text()
    assert "@acme-inc/platform" in (project / ".github" / "CODEOWNERS").read_text()


def test_it_is_checked_in_its_style_and_tested(project, wheels):
    env = building.environment(wheels)
    assert "portal" in building.run(".venv/bin/parity", "check", cwd=project, env=env).ok()
    for arguments in (("check",), ("format", "--check")):
        building.run(".venv/bin/ruff", *arguments, cwd=project, env=env).ok()
    tested = building.run(".venv/bin/pytest", "-q", "-m", "not engine", cwd=project, env=env).ok()
    assert "passed" in tested


@pytest.mark.engine
@pytest.mark.sandbox
def test_a_stack_of_it_comes_up(project, empty_instance, tmp_path):
    root = shutil.copytree(project, tmp_path / "acme", ignore=shutil.ignore_patterns(".venv", ".tools", "__pycache__"))
    own = Project(root)
    instance = replace(empty_instance, project=own, local=Local(own, empty_instance.local.directory))
    instance.local.seed()
    instance.init("staging")
    assert "Live now: " in instance.run("parity", "up", "staging", "--yes").ok().stdout


@pytest.fixture
def reachable(project: Path, wheels: Path):
    """The project where the sandbox's PostgreSQL, which never runs as root, can reach the environment."""
    with tempfile.TemporaryDirectory(prefix="parity-") as home:
        Path(home).chmod(0o755)
        own = shutil.copytree(project, Path(home) / "acme", ignore=shutil.ignore_patterns(".venv", "__pycache__"))
        building.set_up(own, building.environment(wheels))
        yield own


@pytest.mark.skipif(not everything(), reason="an environment, then both stacks twice; PARITY_EXAMPLES=all")
@pytest.mark.timeout(1200)
@pytest.mark.engine
@pytest.mark.sandbox
def test_its_demo_brings_both_stacks_up_and_its_own_test_says_so(reachable, wheels):
    # Its other tests have passed above.
    env = building.environment(wheels, PYTEST_ADDOPTS="-v -k every_stack", **SPEED)
    tested = building.run("make", "test", cwd=reachable, env=env).ok()
    assert re.search(r"PASSED.*test_every_stack_comes_up_and_a_second_update_has_nothing_to_do", tested)


def test_the_same_names_give_the_same_project(project, template, wheels, tmp_path):
    """So that an upgrade shows what the template changed and nothing else."""
    names = ("--application", "portal", "--application", "back-office", "--database", "ledger")
    team = ("--name", "acme", "--team", "acme-web", "--owner", "acme-inc", "--repository", "platform")
    command = (template / "parity", "init", tmp_path / "x", *team, *names, "--domain", "acme.test", "--defaults")
    building.run(*command, cwd=tmp_path, env=building.environment(wheels)).ok()
    for path in text_files(tmp_path / "x"):
        assert path.read_bytes() == (project / path.relative_to(tmp_path / "x")).read_bytes(), path.name


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--name", "Acme"), "small letters"),
        (("--domain", "acme"), "a domain"),
        (("--application", "A"), "small letters"),
        (("--database", "a-b"), "underscores"),
        (("--database", "d" * 40, "--application", "a" * 40), "63"),
    ],
)
def test_a_name_that_a_vendor_would_refuse_leaves_the_folder_empty(template, wheels, tmp_path, options, said):
    command = (template / "parity", "init", tmp_path / "acme", "--defaults", *options)
    ended = building.run(*command, cwd=tmp_path, env=building.environment(wheels))
    assert ended.code == 2
    assert said in ended.said
    assert "Traceback" not in ended.said
    assert not (tmp_path / "acme").exists()


def test_a_folder_with_something_in_it_is_refused(template, wheels, tmp_path):
    (tmp_path / "kept.txt").write_text("kept")
    command = (template / "parity", "init", tmp_path, "--defaults")
    ended = building.run(*command, cwd=tmp_path, env=building.environment(wheels))
    assert ended.code == 8
    assert "kept.txt" in ended.said
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_without_a_terminal_or_defaults_it_says_so(template, wheels, tmp_path):
    ended = building.run(template / "parity", "init", tmp_path / "acme", cwd=tmp_path, env=building.environment(wheels))
    assert ended.code == 2
    assert "--defaults" in ended.said
    shutil.rmtree(tmp_path / "acme", ignore_errors=True)
