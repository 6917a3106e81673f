"""Stands states up in a sandbox of its own: the checkout's program with other values, releases and migrations.

The real stack is not touched: a copy of the program is updated by the engine in a sandbox that is deleted afterwards.
No secret of the stack comes into it: each has an example's value there, so a change of a secret cannot be stood up.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit, urlunsplit

from parity.bisect.files import Files, values
from parity.bisect.probe import At
from parity.bisect.search import Answer
from parity.engine import toolchain
from parity.engine.program_server import ProgramServers
from parity.engine.pulumi import Pulumi
from parity.errors import ParityError, SandboxError
from parity.evaluate.stack import Stack
from parity.inventory.keys import opened
from parity.local.sandbox import Local
from parity.problems import some
from parity.resources import kinds
from parity.vendors import health
from parity_sandbox import errors as sandbox_errors
from parity_sandbox.options import ServeOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.bisect.changes import Timeline
    from parity.bisect.probe import Probe
    from parity.bisect.search import State
    from parity.config.project import Project
    from parity.config.settings import Settings

_FAST = ServeOptions(build_seconds=0.05, promote_seconds=0.05)
_EMPTY = "bisect"
_SAID, _NAMED = 200, 3


@dataclass
class Sandbox:
    """Answers for states by bringing them up; a context, at whose end everything is deleted."""

    project: Project
    settings: Settings
    """Of the stack's file in the checkout; they may be sealed."""
    application: str
    timeline: Timeline
    """Of places that can be set."""
    probe: Probe
    waiting: Callable[[str], None] = lambda _: None
    said: dict[State, tuple[Answer, str]] = field(default_factory=dict["State", tuple[Answer, str]])
    """What each state answered, and how."""
    _open: ExitStack = field(default_factory=ExitStack)
    _missing: frozenset[str] = frozenset()
    """The migrations that the sandbox's database does not have, all where it is empty."""

    def __enter__(self) -> Self:
        """Copy the program, and start a sandbox of its own; raises SandboxError where it cannot be started."""
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="parity-bisect-")))
        with ExitStack() as undo:
            undo.callback(self._open.close)
            try:
                self._start(folder)
            except sandbox_errors.SandboxError as error:
                raise SandboxError(str(error)) from error
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop and delete it."""
        self._open.close()

    def _start(self, folder: Path) -> None:
        self.waiting("a copy of the program")
        self._files = Files.of(self.project, self.settings.stack, folder / "program", self.settings, self.timeline)
        self._missing = frozenset(self._files.migrations)
        self._local = Local(self._files.project, folder / "sandbox")
        tools = toolchain.resolve(self.waiting)
        self._open.callback(self._local.down, wipe=True)
        _take_plugins(self.project, self._local)
        self.waiting("its servers and plugins")
        self._local.up(options=_FAST)
        self._local.equip(tools)
        self._local.client().save_snapshot(_EMPTY)
        root = self._files.project.root
        own = {"PYTHONPATH": str(root), "PARITY_STANDIN_POLL_SECONDS": "0.05"}
        self._environment = {**self._local.of_project(tools), **own}
        pulumi = Pulumi(tools.cli.path, root, self._environment, programs=ProgramServers())
        self._stack = Stack(self.settings.stack, self._files.project, pulumi)

    def can(self, state: State) -> bool:
        """Whether a state has only changes that can be set."""
        return {name for name, _ in state} <= self.timeline.places.keys()

    def ask(self, state: State) -> Answer:
        """Stand a state up and ask it; unresolved where it does not come up."""
        self.said[state] = self._asked(state)
        return self.said[state][0]

    def how(self, state: State) -> str:
        """How a state answered."""
        return self.said[state][1] if state in self.said else "it was not stood up"

    def name(self, state: State) -> str:
        """A state by its changes."""
        names = sorted(name for name, _ in state)
        return f"with {some(names, _NAMED)}" if names else "with none of the changes"

    def _asked(self, state: State) -> tuple[Answer, str]:
        wanted = values(self.timeline, state)
        missing = frozenset(name for name, each in wanted.items() if each.place.axis == "schema" and not each.value)
        try:
            if not missing <= self._missing or self._files.goes_back(wanted):
                self._empty()
            self._files.write(wanted)
            self._local.seed()
            self._stack.pulumi.ensure_stack(self._stack.name)
            self._missing = missing
            command = ("up", "--yes", "--skip-preview", "--stack", self._stack.name)
            done = self._stack.pulumi.follow(*command, on_progress=lambda _: None)
            if done.code:
                self._empty()
                return Answer.UNRESOLVED, f"does not come up: {_fault(done.out + done.error)}"
            at = self._at(self._files.settings())
        except ParityError as error:
            return Answer.UNRESOLVED, f"does not come up: {error.what.splitlines()[0]}"
        return self.probe.ask(at, self.name(state))

    def _empty(self) -> None:
        """Begin again with nothing, as for a database without a migration that it has."""
        self._local.client().load_snapshot(_EMPTY)
        shutil.rmtree(self._local.layout.backend)
        self._local.layout.backend.mkdir(mode=0o700)
        self._files.reset()
        self._missing = frozenset(self._files.migrations)

    def _at(self, found: Settings) -> At:
        """Where the application is asked, with what a command gets of its release: its variables by their names."""
        own = found.catalog.application(self.application)
        domain = next(each.name for each in found.applications[own.name].domains if each.redirect is None)
        through = health.pass_of(found, own.name)
        live = str(found.releases[own.name].live)
        about = {"PARITY_PROBE_RELEASE": live, "PARITY_PROBE_COMMIT": found.releases[own.name].kept[live].commit}
        return At(f"https://{domain}", through, self._environment, {**self._variables(found, own.first_name), **about})

    def _variables(self, found: Settings, application: str) -> dict[str, str]:
        graph = self._stack.declared(found)
        declared = (
            opened(dict(each.inputs))
            for each in graph.resources.values()
            if each.type == kinds.VARIABLE and each.name.startswith(f"{application}-variable-")
        )
        return {str(inputs["key"]): self._reachable(str(inputs["value"])) for inputs in declared}

    def _reachable(self, value: str) -> str:
        """A connection URL, with the sandbox's server in the place of the one that is declared."""
        parts = urlsplit(value)
        if parts.scheme not in {"postgres", "postgresql"}:
            return value
        login = parts.netloc.rpartition("@")[0]
        at = f"{self._environment['PGHOST']}:{self._environment['PGPORT']}"
        return urlunsplit(parts._replace(netloc=f"{login}@{at}", query=""))


def _take_plugins(project: Project, local: Local) -> None:
    """Take the plugins that the checkout's own sandbox has, as links: to install them takes ten seconds."""
    own = Local(project, project.sandbox_directory(None)).layout.pulumi / "plugins"
    if own.is_dir():
        local.layout.create()
        with suppress(OSError):  # another file system: they are installed then
            shutil.copytree(own, local.layout.pulumi / "plugins", copy_function=os.link, dirs_exist_ok=True)


def _fault(text: str) -> str:
    """What an update said first of what is wrong, in a line."""
    lines = [each.strip() for each in text.splitlines() if "error:" in each]
    return (lines[0].partition("error:")[2].strip() if lines else "the update failed")[:_SAID]
