"""What happens at a point: what dies, what is interrupted, what the vendor or the network does."""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crashlab import oracle
from crashlab.engine import Stop, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from crashlab.engine import Run, When
    from crashlab.lab import Lab
    from crashlab.points import Point
    from crashlab.wire import Wire

EVERYWHERE = frozenset({"request", "commit", "write"})
NETWORK = frozenset({"request", "commit"})
REQUEST = frozenset({"request"})
INTERRUPTS = frozenset({"interrupted-once", "interrupted-twice"})
LANDING = "late-in-recover"
_REQUESTS_BEFORE_LANDING = 4
"""Requests of the recovery procedure after which the late effect lands"""
_LANDS_AFTER_SECONDS = 4
"""or this time: a statement that is held is waited for before the first request."""
_TIME_OUT_SECONDS = 1
_PATIENCE_SECONDS = 45
_COMMAND_SECONDS = 2
_STATUSES: dict[str, dict[str, Any]] = {
    "status-500": {"status": 500},
    "status-429": {"status": 429, "times": None, "retry_after": 0},
}
_CANCELLING = re.compile("received; cancelling|Interrupt received|Interrupted: it ends")


@dataclass(frozen=True)
class Fault:
    """One kind of failure."""

    name: str
    points: frozenset[str]
    """The kinds of point it can happen at."""
    timings: tuple[When, ...] = ("before", "after")
    tools: frozenset[str] = frozenset({"pulumi", "terraform", "parity"})
    """The tools whose operations it happens to."""
    effects_only: bool = False
    """Whether it needs an effect: at a request that only reads it would equal another fault."""
    differs_at_reads: bool = False
    """Whether before and after differ at a read too: by what is answered, or by whether anything is."""

    def happens_at(self, point: Point, tool: str) -> bool:
        """Whether it is one of a point's faults in an operation of a tool."""
        return point.kind in self.points and tool in self.tools and (point.changes or not self.effects_only)

    def moments(self, point: Point) -> tuple[When, ...]:
        """The moments at a point that are distinguished; before and after the effect of what only reads are one."""
        return self.timings if point.changes or self.differs_at_reads else self.timings[:1]


FAULTS = {
    each.name: each
    for each in (
        Fault("engine-killed", EVERYWHERE, differs_at_reads=True),
        # All at once, as a runner ends: the command, the engine that it started, the plugins.
        Fault("all-killed", EVERYWHERE, tools=frozenset({"parity"})),
        Fault("plugin-killed", EVERYWHERE),
        Fault("interrupted-once", EVERYWHERE),
        Fault("interrupted-twice", EVERYWHERE, differs_at_reads=True),
        Fault("status-500", REQUEST),
        Fault("status-429", REQUEST),
        Fault("reset", NETWORK),
        Fault("time-out", NETWORK),
        Fault("postgres-killed", EVERYWHERE, differs_at_reads=True),
        # The request or statement is on its way when the engine dies, and lands afterwards.
        Fault("late-effect", NETWORK, ("before",), effects_only=True),
        # The same, and it lands while the recovery procedure runs already.
        Fault(LANDING, NETWORK, ("before",), frozenset({"pulumi", "parity"}), effects_only=True),
    )
}


@dataclass(frozen=True)
class Disturbed:
    """What came of a disturbed run."""

    reached: bool
    """Whether the point came, so that the fault could happen."""
    code: int | None
    """The engine's exit code; negative: the signal that ended it; None: it did not end."""
    settled: bool
    """Whether whatever outlived the engine came to rest."""

    @property
    def swallowed(self) -> bool:
        """Whether the update ended well in spite of the fault: some retry, or nothing lost."""
        return self.reached and self.code == 0


@dataclass(frozen=True)
class Scene:
    """Where a command is run."""

    lab: Lab
    wire: Wire
    command: Sequence[str]
    output: Path


def disturb(scene: Scene, point: Point, when: When, fault: str, after: Callable[[Run], None]) -> Disturbed:
    """Run a command and let a fault happen at a point; then, what outlived the engine still alive, do `after`."""
    if fault in _STATUSES:
        return _answered(scene, point, when, fault, after)
    with running(scene.lab, scene.wire, scene.command, Stop(point, when), output=scene.output) as run:
        reached = run.until_reached()
        if reached:
            _ACTIONS[fault](run)
        code = run.wait()
        if fault == "late-effect":
            run.resume()
        if fault == "postgres-killed":
            scene.lab.instance.local.client().postgres("start")
        settled = _settle(run)
        with _landing(run) if fault == LANDING else contextlib.nullcontext():
            after(run)
    return Disturbed(reached, code, settled)


@contextlib.contextmanager
def _landing(run: Run) -> Iterator[None]:
    """Let the effect that is held land meanwhile, once the recovery procedure has begun to read."""
    seen = run.traffic()[0]
    over = threading.Event()

    def land() -> None:
        until = time.monotonic() + _LANDS_AFTER_SECONDS
        while time.monotonic() < until and run.traffic()[0] < seen + _REQUESTS_BEFORE_LANDING:
            if over.wait(0.05):
                break
        run.resume()

    thread = threading.Thread(target=land)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _answered(scene: Scene, point: Point, when: When, fault: str, after: Callable[[Run], None]) -> Disturbed:
    """The vendor answers with an error: once with 500, or with 429 as often as it is asked."""
    client = scene.lab.instance.local.client()
    service, method, path = point.key.split(" ", 2)
    where = {"service": service, "method": method, "path": path, "nth": point.nth, "when": when}
    identifier = client.add_fault(**where, action="status", **_STATUSES[fault])["id"]
    with running(scene.lab, scene.wire, scene.command, output=scene.output) as run:
        code = run.wait(_PATIENCE_SECONDS)
        fired = client.fault(identifier)["fired"]
        if code is None:
            # A plugin that never gives up: the vendor relents, and the update goes on.
            client.clear_faults()
            code = run.wait()
        client.clear_faults()
        if fired:
            after(run)
    return Disturbed(bool(fired), code, settled=True)


def _kill_engine(run: Run) -> None:
    run.kill_engine()
    # One of the project's own commands ends by itself then, and what is held may be what it waits for.
    run.wait(_COMMAND_SECONDS)
    # What was before its effect never lands; what was after it is answered to a plugin that lives on.
    run.resume(cut=run.stop is not None and run.stop.when == "before")


def _kill_engine_only(run: Run) -> None:
    run.kill_engine()


def _kill_everything(run: Run) -> None:
    run.kill_everything()
    run.resume(cut=run.stop is not None and run.stop.when == "before")


def _kill_plugin(run: Run) -> None:
    for pid in run.plugins(_responsible(run)):
        run.kill(pid)
    run.resume(cut=run.stop is not None and run.stop.when == "before")


def _responsible(run: Run) -> str:
    """The plugin that is at work: that of the operation the engine has begun, else the one the point belongs to."""
    pending = _pending(run.lab)
    if pending:
        return pending[-1]["resource"]["type"].partition(":")[0]
    point = run.stop.point if run.stop else None
    if point is None or point.kind == "write":
        return ""
    return (
        "postgresql"
        if point.kind == "commit"
        else {"github": "github", "edge": "parity"}.get(point.key.split()[0], "vercel")
    )


def _pending(lab: Lab) -> list[dict[str, dict[str, str]]]:
    return (oracle.checkpoint(lab) or {}).get("pending_operations") or []


def _interrupt(run: Run) -> None:
    run.signal(signal.SIGINT)
    run.until(lambda: bool(_CANCELLING.search(run.said())))
    run.resume()


def _interrupt_twice(run: Run) -> None:
    run.signal(signal.SIGINT)
    run.until(lambda: bool(_CANCELLING.search(run.said())))
    run.signal(signal.SIGINT)
    run.wait_or_resume(cut=run.stop is not None and run.stop.when == "before")


def _reset(run: Run) -> None:
    run.resume(cut=True)


def _time_out(run: Run) -> None:
    """Nothing is heard for a while, then the connection is given up."""
    run.until(lambda: False, _TIME_OUT_SECONDS)
    run.resume(cut=True)


def _kill_postgres(run: Run) -> None:
    run.lab.instance.local.client().postgres("kill")
    run.resume()


_ACTIONS: dict[str, Callable[[Run], None]] = {
    "engine-killed": _kill_engine,
    "all-killed": _kill_everything,
    "late-effect": _kill_engine_only,
    LANDING: _kill_engine_only,
    "plugin-killed": _kill_plugin,
    "interrupted-once": _interrupt,
    "interrupted-twice": _interrupt_twice,
    "reset": _reset,
    "time-out": _time_out,
    "postgres-killed": _kill_postgres,
}


def _settle(run: Run) -> bool:
    """Wait until what outlived the engine asks for nothing more."""
    deadline = time.monotonic() + 20
    before = run.traffic()
    while run.plugins() and time.monotonic() < deadline:
        time.sleep(0.3)
        now = run.traffic()
        if now == before:
            return True
        before = now
    return not run.plugins()
