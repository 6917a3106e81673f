"""The same work by Terraform, by Pulumi alone and by Parity: seconds, processor time, calls and memory, as ratios.

    PARITY_TERRAFORM=FOLDER PYTHONPATH=tools .venv/bin/python -m benchmarks.beside_terraform [--rounds 5] [--page]

FOLDER is as tools/crashlab/terraform.py says. The crash tests' small program (one application, one database, all else
once) and the same objects as a Terraform configuration, with the same providers, in one sandbox. A round does each work
with each tool, one after the other, so that all meet the same machine; what changes the world starts from the same
snapshot each time. Plans and drift are of a world in which all is as declared. Every process starts cold, as a person's
or a job's does. Nothing is asserted: seconds belong to the machine, ratios to the code.

Processor time is that of the command and all that it started and waited for; memory is the most that they held at one
time. The last rows are the engine's own: `pulumi preview` of a program that declares nothing, which nothing built on it
can be faster than. `--page` writes docs/compared-with-terraform.md and its picture.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from benchmarks.drift_compared import held
from crashlab import terraform
from crashlab.lab import SPEED, lab, template
from crashlab.operations import EMPTY, ONE_RELEASE, TERRAFORM_ONE
from crashlab.stack_file import STACK
from parity_sandbox import standin
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crashlab.lab import Lab

TERRAFORM, PULUMI, PARITY = "Terraform", "Pulumi", "Parity"
LATENCIES = (0.0, 0.05)
PAGE = ROOT / "docs" / "compared-with-terraform.md"
PICTURE = PAGE.with_suffix(".svg")
_SAMPLE_SECONDS = 0.05
_OWN = "the engine's own"
_LOUD = ("--stack", STACK, "--non-interactive")


@dataclass(frozen=True)
class Work:
    """One thing to do, and how each tool does it."""

    title: str
    starts: dict[str, str]
    """The snapshot that each tool begins with."""
    commands: dict[str, tuple[str, ...]]
    latencies: tuple[float, ...] = LATENCIES


_UP = {PULUMI: ONE_RELEASE, PARITY: ONE_RELEASE, TERRAFORM: TERRAFORM_ONE}
WORKS = (
    Work(
        "from nothing",
        dict.fromkeys((TERRAFORM, PULUMI, PARITY), EMPTY),
        {
            TERRAFORM: ("apply", "-auto-approve"),
            PULUMI: ("pulumi", "up", "--yes", "--skip-preview", *_LOUD),
            PARITY: ("parity", "up", STACK, "--yes"),
        },
    ),
    Work(
        "a plan that changes nothing",
        _UP,
        {
            TERRAFORM: ("plan",),
            PULUMI: ("pulumi", "preview", *_LOUD),
            PARITY: ("parity", "preview", STACK),
        },
    ),
    Work(
        "drift",
        _UP,
        {
            TERRAFORM: ("plan",),
            PULUMI: ("pulumi", "preview", "--refresh", "--expect-no-changes", *_LOUD),
            PARITY: ("parity", "drift", STACK),
        },
    ),
    Work(
        "an update that changes nothing",
        _UP,
        {
            TERRAFORM: ("apply", "-auto-approve"),
            PULUMI: ("pulumi", "up", "--yes", *_LOUD),
            PARITY: ("parity", "up", STACK, "--yes"),
        },
    ),
)


@dataclass
class Row:
    """What the rounds of one work by one tool took."""

    seconds: list[float] = field(default_factory=list[float])
    processor: list[float] = field(default_factory=list[float])
    calls: list[int] = field(default_factory=list[int])
    memory: list[int] = field(default_factory=list[int])


Found = dict[tuple[str, float, str], Row]
"""By work, latency and tool."""


def measure(found: Lab, words: Sequence[str], environment: dict[str, str], row: Row) -> None:
    """Run a command, which must end well, and add what it took."""
    control = found.instance.local.client()
    since = found.instance.last_request()
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words, cwd=found.instance.project.root, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        peak, ended = 0, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(_SAMPLE_SECONDS):
                peak = max(peak, held(process.pid))

        watching = threading.Thread(target=watch)
        watching.start()
        code = process.wait()
        seconds = time.monotonic() - begun
        ended.set()
        watching.join()
        if code:
            said.seek(0)
            sys.exit(f"{' '.join(words)} ended with {code}:\n{said.read().decode(errors='replace')}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row.seconds.append(seconds)
    row.processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    row.memory.append(peak >> 20)
    row.calls.append(len([each for each in control.requests(since) if each["service"] in {"vercel", "github"}]))


def words_of(found: Lab, tool: str, command: Sequence[str]) -> list[str]:
    """The command line; Terraform is given where its configuration and its state are."""
    if tool != TERRAFORM:
        return list(command)
    terraform.declare(found, terraform.ONE)
    place = [f"-chdir={found.folder / 'terraform'}"]
    state = f"-state={found.backend / terraform.STATE}"
    return ["terraform", *place, command[0], "-no-color", "-input=false", state, *command[1:]]


def cold(found: Lab) -> dict[str, str]:
    """The environment in which every process starts by itself."""
    environment = found.instance.environment()
    own = str(Path(sys.prefix) / "bin")
    first = [each for each in environment["PATH"].split(os.pathsep) if "warm" not in each]
    return {**environment, "PATH": os.pathsep.join([own, *first]), "VIRTUAL_ENV": sys.prefix}


def rounds(found: Lab, count: int) -> Found:
    """Every work, latency and tool, in each round."""
    control = found.instance.local.client()
    rows: Found = defaultdict(Row)
    for number in range(count):
        for work, latency, tool in combinations():
            control.load_snapshot(work.starts[tool])
            found.declare(ONE_RELEASE)
            words = words_of(found, tool, work.commands[tool])
            control.latency(vercel=latency, github=latency)
            measure(found, words, cold(found), rows[work.title, latency, tool])
            control.latency(vercel=0, github=0)
        empty(found, rows[_OWN, 0.0, PULUMI])
        print(f"round {number + 1} of {count}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return rows


def combinations() -> Iterator[tuple[Work, float, str]]:
    for work in WORKS:
        for latency in work.latencies:
            for tool in (TERRAFORM, PULUMI, PARITY):
                yield work, latency, tool


def empty(found: Lab, row: Row) -> None:
    """The engine with a program that declares nothing."""
    folder = found.folder / "empty"
    environment = {**cold(found), "PULUMI_BACKEND_URL": f"file://{folder}/state"}
    if not folder.exists():
        (folder / "state").mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text("name: empty\nruntime: python\n")
        (folder / "__main__.py").write_text("")
        begin = ["pulumi", "stack", "init", STACK, "--non-interactive"]
        subprocess.run(begin, cwd=folder, env=environment, check=True, capture_output=True)
    measure(found, ["pulumi", "-C", str(folder), "preview", *_LOUD], environment, row)


# --- What it says -----------------------------------------------------------------------------------------------------


def table(rows: Found) -> str:
    """Markdown: medians, and seconds as a multiple of Terraform's."""
    lines = [
        "| work | latency | tool | seconds | of Terraform's | processor | calls | memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (work, latency, tool), row in rows.items():
        seconds = statistics.median(row.seconds)
        base = rows.get((work, latency, TERRAFORM))
        ratio = f"{seconds / statistics.median(base.seconds):.2f}" if base else ""
        lines.append(
            f"| {work} | {latency * 1000:.0f} ms | {tool} | {seconds:.2f} | {ratio} | "
            f"{statistics.median(row.processor):.2f} s | {statistics.median(row.calls):.0f} | "
            f"{statistics.median(row.memory):.0f} MiB |"
        )
    return "\n".join(lines)


_COLOURS = {TERRAFORM: "#7b42bc", PULUMI: "#f7a400", PARITY: "#1f6f54"}
_LEFT, _BAR, _GAP, _WIDE = 250, 13, 10, 420


def picture(rows: Found) -> str:
    """A bar for each work, latency and tool, as long as its seconds."""
    shown = [(key, statistics.median(row.seconds)) for key, row in rows.items() if key[0] != _OWN]
    longest = max(seconds for _, seconds in shown)
    parts: list[str] = []
    y, last = 16, None
    for (work, latency, tool), seconds in shown:
        if (work, latency) != last:
            y += _GAP
            parts.append(f'<text x="8" y="{y + _BAR - 3}">{escape(work)}, {latency * 1000:.0f} ms</text>')
            last = (work, latency)
        long = _WIDE * seconds / longest
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{long:.0f}" height="{_BAR - 2}" fill="{_COLOURS[tool]}"/>')
        parts.append(f'<text x="{_LEFT + long + 5:.0f}" y="{y + _BAR - 3}">{tool} {seconds:.1f} s</text>')
        y += _BAR
    size = f'viewBox="0 0 {_LEFT + _WIDE + 120} {y + 12}"'
    style = 'font-family="system-ui, sans-serif" font-size="11" fill="#243040"'
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{ground}\n' + "\n".join(parts) + "\n</svg>\n"


_MARK = "<!-- measured -->"


def publish(rows: Found) -> None:
    """Put the table into its place on the page, and draw the picture."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(_MARK)
    _, _, tail = rest.partition(_MARK)
    PAGE.write_text(f"{head}{_MARK}\n\n{table(rows)}\n\n{_MARK}{tail}", encoding="utf-8")
    PICTURE.write_text(picture(rows), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--page", action="store_true", help="write the page's table and picture")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parity-beside-") as folder:
        place = Path(folder)
        with lab(template(place / "template"), place / "lab") as found:
            found.instance.extra = {**SPEED}
            standin.install(found.instance.local.layout.pulumi, Path(sys.executable))
            starts(found)
            rows = rounds(found, given.rounds)
    print(table(rows))
    if given.page:
        publish(rows)


def starts(found: Lab) -> None:
    """Make Terraform's start, which is the world after its own apply."""
    control = found.instance.local.client()
    control.load_snapshot(EMPTY)
    words = words_of(found, TERRAFORM, ("apply", "-auto-approve"))
    found.instance.run(*words).ok()
    control.save_snapshot(TERRAFORM_ONE)


if __name__ == "__main__":
    main()
