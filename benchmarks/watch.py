"""The watch: how often it ends a release that is no worse, and how soon one that is; on drawn counts, and in a sandbox.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.watch [--watches 10000] [--stage PERCENT | --sandbox]

Counts are drawn with a fixed seed: a release before with an hour of requests, then a watch of ten minutes that asks
each 15 seconds; with `--stage` both releases have users meanwhile, the new one this share. `--sandbox` runs `parity
deliver` of a release that answers with errors, under 20 requests a second, for each share once, and measures at the
live domain: from the first answer of the faulty release to the last one.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from parity.engine import toolchain
from parity.local.sandbox import Local
from parity.releases.evidence import Counts, compare
from parity_sandbox import lifecycle
from parity_sandbox.options import ServeOptions
from support.asker import asking
from support.program import Instance, copy_program
from support.watched import NEW, SHOP, declare

Aborted = Callable[[random.Random, int, float, float], tuple[int | None, bool]]
SEED, OK = 20261130, 200
SECONDS, INTERVAL, BEFORE = 600, 15, 3600
DIFFERENCE, FALSE_ABORTS = 0.005, 1e-4
COUNTED = 1200
RATES, SHARES = (1, 10, 100), (0.01, 0.05, 0.2, 1.0)
CLEAN = ((0.0, 0.0), (0.001, 0.0), (0.01, 0.0), (0.05, 0.0), (0.01, DIFFERENCE))
"""Shares of errors of the release before, and how much worse the watched one is: at the most by what is allowed."""


def drawn(random_: random.Random, requests: int, share: float) -> int:
    """How many of the requests fail, each with this chance: from one failure to the next, so that few are drawn."""
    if share >= 1 or not share:
        return requests if share else 0
    errors, at, scale = 0, 0, math.log(1 - share)
    while (at := at + 1 + math.floor(math.log(1 - random_.random()) / scale)) <= requests:
        errors += 1
    return errors


def aborted(random_: random.Random, rate: int, before: float, now: float) -> tuple[int | None, bool]:
    """Seconds until the watch ends the release, None where it does not; and whether a plain ratio would have.

    The ratio: at some question it has answered with more than twice the error share of the release before.
    """
    old = Counts(rate * BEFORE, drawn(random_, rate * BEFORE, before))
    test, errors, ratio = compare(old, DIFFERENCE, FALSE_ABORTS), 0, False
    for seconds in range(INTERVAL, SECONDS + 1, INTERVAL):
        errors += drawn(random_, rate * INTERVAL, now)
        counts = Counts(rate * seconds, errors)
        ratio = ratio or counts.share > 2 * old.share
        if test.is_worse(counts):
            return seconds, ratio
    return None, ratio


def aborted_at(part: float, random_: random.Random, rate: int, before: float, now: float) -> tuple[int | None, bool]:
    """The same where both have users meanwhile, the new release this part of them."""
    old, new, ratio = Counts(0, 0), Counts(0, 0), False
    for seconds in range(INTERVAL, SECONDS + 1, INTERVAL):
        more = round(rate * INTERVAL * part)
        new = Counts(new.requests + more, new.errors + drawn(random_, more, now))
        more = rate * INTERVAL - more
        old = Counts(old.requests + more, old.errors + drawn(random_, more, before))
        ratio = ratio or new.share > 2 * old.share
        if compare(old, DIFFERENCE, FALSE_ABORTS, meanwhile=True).is_worse(new):
            return seconds, ratio
    return None, ratio


def clean(watches: int, rate: int, aborted: Aborted) -> None:
    """Print how many watches of releases that are no worse end in an abort."""
    print("| errors before | now | watches | wrong aborts | by a plain ratio |\n| --- | --- | --- | --- | --- |")
    for share, more in CLEAN:
        random_ = random.Random(SEED)
        found = [aborted(random_, rate, share, share + more) for _ in range(watches)]
        wrong, ratio = sum(each is not None for each, _ in found), sum(each for _, each in found)
        print(f"| {share:.1%} | {share + more:.1%} | {watches:,} | {wrong} | {ratio:,} |", flush=True)


def delays(watches: int, aborted: Aborted) -> None:
    """Print how soon a worse release is found, by rate and share; before it 0.1 % were errors."""
    print("| requests a second | " + " | ".join(f"{share:.0%} errors" for share in SHARES) + " |")
    print("| --- |" + " --- |" * len(SHARES))
    for rate in RATES:
        shown: list[str] = []
        for share in SHARES:
            random_ = random.Random(SEED)
            found = [each for each, _ in (aborted(random_, rate, 0.001, share) for _ in range(watches))]
            ends = [each for each in found if each is not None]
            caught = f"{len(ends) / watches:.0%} of watches"
            shown.append(f"{statistics.median(ends):.0f} s, {caught}" if ends else "not in ten minutes")
        print(f"| {rate} | " + " | ".join(shown) + " |", flush=True)


def in_a_sandbox(shares: tuple[float, ...]) -> None:
    """Print what users met of a faulty release, from its first answer to its last."""
    print("| errors | answers of the faulty release | failed | seconds from its first to its last |")
    print("| --- | --- | --- | --- |")
    for share in shares:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            project = copy_program(folder / "program")
            local = Local(project, folder / "instance")
            lifecycle.up(local.directory, ServeOptions(build_seconds=0.2, promote_seconds=0.1))
            try:
                local.seed()
                local.equip(toolchain.resolve())
                measured(Instance(project, local), folder, share)
            finally:
                lifecycle.down(local.directory)


def measured(instance: Instance, folder: Path, share: float) -> None:
    """Print one row: users ask all the time, and once a minute of them is counted the faulty release is delivered."""
    instance.init("staging")
    instance.run("parity", "up", "staging", "--yes").ok()
    declare(instance, minutes=10, interval=1)
    instance.local.client().add_build_rule(match={"project": "shop-staging", "release": "r2"}, errors=share)
    instance.run("parity", "release", "staging", "shop", "--commit", NEW, "--live").ok()
    with asking(instance, folder, SHOP, often=10.0) as asked:
        while len(instance.local.client().requests(service="edge", limit=10_000)) < COUNTED:
            time.sleep(1)
        instance.run("parity", "deliver", "staging", "--yes", limit=None)
    good = [each for each in asked.of(SHOP) if each.status == OK]
    first = next(each.begun for each in asked.of(SHOP) if each.release == "r2" or each.status != OK)
    back = next(each.ended for each in good if each.begun > first and each.release == "r1")
    faulty = [each for each in asked.of(SHOP) if first <= each.begun < back]
    if good[-1].release != "r1" or any(each.status != OK for each in asked.of(SHOP) if each.begun >= back):
        raise RuntimeError("users did not get the release before back for good")
    failed = sum(each.status != OK for each in faulty)
    print(f"| {share:.0%} | {len(faulty)} | {failed} | {back - first:.1f} |", flush=True)


def main() -> None:
    """Measure, and print tables for docs/watch.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watches", type=int, default=10_000)
    parser.add_argument("--stage", type=float)
    parser.add_argument("--sandbox", action="store_true")
    options = parser.parse_args()
    if options.sandbox:
        in_a_sandbox((0.05, 0.2, 1.0))
        return
    way: Aborted = partial(aborted_at, options.stage / 100) if options.stage else aborted
    clean(options.watches, 10, way)
    delays(options.watches // 50, way)


if __name__ == "__main__":
    main()
