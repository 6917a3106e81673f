"""Starts act on a repository's workflows, with `hub` for what GitHub's servers do, and reads how a run ended.

docs/workflow-runs.md says what differs from GitHub. Actions that a workflow uses are stood in for by those in
`support/actions`, which do what the real one's documentation says; one that has no stand-in fails the run.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tempfile
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from parity.engine import toolchain
from support import workflows
from support.hub import PATIENCE, Hub
from support.job_secrets import KINDS, Tokens
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPOSITORY = "storefront-example/storefront"
ACTIONS = Path(__file__).parent / "actions"
_TRACKING = "RUNNER_TRACKING_ID"
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

    @property
    def over(self) -> bool:
        """Whether act has ended."""
        return self.process.poll() is not None

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
class Runner:
    """Starts the workflows of the repository in `root`, whose runs have their folders in `folder`."""

    root: Path
    folder: Path
    hub: Hub
    act: Path = field(default_factory=lambda: toolchain.program("act"))
    runs: list[ActRun] = field(default_factory=list["ActRun"])
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(77, 1000)))

    def prepare(self, *, branch: str = "main", fork: bool = False) -> ActRun:
        """A run's folder and tokens; it has not begun."""
        number = next(self._numbers)
        folder = self.folder / f"run-{number}"
        (folder / "seen").mkdir(parents=True)
        tokens = Tokens(REPOSITORY, workflows.read(ROOT / ".github" / "workflows"), fork=fork)
        return ActRun(number, branch, folder, self.hub, ExitStack(), self._addresses(), tokens)

    def begin(
        self, run: ActRun, workflow: str, event: str, said: dict[str, Any], sha: str, *,
        secrets: Mapping[str, str], variables: Mapping[str, str], environment: Mapping[str, str],
    ) -> ActRun:  # fmt: skip
        """Begin a run that is prepared; `environment` is the machine's, `said` the event's payload."""
        (run.folder / "event.json").write_text(json.dumps(said))
        path = run.folder / "secrets"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in secrets.items()))
        # A socket's path has room for some hundred characters.
        door = Path(run.opened.enter_context(tempfile.TemporaryDirectory(prefix="hub-"))) / "door"
        log = run.opened.enter_context((run.folder / "log").open("wb"))
        run.opened.enter_context(self.hub.door(run, door))  # before act, which asks at once
        run.process = subprocess.Popen(
            self._command(workflow, event, run, sha, variables),
            cwd=self.root,
            env={**environment, "ACT_ADMISSION": str(door), "RUNNER_ARTIFACTS": str(run.folder / "artifacts")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        run.opened.callback(_kill_what_is_left, run)
        threading.Thread(target=self.hub.await_end, args=(run.process,), daemon=True).start()
        self.runs.append(run)
        return run

    def close(self) -> None:
        """End the runs that a test which failed has left, and show what their steps said."""
        for run in self.runs:
            if run.ended is None:
                run.process.kill()
                print(run.end().text)  # noqa: T201 - pytest shows it where the test failed

    def _command(self, workflow: str, event: str, run: ActRun, sha: str, variables: Mapping[str, str]) -> list[str]:
        given = {
            "BASH_ENV": str(ACTIONS.parent / "seen.sh"),
            "RUNNER_SEEN": str(run.folder / "seen"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(run.number),
            "SHA_REF": sha,
            _TRACKING: str(run.folder),  # other tests have runs of the same number
        }
        # Given as variables, which a called workflow has too; as secrets they are masked in the log.
        known = {**variables, **{name: value for name, value in run.tokens.github.items() if name not in KINDS}}
        root = self.root
        command = [str(self.act), event, "-W", str(root / ".github" / "workflows" / workflow), "-C", str(root)]
        command += ["-P", "ubuntu-24.04=-self-hosted", "--no-skip-checkout", "--action-offline-mode", "--rm"]
        command += ["--no-cache-server", "--json", "--eventpath", str(run.folder / "event.json"), "--actor", "someone"]
        command += ["--secret-file", str(run.folder / "secrets"), "--action-cache-path", str(run.folder / "act")]
        command += [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        command += [word for name, value in known.items() for word in ("--var", f"{name}={value}")]
        used = {each for path in root.glob(".github/*/**/*.yml") for each in _USES.findall(path.read_text())}
        found = [(pin, ACTIONS / name) for pin, name in sorted(used) if (ACTIONS / name).is_dir()]
        return command + [word for pin, place in found for word in ("--local-repository", f"{pin}={place}")]

    def _addresses(self) -> dict[str, str]:
        """The outputs that are addresses of deployments; jobs of one name show the same."""
        found = workflows.read(self.root / ".github" / "workflows")
        jobs = [(name, job.get("environment")) for each in found for name, job in each.jobs.items()]
        return {name: said["url"].strip("${} ") for name, said in jobs if isinstance(said, dict) and "url" in said}


def _kill_what_is_left(run: ActRun) -> None:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(_TRACKING) == str(run.folder):
                process.kill()  # as the runner does with what a job leaves
