"""What a run of a workflow leaves, where anyone can see it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity.backend import locks
from parity.engine.store import FolderStore

if TYPE_CHECKING:
    from support.act import Ended
    from support.hub import Job
    from support.runner import Actions

STACKS = ("staging", "prod")
Jobs = dict[str, str]


@dataclass(frozen=True)
class Left:
    """What a path leaves, where anyone can see it; nothing where nothing is said."""

    jobs: list[Jobs]
    """Of each run, the conclusion of each job that was asked for; one that was skipped is not there."""
    deployments: Jobs = field(default_factory=Jobs)
    """By stack, how the last job in its environment stands, and the address that is shown; of a cancelled one none."""
    ledger: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    summaries: Jobs = field(default_factory=Jobs)
    """By job, its summary's first line; of one that was cancelled none is asked for."""
    comments: list[str] = field(default_factory=list[str])
    issues: dict[str, str] = field(default_factory=dict[str, str])
    locks: list[str] = field(default_factory=list[str])


def left(actions: Actions, ended: list[Ended]) -> Left:
    """What these runs have left."""
    store = FolderStore(actions.instance.local.layout.backend)
    issues = actions.github("GET", "issues?state=all")
    pulls = [each["number"] for each in issues if "pull_request" in each]
    said = [each["body"] for number in pulls for each in actions.github("GET", f"issues/{number}/comments")]
    ledgers = {stack: ledger(actions, stack) for stack in STACKS}
    return Left(
        [each.jobs for each in ended],
        {job.environment: _shown(job) for job in actions.hub.jobs if job.environment in STACKS},
        {stack: records for stack, records in ledgers.items() if records},
        {
            job: first_line(text)
            for each in ended
            for job, text in each.summaries.items()
            if each.jobs[job] != "cancelled"
        },
        sorted(title for body in said for title in titles(body)),
        {each["title"]: each["state"] for each in issues if "pull_request" not in each},
        [stack for stack in STACKS for _ in locks.held(store, "storefront", stack)],
    )


def _shown(job: Job) -> str:
    return job.status if job.status == "cancelled" else f"{job.status} {job.url}".strip()


def first_line(text: str) -> str:
    """A summary's, as far as it says the verdict."""
    found = re.match(r"[^:\n]*:[^:,;\n]*", text)
    return found[0].strip("#* ") if found else ""


def titles(text: str) -> list[str]:
    return re.findall(r"^## (.*)$", text, re.MULTILINE)


def ledger(actions: Actions, stack: str) -> list[str]:
    said = actions.instance.run("parity", "log", stack, "--json").ok().stdout
    return [f"{record['command']} {record['result']}" for record in map(json.loads, said.splitlines())]
