"""The search for planted causes among 64 changes: how many are found, in how many steps, and in what time.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.bisect [--worlds 1000] [--sandbox]

Changes are on four axes (commits, keys, credentials, migrations), one or up to eight in an operation, with one, two or
three of them planted as the cause; `needing` are changes that do not come up without an earlier one, as code without
its migration. The least that any search needs is log2 of the number of sets that it has to tell apart. `--sandbox` runs
`parity bisect` on a record of the example, with a key and a commit of one update planted, and measures each state.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import tempfile
import time
from pathlib import Path

from parity.engine import toolchain
from parity.local.sandbox import Local
from parity_sandbox import lifecycle
from parity_sandbox.options import ServeOptions
from support.planted import world
from support.program import Instance, copy_program
from support.watched import NEW

CHANGES = 64
LIMIT, OTHER = "SEARCH_RESULTS_LIMIT", "6" * 40
PLANTED = f'test "${LIMIT}" != 0 || test "$PARITY_PROBE_COMMIT" != {NEW}'
_STEP = re.compile(r"^✓ Step \d+ .*, ([\d.]+) s\)$", re.MULTILINE)


def searched(worlds: int, causes: int, at_once: int, needing: int) -> str:
    """A row of the table."""
    asked: list[int] = []
    found = 0
    began = time.perf_counter()
    for seed in range(worlds):
        planted = world(seed, causes, changes=CHANGES, at_once=at_once, needing=needing)
        result, _ = planted.search()
        found += {place for place, _ in planted.planted} <= set(result.causes)
        asked.append(result.asked)
    seconds = time.perf_counter() - began
    least = math.log2(math.comb(CHANGES, causes))
    return (
        f"| {causes} | {at_once} | {needing} | {found} of {worlds} | {statistics.mean(asked):.1f} | {max(asked)} "
        f"| {least:.1f} | {1000 * seconds / worlds:.1f} |"
    )


def table(worlds: int) -> None:
    """Print the table."""
    print("| causes | changes at once | needing | found | steps, mean | most | log2 of the sets | ms a search |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for causes in (1, 2, 3):
        for at_once, needing in ((1, 0), (8, 0), (8, 8)):
            print(searched(worlds, causes, at_once, needing))


def in_sandbox(folder: Path) -> None:
    """Print what `parity bisect` of a real record takes."""
    project = copy_program(folder / "program")
    local = Local(project, folder / "sandbox")
    lifecycle.up(local.directory, ServeOptions(build_seconds=0.05, promote_seconds=0.1))
    try:
        local.seed()
        local.equip(toolchain.resolve())
        instance = Instance(project, local)
        _operations(instance)
        began = time.perf_counter()
        done = instance.run("parity", "bisect", "staging", "--probe", PLANTED).ok()
        steps = [float(each) for each in _STEP.findall(done.stderr)]
        print(f"{done.stdout.splitlines()[0]}: {time.perf_counter() - began:.0f} s, states {steps} s")
    finally:
        lifecycle.down(local.directory, wipe=True)


def _operations(instance: Instance) -> None:
    """The stack, two releases that do no harm, and one with the key and the commit."""
    github = {"owner": "storefront-example", "name": "storefront", "default_branch": "main", "commits": [NEW, OTHER]}
    instance.local.client().seed({"github": {"organization": "storefront-example", "repositories": [github]}})
    instance.init("staging")
    instance.run("parity", "up", "staging", "--yes").ok()
    for commit, before, after in ((OTHER, 20, 21), (OTHER, 21, 22), (NEW, 22, 0)):
        instance.replace("staging", f"{LIMIT}: {before}", f"{LIMIT}: {after}")
        instance.run("parity", "release", "staging", "shop", "--commit", commit, "--live").ok()
        instance.run("parity", "up", "staging", "--yes").ok()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--sandbox", action="store_true")
    chosen = parser.parse_args()
    table(chosen.worlds)
    if chosen.sandbox:
        with tempfile.TemporaryDirectory() as folder:
            in_sandbox(Path(folder))


if __name__ == "__main__":
    main()
