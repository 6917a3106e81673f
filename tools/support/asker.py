"""Asks live URLs without pause from a process of its own, as users do, and judges what they got.

`python -m support.asker OUT URL...` writes one JSON line an answer to OUT until its standard input ends.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.program import Instance

RATE = 20
"""Answers a second that were got, at least."""

_ASKED = 30
"""Requests a second that are sent, to one URL after the other."""

_AT_ONCE = 12
"""Requests under way at once: what waits is sent later, so that no stall of this machine makes a burst
that PostgreSQL's connection limit of a role would turn away."""


@dataclass(frozen=True)
class Got:
    """One answer."""

    url: str
    begun: float
    ended: float
    """Seconds since the epoch."""
    status: int | None
    body: dict[str, Any] | None
    error: str | None = None

    @property
    def release(self) -> str | None:
        return (self.body or {}).get("release")

    def fault(self, commits: dict[str, str]) -> str:
        """Why this is not the complete answer of one release; `commits` has each release's."""
        if self.error is not None or self.status != 200 or self.body is None:
            return f"{self.url} answered {self.error or self.status}: {json.dumps(self.body)}"
        if self.release not in commits:
            return f"{self.url} answered an unknown release {self.release}"
        if self.body["commit"] != commits[self.release]:
            return f"{self.url} answered {self.release} with the commit {self.body['commit']} of another"
        logins = self.body["database"]
        if not logins or not all(each["ok"] for each in logins):
            return f"{self.url} answered {self.release} with logins {logins}"
        return ""


@dataclass
class Asked:
    """Everything that was got while something else went on."""

    urls: tuple[str, ...]
    seconds: float = 0.0
    answers: list[Got] = field(default_factory=list)

    def of(self, url: str) -> list[Got]:
        return sorted((each for each in self.answers if each.url == url), key=lambda each: each.begun)

    def releases(self, url: str) -> list[str | None]:
        """The releases that were served, each once, in the order of their first answer."""
        return list(dict.fromkeys(each.release for each in self.of(url)))

    def hold(self, url: str, commits: dict[str, str], *served: str) -> None:
        """Hold that `url` never failed, gave these releases in this order, and went back and forth between none."""
        answers = self.of(url)
        rate = len(self.answers) / self.seconds
        assert rate >= RATE, f"only {rate:.1f} answers a second were got"
        faults = Counter(fault for each in answers if (fault := each.fault(commits)))
        assert not faults, f"{sum(faults.values())} of {len(answers)} answers are not complete: {faults.most_common(5)}"
        assert self.releases(url) == list(served), f"{url} served {self.releases(url)}"
        deployments = {(each.release, (each.body or {})["deployment"]) for each in answers}
        assert len(deployments) == len(served), f"a release was served by two deployments: {sorted(deployments)}"
        for old, new in itertools.pairwise(served):
            switched = min(each.ended for each in answers if each.release == new)
            late = [each for each in answers if each.release == old and each.begun > switched]
            assert not late, f"{url} gave {old} {len(late)} times after it had given {new}"


@contextmanager
def asking(instance: Instance, folder: Path, *urls: str) -> Iterator[Asked]:
    """Ask each of `urls` while the body runs; what was got is complete once it has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"asked-{time.time_ns()}.jsonl"
    asked = Asked(urls)
    process = subprocess.Popen(
        [sys.executable, "-m", "support.asker", str(out), *urls],
        cwd=ROOT,
        env={**instance.environment(), "PYTHONPATH": str(ROOT / "tools")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # The first line says that every URL has been asked once, so that the body begins under load.
    ready = process.stdout.readline()
    begun = time.time()
    try:
        assert ready == "asking\n", ready
        yield asked
    finally:
        ended = time.time()
        process.stdin.close()
        code = process.wait(timeout=60)
        rows = [Got(**json.loads(line)) for line in out.read_text().splitlines()]
        asked.answers = [each for each in rows if each.begun >= begun]
        asked.seconds = ended - begun
        assert code == 0, f"the asker ended with {code}"


async def _ask(client: httpx.AsyncClient, url: str) -> Got:
    begun = time.time()
    try:
        answer = await client.get(url)
    except httpx.HTTPError as error:
        return Got(url, begun, time.time(), None, None, f"{type(error).__name__}: {error}")
    try:
        body = answer.json()
    except ValueError:
        body = {"text": answer.text[:200]}
    return Got(url, begun, time.time(), answer.status_code, body)


async def _run(out: Path, urls: list[str]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)))
    slots = asyncio.Semaphore(_AT_ONCE)
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with (
        httpx.AsyncClient(timeout=30, limits=limits, follow_redirects=False) as client,
        asyncio.TaskGroup() as group,
    ):
        with out.open("w") as stream:

            async def one(url: str) -> None:
                async with slots:
                    if not ended.is_set():
                        stream.write(json.dumps(vars(await _ask(client, url))) + "\n")

            await asyncio.gather(*(one(url) for url in urls))
            sys.stdout.write("asking\n")
            sys.stdout.flush()
            begun, tick = time.monotonic(), 0
            tasks: set[asyncio.Task[None]] = set()
            while not ended.is_set():
                # By the clock, not by the answers: a slow answer makes the next one no later.
                task = group.create_task(one(urls[tick % len(urls)]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                tick += 1
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), max(begun + tick / _ASKED - time.monotonic(), 0.0))
            await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2:]))
