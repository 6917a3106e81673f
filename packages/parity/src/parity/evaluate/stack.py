"""One stack as the command line sees it: settings, desired state, recorded state."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity import documents
from parity.engine import engine_files, passphrase, state, toolchain
from parity.engine.passphrase import PASSPHRASE, PASSPHRASE_FILE
from parity.engine.program_server import ProgramServers
from parity.engine.pulumi import Pulumi
from parity.errors import ParityError, ProjectError, StoreError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from parity.config.project import Project
    from parity.config.settings import Settings
    from parity.config.source import StackFile
    from parity.documents import Document
    from parity.engine.passphrase import Open
    from parity.engine.state import State
    from parity.evaluate.graph import Graph


def ambient(project: Project, report: Callable[[str], None] = lambda _: None) -> Pulumi:
    """The engine, in the environment that this command was started in: backend, tokens and proxy are the caller's.

    Raises:
        EngineError: no engine is there and none could be had.
    """
    tools = toolchain.resolve(report)
    path = ":".join([str(Path(sys.prefix) / "bin"), str(tools.folder), os.environ.get("PATH", "/usr/bin:/bin")])
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": sys.prefix}
    return Pulumi(tools.cli.path, project.root, environment, programs=ProgramServers())


_LOCKED = re.compile(
    r"incorrect passphrase|passphrase must be set|failed to decrypt|get stack secrets manager|secrets \(code="
    r"|open keeper|errors? occurred:\s+1\)|AccessDenied"
)
"""Parts of the engine's words where it cannot open a stack's secrets."""
_SALT = re.compile(r"""^ *["']?encryptionsalt["']? *: *["']?([^\s"',]+)""", re.MULTILINE)
_PROVIDER = re.compile(r"^secretsprovider: *[\"']?((\w+)://[^\s\"']+)", re.MULTILINE)
_LOGINS = {
    "awskms": "AWS keys or a profile (AWS_PROFILE) that may use the key",
    "azurekeyvault": "`az login`, or AZURE_CLIENT_ID with AZURE_TENANT_ID and AZURE_CLIENT_SECRET",
    "gcpkms": "`gcloud auth application-default login`, or GOOGLE_APPLICATION_CREDENTIALS",
    "hashivault": "export VAULT_ADDR and VAULT_TOKEN",
}
"""By the scheme of a secrets provider: what the engine opens it with."""
_SAID = 300
"""Characters of the engine's words that are shown."""


def open_ahead(*stacks: Stack) -> threading.Thread:
    """Begin to derive the keys of the stacks' secrets, a fifth of a second each, while other things are loaded."""
    asked = [each.key_of() for each in stacks]
    # It imports nothing: two threads must not import at once.
    thread = threading.Thread(target=lambda: [passphrase.opener(*each) for each in asked], daemon=True)
    thread.start()
    return thread


def passphrase_variable(stack: str) -> str:
    """The variable that names the file with one stack's passphrase; Pulumi itself takes one passphrase for all."""
    return "PARITY_PASSPHRASE_FILE_" + "".join(each if each.isalnum() else "_" for each in stack).upper()


@dataclass(frozen=True)
class Stack:
    """One stack of a project, and the engine that knows it.

    Whatever it opens (settings, program) teaches the engine's redactor its secrets.
    """

    name: str
    project: Project
    pulumi: Pulumi
    _opened: dict[bytes, str] = field(default_factory=dict[bytes, str], compare=False, repr=False)
    """The stack's file as it was last, and what the engine said of its config, every secret open."""
    _of_all: Pulumi = field(init=False, compare=False, repr=False)
    """The engine without the stack's own passphrase."""

    def __post_init__(self) -> None:
        """Give the engine the stack's own passphrase file, where the environment names one."""
        object.__setattr__(self, "_of_all", self.pulumi)
        environment = dict(self.pulumi.environment)
        if file := environment.get(passphrase_variable(self.name)):
            environment.pop(PASSPHRASE, None)
            own = replace(self.pulumi, environment={**environment, PASSPHRASE_FILE: file})
            object.__setattr__(self, "pulumi", own)

    def sibling(self, name: str) -> Stack:
        """Another stack of the project, which is opened with its own passphrase or the one of all stacks."""
        return Stack(name, self.project, self._of_all)

    def settings(self) -> Settings:
        """Its settings with every secret open.

        Read from its file where that is all of its config and the passphrase is at hand; else the engine is asked.

        Raises:
            ProjectError: there is no such file, or the backend does not know the stack.
            UpdateError: the engine could not decrypt the config (a wrong passphrase, no right to the key).
            ConfigError: with every fault of the config.
        """
        self._require_file()
        from parity.config import settings  # noqa: PLC0415 - pydantic and the SDK: the engine is found without them

        found = self._from_file() or self._from_engine()
        self.pulumi.redactor.learn(settings.secrets_of(found))
        return found

    def _from_file(self) -> Settings | None:
        """Its settings without the engine; None where the engine has to be asked, or to say what is wrong."""
        from parity.config import settings  # noqa: PLC0415 - as above

        with contextlib.suppress(passphrase.Sealed):
            if own := self._own_file():
                return settings.load(self.name, self.project.root, None, open_=own[1])
        return None

    def _own_file(self) -> tuple[StackFile, Open] | None:
        """Its file, where that is all of its config, and what opens it; None where the engine has to be asked."""
        from parity.config import source  # noqa: PLC0415 - as above

        file = source.read_file(self.project.stack_files()[self.name])
        if not isinstance(file, source.StackFile) or file.problems or not file.salt or self.project.adds_config:
            return None
        open_ = passphrase.opener(file.salt, self.pulumi.environment, self.pulumi.cwd)
        return (file, open_) if open_ else None

    def key_of(self) -> tuple[str, Mapping[str, str], Path]:
        """What the key of its secrets is derived from, as `passphrase.opener` takes it; its file is not parsed."""
        from parity.config import yaml_form  # noqa: PLC0415 - as above

        text = yaml_form.read_text(self.project.stack_files()[self.name])
        salt = _SALT.search(text) if isinstance(text, str) else None
        return salt[1] if salt else "", self.pulumi.environment, self.pulumi.cwd

    def values(self) -> Mapping[str, Any]:
        """Its config by full key, valid or not; its secrets are Secrets, or in the clear where the engine gave them.

        Raises:
            ProjectError, UpdateError: as `settings`.
        """
        from parity.config import source  # noqa: PLC0415 - as above

        with contextlib.suppress(passphrase.Sealed):
            if own := self._own_file():
                return source.from_file(self.name, *own).values
        rows: dict[str, Document] = documents.parse(self._config())
        return {key: row.get("objectValue", row.get("value")) for key, row in rows.items()}

    def _from_engine(self) -> Settings:
        from parity.config import settings  # noqa: PLC0415 - as above

        rows: dict[str, Document] = documents.parse(self._config())
        values = {key: _text(row) for key, row in rows.items()}
        secret = {key for key, row in rows.items() if row.get("secret")}
        return settings.load(self.name, self.project.root, values, secret_keys=secret)

    def _config(self) -> str:
        """The config; as long as the file is the same the engine is asked once, since it derives a key each time."""
        text = self.project.stack_files()[self.name].read_bytes()
        if text not in self._opened:
            said = self.ask("config", "--show-secrets", "--json")
            self._opened.clear()
            self._opened[text] = said
        return self._opened[text]

    def ask(self, *arguments: str, given: str = "") -> str:
        """Run one of the engine's commands on the stack, and give its output.

        `given` is standard input.

        Raises:
            ProjectError: the backend does not know the stack.
            UpdateError: it failed; where the secrets could not be opened, it says whose, and how to give the key.
        """
        try:
            return self.pulumi.run(*arguments, "--stack", self.name, given=given).stdout
        except UpdateError as error:
            if "no stack named" in str(error):
                raise ProjectError(
                    f"the backend does not know the stack {self.name}",
                    where=str(self.project.root),
                    remedy=f"`pulumi stack init {self.name}`",
                ) from error
            raise self.locked(str(error)) or error from error

    def locked(self, said: str) -> UpdateError | None:
        """The error for what the engine said where it could not open the stack's secrets; None of other words."""
        if not _LOCKED.search(said):
            return None
        file = f"Pulumi.{self.name}.yaml"
        path = self.project.root / file
        words = " ".join(said.partition("error: ")[2].split() or said.split())
        provider = _PROVIDER.search(path.read_text() if path.exists() else "")
        if provider:
            way = _LOGINS.get(provider[2], "log in to it as for `pulumi`")
            remedy = f"its key is at {provider[1]}: {way}. A stack with a passphrase takes that at the same time"
        else:
            remedy = (
                f"export {PASSPHRASE_FILE} (or {PASSPHRASE}), or log in to its secrets provider; "
                f"where two stacks have two passphrases, export {passphrase_variable(self.name)} for this one"
            )
        short = words if len(words) <= _SAID else f"{words[:_SAID]}…"
        return UpdateError(f"the secrets of {self.name} could not be opened: {short}", where=file, remedy=remedy)

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
        return self._state_of(self._exported(show_secrets=show_secrets))

    def read(self) -> tuple[Settings, State]:
        """Its settings and what is recorded, asked for at once; raises as `settings` and `recorded`."""
        with self.exporting() as recorded:
            settings = self.settings()
            return settings, recorded()

    @contextmanager
    def exporting(self) -> Generator[Callable[[], State]]:
        """Export the state while the body does other things; what is given waits for it and reads it."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            exported = pool.submit(self._exported)
            yield lambda: self._state_of(exported.result())

    def _exported(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The state as `pulumi stack export` gives it, from its file where that can be read here."""
        environment, folder = self.pulumi.environment, self.pulumi.cwd
        closed: StoreError | None = None
        try:
            found = engine_files.exported(environment, folder, self.project.name, self.name, show_secrets=show_secrets)
            if found is not None:
                return found
        except StoreError as error:  # the engine has other clients
            closed = error
        try:
            return documents.parse(self.ask("stack", "export", *(("--show-secrets",) if show_secrets else ())))
        except UpdateError as error:
            if closed and "unable to open bucket" in str(error):
                raise closed from None
            raise

    def _state_of(self, exported: dict[str, Any]) -> State:
        """What an export has; errors that it quotes are masked with the secrets that are known by now."""
        return state.parse(exported, self.pulumi.redactor.text)

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
