"""What GitHub's servers do about a job and act does not know: environments, concurrency groups, time limits.

act asks before each job (`admitted`, a patch of it): the job begins when it is let, and act says how it ended.
"""

from __future__ import annotations

import fnmatch
import json
import socketserver
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from support.amounts import everything

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 240.0 if not everything() else 1200.0
"""Seconds in which what is awaited comes; at night a job builds the image and what it is made of."""


class Run(Protocol):
    """A run of a workflow."""

    branch: str

    @property
    def over(self) -> bool:
        """Whether act has ended."""
        ...

    def cancel(self) -> None:
        """As a person does, or a newer run of its group, or a time limit."""

    def end(self) -> Any:
        """Wait for it; `text` of what it gives is all that its steps said."""


@dataclass(eq=False)
class Job:
    """One job, from when it asks to begin."""

    run: Run
    name: str
    log: str
    """Its name in act's log."""
    matrix: dict[str, Any]
    environment: str | None
    group: str | None
    cancels: bool
    minutes: float
    fails_fast: bool
    calls: bool
    """Whether it is a call of another workflow, whose jobs are its steps."""
    status: str = "queued"
    """As GitHub says it: queued, waiting (for an approval), in_progress; then its conclusion."""
    approved: bool | None = None
    """What the environment's reviewer answered."""
    expired: bool = False
    """Whether its time limit is over."""
    over: bool = False
    """Whether act waits for it no more."""
    url: str = ""
    """What its environment shows of its deployment."""

    @property
    def label(self) -> str:
        """Its name, with the stack that it is about."""
        stack = self.matrix.get("stack") or (self.environment or "").partition("-")[0]
        return f"{self.name} ({stack})" if stack else self.name


def _job(run: Run, said: dict[str, Any]) -> Job:
    job = said["job"]
    environment, group = job["environment"], job["concurrency"] or {}
    return Job(
        run,
        said["name"],
        said["log"],
        said["matrix"] or {},
        environment["name"] if isinstance(environment, dict) else environment,
        group.get("group"),
        _true(group),
        float(job["timeout-minutes"] or 360),
        bool(job.get("fail-fast")),
        bool(job["uses"]),
    )


def _true(group: dict[str, Any]) -> bool:
    return str(group.get("cancel-in-progress", False)).lower() == "true"


@dataclass
class Hub:
    """The servers. `ask` gives what the sandbox's GitHub says below `/environments/` of the repository."""

    ask: Callable[[str], dict[str, Any]]
    jobs: list[Job] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _groups: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    """Runs and jobs by group: the first goes on, the second waits."""

    @contextmanager
    def door(self, run: Run, address: Path) -> Iterator[None]:
        """Answer a run's act at this socket."""
        hub = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                said = json.loads(self.rfile.readline())
                job = _job(run, said)
                threading.Thread(target=hub._listen, args=(job, self.rfile), daemon=True).start()
                try:
                    self.wfile.write(f"{hub._admit(job, said['concurrency'] or {})}\n".encode())
                    hub._attend(job)
                except BrokenPipeError:
                    pass  # its run was cancelled: act asks no more
                finally:
                    hub._leave(job)

        with socketserver.ThreadingUnixStreamServer(str(address), Handler) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            try:
                yield
            finally:
                server.shutdown()
                self._leave(run)

    def find(self, run: Run, wanted: Callable[[Job], bool]) -> Job:
        """The run's first job like this, once there is one; fails the test where it ends without one."""

        def found() -> Job | bool:
            jobs = [each for each in self.jobs if each.run is run]
            return next(filter(wanted, jobs), None) or (run.over and all(each.over for each in jobs))

        with self._changed:
            job = self._changed.wait_for(found, PATIENCE)
        statuses = [(each.name, each.status) for each in self.jobs if each.run is run]
        assert isinstance(job, Job), f"no such job came: {statuses}\n{run.end().text if run.over else ''}"
        return job

    def await_end(self, process: subprocess.Popen[bytes]) -> None:
        """Tell those who wait once a run's act has ended."""
        process.wait()
        with self._changed:
            self._changed.notify_all()

    def review(self, run: Run, environment: str, *, approve: bool) -> None:
        """Answer as the environment's reviewer, once the run's job waits for that."""
        job = self.find(run, lambda job: (job.environment, job.status) == (environment, "waiting"))
        with self._changed:
            job.approved = approve
            self._changed.notify_all()

    def lapse(self, run: Run, environment: str) -> None:
        """Let the 30 days be over in which a job may be approved, once the run's job waits for that.

        The job fails then (GitHub's page "Reviewing deployments"), as one that is refused.
        """
        self.review(run, environment, approve=False)

    def expire(self, run: Run, label: str) -> None:
        """Let a job's time limit be over now."""
        job = self.find(run, lambda job: job.label == label)
        with self._changed:
            job.expired = True
            self._changed.notify_all()

    def _listen(self, job: Job, said: Any) -> None:
        try:
            result = said.readline().decode().strip()
        except ConnectionError:
            result = ""
        with self._changed:
            if result or job.status not in {"failure", "cancelled"}:
                job.status = result or "cancelled"
            job.over = True
            self._changed.notify_all()

    def _admit(self, job: Job, document: dict[str, Any]) -> str:
        """`go`, or the result of a job that never begins."""
        with self._changed:
            self.jobs.append(job)
            first = not any(job.run in each for each in self._groups.values())
            answer = None
            if document and first:
                answer = self._enter(job.run, document["group"], job, cancels=_true(document))
            answer = answer or self._failed_fast(job) or self._refused_branch(job)
            if job.group and answer is None:
                answer = self._enter(job, job.group, job, cancels=job.cancels)
            answer = answer or self._unreviewed(job) or "go"
            if not job.over:
                self._set(job, "in_progress" if answer == "go" else answer)
            return answer

    def _set(self, job: Job, status: str) -> None:
        job.status = status
        self._changed.notify_all()

    def _enter(self, who: object, group: str, job: Job, *, cancels: bool) -> str | None:
        """Wait until the group is free; a newer one takes the place of one that waits, as at GitHub."""
        there = self._groups[group]
        del there[1:]
        there.append(who)
        if cancels and there[0] is not who:
            before = there[0]
            (before.run if isinstance(before, Job) else before).cancel()  # type: ignore[attr-defined]
        self._changed.notify_all()
        self._changed.wait_for(lambda: job.over or who not in there or there[0] is who)
        return None if there and there[0] is who else "cancelled"

    def _failed_fast(self, job: Job) -> str | None:
        kin = [each for each in self.jobs if each.run is job.run and each.name == job.name and each is not job]
        if job.fails_fast and job.calls:  # one at a time: what ended before this one asked may not have been heard yet
            self._changed.wait_for(lambda: job.over or all(each.over for each in kin))
        return "cancelled" if job.fails_fast and any(each.status == "failure" for each in kin) else None

    def _refused_branch(self, job: Job) -> str | None:
        """A branch that the environment does not admit."""
        policy = self.ask(job.environment).get("deployment_branch_policy") if job.environment else None
        if not policy or not policy["custom_branch_policies"]:
            return None
        rows = self.ask(f"{job.environment}/deployment-branch-policies")["branch_policies"]
        admitted = any(fnmatch.fnmatchcase(job.run.branch, each["name"]) for each in rows)
        return None if admitted else "failure"

    def _unreviewed(self, job: Job) -> str | None:
        rules = self.ask(job.environment).get("protection_rules", ()) if job.environment else ()
        if not any(each["type"] == "required_reviewers" for each in rules):
            return None
        self._set(job, "waiting")
        self._changed.wait_for(lambda: job.over or job.approved is not None)
        return None if job.approved else "cancelled" if job.approved is None else "failure"

    def _attend(self, job: Job) -> None:
        """Until it is over; cancelled where its time is."""
        with self._changed:
            self._changed.wait_for(lambda: job.over or job.expired, job.minutes * 60)
            if not job.over:
                job.run.cancel()
            self._changed.wait_for(lambda: job.over)

    def _leave(self, who: object) -> None:
        with self._changed:
            for there in self._groups.values():
                if who in there:
                    there.remove(who)
            self._changed.notify_all()
