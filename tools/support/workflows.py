"""Reads GitHub Actions workflows and says what is wrong with them; each rule is a function that gives findings."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

EXPRESSION = re.compile(r"\$\{\{")
CREDENTIAL = re.compile(r"\bsecrets\.|\bid-token\b|\bauth-actions@")
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
FORBIDDEN_EVENTS = {"pull_request_target", "workflow_run", "issue_comment"}
"""Events on which code of a stranger could meet this repository's credentials."""

MAY_WRITE = {
    ("preview.yml", "preview"): {"id-token"},
    ("preview.yml", "comment"): {"pull-requests"},
    ("promote.yml", "stack"): {"id-token"},
    ("deliver.yml", "plan"): {"id-token"},
    ("deliver.yml", "apply"): {"id-token"},
    ("rollback.yml", "propose"): {"contents", "pull-requests"},
    ("rollback.yml", "apply"): {"contents", "pull-requests", "id-token"},
    ("drift.yml", "audit"): {"id-token"},
    ("drift.yml", "issue"): {"issues"},
    ("release.yml", "publish"): {"id-token", "attestations"},
    ("release.yml", "image"): {"packages", "id-token", "attestations"},
    ("release.yml", "tag"): {"contents"},
}
"""What each job may write; every other job may write nothing."""

_DELIVERS, _DELIVERED = "./.github/workflows/deliver.yml", "${{ matrix.stack }}"
"""A job that calls this workflow updates this stack."""


@dataclass(frozen=True)
class Workflow:
    """One workflow: its text, and what YAML makes of it."""

    name: str
    text: str

    @property
    def document(self) -> dict[str, Any]:
        return YAML(typ="safe", pure=True).load(self.text)

    @property
    def events(self) -> set[str]:
        on = self.document["on"]
        return {on} if isinstance(on, str) else set(on)

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Its jobs; of an action its one list of steps."""
        return self.document.get("jobs") or {"runs": self.document["runs"]}

    def steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, job in self.jobs.items():
            for step in job.get("steps", ()):
                yield name, step


def read(folder: Path) -> list[Workflow]:
    return [Workflow(path.name, path.read_text()) for path in sorted(folder.glob("*.y*ml"))]


def permissions(workflow: Workflow) -> Iterator[str]:
    """Nothing by default; each job says what it needs, and writes only what is written down here."""
    if workflow.document.get("permissions") != {}:
        yield f"{workflow.name}: must begin with `permissions: {{}}`"
    for name, job in workflow.jobs.items():
        granted = job.get("permissions")
        if not isinstance(granted, dict):
            yield f"{workflow.name}: job {name} does not say its permissions"
            continue
        written = {scope for scope, level in granted.items() if level not in {"read", "none"}}
        extra = written - MAY_WRITE.get((workflow.name, name), set())
        if extra:
            yield f"{workflow.name}: job {name} may write {sorted(extra)}"


def allowed(workflow: Workflow, patterns: Iterable[str]) -> Iterator[str]:
    """Third-party actions that the repository's own Actions permissions would refuse."""
    known = list(patterns)
    for _, step in workflow.steps():
        action = step.get("uses", "actions/")
        if action.startswith(("actions/", "github/", "./")):
            continue
        if not any(fnmatch.fnmatchcase(action, pattern) for pattern in known):
            yield f"{workflow.name}: {action} is not among the repository's allowed actions"


def events(workflow: Workflow) -> Iterator[str]:
    yield from (f"{workflow.name}: runs on {each}" for each in sorted(workflow.events & FORBIDDEN_EVENTS))


def forks(workflow: Workflow) -> Iterator[str]:
    """On a pull request, only jobs that a fork cannot start see credentials or write."""
    if "pull_request" not in workflow.events:
        return
    for name, job in workflow.jobs.items():
        granted = job.get("permissions") or {}
        trusted = bool(CREDENTIAL.search(str(job))) or "environment" in job or "write" in granted.values()
        if trusted and not _guarded(workflow.jobs, name):
            yield f"{workflow.name}: job {name} has credentials or writes, and a fork could start it"


def _guarded(jobs: Mapping[str, Any], name: str) -> bool:
    """Whether a job is skipped for a fork: by its own condition, or with a job that it needs to have ended well."""
    condition, needed = str(jobs[name].get("if") or ""), jobs[name].get("needs", ())
    if SAME_REPOSITORY in " ".join(condition.split()):
        return True
    return any(
        _guarded(jobs, each) and (not condition or f"needs.{each}.result == 'success'" in condition)
        for each in ([needed] if isinstance(needed, str) else needed)
    )


def concurrency(workflow: Workflow) -> Iterator[str]:
    """Superseded checks of a pull request are cancelled; an update of a stack never is, and never meets another."""
    if "pull_request" in workflow.events:
        group = workflow.document.get("concurrency") or {}
        if not group.get("cancel-in-progress"):
            yield f"{workflow.name}: superseded runs are not cancelled"
        if not re.search(r"github\.ref\b|pull_request\.number", str(group.get("group"))):
            yield f"{workflow.name}: its concurrency group is not the pull request's"
    if workflow.events == {"workflow_call"}:
        return  # its caller's job holds the group
    for name, job in workflow.jobs.items():
        environment = job.get("environment") or (_DELIVERED if job.get("uses") == _DELIVERS else None)
        stack = environment.get("name") if isinstance(environment, dict) else environment
        if stack is None or stack == "pypi" or re.search(r"-(preview|pull-request)$", stack):
            continue
        group = job.get("concurrency") or {}
        # Going back waits for no approval of going forward, so that its group is another one.
        wanted = f"parity-rollback-{stack}" if workflow.name == "rollback.yml" else f"parity-{stack}"
        if group.get("group") != wanted or group.get("cancel-in-progress") is not False:
            yield f"{workflow.name}: job {name} updates {stack} without `concurrency: {wanted}`, never cancelled"


def checkouts(workflow: Workflow) -> Iterator[str]:
    """The token stays out of the checkout, where each later step could read it."""
    for name, step in workflow.steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            given: Mapping[str, Any] = step.get("with") or {}
            if given.get("persist-credentials") is not False:
                yield f"{workflow.name}: job {name} leaves the token in the checkout"


def injections(workflow: Workflow) -> Iterator[str]:
    """No expression inside a script: what a stranger writes into a title would be run."""
    for name, step in workflow.steps():
        if EXPRESSION.search(str(step.get("run", ""))):
            yield f"{workflow.name}: job {name} has an expression in a script"


def limits(workflow: Workflow) -> Iterator[str]:
    yield from (
        f"{workflow.name}: job {name} has no time limit"
        for name, job in workflow.jobs.items()
        if "timeout-minutes" not in job and "uses" not in job
    )


_LONG = re.compile(r"\bparity\s+(up|deliver|rollback|release|promote|prune|recover|drift|preview)\b")


def signals(workflow: Workflow) -> Iterator[str]:
    """A cancelled run signals the step's own process alone: bash passes nothing on, so `parity` takes its place.

    Without `exec`, and in a pipe, where bash waits for both ends, the engine and its plugins are killed with the lock
    held and no end in the ledger.
    """
    for name, step in workflow.steps():
        for line in str(step.get("run", "")).replace("\\\n", " ").splitlines():
            if _LONG.search(line) and (not line.strip().startswith("exec ") or re.search(r"[|;&](?!\d)", line)):
                yield f"{workflow.name}: job {name} runs parity without exec, so that no signal reaches it"


RULES = (permissions, events, forks, concurrency, checkouts, injections, limits, signals)


def findings(workflow: Workflow) -> list[str]:
    return [finding for rule in RULES for finding in rule(workflow)]
