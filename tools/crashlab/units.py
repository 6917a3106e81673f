"""Do the unit tests notice when recover is wrong? `python -m crashlab.units` runs them on every mutant of it.

The same mutants as `crashlab.mutation` follows through the engine, at a second each: what the unit tests catch need
not be followed there. Each mutant takes the real module's place in a process that runs the tests until one fails.
"""

# ruff: noqa: T201 - it prints what it was asked for

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crashlab import mutants
from support.paths import ROOT

if TYPE_CHECKING:
    from crashlab.mutants import Mutant

TESTS = "packages/parity/tests/recover"
RESULTS = ROOT / ".crash" / "units.jsonl"
SURVIVED = "SURVIVED"
"""What is written of a mutant that no test caught."""
_CAUGHT, _HUNG = "caught", "caught, it hangs"
_LIMIT_SECONDS = 120


def _child(mutant: Mutant) -> int:
    """Run the tests with the mutant in place; gives pytest's exit code."""
    mutants.install(mutant.id)
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main([*quiet, str(ROOT / TESTS)]))


def tried(mutant: Mutant) -> str:
    """Fork, run the tests, wait; gives whether they caught it."""
    pid = os.fork()
    if pid == 0:
        try:
            code = _child(mutant)
        except BaseException:  # noqa: BLE001 - a mutant that breaks the run itself is caught by that
            traceback.print_exc(file=sys.stderr)
            code = 1
        os._exit(code)
    until = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return _CAUGHT if status else SURVIVED
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return _HUNG


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m crashlab.units", description=__doc__)
    parser.add_argument("--module", action="append", choices=mutants.MODULES, help="only this one; may be repeated")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="mutants at once")
    parser.add_argument("--results", type=Path, default=RESULTS, help="lines of JSON")
    options = parser.parse_args()
    began = time.monotonic()
    assert not any(name.startswith("parity.recover") for name in sys.modules), "a mutant must be what is imported first"
    every = mutants.mutants(options.module or mutants.MODULES)
    options.results.parent.mkdir(exist_ok=True)
    counts: Counter[tuple[str, str]] = Counter()
    with ThreadPoolExecutor(options.workers) as pool, options.results.open("w") as stream:
        waiting = {pool.submit(tried, mutant): mutant for mutant in every}
        for done in as_completed(waiting):
            mutant, outcome = waiting[done], done.result()
            counts[mutant.module, outcome] += 1
            line = {"mutant": mutant.id, "line": mutant.line, "what": mutant.what, "outcome": outcome}
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            if outcome == SURVIVED:
                print(f"{outcome} {mutant.id} line {mutant.line} {mutant.what}", flush=True)
    for module in options.module or mutants.MODULES:
        of = sum(count for (name, _), count in counts.items() if name == module)
        print(f"{module}: {of - counts[module, SURVIVED]} of {of} caught")
    survived = sum(count for (_, outcome), count in counts.items() if outcome == SURVIVED)
    print(f"{len(every) - survived} of {len(every)} mutants caught by {TESTS}, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
