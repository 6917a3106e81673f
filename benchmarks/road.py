"""What the road costs: `parity up` and `parity rollback --up`, against `pulumi up` of the same stack and change.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.road [--rounds 3]

One sandbox with the example's staging. A round updates it with nothing to change and with one change (the waiting time
of the GitHub environment, one PUT), by `pulumi up --yes --skip-preview`, by `parity up --yes`, and by a saved plan. For
each: seconds to the first changing call at Vercel or GitHub, seconds to the end, calls. Medians, with the load.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity.engine import toolchain
from parity.local.sandbox import Local
from parity_sandbox import lifecycle
from parity_sandbox.options import ServeOptions
from support.program import Instance, copy_program
from support.signals import take_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STACK, NEW = "staging", "5" * 40
BASELINE = "pulumi up"


@dataclass
class Measured:
    """One command."""

    first: float | None
    """Seconds to the first changing call; None where there was none."""
    end: float
    calls: int
    load: float
    """Of the last minute, when it ended."""


def measure(instance: Instance, command: Callable[[], object]) -> Measured:
    since, begun = time.time(), time.monotonic()
    command()
    ended = time.monotonic()
    client = instance.local.client()
    rows = [row for service in ("vercel", "github") for row in client.requests(service=service)]
    rows = [row for row in rows if row["time"] >= since]
    changing = [row["time"] - since for row in rows if row["method"] != "GET"]
    return Measured(min(changing, default=None), ended - begun, len(rows), os.getloadavg()[0])


def prepare(folder: Path) -> Instance:
    """A sandbox in which staging is up with two kept releases of the shop."""
    project = copy_program(folder / "program")
    local = Local(project, folder / "instance")
    lifecycle.up(local.directory, ServeOptions(build_seconds=0.2, promote_seconds=0.1))
    local.seed()
    local.equip(toolchain.resolve())
    repository = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [NEW]}
    local.client().seed({"github": {"organization": "storefront-example", "repositories": [repository]}})
    instance = Instance(project, local)
    instance.init(STACK)
    instance.run("parity", "up", STACK, "--yes").ok()
    instance.run("parity", "release", STACK, "shop", "--commit", NEW, "--live", "--up", "--yes").ok()
    return instance


def rounds(instance: Instance, count: int) -> Iterator[tuple[str, str, Measured]]:
    """The command, what there was to change, and what it took."""
    saved = str(instance.project.root.parent / "plan.json")
    minutes = itertools.count(1)
    ways = {
        BASELINE: lambda: instance.up(STACK).ok(),
        "parity up --yes": lambda: instance.run("parity", "up", STACK, "--yes").ok(),
        "parity up --plan": lambda: instance.run("parity", "up", STACK, "--plan", saved).ok(),
    }
    back = ("parity", "rollback", STACK, "shop", "--to", "r1", "--up")
    forward = ("parity", "live", STACK, "shop", "r2", "--up", "--yes")
    for _ in range(count):
        for changes, (name, way) in itertools.product(("nothing", "one"), ways.items()):
            if changes == "one":
                now = next(minutes)
                instance.replace(STACK, f"waitMinutes: {now - 1}\n", f"waitMinutes: {now}\n")
            if name == "parity up --plan":
                instance.run("parity", "preview", STACK, "--save", saved).ok()
            yield name, changes, measure(instance, way)
        yield "parity rollback --up", "the switch", measure(instance, lambda: instance.run(*back).ok())
        instance.run(*forward).ok()


def table(found: dict[tuple[str, str], list[Measured]]) -> str:
    lines = [
        "| command | to change | first changing call | end | ratio to `pulumi up` | calls | load |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (name, changes), all_of in found.items():
        firsts = [each.first for each in all_of if each.first is not None]
        first = f"{statistics.median(firsts):.1f} s" if firsts else "none"
        end = statistics.median(each.end for each in all_of)
        baseline = found.get((BASELINE, changes))
        ratio = f"{end / statistics.median(each.end for each in baseline):.1f}" if baseline else ""
        calls = statistics.median(each.calls for each in all_of)
        load = f"{min(each.load for each in all_of):.0f} to {max(each.load for each in all_of):.0f}"
        lines.append(f"| `{name}` | {changes} | {first} | {end:.1f} s | {ratio} | {calls:.0f} | {load} |")
    return "\n".join(lines)


def main() -> None:
    take_interrupts()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parity-benchmark-"))
    found: dict[tuple[str, str], list[Measured]] = {}
    try:
        for name, changes, measured in rounds(prepare(folder), given.rounds):
            found.setdefault((name, changes), []).append(measured)
        print(table(found), flush=True)
    finally:
        lifecycle.down(folder / "instance", wipe=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
