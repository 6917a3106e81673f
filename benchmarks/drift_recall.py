"""Which of the same differences `parity drift` and the engine's refresh report, counted by class.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.drift_recall FOLDER [OUTPUT.json]

FOLDER holds a stopped sandbox `instance` and its program, both stacks up (tools/support/instances.py makes one). Each
group of differences is made in a fresh copy of the same state; then the audit runs once and
`pulumi refresh --preview-only --expect-no-changes` runs once. Differences at which a provider's read ends with an error
are made alone, so that they hide no others.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.config.project import Project
from parity.evaluate.stack import Stack, ambient
from parity.local.sandbox import Local
from support import mutations, recall
from support.program import Instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.mutations import Mutation


ALONE = {
    ("Project", "trustedSources"),
    ("Role", "statementTimeout"),
    ("Role", "idleInTransactionSessionTimeout"),
    ("Role", "validUntil"),
    ("Database", "connectionLimit"),
}
"""Type and property of what ends a provider's read with an error."""


def groups(instance: Instance) -> Iterator[tuple[str, Sequence[Mutation]]]:
    """The differences in batches that do not hide each other."""
    stack = Stack(mutations.STACK, instance.project, ambient(instance.project))
    removals = mutations.removals(stack.declared(stack.settings()))
    by_type: dict[str, list[Mutation]] = defaultdict(list)
    for each in mutations.CHANGED:
        if (each.type.split(":")[-1], each.path) in ALONE:
            yield f"alone {each.path}", [each]
        else:
            by_type[each.type.split(":")[0]].append(each)
    yield from by_type.items()
    yield "switched", mutations.SWITCHED
    yield "removed", removals
    yield "containers", mutations.CONTAINERS
    yield "last", mutations.LAST
    yield "added", mutations.ADDED
    yield "rights", (*mutations.RIGHTS, *mutations.REPOSITORY_WIDE)
    yield "moved", mutations.MOVED
    yield "cross-stack", mutations.CROSS_STACK


BESIDES = {
    "besides": mutations.BESIDES,
    "besides removed": mutations.BESIDES_REMOVED,
    "besides added": mutations.BESIDES_ADDED,
}
"""Of what the example does not declare: they come last, since the program is changed for them."""


def seen_by_refresh(mutation: Mutation, seen: dict[str, set[str]]) -> bool:
    """Whether the engine's refresh shows the resource as gone, or the property as changed."""
    for urn, names in seen.items():
        if urn.rpartition("::")[2] == mutation.name and urn.split("::")[2].split("$")[-1] == mutation.type:
            # What is gone shows as a deletion, or, of a grant, as privileges that are not there.
            return "*" in names or not mutation.path or mutation.path.partition(".")[0] in names
    return False


def main(folder: Path, output: Path | None) -> None:
    """Run every group and print the table."""
    project = Project(folder / "program")
    instance = Instance(project, Local(project, folder / "instance"))
    os.environ.update(instance.environment())
    control = instance.local.client()
    mutations.migrate(instance)
    rows: list[dict[str, Any]] = []
    for name, batch in groups(instance):
        control.load_snapshot(mutations.MIGRATED)
        rows += result(name, batch, recall.run(instance, name, batch).missed, recall.refresh(instance))
    control.load_snapshot(mutations.MIGRATED)
    mutations.declared(instance)
    control.save_snapshot("besides")
    for name, batch in BESIDES.items():
        control.load_snapshot("besides")
        missed, _ = recall.reported(instance, batch)
        rows += result(name, batch, missed, recall.refresh(instance))
    print(table(rows))
    if output is not None:
        output.write_text(json.dumps(rows, indent=1) + "\n")


def result(
    name: str, batch: Sequence[Mutation], missed: Sequence[Mutation], seen: dict[str, set[str]]
) -> list[dict[str, Any]]:
    """A row for each difference of a group."""
    print(f"{name}: {len(batch)} differences, {len(batch) - len(missed)} reported", file=sys.stderr)
    return [
        {
            "kind": each.kind,
            "vendor": each.vendor,
            "type": each.type.split(":")[-1],
            "name": each.name,
            "property": each.path,
            "drift": each not in missed,
            "refresh": seen_by_refresh(each, seen),
        }
        for each in batch
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """Counts by kind and vendor, as Markdown."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        entry = counts[row["kind"], row["vendor"]]
        entry[0] += 1
        entry[1] += row["drift"]
        entry[2] += row["refresh"]
    lines = ["| kind | vendor | made | `parity drift` | `pulumi refresh` |", "|---|---|---|---|---|"]
    for (kind, vendor), (made, drift, refresh) in sorted(counts.items()):
        lines.append(f"| {kind} | {vendor} | {made} | {drift} | {refresh} |")
    total = [sum(each[index] for each in counts.values()) for index in range(3)]
    lines.append(f"| all | | {total[0]} | {total[1]} | {total[2]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
