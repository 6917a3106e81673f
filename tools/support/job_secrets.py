"""What GitHub gives to each job of a workflow by its environment, which act knows nothing of: secrets and variables.

The workflows that act reads are copies in which each job asks for names of its own: `secrets.READS_PGUSER`. So a job
has the secrets of its environment, and one without an environment has none; and its own token, `github.token`, has the
permissions that the job names.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.workflows import Workflow

READS, APPLIES = KINDS = ("READS", "APPLIES")
"""Environments whose credentials may only read (`<stack>-preview`, `<stack>-pull-request`), and those of the stacks."""

_JOB = re.compile(r"^  ([\w-]+):\n(?:(?:    .*| *#.*)?\n)+", re.MULTILINE)
_ENVIRONMENT = re.compile(r"^    environment: *(?:\n      name: *)?(.+)$", re.MULTILINE)
_NAME = re.compile(r"\b(secrets|vars)\.(?!TOKEN_)(?:READS_|APPLIES_)?(?=[A-Z])")


APPS = {
    READS: dict.fromkeys(("administration", "environments", "secrets", "variables", "actions"), "read"),
    APPLIES: dict.fromkeys(("administration", "environments", "secrets", "variables", "actions"), "write"),
}
"""The permissions of the two GitHub Apps of docs/delivery.md, besides those that both have."""
_BOTH = {"repository_hooks": "read", "members": "read"}


def token(workflow: str, job: str) -> str:
    """The name under which a job has its own token."""
    return f"TOKEN_{workflow.partition('.')[0]}_{job}".upper().replace("-", "_")


@dataclass
class Tokens:
    """The tokens of one run at the sandbox's GitHub and Vercel: what each may do, until the run ends."""

    repository: str
    workflows: list[Workflow]
    fork: bool
    """Whether the run is a fork's: its tokens read."""
    github: dict[str, str] = field(default_factory=dict[str, str])
    """By name: of an App by the kind of environment, a job's own by `token`."""
    viewer: str = field(default_factory=lambda: secrets.token_hex(12))
    """Vercel's, of a member that reads."""

    def __post_init__(self) -> None:
        self.github = {name: f"ghs_{secrets.token_hex(18)}" for name in self._permissions()}

    def seed(self, seconds: float) -> dict[str, Any]:
        """The sandbox's seed that has them end in so many seconds."""
        until = {"expires_at": time.time() + seconds}
        rows = [
            {"token": self.github[name], "permissions": may, "repository": self.repository, **until}
            for name, may in self._permissions().items()
        ]
        owner = self.repository.partition("/")[0]
        viewer = {"token": self.viewer, "role": "VIEWER", **until}
        return {"github": {"organization": owner, "tokens": rows}, "vercel": {"tokens": [viewer]}}

    def _permissions(self) -> dict[str, dict[str, str]]:
        found = {kind: {**APPS[kind], **_BOTH} for kind in KINDS}
        for workflow in self.workflows:
            for name, job in workflow.jobs.items():
                granted = {scope.replace("-", "_"): level for scope, level in job["permissions"].items()}
                found[token(workflow.name, name)] = dict.fromkeys(granted, "read") if self.fork else granted
        return found


def by_environment(workflow: Workflow) -> str:
    """The workflow's text with the names that each job asks for."""

    def job(found: re.Match[str]) -> str:
        text = found[0].replace("github.token", f"vars.{token(workflow.name, found[1])}")
        environment = _ENVIRONMENT.search(text)
        if environment is None:
            return text
        kind = READS if re.search(r"-(preview|pull-request)$", environment[1]) else APPLIES
        return _NAME.sub(rf"\1.{kind}_", text)

    head, jobs, rest = workflow.text.partition("\njobs:\n")
    return head + jobs + _JOB.sub(job, rest)
