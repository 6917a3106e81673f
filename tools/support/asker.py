"""Has live URLs asked without pause by a process of its own, as users do, and judges what they got."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.program import Instance

OFTEN = 5.0
"""Requests a second."""
LEAST = 0.6
"""The share of them that were answered, at least."""


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
    often: float = OFTEN

    def of(self, url: str) -> list[Got]:
        return sorted((each for each in self.answers if each.url == url), key=lambda each: each.begun)

    def releases(self, url: str) -> list[str | None]:
        """The releases that were served, each once, in the order of their first answer."""
        return list(dict.fromkeys(each.release for each in self.of(url)))

    def hold(self, url: str, commits: dict[str, str], *served: str) -> None:
        """Hold that `url` never failed, gave these releases in this order, and went back and forth between none."""
        answers = self.of(url)
        rate = len(self.answers) / self.seconds
        assert rate >= self.often * LEAST, f"only {rate:.1f} answers a second were got"
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
def asking(instance: Instance, folder: Path, *urls: str, often: float = OFTEN) -> Iterator[Asked]:
    """Ask each of `urls` while the body runs, so many requests a second; what was got is complete once it has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"asked-{time.time_ns()}.jsonl"
    asked = Asked(urls, often=often)
    process = subprocess.Popen(
        [sys.executable, "-m", "support.ask_urls", str(out), str(often), *urls],
        cwd=ROOT,
        # The sandbox's own authority alone: to load the system's takes longer than all else.
        env={
            **instance.environment(),
            "PYTHONPATH": str(ROOT / "tools"),
            "SSL_CERT_FILE": str(instance.local.layout.authority / "ca.pem"),
        },
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
