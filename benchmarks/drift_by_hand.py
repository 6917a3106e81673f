"""Which of the changes that vendors let a person make by hand, each alone, `parity drift` reports.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.drift_by_hand FOLDER [OUTPUT.json]

FOLDER holds a sandbox `instance` and its program, both stacks up (tools/support/instances.py makes one).
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from parity.config.project import Project
from parity.local.sandbox import Local
from support import by_hand, mutations
from support.by_hand.run import alone
from support.program import Instance

if TYPE_CHECKING:
    from support.by_hand.run import Result


def main(folder: Path, output: Path | None) -> None:
    """Make each change and print the table."""
    project = Project(folder / "program")
    instance = Instance(project, Local(project, folder / "instance"))
    os.environ.update(instance.environment())
    control = instance.local.client()
    mutations.migrate(instance)
    results: list[Result] = []
    for number, change in enumerate(by_hand.CHANGES, start=1):
        result = alone(instance, change, mutations.MIGRATED)
        results.append(result)
        if result.reported == bool(change.unread) or result.failures:
            print(f"{number} {change.vendor}: {change.what}: {result.findings} {result.failures}", file=sys.stderr)
    control.load_snapshot(mutations.MIGRATED)
    print(table(results))
    if output is not None:
        rows = [
            {
                "vendor": each.change.vendor,
                "what": each.change.what,
                "reported": each.reported,
                "unread": each.change.unread,
                "findings": each.findings,
            }
            for each in results
        ]
        output.write_text(json.dumps(rows, indent=1) + "\n")


def table(results: list[Result]) -> str:
    """Counts by vendor, as Markdown."""
    made = Counter(each.change.vendor for each in results)
    reported = Counter(each.change.vendor for each in results if each.reported)
    named = Counter(each.change.vendor for each in results if not each.reported and each.change.unread)
    lines = ["| vendor | made | reported | named as not read |", "|---|---|---|---|"]
    lines += [f"| {vendor} | {made[vendor]} | {reported[vendor]} | {named[vendor]} |" for vendor in sorted(made)]
    return "\n".join([*lines, f"| all | {made.total()} | {reported.total()} | {named.total()} |"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
