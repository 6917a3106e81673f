"""The sandbox as the command line uses it: started, seeded, equipped with the engine, and its environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.config import servers
from parity.engine import toolchain
from parity.errors import ProjectError
from parity.local import seeds
from parity.local.environment import compose
from parity_sandbox import lifecycle
from parity_sandbox.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.config.project import Project
    from parity_sandbox.client import ControlClient
    from parity_sandbox.lifecycle import Running
    from parity_sandbox.options import ServeOptions
    from parity_toolchain.model import Engine


@dataclass(frozen=True)
class Local:
    """One sandbox folder of a project."""

    project: Project
    directory: Path

    @property
    def layout(self) -> Layout:
        """Where its files lie."""
        return Layout(self.directory)

    @property
    def updates(self) -> Path:
        """The folder of the engine's output, a file an update."""
        return self.layout.pulumi / "updates"

    def up(self, report: Callable[[str], None] = lambda _: None, options: ServeOptions | None = None) -> Running:
        """Start it where it does not run, and seed it; raises the sandbox's errors where it cannot be started."""
        running = lifecycle.up(self.directory, options, progress=report)
        report("the seed")
        self.seed()
        return running

    def down(self, *, wipe: bool) -> str:
        """Stop it; with `wipe` delete its folder. Gives a sentence that says what was done."""
        there = self.directory.exists()
        stopped = lifecycle.down(self.directory, wipe=wipe)
        first = "The sandbox is stopped" if stopped else "No sandbox was running"
        if not there:
            return f"{first}; there is no {self.directory}."
        if wipe:
            return f"{first}; {self.directory} and everything in it is deleted."
        return f"{first}; {self.directory} keeps what it held."

    def status(self) -> dict[str, Any]:
        """Whether it runs, where, and how each part is."""
        return lifecycle.status(self.directory)

    def running(self) -> Running:
        """Where it listens; raises NotRunning where it does not run."""
        return lifecycle.require(self.directory)

    def client(self) -> ControlClient:
        """Its control API; raises NotRunning where it does not run."""
        return self.running().client()

    def seed(self, *, strict: bool = True) -> None:
        """Make what exists before the program runs. A stack file that cannot be read is left out unless `strict`."""
        documents: list[dict[str, Any]] = []
        for path in self.project.stack_files().values():
            try:
                documents.append(self.project.stack_document(path))
            except ProjectError:
                if strict:
                    raise
        self.client().seed(seeds.seed_document(self.project.program.catalog(), documents))

    def equip(self, tools: Engine) -> None:
        """Install the plugins into its PULUMI_HOME where they are not there yet."""
        toolchain.equip(tools, self.layout.pulumi)

    def enter(self) -> dict[str, str]:
        """Make it ready for a program of the project, and give the program's complete environment.

        Raises:
            NotRunning: it does not run.
            EngineError: no engine is there and none could be had.
        """
        self.running()
        tools = toolchain.resolve()
        self.equip(tools)
        self.seed(strict=False)
        return self.of_project(tools)

    def of_project(self, tools: Engine) -> dict[str, str]:
        """The complete environment of a program of the project: every server of its catalog is the sandbox's own."""
        own = self.environment(tools)
        for server in servers.of(self.project.program.catalog()):
            own |= {servers.variable(name, server): own[name] for name in servers.VARIABLES}
        return own

    def environment(self, tools: Engine) -> dict[str, str]:
        """The complete environment of a program that is to meet it."""
        return compose(os.environ, lifecycle.environment(self.directory), Path(sys.prefix), [tools.folder])

    def reset(self) -> None:
        """Empty it and seed it again."""
        self.client().reset()
        self.seed()
