"""Where the time of each command goes: every process of it, when it ran, and how much of that it computed.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.timeline [--page]

The example's staging in a sandbox with both stacks up; each command starts cold, as a person's does, those that change
nothing once before, for the disk's cache. All processes of a command are read every hundredth of a second: a row is a
program (its processes, where it ran several times), its bar is dark where it computed and pale where it waited. Marked
are the first call at a vendor and the first that changes something. Nothing is asserted: seconds belong to the machine.
`--page` writes docs/where-the-time-goes.md and its pictures.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import psutil

from support import instances
from support.edits import worlds
from support.paths import ROOT
from support.program import as_in_life
from support.signals import take_interrupts
from support.warm import Warm

if TYPE_CHECKING:
    from support.program import Instance

PAGE = ROOT / "docs" / "where-the-time-goes.md"
STACK = "staging"
_EVERY = 0.01
_SLICE = 0.05
_MARK = "<!-- timelines -->"


@dataclass
class Row:
    """One program's processes: seconds since the command began, and the processor seconds in each slice."""

    name: str
    begin: float
    end: float = 0.0
    busy: dict[int, float] = field(default_factory=dict[int, float])

    @property
    def seconds(self) -> float:
        """Processor seconds."""
        return sum(self.busy.values())


@dataclass
class Timeline:
    """One command."""

    title: str
    words: str
    seconds: float = 0.0
    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    first_call: float | None = None
    first_change: float | None = None


def named(process: psutil.Process) -> str:
    """What a process is, for people."""
    words = process.cmdline()
    program = Path(words[0]).name if words else ""
    text = " ".join(words)
    plugin = re.search(r"pulumi-(resource|analyzer|language)-([\w-]+)", text)
    if "parity.provider" in text or "parity_sandbox.standin" in text:
        return "plugin parity" if "parity.provider" in text else "plugin vercel (stand-in)"
    if plugin:
        return f"{'plugin' if plugin[1] == 'resource' else plugin[1]} {plugin[2]}"
    if program == "pulumi":
        return "pulumi " + " ".join(each for each in words[1:3] if not each.startswith("-"))
    if program.startswith("python"):
        return "parity" if "/parity" in text else f"python {Path(words[-1]).name}"
    return program


class _Watch:
    """Reads a process and all that it started until it ends."""

    def __init__(self, process: psutil.Popen, line: Timeline) -> None:
        self._process, self._line, self._begun = process, line, time.time()
        self._last: dict[int, float] = {}
        self._names: dict[int, str] = {}
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def done(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while self._process.poll() is None:
            with suppress(psutil.Error):
                for each in (self._process, *self._process.children(recursive=True)):
                    with suppress(psutil.Error):
                        self._read(each)
            time.sleep(_EVERY)

    def _read(self, process: psutil.Process) -> None:
        now, times = time.time() - self._begun, process.cpu_times()
        if process.status() == psutil.STATUS_ZOMBIE:
            return
        name = self._names.get(process.pid, "")
        if name in {"", "sh", "env"}:  # what becomes another program
            name = self._names[process.pid] = named(process)
        row = self._line.rows.setdefault(name, Row(name, now))
        row.end = now
        used = times.user + times.system - self._last.get(process.pid, 0.0)
        self._last[process.pid] = times.user + times.system
        row.busy[int(now / _SLICE)] = row.busy.get(int(now / _SLICE), 0.0) + used


def measure(instance: Instance, title: str, command: tuple[str, ...]) -> Timeline:
    """Run one command and watch it."""
    line, since = Timeline(title, " ".join(command)), instance.last_request()
    begun = time.time()
    with psutil.Popen(
        command,
        cwd=instance.project.root,
        env=as_in_life(instance.environment()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        watch = _Watch(process, line)
        code = process.wait()
    watch.done()
    line.seconds = time.time() - begun
    if code:
        raise RuntimeError(f"{line.words} ended with {code}")
    calls = [row for row in instance.requests(since) if row["service"] in {"vercel", "github"}]
    changes = [row for row in calls if row["method"] not in {"GET", "CONNECT"}]
    line.first_call = calls[0]["time"] - begun if calls else None
    line.first_change = changes[0]["time"] - begun if changes else None
    return line


def timelines(folder: Path) -> list[Timeline]:
    """Each command, in an order in which each finds what it needs."""
    with closing(Warm(folder / "w", ROOT, dict(os.environ))) as warm:
        empty = instances.Template(folder / "empty", warm)
        instances.make_empty(empty.folder, warm)
        finished = instances.Template(folder / "finished", warm)
        instances.make_finished(finished.folder, empty)
        with instances.own(finished, folder / "own") as instance:
            worlds.seed_commit(instance)
            return _all(instance.cold())


def _all(instance: Instance) -> list[Timeline]:
    def reads(title: str, *command: str) -> Timeline:
        instance.run(*command).ok()
        return measure(instance, title, command)

    release = ("parity", "release", STACK, "shop", "--commit", worlds.NEW, "--live", "--up", "--yes")
    back = ("parity", "rollback", STACK, "shop", "--to", "r1", "--up")
    return [
        reads("check", "parity", "check"),
        reads("drift", "parity", "drift", STACK),
        reads("preview of nothing", "parity", "preview", STACK),
        reads("the engine alone", "pulumi", "preview", "--stack", STACK, "--non-interactive"),
        reads("update of nothing", "parity", "up", STACK, "--yes"),
        measure(instance, "a new release", release),
        measure(instance, "a rollback", back),
    ]


# --- The page ---------------------------------------------------------------------------------------------------------

_LEFT, _WIDE, _BAR, _TICKS = 210, 560, 15, 12


def picture(line: Timeline) -> str:
    """A row for each program, in the order in which they began."""
    scale = _WIDE / line.seconds
    rows = sorted(line.rows.values(), key=lambda each: each.begin)
    parts: list[str] = []
    bottom = 22 + _BAR * len(rows)
    step = next(each for each in (0.1, 0.2, 0.5, 1, 2, 5) if line.seconds / each <= _TICKS)
    for tick in range(int(line.seconds / step) + 1):
        x = _LEFT + tick * step * scale
        parts.append(f'<path d="M{x:.1f} 16V{bottom}" stroke="#dde3ea"/>')
        parts.append(f'<text x="{x:.1f}" y="11">{tick * step:g} s</text>')
    for number, row in enumerate(rows):
        y, begin, long = 20 + number * _BAR, _LEFT + row.begin * scale, max((row.end - row.begin) * scale, 1)
        parts.append(f'<text x="6" y="{y + 10}">{escape(row.name)}</text>')
        parts.append(f'<rect x="{begin:.1f}" y="{y}" width="{long:.1f}" height="11" fill="#b9d5cb"/>')
        parts += [
            f'<rect x="{_LEFT + slice_ * _SLICE * scale:.1f}" y="{y}" width="{_SLICE * scale:.1f}" height="11" '
            f'fill="#1f6f54" fill-opacity="{min(used / _SLICE, 1):.2f}"/>'
            for slice_, used in sorted(row.busy.items())
            if used
        ]
        parts.append(f'<text x="{_LEFT + _WIDE + 8}" y="{y + 10}">{row.seconds:.2f} s</text>')
    for at, colour in ((line.first_call, "#f7a400"), (line.first_change, "#c0392b")):
        if at is not None:
            x = _LEFT + at * scale
            parts.append(f'<path d="M{x:.1f} 16V{bottom}" stroke="{colour}" stroke-width="1.5"/>')
    size = f'viewBox="0 0 {_LEFT + _WIDE + 60} {bottom + 8}"'
    style = 'font-family="system-ui, sans-serif" font-size="10" fill="#243040"'
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{ground}\n' + "\n".join(parts) + "\n</svg>\n"


def table(found: list[Timeline]) -> str:
    """Markdown: a command a row."""
    lines = [
        "| command | seconds | processor | of it the tool's own | first call | first change |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for line in found:
        own = line.rows["parity"].seconds if "parity" in line.rows else 0
        total = sum(row.seconds for row in line.rows.values())
        calls = " | ".join("" if at is None else f"{at:.2f} s" for at in (line.first_call, line.first_change))
        lines.append(f"| `{_short(line)}` | {line.seconds:.2f} | {total:.2f} s | {own:.2f} s | {calls} |")
    return "\n".join(lines)


def _short(line: Timeline) -> str:
    return line.words.replace(worlds.NEW, "COMMIT")


def publish(found: list[Timeline]) -> None:
    """Write the page's table and pictures."""
    shown: list[str] = []
    for line in found:
        file = PAGE.with_name(f"{PAGE.stem}-{line.title.replace(' ', '-')}.svg")
        file.write_text(picture(line), encoding="utf-8")
        shown.append(f"### {line.title.capitalize()}\n\n`{_short(line)}`\n\n![{line.title}]({file.name})")
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(_MARK)
    text = f"{table(found)}\n\n" + "\n\n".join(shown)
    PAGE.write_text(f"{head}{_MARK}\n\n{text}\n\n{_MARK}{rest.partition(_MARK)[2]}", encoding="utf-8")


def main() -> None:
    take_interrupts()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", action="store_true", help="write the page's table and pictures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parity-timeline-") as folder:
        found = timelines(Path(folder))
    print(table(found))
    for line in found:
        for row in sorted(line.rows.values(), key=lambda each: each.begin):
            print(f"{line.title:20} {row.name:32} {row.begin:6.2f} to {row.end:6.2f} s, computed {row.seconds:5.2f} s")
    if given.page:
        publish(found)


if __name__ == "__main__":
    main()
