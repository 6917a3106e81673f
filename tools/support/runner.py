"""Runs the project's own workflows against the sandbox, with what its GitHub gives to a run."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from parity.config import servers
from parity_sandbox.credentials import of_a_job
from support import job_roles, workflows
from support.act import REPOSITORY, Runner
from support.hub import Hub
from support.job_secrets import APPLIES, KINDS, READS, by_environment
from support.paths import ROOT
from support.program import tools

if TYPE_CHECKING:
    from pathlib import Path

    from support.act import ActRun, Ended
    from support.program import Instance

LOGINS = {
    READS: {**job_roles.login(job_roles.PLAN), "PGROLE": "parity_planner"},
    APPLIES: {**job_roles.login(job_roles.DELIVER), "PGROLE": job_roles.OWNER},
}
"""What makes the jobs' logins at PostgreSQL, by kind of environment."""
LONGEST = 3600.0
"""Seconds after which a token of a run ends, whatever became of the run."""
_LOGIN = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE")
_GIVEN = {*_LOGIN, "VERCEL_API_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", *servers.VARIABLES, *of_a_job(""), "PYTHONPATH"}
"""What a job has from its workflow alone."""
_MAKE = re.compile(r"^((?P<name>test|lint): .*)\n(?:\t.*\n|\$\(AFTER_TEST\)\n)*", re.MULTILINE)
"""The targets that have the tests and the linters run: they would have this run again."""


class Actions(Runner):
    """The repository at the sandbox's GitHub, with its workflows."""

    def __init__(self, instance: Instance, folder: Path) -> None:
        hub = Hub(lambda path: self.github("GET", f"environments/{path}", missing={}))
        super().__init__(instance.project.root, folder, hub)
        self.instance = instance
        root = self.root
        for name in (".github", "scripts"):
            shutil.copytree(ROOT / name, root / name)
        for each in workflows.read(root / ".github" / "workflows"):
            (root / ".github" / "workflows" / each.name).write_text(by_environment(each))
        for name in (".gitignore", "uv.lock"):
            shutil.copy(ROOT / name, root)
        targets = _MAKE.sub("\\1\n\t@echo '\\g<name> is run by itself'\n", (ROOT / "Makefile").read_text())
        (root / "Makefile").write_text(targets)
        (self.folder / "login").write_text("".join(f"{each}={self.value(each)}\n" for each in _LOGIN))
        self.git("init", "-q", "-b", "main")
        # A runner asks for a commit by its name.
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        for path in root.glob("Pulumi.*.yaml"):
            self.put(path.name, job_roles.accepted(path.read_text()))
        self.audited(datetime.now(UTC))
        databases = tuple(f"storefront_{stack}" for stack in self.instance.project.stack_files())
        job_roles.set_up(self.instance.local.directory, self.instance.environment(), databases)
        self.pull()

    def audited(self, when: datetime) -> None:
        """The audit ran by its schedule, then and never since."""
        commit = "0" * 40
        self._record(1, "drift.yml", "schedule", commit, "completed", conclusion="success", created_at=f"{when:%FT%TZ}")

    def value(self, name: str) -> str:
        return self.instance.environment()[name]

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=runner", "-c", "user.email=runner@example.com")
        return self.instance.run("git", *who, *arguments).ok().stdout.strip()

    def github(self, method: str, path: str, body: dict[str, Any] | None = None, missing: Any = None) -> Any:
        """Ask the sandbox's GitHub about the repository; `missing` is what a 404 gives, where it may be one."""
        command = ["curl", "-sS", "-w", "\n%{http_code}", "-X", method]
        command += ["-H", f"authorization: Bearer {self.value('GITHUB_TOKEN')}"]
        command += ["-d", json.dumps(body)] if body is not None else []
        said = self.instance.run(*command, f"https://api.github.com/repos/{REPOSITORY}/{path}").ok().stdout
        answer, _, status = said.rpartition("\n")
        if missing is not None and status == "404":
            return missing
        assert status.startswith("2"), f"{method} {path}: {said}"
        return json.loads(answer) if answer else None

    def text(self, name: str, reference: str = "main") -> str:
        return base64.b64decode(self.github("GET", f"contents/{name}?ref={reference}")["content"]).decode()

    def put(self, name: str, text: str) -> None:
        """Commit a file to GitHub's main."""
        there = self.github("GET", f"contents/{name}?ref=main", missing={})
        body = {"message": name, "content": base64.b64encode(text.encode()).decode(), "branch": "main"}
        self.github("PUT", f"contents/{name}", body | ({"sha": there["sha"]} if there else {}))

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file on main."""
        text = self.text(name)
        assert text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
        self.put(name, text.replace(old, new))
        self.pull()

    def pull(self, reference: str = "main", sha: str = "", edit: tuple[str, str] | None = None) -> str:
        """Bring a branch of GitHub's here, where runners check it out; gives its commit at GitHub.

        `sha` is that commit, of a branch that is not main. `edit` has an old and a new text of staging's file, for what
        the branch holds besides.
        """
        root = self.instance.project.root
        for path in root.glob("Pulumi.*.yaml"):
            path.write_text(self.text(path.name, reference))
        if edit is not None:
            self.instance.replace("staging", *edit)
        sha = sha or str(self.github("GET", f"commits/{reference}")["sha"])
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", reference)
        self.git("update-ref", f"refs/commits/{sha}", "HEAD")
        return sha

    def merge(self, number: int) -> str:
        """Merge a pull request."""
        self.github("PUT", f"pulls/{number}/merge", {})
        return self.pull()

    def start(
        self, workflow: str, event: str = "push", *, payload: dict[str, Any] | None = None, secrets: bool = True,
        cold: bool = False, branch: str = "main", sha: str = "", **inputs: str,
    ) -> ActRun:  # fmt: skip
        """Begin a run, as the event does.

        Args:
            workflow: the file's name.
            event: its name.
            payload: what the event says besides the repository.
            secrets: whether the run may have the environments' secrets: a fork's may not.
            cold: whether each Python is a process of its own, as where a signal is to reach it.
            branch: whom environments must admit.
            sha: GitHub's commit; main's newest where none is given.
            inputs: of a start by hand.
        """
        repository = {"full_name": REPOSITORY, "default_branch": "main"}
        said = {"repository": repository, "ref": f"refs/heads/{branch}", "inputs": inputs, **(payload or {})}
        head = said.get("pull_request", {}).get("head", {"repo": repository})
        run = self.prepare(branch=branch, fork=head["repo"]["full_name"] != REPOSITORY)
        sha = sha or self.github("GET", "commits/main")["sha"]
        self._record(run.number, workflow, event, sha, "in_progress")
        self.instance.local.client().seed(run.tokens.seed(LONGEST))
        given = self._secrets(run, everything=secrets)
        machine = self._environment(run.folder, cold=cold)
        self.begin(run, workflow, event, said, sha, secrets=given, variables=self._variables(), environment=machine)
        run.opened.callback(self._finish, run, workflow, event, sha)
        return run

    def run(self, workflow: str, event: str = "push", **given: Any) -> Ended:
        """Begin a run and wait for it."""
        return self.start(workflow, event, **given).end()

    def _variables(self) -> dict[str, str]:
        """Those of each environment, under the names that its jobs ask for."""
        shared = {"PULUMI_ORGANIZATION": "storefront", "PGPORT": self.value("PGPORT"), "PGSSLMODE": "disable"}
        shared["PARITY_APP"] = "Iv1.sandbox"  # the one that its key is for
        own = {kind: {**shared, "PGROLE": LOGINS[kind]["PGROLE"]} for kind in KINDS}
        return {f"{kind}_{name}": value for kind in KINDS for name, value in own[kind].items()}

    def _environment(self, folder: Path, *, cold: bool) -> dict[str, str]:
        """The machine's: none of what a job is given; and where the stand-ins of actions find theirs."""
        found = (self.instance.cold() if cold else self.instance).environment()
        engine = str(tools().folder)
        own = {
            "RUNNER_APPS": str(folder / "apps"),
            "RUNNER_BACKEND": str(self.folder / "login"),
            "RUNNER_ENGINE": engine,
            "RUNNER_REPOSITORY": f"file://{self.instance.project.root}",
            "PATH": os.pathsep.join(each for each in found["PATH"].split(os.pathsep) if each != engine),
        }
        return {name: value for name, value in found.items() if name not in _GIVEN} | own

    def _secrets(self, run: ActRun, *, everything: bool) -> dict[str, str]:
        """What docs/delivery.md has in each environment; each App's key is a file with the token that it gives."""
        apps = run.folder / "apps"
        apps.mkdir()
        given = {name: value for name, value in run.tokens.github.items() if name not in KINDS}
        vercel = {READS: run.tokens.viewer, APPLIES: self.value("VERCEL_API_TOKEN")}
        for kind in KINDS if everything else ():
            (apps / f"key-of-the-app-that-{kind}").write_text(run.tokens.github[kind])
            own = {"VERCEL_API_TOKEN": vercel[kind], "PARITY_APP_KEY": f"key-of-the-app-that-{kind}"}
            own |= {"PGHOST": self.value("PGHOST"), **LOGINS[kind]}
            given |= {f"{kind}_{name}": value for name, value in own.items()}
        return given

    def _finish(self, run: ActRun, workflow: str, event: str, sha: str) -> None:
        ended = {job.status for job in self.hub.jobs if job.run is run}
        conclusion = next((each for each in ("cancelled", "failure") if each in ended), "success")
        self._record(run.number, workflow, event, sha, "completed", conclusion=conclusion)
        self.instance.local.client().seed(run.tokens.seed(-1))

    def _record(self, number: int, workflow: str, event: str, sha: str, status: str, **more: str) -> None:
        """The run, as GitHub's API tells others of it."""
        row = {"id": number, "workflow": workflow, "head_sha": sha, "event": event, "status": status, **more}
        owner, _, name = REPOSITORY.partition("/")
        seed = {"owner": owner, "name": name, "default_branch": "main", "commits": [], "runs": [row]}
        self.instance.local.client().seed({"github": {"organization": owner, "repositories": [seed]}})
