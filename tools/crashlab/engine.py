"""One run of the engine that is watched at every point, and can be stopped exactly before or after one of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from crashlab.points import Files, Point, of_commits, of_requests
from crashlab.wire import Commit, Hold, Wire
from crashlab.writes import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crashlab.lab import Lab
    from crashlab.writes import Write

When = Literal["before", "after"]
MARK = "PARITY_CRASH_RUN"
"""An environment variable that the engine's plugins inherit, so that those that outlive it are found."""
_POLL_SECONDS = 0.02
_LIMIT_SECONDS = 180


@dataclass
class Stop:
    """A point at which the engine is to be stopped."""

    point: Point
    when: When


class Run:
    """A run that goes on in the background. Use `running`, which ends what it leaves."""

    def __init__(
        self, lab: Lab, wire: Wire, command: Sequence[str], stop: Stop | None, *, output: Path, extra: Mapping[str, str]
    ) -> None:
        self.lab, self.wire, self.stop, self.output = lab, wire, stop, output
        self.mark = uuid.uuid4().hex
        self.writes: list[Point] = []
        self._files = Files(lab.backend)
        self._watch = Watch(self._decide)
        self._came = False
        self._reached, self._resume = threading.Event(), threading.Event()
        self._client = lab.instance.local.client()
        self._since = lab.instance.last_request()
        self._fault = ""
        self._wire_hold: Hold | None = None
        self._arm()
        self._begins = output.stat().st_size if output.exists() else 0
        environment = {**lab.instance.environment(), "PGPORT": str(wire.port), MARK: self.mark, **extra}
        with output.open("ab") as stream:
            self.process = subprocess.Popen(
                self._watch.command(command),
                cwd=lab.instance.project.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=self._watch.descriptors,
                start_new_session=True,
            )
        self._watch.start()

    def _arm(self) -> None:
        point = self.stop.point if self.stop else None
        if self.stop is not None and point is not None and point.kind == "commit":
            self._wire_hold = Hold(Commit(point.key, point.nth), self.stop.when)
        self.wire.begin(self._wire_hold)
        if self.stop is not None and point is not None and point.kind == "request":
            service, method, path = point.key.split(" ", 2)
            self._fault = self._client.add_fault(
                service=service, method=method, path=path, nth=point.nth, when=self.stop.when, action="hang"
            )["id"]

    def _decide(self, write: Write) -> bool | None:
        point = self._files.point(write)
        if point is None:
            return None
        self.writes.append(point)
        if self.stop is None or self._reached.is_set() or point.id != self.stop.point.id:
            return None
        done = self.stop.when == "after"
        if done:
            write.happen()
        self._reached.set()
        self._resume.wait()
        return done

    @property
    def ended(self) -> bool:
        """Whether the engine's process is gone."""
        return self.process.poll() is not None

    def until_reached(self) -> bool:
        """Wait until the point is reached, and the run is held there; False where it ended without."""
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not self._is_reached():
            if self.ended or time.monotonic() > deadline:
                return self._is_reached()
        return True

    @property
    def has_reached(self) -> bool:
        """Whether `until_reached` said so."""
        return self._came

    def _is_reached(self) -> bool:
        if self._fault:
            # No longer than a moment, so that an engine that ended is noticed.
            self._came = bool(self._client.fault(self._fault, seconds=0 if self.ended else 1)["fired"])
        else:
            waited = self._wire_hold.reached if self._wire_hold else self._reached
            self._came = waited.wait(0 if self.ended else 0.2)
        return self._came

    def resume(self, *, cut: bool = False) -> None:
        """Let what is held go on; or cut the connection that is held (a write just goes on)."""
        if self._fault:
            self._client.remove_fault(self._fault, cut=cut)
            self._fault = ""
        self.wire.release(cut=cut)
        self._resume.set()

    def wait(self, seconds: float = _LIMIT_SECONDS) -> int | None:
        """The engine's exit code, negative where a signal ended it; None where it did not end within the limit."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        return None

    def signal(self, number: signal.Signals) -> None:
        """Signal what a person started: the engine, or the project's own command; and nothing else."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def kill_engine(self) -> None:
        """SIGKILL the engine; of one of the project's own commands the engine that it started, if there is one yet."""
        engines = self._engines()
        self.kill(engines[-1] if engines else self.process.pid)

    def kill_everything(self) -> None:
        """SIGKILL every process of the run, as the end of a runner does."""
        self.signal(signal.SIGKILL)
        end(self.mark)

    def _engines(self) -> list[int]:
        """The engine's processes, the newest last."""
        found = [pid for pid, words in marked(self.mark) if Path(words[0]).name in {"pulumi", "terraform"}]
        return sorted(found)

    def wait_or_resume(self, *, cut: bool, seconds: float = 4) -> None:
        """Let the engine end by itself while the point is held; what it waits for goes on after a time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.resume(cut=cut)

    def kill(self, pid: int) -> None:
        """SIGKILL a process of this run."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def said(self) -> str:
        """All that it printed so far."""
        with self.output.open("rb") as stream:
            stream.seek(self._begins)
            return stream.read().decode(errors="replace")

    def until(self, condition: Callable[[], bool], seconds: float = 20) -> bool:
        """Wait for a condition; False where the time is over or the engine ends first."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.ended or time.monotonic() > deadline:
                return condition()
            time.sleep(_POLL_SECONDS)
        return True

    def plugins(self, name: str = "") -> list[int]:
        """The processes of the plugin of that name that this run started; without a name all but the engine's own."""
        found = [pid for pid, words in marked(self.mark) if pid != self.process.pid and _is_plugin(words, name)]
        return sorted(found)

    def points(self) -> list[Point]:
        """All that happened so far."""
        rows = self.lab.instance.requests(self._since)
        return [*of_requests(rows), *of_commits(self.wire.commits), *self.writes]

    def traffic(self) -> tuple[int, int]:
        """Counts of requests and commits; the same twice in a row: nothing is under way."""
        return self.lab.instance.last_request(), len(self.wire.commits)

    def close(self) -> None:
        """End every process of the run, and stop watching; raises what went wrong in the watch."""
        self.resume()
        end(self.mark)
        self.process.wait()
        self._watch.close()
        if self._watch.failure is not None:
            raise self._watch.failure


_MODULES = {"vercel": "parity_sandbox.standin", "parity": "parity.provider"}
"""Plugins that are Python modules: the stand-in for Vercel's, and the project's own."""


def _is_plugin(words: list[str], name: str) -> bool:
    program = Path(words[0]).name
    if name:
        own = {f"pulumi-resource-{name}", f"terraform-provider-{name}"}
        return program in own or words[2:4] == ["-m", _MODULES.get(name, "")]
    return program.startswith(("pulumi-resource-", "terraform-provider-")) or (
        words[2:3] == ["-m"] and words[3] in _MODULES.values()
    )


@contextlib.contextmanager
def running(
    lab: Lab, wire: Wire, command: Sequence[str], stop: Stop | None = None, *, output: Path | None = None,
    extra: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Run]:  # fmt: skip
    """A run, with `extra` variables; what it leaves alive is ended with the block."""
    run = Run(lab, wire, command, stop, output=output or lab.folder / "engine.log", extra=extra)
    try:
        yield run
    finally:
        run.close()


def marked(mark: str) -> Iterator[tuple[int, list[str]]]:
    """Processes, but for zombies, that have a run's mark in their environment: id and command line."""
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                yield int(entry.name), words


def end(mark: str) -> None:
    """SIGKILL every process of a run, and wait until they are gone."""
    deadline = time.monotonic() + 20
    while found := [pid for pid, _ in marked(mark)]:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {found} do not end")
        time.sleep(_POLL_SECONDS)
