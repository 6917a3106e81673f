"""The same work by Terraform, by Pulumi alone and by Parity: seconds, processor time, calls and memory, as ratios.

    PARITY_TERRAFORM=FOLDER PYTHONPATH=tools .venv/bin/python -m benchmarks.beside_terraform [--rounds 5] [--page]
        [--applications 1 10 30 100] [--latencies 0 50]

FOLDER is as tools/crashlab/terraform.py says. PARITY_VERCEL_PLUGIN names a real pulumi-resource-vercel; without one it
is the sandbox's stand-in, which waits as long as that. The crash tests' small program (one application, one database,
all else once) and the same objects as a Terraform configuration, with the same providers, in one sandbox. A round does
each work with each tool, one after the other, so that all meet the same machine; what changes the world starts from the
same snapshot each time. Plans and drift are of a world in which all is as declared. Every process starts cold, as a
person's or a job's does. Nothing is asserted: seconds belong to the machine, ratios to the code.

Processor time is that of the command and all that it started and waited for; memory is the most that they held at one
time. More applications are made by tools/crashlab/sizes.py; how a work grows between the two largest sizes is given as
the exponent of the applications' number: 1 is as they grow, less is better. The last row is the engine's own: `pulumi
preview` of a program that declares nothing, which nothing built on it can be faster than. `--page` writes
docs/compared-with-terraform.md and its picture.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from benchmarks.drift_compared import held
from crashlab import sizes, terraform
from crashlab.lab import lab, template
from crashlab.operations import EMPTY
from crashlab.sizes import Size
from crashlab.stack_file import STACK
from parity_sandbox import standin
from support.paths import ROOT
from support.program import as_in_life
from support.signals import take_interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crashlab.lab import Lab

TERRAFORM, PULUMI, PARITY = "Terraform", "Pulumi", "Parity"
PAGE = ROOT / "docs" / "compared-with-terraform.md"
PICTURE = PAGE.with_suffix(".svg")
_SAMPLE_SECONDS = 0.05
_OWN = "the engine's own"
_LOUD = ("--stack", STACK, "--non-interactive")


@dataclass(frozen=True)
class Work:
    """One thing to do, and how each tool does it."""

    title: str
    commands: dict[str, tuple[str, ...]]
    from_nothing: bool = False
    """Whether it starts with nothing there, and not with all as declared."""


WORKS = (
    Work(
        "from nothing",
        {
            TERRAFORM: ("apply", "-auto-approve"),
            PULUMI: ("pulumi", "up", "--yes", *_LOUD),
            PARITY: ("parity", "up", STACK, "--yes"),
        },
        from_nothing=True,
    ),
    Work(
        "a plan that changes nothing",
        {
            TERRAFORM: ("plan",),
            PULUMI: ("pulumi", "preview", *_LOUD),
            PARITY: ("parity", "preview", STACK),
        },
    ),
    Work(
        "drift",
        {
            TERRAFORM: ("plan",),
            PULUMI: ("pulumi", "preview", "--refresh", "--expect-no-changes", *_LOUD),
            PARITY: ("parity", "drift", STACK),
        },
    ),
    Work(
        "an update that changes nothing",
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


@dataclass(frozen=True)
class Case:
    """What is measured: a work by a tool."""

    applications: int
    work: str
    latency: float
    """Of each answer of Vercel and GitHub, seconds."""
    tool: str


Found = dict[Case, Row]


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


def words_of(found: Lab, size: Size, tool: str, command: Sequence[str]) -> list[str]:
    """The command line; Terraform is given where its configuration and its state are."""
    if tool != TERRAFORM:
        return list(command)
    sizes.declare_to_terraform(found, size)
    place = [f"-chdir={found.folder / 'terraform'}"]
    state = f"-state={found.backend / terraform.STATE}"
    return ["terraform", *place, command[0], "-no-color", "-input=false", state, *command[1:]]


def cold(found: Lab) -> dict[str, str]:
    """The environment in which every process starts by itself."""
    environment = as_in_life(found.instance.environment())
    own = str(Path(sys.prefix) / "bin")
    first = [each for each in environment["PATH"].split(os.pathsep) if "warm" not in each]
    return {**environment, "PATH": os.pathsep.join([own, *first]), "VIRTUAL_ENV": sys.prefix}


def rounds(found: Lab, counts: Sequence[int], latencies: Sequence[float], wanted: int) -> Found:
    """Every size, work, latency and tool, in each round."""
    rows: Found = defaultdict(Row)
    for size in map(Size, counts):
        sizes.make(found, size)
        sizes.declare(found, size)
        for number in range(wanted):
            print(f"{size.applications} applications, round {number + 1} of {wanted}", file=sys.stderr, flush=True)
            for case, work in cases(size, latencies):
                do(found, size, case, work, rows[case])
                took = f"{rows[case].seconds[-1]:.2f} s, load {os.getloadavg()[0]:.1f}"
                print(f"  {case.work}, {case.latency * 1000:.0f} ms, {case.tool}: {took}", file=sys.stderr, flush=True)
    for _ in range(wanted):
        empty(found, rows[Case(0, _OWN, 0.0, PULUMI)])
    return rows


def do(found: Lab, size: Size, case: Case, work: Work, row: Row) -> None:
    """Measure one work from its start."""
    control = found.instance.local.client()
    up = size.by_terraform if case.tool == TERRAFORM else size.by_pulumi
    control.load_snapshot(EMPTY if work.from_nothing else up)
    words = words_of(found, size, case.tool, work.commands[case.tool])
    control.latency(vercel=case.latency, github=case.latency)
    measure(found, words, cold(found), row)
    control.latency(vercel=0, github=0)


def cases(size: Size, latencies: Sequence[float]) -> Iterator[tuple[Case, Work]]:
    for work in WORKS:
        for latency in latencies:
            for tool in (TERRAFORM, PULUMI, PARITY):
                yield Case(size.applications, work.title, latency, tool), work


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
        "| applications | work | latency | tool | seconds | of Terraform's | processor | calls | memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case, row in rows.items():
        seconds = statistics.median(row.seconds)
        base = rows.get(replace(case, tool=TERRAFORM))
        ratio = f"{seconds / statistics.median(base.seconds):.2f}" if base else ""
        lines.append(
            f"| {case.applications} | {case.work} | {case.latency * 1000:.0f} ms | {case.tool} | {seconds:.2f} | "
            f"{ratio} | {statistics.median(row.processor):.2f} s | {statistics.median(row.calls):.0f} | "
            f"{statistics.median(row.memory):.0f} MiB |"
        )
    return "\n".join(lines)


def growth(rows: Found) -> str:
    """Markdown: by how much each work grows from the second largest size to the largest, at the least latency."""
    small, large = sorted({case.applications for case in rows if case.applications})[-2:]
    lines = [
        f"| work | tool | seconds, {small} to {large} applications | calls | memory |",
        "| --- | --- | --- | --- | --- |",
    ]
    least = min(case.latency for case in rows)
    for case, row in rows.items():
        less = rows.get(replace(case, applications=small))
        if case.applications != large or case.latency != least or less is None:
            continue
        amounts = ((less.seconds, row.seconds), (less.calls, row.calls), (less.memory, row.memory))
        grown = " | ".join(_exponent(before, after, large / small) for before, after in amounts)
        lines.append(f"| {case.work} | {case.tool} | {grown} |")
    return "\n".join(lines)


def _exponent(before: Sequence[float], after: Sequence[float], factor: float) -> str:
    small, large = statistics.median(before), statistics.median(after)
    return f"{math.log(large / small) / math.log(factor):.2f}" if small and large else ""


_COLOURS = {TERRAFORM: "#7b42bc", PULUMI: "#f7a400", PARITY: "#1f6f54"}
_LEFT, _BAR, _GAP, _WIDE = 310, 13, 10, 420


def picture(rows: Found) -> str:
    """A bar for each work and tool at the least latency, as long as its seconds; each size to its own scale."""
    least = min(case.latency for case in rows)
    shown = [
        (case, statistics.median(row.seconds))
        for case, row in rows.items()
        if case.work != _OWN and case.latency == least
    ]
    parts: list[str] = []
    y, last = 16, None
    for case, seconds in shown:
        if (case.applications, case.work) != last:
            y += _GAP
            said = f"{case.applications} application{'s' * (case.applications > 1)}: {case.work}"
            parts.append(f'<text x="8" y="{y + _BAR - 3}">{escape(said)}</text>')
            last = (case.applications, case.work)
        long = _WIDE * seconds / max(each for other, each in shown if other.applications == case.applications)
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{long:.0f}" height="{_BAR - 2}" fill="{_COLOURS[case.tool]}"/>')
        parts.append(f'<text x="{_LEFT + long + 5:.0f}" y="{y + _BAR - 3}">{case.tool} {seconds:.1f} s</text>')
        y += _BAR
    size = f'viewBox="0 0 {_LEFT + _WIDE + 120} {y + 12}"'
    style = 'font-family="system-ui, sans-serif" font-size="11" fill="#243040"'
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{ground}\n' + "\n".join(parts) + "\n</svg>\n"


_ONE, _SEVERAL = "<!-- measured -->", "<!-- sizes -->"


def report(rows: Found) -> str:
    """The table, and how it grows where there are two sizes."""
    return f"{table(rows)}\n\n{growth(rows)}" if _several(rows) else table(rows)


def _several(rows: Found) -> bool:
    return len({case.applications for case in rows if case.applications}) > 1


def publish(rows: Found) -> None:
    """Put the table into its place on the page, and draw the picture: of one size, or of several."""
    mark, picture_ = (_SEVERAL, PICTURE.with_stem(f"{PICTURE.stem}-sizes")) if _several(rows) else (_ONE, PICTURE)
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(mark)
    _, _, tail = rest.partition(mark)
    PAGE.write_text(f"{head}{mark}\n\n{report(rows)}\n\n{mark}{tail}", encoding="utf-8")
    picture_.write_text(picture(rows), encoding="utf-8")


def main() -> None:
    take_interrupts()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--page", action="store_true", help="write the page's table and picture")
    parser.add_argument("--applications", type=int, nargs="+", default=[1])
    parser.add_argument("--latencies", type=float, nargs="+", default=[0, 50], help="milliseconds")
    given = parser.parse_args()
    latencies = [each / 1000 for each in given.latencies]
    with tempfile.TemporaryDirectory(prefix="parity-beside-") as folder:
        place = Path(folder)
        with lab(template(place / "template"), place / "lab") as found:
            # What prepares a size collects garbage: the engine marshals its state after each step, and at 100
            # applications that is more than 14 GB.
            found.instance.extra = {"PYTHONDONTWRITEBYTECODE": "", "GOGC": "100"}
            standin.install(found.instance.local.layout.pulumi, Path(sys.executable))
            rows = rounds(found, given.applications, latencies, given.rounds)
    print(report(rows))
    if given.page:
        publish(rows)


if __name__ == "__main__":
    main()
