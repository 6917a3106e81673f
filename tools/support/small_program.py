"""A Pulumi program of a few lines, run by the real engine in a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from parity.engine import toolchain
from parity.local.environment import compose
from support.paths import ROOT
from support.program import SPEED, tools

if TYPE_CHECKING:
    from support.warm import Warm

LIMIT_SECONDS = 240

_PROJECT = """\
name: small
runtime: python
main: main.py
plugins:
  providers:
    - name: parity
      path: {plugin}
"""


@dataclass(frozen=True)
class Run:
    """How a command ended and all that it said."""

    code: int
    said: str

    def ok(self) -> Run:
        assert self.code == 0, self.said
        return self


class SmallProgram:
    """A folder with a program; `given.json` next to it is what the program reads."""

    def __init__(
        self, folder: Path, sandbox_environment: dict[str, str], source: str, warm: Warm | None = None
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(_PROJECT.format(plugin=ROOT / "plugin"))
        (folder / "main.py").write_text(source)
        found = tools()
        toolchain.equip(found, Path(sandbox_environment["PULUMI_HOME"]))
        composed = compose(os.environ, sandbox_environment, Path(sys.prefix), [found.folder])
        sooner = SPEED | warm.everything(composed) if warm else {}
        self.environment = {**composed, **sooner, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        self.pulumi("stack", "init", "staging").ok()

    def give(self, **values: Any) -> None:
        """What the program reads at its next run."""
        (self.folder / "given.json").write_text(json.dumps(values))

    def pulumi(self, *arguments: str) -> Run:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def up(self, *arguments: str) -> Run:
        return self.pulumi("up", "--yes", "--skip-preview", *arguments)

    def state(self) -> dict[str, dict[str, Any]]:
        """The recorded resources by name."""
        file = Path(urlsplit(self.environment["PULUMI_BACKEND_URL"]).path, ".pulumi/stacks/small/staging.json")
        found = json.loads(file.read_text())["checkpoint"]["latest"].get("resources") or []
        return {each["urn"].rpartition("::")[2]: each for each in found}
