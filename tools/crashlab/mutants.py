"""Mutants of recover: every branch and condition in its syntax tree, removed or inverted one at a time.

Run as a program it is `parity` with one module mutated, or with all that it decides on, and the lines that ran, kept:

    python -P tools/crashlab/mutants.py MUTANT|capture:FILE -- recover staging
"""

from __future__ import annotations

import ast
import atexit
import importlib
import importlib.abc
import importlib.util
import itertools
import json
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from support.paths import ROOT

if TYPE_CHECKING:
    import types
    from collections.abc import Sequence

FOLDER = ROOT / "packages/parity/src/parity/recover"
MODULES = tuple(sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in {"__init__", "show"}))
"""Of `parity.recover`: all but what only prints."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: str
    number: int
    """Which of its module's changes, in the tree's order."""
    line: int
    what: str
    """`inverted`, `removed`, or which operand is dropped."""

    @property
    def id(self) -> str:
        """`MODULE:NUMBER`."""
        return f"{self.module}:{self.number}"


def source(module: str) -> Path:
    """The file of a module of `parity.recover`."""
    return FOLDER / f"{module}.py"


def mutants(modules: Sequence[str] = MODULES) -> list[Mutant]:
    """Every mutant of these modules."""
    return [
        Mutant(module, number, line, what)
        for module in modules
        for number, (line, what) in enumerate(_Mutator(None).changes(ast.parse(source(module).read_text())))
    ]


class _Mutator(ast.NodeTransformer):
    """Counts the changes that can be made, and makes the one with the number `chosen`."""

    def __init__(self, chosen: int | None) -> None:
        self._chosen = chosen
        self._found: list[tuple[int, str]] = []

    def changes(self, tree: ast.Module) -> list[tuple[int, str]]:
        """The line and kind of each."""
        self.visit(tree)
        return self._found

    def _here(self, node: ast.expr | ast.stmt, what: str) -> bool:
        self._found.append((node.lineno, what))
        return len(self._found) - 1 == self._chosen

    def visit_If(self, node: ast.If) -> ast.If:
        """`if` and `elif`: taken where it was not, and never taken."""
        if _is_typing(node):
            return node
        if self._here(node, "branch inverted"):
            node.test = _not(node.test)
        if self._here(node, "branch removed"):
            node.test = ast.Constant(value=False)
        self.generic_visit(node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        """`a if test else b`: the other one."""
        if self._here(node, "choice inverted"):
            node.test = _not(node.test)
        self.generic_visit(node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """`and`, `or`: without one of the operands."""
        kept = node
        for place in range(len(node.values)):
            if self._here(node, f"operand {place + 1} dropped"):
                kept = ast.BoolOp(op=node.op, values=[each for n, each in enumerate(node.values) if n != place])
        self.generic_visit(kept)
        return kept.values[0] if len(kept.values) == 1 else kept

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        """`for ... if test`: without the condition."""
        for place, test in enumerate(list(node.ifs)):
            if self._here(test, "filter removed"):
                node.ifs = [each for n, each in enumerate(node.ifs) if n != place]
        self.generic_visit(node)
        return node


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(op=ast.Not(), operand=test)


def _is_typing(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def mutated(mutant: str) -> tuple[str, ast.Module]:
    """The module's name and its tree with the change made.

    Raises:
        LookupError: there is no such mutant.
    """
    module, _, number = mutant.partition(":")
    tree = ast.parse(source(module).read_text())
    changes = _Mutator(int(number)).changes(tree)
    if int(number) >= len(changes):
        raise LookupError(mutant)
    return module, ast.fix_missing_locations(tree)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutated module in the place of the real one."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._name, self._path, self._tree = f"parity.recover.{module}", source(module), tree

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        """The mutated module's, and no other's."""
        return (
            importlib.util.spec_from_file_location(fullname, self._path, loader=self)
            if fullname == self._name
            else None
        )

    def create_module(self, spec: object) -> None:
        """Python's own."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the mutated code."""
        exec(compile(self._tree, str(self._path), "exec"), vars(module))  # noqa: S102 - running it is the purpose


@dataclass(frozen=True)
class Captured:
    """What a real run of recover decided on: the arguments of `decide` in their order, and the lines that ran."""

    calls: list[tuple[Any, Any, Any, Any]]
    lines: set[tuple[str, int]]


def captured(path: Path) -> Captured:
    """Read it back."""
    calls, lines = pickle.loads(path.read_bytes())  # noqa: S301 - written by `_capture` a moment ago
    return Captured(calls, lines)


def _capture(target: Path) -> None:
    """Write down the arguments of each call of `decide`, and the lines of the modules that run."""
    from parity.recover import reconcile_plan as real  # noqa: PLC0415 - only where it is asked for
    from parity.recover import run  # noqa: PLC0415 - as above

    files = {str(source(module)): module for module in MODULES}
    calls: list[Any] = []
    lines: set[tuple[str, int]] = set()

    def decide(*arguments: Any) -> Any:
        calls.append(arguments)
        return real.decide(*arguments)

    def local(frame: types.FrameType, event: str, _: Any) -> Any:
        if event == "line":
            lines.add((files[frame.f_code.co_filename], frame.f_lineno))
        return local

    def called(frame: types.FrameType, _event: str, _: Any) -> Any:
        return local if frame.f_code.co_filename in files else None

    run.decide = decide  # pyright: ignore[reportPrivateImportUsage]
    sys.settrace(called)
    atexit.register(lambda: target.write_bytes(pickle.dumps((calls, lines))))


def outcomes(calls: Sequence[tuple[Any, Any, Any, Any]], mutant: str | None) -> list[str]:
    """What `decide` and `edit` make of each call's arguments, as text; with a mutant, what it makes of them."""
    names = ("reconcile_plan", "entries", "state_edit")
    finder = _Finder(*mutated(mutant)) if mutant else None
    if finder:
        sys.meta_path.insert(0, finder)
    try:
        for name in names:
            sys.modules.pop(f"parity.recover.{name}", None)
        modules = {name: importlib.import_module(f"parity.recover.{name}") for name in names}
    finally:
        if finder:
            sys.meta_path.remove(finder)
    return [_outcome(modules, call) for call in calls]


def _outcome(modules: dict[str, types.ModuleType], call: tuple[Any, Any, Any, Any]) -> str:
    graph, state, live_state, failed = call
    numbers = itertools.count()
    try:
        with mock.patch("uuid.uuid4", side_effect=(f"uuid-{number}" for number in numbers)):
            plan = modules["reconcile_plan"].decide(graph, state, live_state, failed)
            edited = modules["state_edit"].edit(graph, state, live_state, plan)
        return json.dumps([[each.document() for each in plan.decisions], edited.document, edited.refresh], default=str)
    except Exception as error:  # noqa: BLE001 - a mutant that fails is known by that
        return f"{type(error).__name__}: {error}"


def install(mutant: str) -> None:
    """Let a mutant be what is imported in its module's place, in this process, from now on."""
    sys.meta_path.insert(0, _Finder(*mutated(mutant)))


def _main(change: str, arguments: list[str]) -> None:
    kind, _, rest = change.partition(":")
    if kind == "capture":
        _capture(Path(rest))
    else:
        install(change)
    sys.argv = ["parity", *arguments]
    from parity.cli.main import main  # noqa: PLC0415 - after the finder is in place

    main()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[3:])
