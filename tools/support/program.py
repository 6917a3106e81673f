"""A copy of the program that a test may change, and the engine run on it in a sandbox."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parity.config.project import Project
from parity.config.secret import Secret
from parity.engine import passphrase, toolchain
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parity.local.sandbox import Local
    from parity_toolchain.model import Engine
    from support.warm import Warm

PARTS = ("infra", "components", "plugin", "migrations")
LIMIT_SECONDS = 300
SPEED = {
    "PARITY_STANDIN_POLL_SECONDS": "0.05",
    # The engine and the plugins of the vendors live for seconds: there is memory enough to collect nothing.
    "GOGC": "off",
}
"""Nothing that an answer depends on."""


def as_in_life(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what only tests have, for what is measured."""
    return {name: value for name, value in environment.items() if name not in SPEED}


def copy_program(target: Path) -> Project:
    """The program in a folder of the test's own: Pulumi.yaml, the stacks' files, pyproject.toml and the packages."""
    target.mkdir(parents=True)
    for path in (*ROOT.glob("Pulumi*.yaml"), ROOT / "pyproject.toml"):
        shutil.copy2(path, target / path.name)
    for name in PARTS:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(target)


def with_shop_alone(root: Path) -> None:
    """Take the other application and its schema out of the program."""
    without(root, "admin")
    catalog = root / "infra" / "catalog.py"
    catalog.write_text(catalog.read_text().replace('"shop", "backoffice"', '"shop",'))


def application_in(catalog: str, name: str) -> str:
    """The lines of the catalog that declare an application; fails where it has none of that name."""
    found = re.search(rf'        Application\(\n            name="{name}",\n(?:         .*\n)+        \),\n', catalog)
    assert found, f"no application {name}"
    return found[0]


def without(root: Path, application: str) -> None:
    """Take an application out of the catalog and the stacks' files."""
    catalog = root / "infra" / "catalog.py"
    text = catalog.read_text()
    catalog.write_text(text.replace(application_in(text, application), ""))
    own = rf"    {application}:.*\n(?:      .*\n)*|    parity:applications\.{application}\..*\n"
    for path in root.glob("Pulumi.*.yaml"):
        path.write_text(re.sub(own, "", path.read_text()))


@functools.cache
def tools() -> Engine:
    """The engine: one a process, since resolving it asks several programs for their versions."""
    return toolchain.resolve()


@dataclass(frozen=True)
class Run:
    """How a command ended and all that it said."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """Both streams."""
        return self.stdout + self.stderr

    def ok(self) -> Run:
        """Itself; fails the test where the command failed."""
        assert self.code == 0, f"{' '.join(self.command)} ended with {self.code}:\n{self.said}"
        return self


@dataclass
class Instance:
    """A running sandbox with a copy of the program."""

    project: Project
    local: Local
    extra: dict[str, str] = field(default_factory=dict)
    """Variables that the test sets on top."""
    warm: Warm | None = None
    """What runs the Python of this sandbox, where a process of its own for each is not what is tested."""

    def environment(self) -> dict[str, str]:
        """The environment of every program that is run."""
        found = self.local.environment(tools())
        warm = self.warm.everything(found) if self.warm else {}
        # The copy of the program, not the checkout that this environment installed for editing.
        return {**found, **warm, **SPEED, "PYTHONPATH": str(self.project.root), "NO_COLOR": "1", **self.extra}

    def cold(self) -> Instance:
        """The same, with each Python a process of its own: for what is to be killed or sent a signal."""
        return replace(self, warm=None)

    def run(
        self,
        *command: str,
        extra: Mapping[str, str] | None = None,
        stdin: str | None = None,
        limit: float | None = LIMIT_SECONDS,
    ) -> Run:
        """Run any program in the project's folder and the sandbox's environment, for so many seconds at the most."""
        done = subprocess.run(
            command,
            cwd=self.project.root,
            env={**self.environment(), **(extra or {})},
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
            input=stdin if stdin is not None else "",
        )
        return Run(command, done.returncode, done.stdout, done.stderr)

    def pulumi(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Run:
        """Run the engine."""
        return self.run("pulumi", *arguments, "--non-interactive", extra=extra)

    def init(self, stack: str) -> None:
        """Make the stack where it is not there yet; its file stays as it is."""
        if "PULUMI_BACKEND_URL" not in self.extra and any(self.local.layout.backend.glob(f"**/stacks/*/{stack}.json")):
            return
        known = json.loads(self.pulumi("stack", "ls", "--json").ok().stdout)
        if stack not in {row["name"] for row in known}:
            self.pulumi("stack", "init", stack, "--no-select").ok()

    def up(self, stack: str, *options: str) -> Run:
        """`pulumi up` without questions."""
        self.init(stack)
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", stack, *options)

    def destroy(self, stack: str) -> Run:
        """`pulumi destroy` without questions."""
        return self.pulumi("destroy", "--yes", "--skip-preview", "--stack", stack)

    def outputs(self, stack: str, *, secrets: bool = False) -> dict[str, Any]:
        """The stack's outputs."""
        shown = ("--show-secrets",) if secrets else ()
        return json.loads(self.pulumi("stack", "output", "--json", "--stack", stack, *shown).ok().stdout)

    def secret(self, stack: str) -> Secret:
        """What the stack's passwords are derived from."""
        document = self.project.stack_document(self.project.stack_files()[stack])
        open_ = passphrase.opener(document["encryptionsalt"], self.environment(), self.project.root)
        assert open_, "the sandbox has another passphrase"
        return Secret(open_(document["config"]["parity:secret"]["secure"]), "parity:secret")

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The rows of the sandbox's request log after the one with that id."""
        return self.local.client().requests(since)

    def last_request(self) -> int:
        """The id of the last row of the request log, 0 where there is none."""
        rows = self.requests()
        return rows[-1]["id"] if rows else 0

    def state(self) -> dict[str, Any]:
        """Every object of both vendors."""
        return self.local.client().state()

    def replace(self, stack: str, old: str, new: str) -> None:
        """Change the stack's file; fails where `old` is not in it just once."""
        path = self.project.root / f"Pulumi.{stack}.yaml"
        text = path.read_text()
        assert text.count(old) == 1, f"{path.name} holds {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new))
