"""What GitHub says of an operation's change: who reviewed its pull request, who approved its run, its checks."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parity.backend.reading import Asked
from parity.documents import at, mapping, rows
from parity.vendors.http import VendorError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from parity.backend.ledger import Record
    from parity.vendors.http import Client

_DECIDING = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}
"""States of a review that take the place of the same person's before it."""
_GOOD = {"success", "neutral", "skipped"}
"""Conclusions of a check that let a pull request through."""


@dataclass(frozen=True)
class _Pull:
    reviewers: tuple[str, ...] = ()
    """Who approved it last, its author left out."""
    checks: str = ""
    faults: tuple[str, ...] = field(default=())


async def ask(client: Client, repository: str, records: Sequence[Record]) -> dict[str, Asked]:
    """Ask about each operation that has a pull request or a run, each of these once; gives what is known by its id.

    `repository` is `owner/name`; the client's token may read pull requests, checks and Actions.
    """
    reader = _Reader(client, f"/repos/{repository}")
    numbers = dict.fromkeys(number for each in records if isinstance(number := each.begin.get("pull_request"), int))
    runs = dict.fromkeys(int(run["id"]) for each in records if (run := mapping(each.begin.get("run"))))
    found, approved = await asyncio.gather(
        asyncio.gather(*(_or_fault(reader.pull(each)) for each in numbers)),
        asyncio.gather(*(_or_fault(reader.approvals(each)) for each in runs)),
    )
    by_number, by_run = dict(zip(numbers, found, strict=True)), dict(zip(runs, approved, strict=True))
    return {
        each.id: _of(each, by_number, by_run)
        for each in records
        if each.begin.get("pull_request") in by_number or each.begin.get("run")
    }


def _of(record: Record, pulls: dict[int, _Pull], runs: dict[int, _Pull]) -> Asked:
    run = runs.get(int(mapping(record.begin.get("run")).get("id") or 0), _Pull())
    pull = pulls.get(record.begin.get("pull_request") or 0, _Pull())
    own = record.begin.get("actor")
    people = [f"{each} (pull request)" for each in pull.reviewers]
    people += [f"{each} (deployment)" for each in run.reviewers if each != own]
    return Asked("; ".join(people), pull.checks, "; ".join((*pull.faults, *run.faults)))


async def _or_fault(asked: Coroutine[Any, Any, _Pull]) -> _Pull:
    """What is known; each part that cannot be read is a fault."""
    try:
        return await asked
    except VendorError as error:
        return _Pull(faults=(str(error),))


@dataclass(frozen=True)
class _Reader:
    client: Client
    root: str

    async def pull(self, number: int) -> _Pull:
        """A pull request's reviewers and checks."""
        found = await self.client.get(f"{self.root}/pulls/{number}")
        author, head = str(at(found, "user", "login")), str(found["head"]["sha"])
        asked = (self._reviews(number, author), self._checks(head))
        reviewed, checked = await asyncio.gather(*map(_or_fault, asked))
        return replace(reviewed, checks=checked.checks, faults=(*reviewed.faults, *checked.faults))

    async def _reviews(self, number: int, author: str) -> _Pull:
        last: dict[str, str] = {}
        async for page in self.client.pages(f"{self.root}/pulls/{number}/reviews", per_page=100):
            for row in rows(page):
                if row["state"] in _DECIDING:
                    last[str(at(row, "user", "login"))] = str(row["state"])
        return _Pull(tuple(name for name, state in last.items() if state == "APPROVED" and name != author))

    async def _checks(self, sha: str) -> _Pull:
        found = await self.client.get(f"{self.root}/commits/{sha}/check-runs", per_page=100)
        ended = [
            (str(each["name"]), str(each.get("conclusion") or each["status"])) for each in rows(found["check_runs"])
        ]
        counts = Counter("succeeded" if state in _GOOD else state for _, state in ended)
        bad = [name for name, state in ended if state not in _GOOD]
        said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none"
        return _Pull(checks=f"at GitHub: {said}" + (f" ({', '.join(bad)})" if bad else ""))

    async def approvals(self, run: int) -> _Pull:
        """Who approved that a run deploys."""
        async for page in self.client.pages(f"{self.root}/actions/runs/{run}/approvals"):
            found = (str(at(each, "user", "login")) for each in rows(page) if each["state"] == "approved")
            return _Pull(tuple(dict.fromkeys(found)))
        return _Pull()
