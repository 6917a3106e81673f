"""One stack as the command line sees it: settings, desired state, recorded state."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity import documents
from parity.engine import state, toolchain
from parity.engine.pulumi import Pulumi
from parity.errors import ParityError, ProjectError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.documents import Document
    from parity.engine.state import State
    from parity.evaluate.graph import Graph


def ambient(project: Project, report: Callable[[str], None] = lambda _: None) -> Pulumi:
    """The engine, in the environment that this command was started in: backend, tokens and proxy are the caller's.

    Raises:
        EngineError: no engine is there and none could be had.
    """
    tools = toolchain.resolve(report)
    path = ":".join([str(Path(sys.prefix) / "bin"), str(tools.folder), os.environ.get("PATH", "/usr/bin:/bin")])
    return Pulumi(tools.cli.path, project.root, {**os.environ, "PATH": path, "VIRTUAL_ENV": sys.prefix})


@dataclass(frozen=True)
class Stack:
    """One stack of a project, and the engine that knows it.

    Whatever it opens (settings, program) teaches the engine's redactor its secrets.
    """

    name: str
    project: Project
    pulumi: Pulumi

    def settings(self) -> Settings:
        """Its settings with every secret open, decrypted by the engine.

        Raises:
            ProjectError: there is no such file, or the backend does not know the stack.
            UpdateError: the engine could not decrypt the config (a wrong passphrase, no right to the key).
            ConfigError: with every fault of the config.
        """
        self._require_file()
        from parity.config import settings  # noqa: PLC0415 - pydantic and the SDK: the engine is found without them

        try:
            said = self.pulumi.run("config", "--show-secrets", "--json", "--stack", self.name)
        except UpdateError as error:
            if "no stack named" not in str(error):
                raise
            raise ProjectError(
                f"the backend does not know the stack {self.name}",
                where=str(self.project.root),
                remedy=f"pulumi stack init {self.name}",
            ) from error
        rows: dict[str, Document] = documents.parse(said.stdout)
        values = {key: _text(row) for key, row in rows.items()}
        secret = {key for key, row in rows.items() if row.get("secret")}
        found = settings.load(self.name, self.project.root, values, secret_keys=secret)
        self.pulumi.redactor.learn(settings.secrets_of(found))
        return found

    def sealed_settings(self) -> Settings:
        """Its settings from the file alone, each secret sealed; needs no engine and no passphrase.

        Raises:
            ConfigError: with every fault of the config, or that there is no such stack.
        """
        from parity.config import settings  # noqa: PLC0415 - as above

        return settings.load(self.name, self.project.root, None)

    def declared(self, found: Settings) -> Graph:
        """What the program declares with these settings, evaluated offline."""
        from parity.evaluate.declared import declared  # noqa: PLC0415 - as above
        from parity.evaluate.secrets import secrets_of  # noqa: PLC0415 - as above

        graph = declared(self.project, found)
        self.pulumi.redactor.learn(secrets_of(graph))
        return graph

    def learn_secrets(self) -> None:
        """Open settings and program for their secrets alone, so that what others wrote is shown without them.

        Where they cannot be opened, the environment's own tokens are masked and no more, as the engine does.
        """
        with contextlib.suppress(ParityError):
            self.declared(self.settings())

    def recorded(self, *, show_secrets: bool = False) -> State:
        """What the engine has recorded; with `show_secrets` its secrets are in the clear and must go nowhere."""
        shown = ("--show-secrets",) if show_secrets else ()
        said = self.pulumi.run("stack", "export", "--stack", self.name, *shown).stdout
        return state.parse(documents.parse(said), self.pulumi.redactor.text)

    def _require_file(self) -> None:
        known = self.project.stack_files()
        if self.name not in known:
            raise ProjectError(
                f"there is no stack {self.name}",
                where=str(self.project.root),
                remedy=f"stacks here: {', '.join(known) or 'none'}",
            )


def _text(row: Document) -> str:
    """A value of `pulumi config --json` as the engine hands it to the program: mappings and lists as JSON."""
    return json.dumps(row["objectValue"]) if "objectValue" in row else str(row.get("value", ""))
