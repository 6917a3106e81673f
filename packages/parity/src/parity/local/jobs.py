"""What each job of a project's workflows can do: which credentials its steps ask for, what these may do, their end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from parity.documents import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Credential:
    """A credential that jobs are given."""

    name: str
    asked: str
    """What a job that is given it holds, a regular expression."""
    reads: str
    """What it may do in the environments `<stack>-preview` and `<stack>-pull-request`."""
    changes: str
    """What it may do in a stack's environment."""
    ends: str


CREDENTIALS = (
    Credential(
        "Vercel token", r"secrets\.VERCEL_API_TOKEN", "read the team (Viewer)",
        "change the team's projects, drains and alert rules", "on the day that it was made for",
    ),
    Credential(
        "GitHub App token", r"secrets\.PARITY_APP_KEY", "read environments, variables, ruleset and webhooks",
        "change environments, secrets, variables and ruleset", "with the job, after an hour at the latest",
    ),
    Credential(
        "GitHub App key", r"secrets\.PARITY_APP_KEY", "make such tokens, in one step", "make such tokens, in one step",
        "when it is deleted",
    ),
    Credential(
        "PostgreSQL login", r"\bcredential new\b", "read the catalogues", "make and drop databases, roles and grants",
        "with the job, after 75 minutes at the latest",
    ),
    Credential(
        "PostgreSQL password", r"secrets\.PGPASSWORD", "make logins that read, in one step",
        "make logins that change, in one step", "when it is changed",
    ),
    Credential(
        "Pulumi token", r"vars\.PULUMI_ORGANIZATION", "read and write the state", "read and write the state",
        "with the job",
    ),
)  # fmt: skip


_SECRET = re.compile(r"\bsecrets\.(\w+)")


@dataclass(frozen=True)
class Job:
    """A job of a workflow."""

    workflow: str
    """The file's name."""
    name: str
    environment: str
    """As `<stack>-preview`; empty where it has none."""
    permissions: str
    """Of the workflow's own token, as `contents: read`."""
    credentials: tuple[Credential, ...]
    secrets: frozenset[str]
    """The names of the secrets that it asks for."""

    @property
    def reads(self) -> bool:
        """Whether its environment's credentials only read."""
        return self.environment.endswith(("-preview", "-pull-request"))

    def may(self, credential: Credential) -> str:
        """What a credential of it may do."""
        return credential.reads if self.reads else credential.changes


def of(folder: Path) -> Iterator[Job]:
    """The jobs of the workflows in a folder; those that call another workflow are the other one's."""
    for path in sorted(folder.glob("*.y*ml")):
        document: Any = YAML(typ="safe").load(path)  # pyright: ignore[reportUnknownMemberType] - it has no types
        for name, job in mapping(mapping(document).get("jobs")).items():
            if "uses" not in job:
                yield _job(path.name, name, job)


def _job(workflow: str, name: str, job: dict[str, object]) -> Job:
    said = job.get("environment") or ""
    environment = re.sub(r"\$\{\{.*?\}\}", "<stack>", str(mapping(said).get("name") or said))
    text = str(job)
    found = tuple(each for each in CREDENTIALS if re.search(each.asked, text))
    granted = ", ".join(f"{scope}: {level}" for scope, level in mapping(job.get("permissions")).items())
    return Job(workflow, name, environment, granted, found, frozenset(_SECRET.findall(text)))


def markdown(found: Iterable[Job]) -> str:
    """Two tables: what each credential may do, and which job has which."""
    lines = ["| credential | in `<stack>-preview`, `<stack>-pull-request` it may | in `<stack>` | ends |"]
    lines += ["| --- | --- | --- | --- |"]
    lines += [f"| {each.name} | {each.reads} | {each.changes} | {each.ends} |" for each in CREDENTIALS]
    lines += ["", "| job | environment | credentials | the workflow's own token, until the job ends |"]
    lines += ["| --- | --- | --- | --- |"]
    for job in found:
        names = ", ".join(each.name for each in job.credentials) or "none"
        where = f"`{job.environment}`" if job.environment else "none"
        lines.append(f"| `{job.workflow}` {job.name} | {where} | {names} | {job.permissions} |")
    return "\n".join(lines) + "\n"
