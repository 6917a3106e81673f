"""Runs the project's own workflows, by act, against the sandbox: what GitHub's runner does, with `hub` for its servers.

docs/workflow-runs.md says what differs from GitHub. Actions that a workflow uses are stood in for by those in
`support/actions`, which do what the real one's documentation says; one that has no stand-in fails the run.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from parity.config import servers
from parity.engine import toolchain
from support import job_roles, workflows
from support.hub import PATIENCE, Hub
from support.job_secrets import APPLIES, KINDS, READS, Tokens, by_environment
from support.paths import ROOT
from support.program import tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.program import Instance

REPOSITORY = "storefront-example/storefront"
ACTIONS = Path(__file__).parent / "actions"
LOGINS = {
    READS: {**job_roles.login(job_roles.PLAN), "PGROLE": "parity_planner"},
    APPLIES: {**job_roles.login(job_roles.DELIVER), "PGROLE": job_roles.OWNER},
}
"""What makes the jobs' logins at PostgreSQL, by kind of environment."""
LONGEST = 3600.0
"""Seconds after which a token of a run ends, whatever became of the run."""
_LOGIN = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE")
_GIVEN = {*_LOGIN, "VERCEL_API_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", *servers.VARIABLES, "PYTHONPATH"}
"""What a job has from its workflow alone."""
_TRACKING = "RUNNER_TRACKING_ID"
_MAKE = re.compile(r"^((?P<name>test|lint): .*)\n(?:\t.*\n|\$\(AFTER_TEST\)\n)*", re.MULTILINE)
"""The targets that have the tests and the linters run: they would have this run again."""
_USES = re.compile(r"uses: (([\w.-]+/[\w.-]+)[\w./-]*@[0-9a-f]{40})")


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    jobs: dict[str, str]
    """The conclusion of each job that was asked for, as `plan (prod)`; one that was skipped is not there."""
    summaries: dict[str, str]
    text: str
    """All that its steps said, each line after its job's name."""
    shown: str
    """All that a reader of the run's log is shown, and its summaries."""

    def ok(self) -> Ended:
        """Itself; fails the test where a job did not end well."""
        assert set(self.jobs.values()) <= {"success"}, f"{self.jobs}\n{self.text}"
        return self


@dataclass(eq=False)
class ActRun:
    """One run of a workflow."""

    number: int
    branch: str
    folder: Path
    hub: Hub
    opened: ExitStack
    addresses: dict[str, str]
    """By job, the output that its environment shows as the deployment's address."""
    tokens: Tokens
    process: subprocess.Popen[bytes] = field(init=False)
    ended: Ended | None = None

    def cancel(self) -> None:
        """As a person cancels it: act ends its steps as GitHub's runner does."""
        self.process.send_signal(signal.SIGINT)

    def seen(self, job: str) -> list[dict[str, str]]:
        """The environments that the steps of the jobs of that name have seen until now."""
        found = [path.read_text().split("\0") for path in (self.folder / "seen").glob(f"{job}.*")]
        return [dict(each.split("=", 1) for each in lines if each) for lines in found]

    def end(self) -> Ended:
        """Wait for it; gives how it ended."""
        self.process.wait(timeout=PATIENCE)
        self.opened.close()
        jobs = [job for job in self.hub.jobs if job.run is self and not job.calls]
        labels = {job.log: job.label for job in jobs}
        text, shown = list[str](), list[str]()
        summaries: dict[str, str] = {}
        outputs: dict[tuple[str, str], str] = {}
        for line in (self.folder / "log").read_text().splitlines():
            row = json.loads(line) if line.startswith("{") else {"msg": line, "raw_output": True}
            name = labels.get(row.get("job", "").strip(), "")
            shown.append(row["msg"])
            if row.get("raw_output") or row.get("level") == "error":
                text.append(f"{name}: {row['msg'].rstrip()}")
            if row.get("command") == "summary":
                summaries[name] = summaries.get(name, "") + row["content"]
            if row.get("command") == "set-output":
                outputs[name, f"steps.{row['stepID'][0]}.outputs.{row['name']}"] = row["arg"]
        for job in jobs:
            job.url = outputs.get((job.label, self.addresses.get(job.name, "")), "")
        shown += summaries.values()
        statuses = {job.label: job.status for job in jobs}
        self.ended = Ended(statuses, summaries, "\n".join(text), "\n".join(shown))
        return self.ended


@dataclass
class Actions:
    """The repository at the sandbox's GitHub, with its workflows."""

    instance: Instance
    folder: Path
    hub: Hub = field(init=False)
    act: Path = field(init=False)
    runs: list[ActRun] = field(default_factory=list["ActRun"])
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(77, 1000)))

    def __post_init__(self) -> None:
        self.act = toolchain.program("act")
        self.hub = Hub(lambda path: self.github("GET", f"environments/{path}", missing={}))
        root = self.instance.project.root
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
        number = next(self._numbers)
        folder = self.folder / f"run-{number}"
        (folder / "seen").mkdir(parents=True)
        sha = sha or self.github("GET", "commits/main")["sha"]
        self._record(number, workflow, event, sha, "in_progress")
        repository = {"full_name": REPOSITORY, "default_branch": "main"}
        said = {"repository": repository, "ref": f"refs/heads/{branch}", "inputs": inputs, **(payload or {})}
        (folder / "event.json").write_text(json.dumps(said))
        head = (payload or {}).get("pull_request", {}).get("head", {"repo": repository})
        fork = head["repo"]["full_name"] != REPOSITORY
        tokens = Tokens(REPOSITORY, workflows.read(ROOT / ".github" / "workflows"), fork=fork)
        self.instance.local.client().seed(tokens.seed(LONGEST))
        self._secrets(folder, tokens, everything=secrets)
        opened = ExitStack()
        # A socket's path has room for some hundred characters.
        door = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="hub-"))) / "door"
        log = opened.enter_context((folder / "log").open("wb"))
        run = ActRun(number, branch, folder, self.hub, opened, self._addresses(), tokens)
        opened.enter_context(self.hub.door(run, door))  # before act, which asks at once
        run.process = subprocess.Popen(
            self._command(workflow, event, run, sha),
            cwd=self.instance.project.root,
            env=self._environment(folder, door, cold=cold),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        opened.callback(self._finish, run, workflow, event, sha)
        self.runs.append(run)
        return run

    def close(self) -> None:
        """End the runs that a test which failed has left, and show what their steps said."""
        for run in self.runs:
            if run.ended is None:
                run.process.kill()
                print(run.end().text)  # noqa: T201 - pytest shows it where the test failed

    def run(self, workflow: str, event: str = "push", **given: Any) -> Ended:
        """Begin a run and wait for it."""
        return self.start(workflow, event, **given).end()

    def _command(self, workflow: str, event: str, run: ActRun, sha: str) -> list[str]:
        root = self.instance.project.root
        given = {
            "BASH_ENV": str(ACTIONS.parent / "seen.sh"),
            "RUNNER_SEEN": str(run.folder / "seen"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(run.number),
            "SHA_REF": sha,
            _TRACKING: str(run.folder),  # other tests have runs of the same number
        }
        shared = {"PULUMI_ORGANIZATION": "storefront", "PGPORT": self.value("PGPORT"), "PGSSLMODE": "disable"}
        shared["PARITY_APP"] = "Iv1.sandbox"  # the one that its key is for
        own = {kind: {**shared, "PGROLE": LOGINS[kind]["PGROLE"]} for kind in KINDS}
        variables = {f"{kind}_{name}": value for kind in KINDS for name, value in own[kind].items()}
        variables |= {name: value for name, value in run.tokens.github.items() if name not in KINDS}
        command = [str(self.act), event, "-W", str(root / ".github" / "workflows" / workflow), "-C", str(root)]
        command += ["-P", "ubuntu-24.04=-self-hosted", "--no-skip-checkout", "--action-offline-mode"]
        command += ["--no-cache-server", "--json", "--eventpath", str(run.folder / "event.json"), "--actor", "someone"]
        command += [
            "--secret-file",
            str(run.folder / "secrets"),
            "--action-cache-path",
            str(run.folder / "act"),
            "--rm",
        ]
        command += [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        command += [word for name, value in variables.items() for word in ("--var", f"{name}={value}")]
        used = {each for path in root.glob(".github/*/**/*.yml") for each in _USES.findall(path.read_text())}
        found = [(pin, ACTIONS / name) for pin, name in sorted(used) if (ACTIONS / name).is_dir()]
        return command + [word for pin, place in found for word in ("--local-repository", f"{pin}={place}")]

    def _environment(self, folder: Path, door: Path, *, cold: bool) -> dict[str, str]:
        """The machine's: none of what a job is given; and where the stand-ins of actions find theirs."""
        found = (self.instance.cold() if cold else self.instance).environment()
        engine = str(tools().folder)
        own = {
            "ACT_ADMISSION": str(door),
            "RUNNER_APPS": str(folder / "apps"),
            "RUNNER_ARTIFACTS": str(folder / "artifacts"),
            "RUNNER_BACKEND": str(self.folder / "login"),
            "RUNNER_ENGINE": engine,
            "RUNNER_REPOSITORY": f"file://{self.instance.project.root}",
            "PATH": os.pathsep.join(each for each in found["PATH"].split(os.pathsep) if each != engine),
        }
        return {name: value for name, value in found.items() if name not in _GIVEN} | own

    def _addresses(self) -> dict[str, str]:
        """The outputs that are addresses of deployments; jobs of one name show the same."""
        found = workflows.read(self.instance.project.root / ".github" / "workflows")
        jobs = [(name, job.get("environment")) for each in found for name, job in each.jobs.items()]
        return {name: said["url"].strip("${} ") for name, said in jobs if isinstance(said, dict) and "url" in said}

    def _secrets(self, folder: Path, tokens: Tokens, *, everything: bool) -> None:
        """What docs/delivery.md has in each environment; each App's key is a file with the token that it gives."""
        path, apps = folder / "secrets", folder / "apps"
        path.touch(mode=0o600)
        apps.mkdir()
        # Given as variables, which a called workflow has too; as secrets they are masked in the log.
        given = {name: value for name, value in tokens.github.items() if name not in KINDS}
        vercel = {READS: tokens.viewer, APPLIES: self.value("VERCEL_API_TOKEN")}
        for kind in KINDS if everything else ():
            (apps / f"key-of-the-app-that-{kind}").write_text(tokens.github[kind])
            own = {"VERCEL_API_TOKEN": vercel[kind], "PARITY_APP_KEY": f"key-of-the-app-that-{kind}"}
            own |= {"PGHOST": self.value("PGHOST"), **LOGINS[kind]}
            given |= {f"{kind}_{name}": value for name, value in own.items()}
        path.write_text("".join(f"{name}={value}\n" for name, value in given.items()))

    def _finish(self, run: ActRun, workflow: str, event: str, sha: str) -> None:
        ended = {job.status for job in self.hub.jobs if job.run is run}
        conclusion = next((each for each in ("cancelled", "failure") if each in ended), "success")
        self._record(run.number, workflow, event, sha, "completed", conclusion=conclusion)
        self.instance.local.client().seed(run.tokens.seed(-1))
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(_TRACKING) == str(run.folder):
                    process.kill()  # as the runner does with what a job leaves

    def _record(self, number: int, workflow: str, event: str, sha: str, status: str, **more: str) -> None:
        """The run, as GitHub's API tells others of it."""
        row = {"id": number, "workflow": workflow, "head_sha": sha, "event": event, "status": status, **more}
        owner, _, name = REPOSITORY.partition("/")
        seed = {"owner": owner, "name": name, "default_branch": "main", "commits": [], "runs": [row]}
        self.instance.local.client().seed({"github": {"organization": owner, "repositories": [seed]}})
