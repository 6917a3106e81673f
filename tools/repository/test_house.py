"""The rules of the house that no linter knows: each holds over every file of the project."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import grimp
import pytest

from repository.pages import project_files
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ("infra", "components", *(f"packages/{name}/src" for name in ("parity", "sandbox", "toolchain", "policy")))
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X{3})\b|NotImplemented" + r"Error")


def sources(*packages: str) -> list[Path]:
    wanted = packages or SOURCES
    return [path for path in project_files(".py") if any(path.is_relative_to(ROOT / each) for each in wanted)]


def offenders(paths: list[Path], pattern: re.Pattern[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    return found


def test_packages_import_only_what_they_may():
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def circles(*packages: str) -> list[list[str]]:
    """The modules that import each other, also for types alone, and also by way of others."""
    graph = grimp.build_graph(*packages, cache_dir=None)
    wanted = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    order, found = TopologicalSorter(wanted), list[list[str]]()
    while True:
        try:
            order.prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            found.append(circle)
            wanted[circle[1]] = wanted[circle[1]] - {circle[0]}
            order = TopologicalSorter(wanted)
        else:
            return found


def test_no_module_imports_itself_by_way_of_others():
    packages = ("infra", "components", "parity", "parity_sandbox", "parity_toolchain", "parity_policy")
    assert circles(*packages) == []


def test_a_circle_is_found_with_its_modules(tmp_path, monkeypatch):
    """Also one that exists for a type checker only: a reader goes around it all the same."""
    package = tmp_path / "roundabout"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("from roundabout import b\n")
    (package / "b.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from roundabout import a\n")
    monkeypatch.syspath_prepend(tmp_path)
    (circle,) = circles("roundabout")
    assert set(circle) == {"roundabout.a", "roundabout.b"}


def test_nothing_is_left_unfinished_by_its_own_words():
    code = project_files(".py", ".go", ".yml", ".yaml", ".sh", ".toml")
    assert code
    assert offenders(code, UNFINISHED) == []


@pytest.mark.parametrize("sample", ["# TO" + "DO later", "raise NotImplemented" + "Error", "# FIX" + "ME"])
def test_the_words_of_unfinished_work_are_recognised(sample):
    assert UNFINISHED.search(sample)


def test_stack_config_is_read_in_one_module_only():
    reads = re.compile(r"\bpulumi\.Config\b|from pulumi import .*\bConfig\b")
    allowed = ROOT / "packages/parity/src/parity/config/settings.py"
    assert (
        offenders([path for path in sources("infra", "components", "packages/parity/src") if path != allowed], reads)
        == []
    )


def stack_branches(tree: ast.AST) -> list[int]:
    """Lines that compare something with a stack's name, or ask for it in a match statement."""
    names = {"staging", "prod", "production-stack"}
    lines: list[int] = []
    for node in ast.walk(tree):
        compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        if isinstance(node, ast.MatchValue):
            compared = [node.value]
        values = {part.value for each in compared for part in ast.walk(each) if isinstance(part, ast.Constant)}
        if values & names:
            lines.append(getattr(node, "lineno", 0))
    return lines


def test_the_program_has_no_branch_on_the_stacks_name():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources("infra", "components")
        for line in stack_branches(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    "sample",
    [
        "x = 1 if stack == 'prod' else 2",
        "if stack in ('staging', 'dev'): pass",
        "match stack:\n    case 'prod': pass",
        "while 'prod' != name: pass",
    ],
)
def test_a_branch_on_the_stacks_name_is_recognised(sample):
    assert stack_branches(ast.parse(sample))


def test_a_stacks_name_that_decides_nothing_is_allowed():
    assert stack_branches(ast.parse("name = f'{application}-{stack}'\nx = {'staging': 1}")) == []


def test_the_program_does_not_ask_where_it_runs():
    asks = re.compile(r"sandbox|127\.0\.0\.1|localhost|PARITY_SANDBOX", re.IGNORECASE)
    assert offenders(sources("infra", "components"), asks) == []


def test_every_module_begins_with_its_job():
    empty = [
        str(path.relative_to(ROOT))
        for path in sources()
        if not (ast.get_docstring(ast.parse(path.read_text())) or "").strip()
    ]
    assert empty == []


def test_modules_stay_under_400_lines():
    long = {str(path.relative_to(ROOT)): n for path in sources() if (n := len(path.read_text().splitlines())) > 400}
    assert long == {}


def test_the_program_is_short():
    main = ROOT / "infra" / "__main__.py"
    assert len(main.read_text().splitlines()) < 50
