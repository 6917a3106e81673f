"""Checks what a command was called with before anything is started, and reports every fault at once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity.cli import names
from parity.config.project import find_project
from parity.errors import UsageError
from parity.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parity.config.project import Project


@dataclass(frozen=True)
class Problem:
    """One argument that cannot work."""

    where: str
    what: str
    remedy: str


@dataclass
class Arguments:
    """Collects the faults of one call; each method adds what it finds, `require` ends the collecting."""

    problems: list[Problem] = field(default_factory=list[Problem])
    _project: Project | None = None

    @property
    def project(self) -> Project:
        """The project at or above the working directory; raises ProjectError where there is none."""
        if self._project is None:
            self._project = find_project()
        return self._project

    def add(self, where: str, what: str, remedy: str) -> None:
        """Note a fault: the argument, what is wrong with it, and what to give."""
        self.problems.append(Problem(where, what, remedy))

    def stack(self, name: str, where: str = "STACK") -> None:
        """The project must have the stack."""
        known = self.project.stack_files()
        if name not in known:
            self.add(where, f"there is no stack {name}", f"{_guess(name, known)}stacks here: {_listed(known)}")

    def promotion(self, target: str | None) -> tuple[str, str]:
        """The stack that a promotion takes a release from, and the one that gets it; two empty texts with a fault."""
        sources = self.project.promotion.sources
        below = [name for name, above in sources.items() if above is not None]
        target = below[0] if target is None and len(below) == 1 else target
        if target is None and below:
            ways = ", ".join(f"--to {name} (from {sources[name]})" for name in below)
            self.add("--to", "several stacks promote from another one", f"name the one that gets the release: {ways}")
        elif target is not None and target not in sources:
            self.stack(target, "--to")
        elif target is None or (source := sources[target]) is None:
            what = f"{target} promotes from no other stack" if target else "no stack promotes from another"
            remedy = f"name the stack before it: `parity config set {target or 'STACK'} 'parity:promotesFrom' STACK`"
            self.add("--to", what, remedy)
        else:
            self.stack(source, f"Pulumi.{target}.yaml: parity:promotesFrom")
            return source, target
        return "", ""

    def application(self, stack: str, name: str, release: str | None = None, where: str = "--to") -> None:
        """The stack's file must name the application and, where one is given, keep the release.

        Nothing is said where the file cannot be read this way: the program's own reading then says what is wrong.
        """
        path = self.project.stack_files().get(stack)
        known = names.read(path) if path else None
        if path is None or known is None:
            return
        if name not in known:
            remedy = f"{_guess(name, known)}applications there: {_listed(known)}"
            self.add("APPLICATION", f"{path.name} has no application {name}", remedy)
        elif release is not None and release not in known[name]:
            remedy = f"kept there: {_listed(known[name])}"
            self.add(where, f"{path.name} keeps no release {release} of {name}", remedy)

    def exclusive(self, **given: bool) -> None:
        """At most one of the options may be given; `as_json=True` stands for `--json`."""
        chosen = [f"--{name.removeprefix('as_').replace('_', '-')}" for name, value in given.items() if value]
        if len(chosen) > 1:
            self.add(", ".join(chosen), f"{' and '.join(chosen)} exclude each other", "give one of them")

    def github(self, repository: str | None) -> tuple[str, str]:
        """The repository, `owner/name`, and the token; what neither the option nor the environment gives is a fault."""
        name, token = repository or os.environ.get("GITHUB_REPOSITORY", ""), os.environ.get("GITHUB_TOKEN", "")
        if name.count("/") != 1:
            remedy = "give --repository owner/name, or set GITHUB_REPOSITORY"
            self.add("--repository", "no repository is named", remedy)
        if not token:
            self.add("GITHUB_TOKEN", "there is no token for GitHub", "set it in the environment")
        return name, token

    def require(self) -> None:
        """End the collecting; raises UsageError with every fault that was noted."""
        if len(self.problems) == 1:
            (only,) = self.problems
            where = f"{only.where}, in {self.project.root}" if only.where == "STACK" else only.where
            raise UsageError(only.what, where=where, remedy=only.remedy)
        if self.problems:
            rows = [f"  {each.where}: {each.what}; {each.remedy}" for each in self.problems]
            what = "\n".join([f"{len(rows)} arguments are wrong", *rows])
            raise UsageError(what, where=", ".join(each.where for each in self.problems), remedy="correct each")


def of_stack(name: str) -> Project:
    """The project, where it has the stack; raises UsageError where it has not."""
    asked = Arguments()
    asked.stack(name)
    asked.require()
    return asked.project


def _guess(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {near}? " if near else ""


def _listed(names_: Iterable[str]) -> str:
    return ", ".join(names_) or "none"
