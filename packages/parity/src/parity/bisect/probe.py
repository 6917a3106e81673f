"""The probe: an HTTP check or a command that says whether a state is good; asked more than once, so that luck shows."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from parity.bisect.search import Answer
from parity.vendors.health import NOTHING, Pass, web
from parity.vendors.http import VendorError

if TYPE_CHECKING:
    from collections.abc import Mapping

URL = "{url}"
"""What a probe has in the place of the address that is asked."""
_SKIP = 125
"""Of a command's exit codes, as for `git bisect run`."""
_ABORT = 128
"""From this exit code on a command did not end by itself, as for `git bisect run`."""
_REDIRECTS_END, _OK = 400, 200


@dataclass(frozen=True)
class At:
    """Where a state is asked."""

    url: str
    """`https://` and the host."""
    through: Pass = NOTHING
    """What lets a request through Vercel's protection."""
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    """The complete environment from which it is asked; None for this process's own."""
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    """More variables for a command: what is known of the state."""


@dataclass
class Probe:
    """What is asked of each state."""

    text: str
    """A URL (`https://...` or `{url}/...`), of which path and query are asked at the state's own host; or a command."""
    contains: str = ""
    """A text that a good answer to a URL holds."""
    repeat: int = 2
    """How often each state is asked, at least once."""
    seconds: float = 60
    """Limit of one question."""
    flaky: list[str] = field(default_factory=list[str])
    """The states that answered in two ways, as `ask` was given their names."""

    @property
    def is_url(self) -> bool:
        """Whether it is an HTTP check."""
        return is_url(self.text)

    def ask(self, at: At, name: str) -> tuple[Answer, str]:
        """Ask a state; gives what it answered, and how.

        Args:
            at: where it is.
            name: the state's, for the list of those that answer in two ways, which are unresolved.
        """
        said = [self._once(at) for _ in range(self.repeat)]
        if len({answer for answer, _ in said}) == 1:
            return said[-1]
        self.flaky.append(name)
        answers = ", ".join(f"{answer.value} ({how})" for answer, how in said)
        return Answer.UNRESOLVED, f"the probe is flaky: {answers}"

    def _once(self, at: At) -> tuple[Answer, str]:
        try:
            headers = asyncio.run(at.through.headers(at.environment))
        except VendorError as failure:
            return Answer.UNRESOLVED, str(failure)
        return self._fetch(at, headers) if self.is_url else self._run(at, headers)

    def _fetch(self, at: At, headers: Mapping[str, str]) -> tuple[Answer, str]:
        try:
            status, body = asyncio.run(self._get(at, headers))
        except httpx.HTTPError as failure:
            return Answer.UNRESOLVED, f"no answer ({type(failure).__name__})"
        if not _OK <= status < _REDIRECTS_END:
            return Answer.BAD, f"answers {status}"
        lacks = bool(self.contains) and self.contains not in body
        return (Answer.BAD, f"answers {status} without the text") if lacks else (Answer.GOOD, f"answers {status}")

    async def _get(self, at: At, headers: Mapping[str, str]) -> tuple[int, str]:
        async with web(at.environment) as client:
            answer = await client.get(f"{at.url}{path_of(self.text)}", headers=headers, timeout=self.seconds)
        return answer.status_code, answer.text

    def _run(self, at: At, headers: Mapping[str, str]) -> tuple[Answer, str]:
        own = {**at.about, "PARITY_PROBE_URL": at.url}
        for name, value in headers.items():
            own["PARITY_PROBE_HEADER"] = f"{name}: {value}"
        command = self.text.replace(URL, shlex.quote(at.url))
        inherited = os.environ if at.environment is None else at.environment
        # A session of its own, so that at the limit what it has started ends too; what it prints may hold a secret.
        with subprocess.Popen(
            ["/bin/sh", "-c", command],
            env={**inherited, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as running:
            try:
                code = running.wait(self.seconds)
            except subprocess.TimeoutExpired:
                return Answer.UNRESOLVED, f"no end in {self.seconds:.0f} s"
            finally:
                if running.returncode is None:
                    os.killpg(running.pid, signal.SIGKILL)
        return _of_code(code), f"exit code {code}"


def is_url(text: str) -> bool:
    """Whether a probe's text is a URL; anything else is a command."""
    return " " not in text and text.startswith((URL, "https://", "http://"))


def path_of(text: str) -> str:
    """Path and query of a URL, which is asked at the host of each state."""
    if text.startswith(URL):
        return text.removeprefix(URL)
    parts = urlsplit(text)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _of_code(code: int) -> Answer:
    if code == 0:
        return Answer.GOOD
    return Answer.UNRESOLVED if code == _SKIP or code < 0 or code >= _ABORT else Answer.BAD
