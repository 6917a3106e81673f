"""Runs the workflows of Parity's own repository, by act, against `publishers`, with the machine's uv, skopeo and gh.

Jobs that may write meet the services; the others, which build, meet the package index that this machine has.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity_toolchain.image import assemble
from parity_toolchain.image.interpreter import Interpreter
from parity_toolchain.image.model import Input, Part
from support import workflows
from support.act import REPOSITORY, Runner
from support.hub import Hub
from support.job_secrets import KINDS, by_environment, token
from support.paths import ROOT
from support.publishers import Published, served
from support.wheels import SHARED, VERSION

if TYPE_CHECKING:
    from support.act import ActRun

BUILD = ".venv/bin/parity image build"
SMALL = f"PYTHONPATH={ROOT / 'tools'} {sys.executable} -m support.release"
"""In place of it, unless a test says otherwise: an image of one file."""
_PERMISSIONS = re.compile(r"^    permissions:\n(?:      .*\n)+", re.MULTILINE)
_TESTS = re.compile(r"^(test-all: .*)\n\t.*\n", re.MULTILINE)
_REVIEWED = {"protection_rules": [{"type": "required_reviewers"}]}


class Releases(Runner):
    """A copy of this repository, and what its releases are published to."""

    def __init__(self, folder: Path) -> None:
        self.published = Published(self._may, self._claims)
        self.workflow = workflows.Workflow("release.yml", (ROOT / ".github/workflows/release.yml").read_text())
        packages = workflows.Workflow("packages.yml", (ROOT / ".github/workflows/packages.yml").read_text())
        super().__init__(folder / "repository", folder, Hub(lambda path: _REVIEWED if path == "pypi" else {}))
        (folder / "home").mkdir()
        self._services = served(self.published, folder / "authority.pem")
        self.proxy = self._services.__enter__()
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).exists():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.root / name, follow_symlinks=False)
        for each in (self.workflow, packages):
            (self.root / ".github" / "workflows" / each.name).write_text(self._meets_the_services(each))
        makefile = self.root / "tools" / "Makefile"
        makefile.write_text(
            _TESTS.sub(r"\1\n\t@echo 'the tests with examples: '$$PARITY_EXAMPLES'.'\n", makefile.read_text())
        )
        self.git("init", "-q", "-b", "main")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.git("config", "core.compression", "0")  # each job fetches all of it once
        self.commit()

    def close(self) -> None:
        """End what runs, and the services."""
        super().close()
        self._services.__exit__(None, None, None)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=runner", "-c", "user.email=runner@example.com")
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self) -> str:
        """Commit what is there to main; gives the commit, by whose name a runner asks for it."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "main")
        sha = self.git("rev-parse", "HEAD")
        self.git("update-ref", f"refs/commits/{sha}", sha)
        return sha

    def change(self, name: str, old: str, new: str) -> None:
        """Change a file on main."""
        text = (self.root / name).read_text()
        assert old in text, f"{name} holds no {old!r}"
        (self.root / name).write_text(text.replace(old, new))
        self.commit()

    def start(self, workflow: str, event: str = "workflow_dispatch", branch: str = "main") -> ActRun:
        said = {"repository": {"full_name": REPOSITORY, "default_branch": "main"}, "ref": f"refs/heads/{branch}"}
        programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
        machine = {name: value for name, value in os.environ.items() if name in SHARED} | {
            "PATH": os.pathsep.join(programs),
            "RUNNER_REPOSITORY": f"file://{self.root}",
            "RUNNER_UV": shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv"),
        }
        mirror = {"PARITY_DEBIAN_MIRROR": os.environ.get("PARITY_DEBIAN_MIRROR", "")}
        run, sha = self.prepare(branch=branch), self.git("rev-parse", "HEAD")
        own = {name: value for name, value in run.tokens.github.items() if name not in KINDS}  # masked in the log
        return self.begin(run, workflow, event, said, sha, secrets=own, variables=mirror, environment=machine)

    def _meets_the_services(self, workflow: workflows.Workflow) -> str:
        given = {
            "HTTPS_PROXY": self.proxy,
            "SSL_CERT_FILE": self.folder / "authority.pem",
            "HOME": self.folder / "home",
            "GH_REPO": REPOSITORY,  # a checkout of GitHub's has its address; the test's repository has another
            "ACTIONS_ID_TOKEN_REQUEST_URL": "https://oidc.test/?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "${{ github.token }}",
        }
        lines = "    env:\n" + "".join(f"      {name}: {value}\n" for name, value in given.items())
        text = _PERMISSIONS.sub(lambda found: (lines if ": write" in found[0] else "") + found[0], workflow.text)
        return by_environment(workflows.Workflow(workflow.name, text.replace(BUILD, SMALL)))

    def _may(self, given: str, permission: str) -> str | None:
        return next((job for job in self._jobs(given) if self._permissions(job).get(permission) == "write"), None)

    def _claims(self, given: str) -> dict[str, str]:
        (job,) = self._jobs(given)
        environment = self.workflow.jobs[job].get("environment", {}).get("name", "")
        return {"repository": REPOSITORY, "workflow": self.workflow.name, "environment": environment}

    def _jobs(self, given: str) -> list[str]:
        own = {token(self.workflow.name, job): job for job in self.workflow.jobs}
        return [
            own[name]
            for run in self.runs
            for name, value in run.tokens.github.items()
            if value == given and name in own
        ]

    def _permissions(self, job: str) -> dict[str, Any]:
        return {name.replace("-", "_"): level for name, level in self.workflow.jobs[job]["permissions"].items()}


def _small_image(out: Path) -> str:
    """Write an image of one small file in place of a job's, as `parity image build` would; gives its digest."""

    def fill(root: Path) -> Interpreter:
        (root / "file").write_text(VERSION)
        return Interpreter((sys.executable,), {"PYTHONHASHSEED": "0"})

    part = Part("small", [Input("pypi", "small", VERSION, "sha256:" + "1" * 64)], fill)
    layer = assemble.layer(part, out.parent / "cache", lambda _: None)
    return assemble.write([layer], out, VERSION).digest


if __name__ == "__main__":
    sys.stdout.write(_small_image(Path("image").absolute()))
