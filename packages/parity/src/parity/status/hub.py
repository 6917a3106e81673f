"""What GitHub and Git say: the commits' subjects and pull requests, what waits there, and when the token ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from parity.documents import mapping, rows
from parity.git import Commit
from parity.git import Repository as Checkout
from parity.releases import pull_request, release_status
from parity.status.model import Link, Unknown, Waiting
from parity.vendors.http import VendorError
from parity.vendors.readiness import EXPIRES, github_expiry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Mapping
    from pathlib import Path

    from parity.config.parameters import Repository
    from parity.status.applications import Named
    from parity.vendors.http import Client, Limits

SOON = timedelta(days=14)
"""What ends within this is said."""

_RUNS = {"waiting": "waits for an approval", "queued": "waits for its turn", "pending": "waits for its turn"}
"""GitHub's states of a run that has not begun, and what it means."""
_VERBS = ("release", "promote", "live", "rollback", "prune", pull_request.APPLIED)
"""How the branch of a change to a stack's file begins (parity.releases.pull_request.branch_of)."""

T = TypeVar("T")


@dataclass(frozen=True)
class Hub:
    """What was found."""

    named: dict[str, Named] = field(default_factory=dict[str, "Named"])
    """By commit."""
    waiting: tuple[Waiting, ...] = ()
    ending: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()


async def read(
    root: Path, repository: Repository, commits: Collection[str], environments: Mapping[str, str], limits: Limits
) -> Hub:
    """Ask Git for the commits, and GitHub for their pull requests and for what waits.

    Args:
        root: the project's folder.
        repository: at GitHub.
        commits: 40 hex digits each.
        environments: by the name of a GitHub environment the stack that is deployed to it.
        limits: when to give up.
    """
    checkout = Checkout(root)
    local = await asyncio.gather(*(asyncio.to_thread(checkout.commit, each) for each in commits))
    known = dict(zip(commits, local, strict=True))
    client = release_status.github(limits)
    if client is None:
        why = "neither GH_TOKEN nor GITHUB_TOKEN is set"
        unknown = Unknown("pull requests and what waits", why)
        return Hub({each: (found, None) for each, found in known.items()}, unknown=(unknown,))
    async with client:
        reader = _Reader(client, f"{repository.owner}/{repository.name}", datetime.now(UTC), environments)
        naming = asyncio.gather(*(reader.named(each, found) for each, found in known.items()))
        pulls, runs, named = await asyncio.gather(reader.pulls(), reader.runs(), naming)
    unknown = tuple(dict.fromkeys(reader.unknown))
    return Hub(dict(zip(known, named, strict=True)), (*runs, *pulls), tuple(reader.ending), unknown)


class _Reader:
    """Asks; what fails is noted and hides nothing else."""

    def __init__(self, client: Client, repository: str, now: datetime, environments: Mapping[str, str]) -> None:
        self.client, self.repository, self.now, self.environments = client, repository, now, environments
        self.unknown: list[Unknown] = []
        self.ending: list[str] = []

    async def named(self, sha: str, local: Commit | None) -> Named:
        """The commit, from GitHub where this clone lacks it, and its merged pull request."""
        commit = local or await self._commit(sha)
        pull = await self._asked("pull requests", pull_request.of_commit(self.client, self.repository, sha))
        return commit, Link(f"#{pull.number}", pull.url) if pull else None

    async def _commit(self, sha: str) -> Commit | None:
        asking = self.client.get(f"/repos/{self.repository}/commits/{sha}")
        found = await self._asked("commits' subjects", asking)
        return Commit(sha, str(found["commit"]["message"]).partition("\n")[0]) if found else None

    async def pulls(self) -> list[Waiting]:
        """Open pull requests that change what is live or kept in a stack."""
        path, query = f"/repos/{self.repository}/pulls", {"state": "open", "per_page": 100}
        answer = await self._asked("pull requests", self.client.request("GET", path, parameters=query))
        if answer is None:
            return []
        self._token(answer.headers.get(EXPIRES, ""))
        found: list[Waiting] = []
        for row in rows(answer.json()):
            verb, _, rest = str(row["head"]["ref"]).partition("/")
            if verb in _VERBS and rest:
                link = Link(f"#{row['number']} {row['title']}", str(row["html_url"]))
                found.append(Waiting("pull request waits for a review", rest.partition("/")[0], link))
        return found

    async def runs(self) -> list[Waiting]:
        """Runs of workflows that have not begun."""
        path = f"/repos/{self.repository}/actions/runs"
        found: list[Waiting] = []
        for state, what in _RUNS.items():
            answer = await self._asked("runs that wait", self.client.get(path, status=state, per_page=20))
            if answer is None:
                break
            for row in rows(answer["workflow_runs"]):
                title = f"{row.get('name') or 'run'}: {row.get('display_title') or row['id']}"
                stacks = await self._awaited(int(row["id"])) if state == "waiting" else []
                link = Link(title, str(row["html_url"]))
                found += [Waiting(f"run {what}", each, link) for each in stacks or [""]]
        return found

    async def _awaited(self, run: int) -> list[str]:
        """The stacks whose environments' approval a run waits for; none where it is not known."""
        path = f"/repos/{self.repository}/actions/runs/{run}/pending_deployments"
        answer = await self._asked("which stack a run waits for", self.client.request("GET", path))
        pending = rows(answer.json()) if answer else []
        names = (str(mapping(each.get("environment")).get("name")) for each in pending)
        return [self.environments[each] for each in names if each in self.environments]

    def _token(self, expiry: str) -> None:
        end = github_expiry(expiry)
        if end and end - self.now < SOON:
            self.ending.append(f"GitHub's token ends {end:%Y-%m-%d %H:%M} UTC")

    async def _asked(self, what: str, asking: Awaitable[T]) -> T | None:
        """The answer; None where there is none, which is noted."""
        try:
            return await asking
        except VendorError as error:
            self.unknown.append(Unknown(what, str(error), "parity doctor"))
            return None
