"""Measures the record with many operations: reading, storage, and what an update adds, in a folder and in a bucket.

PYTHONPATH=tools .venv/bin/python -m benchmarks.record [OPERATIONS]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from parity.backend import blame, chain
from parity.backend.ledger import BEGIN, END, Ledger, identity_of
from parity.backend.segments import digest
from parity.engine.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable


HEAD = "urn:pulumi:prod::storefront::parity:components:WebApp$vercel:index/x:ProjectEnvironmentVariable::"
RESOURCES, PROPERTIES = 100, 8
COMMIT = {"sha": "a1" * 20, "subject": "Show more results (#12)"}


class Counting:
    """A folder that counts requests as a bucket would have them: a listing gives 1,000 names."""

    place, shared = "folder", True

    def __init__(self, inner: FolderStore) -> None:
        self.inner, self.requests = inner, 0

    def names(self, folder: str, after: str = "") -> list[str]:
        found = self.inner.names(folder, after)
        self.requests += 1 + len(found) // 1000
        return found

    def read(self, key: str) -> bytes | None:
        self.requests += 1
        return self.inner.read(key)

    def create(self, key: str, data: bytes) -> bool:
        self.requests += 1
        return self.inner.create(key, data)

    def delete(self, key: str) -> None:
        self.inner.delete(key)


def write(root: Path, ledger: Ledger, operations: int) -> None:
    """Operations as an update writes them, without waiting for the disk."""
    folder = root / ledger.folder
    folder.mkdir(parents=True)
    start, last = datetime.now(UTC) - timedelta(hours=operations + 2), {}
    for number in range(operations):
        at = start + timedelta(hours=number)
        identity = identity_of(at, f"{number:08x}")
        urns = [f"{HEAD}shop-variable-V{(number * 7 + each) % RESOURCES}" for each in range(PROPERTIES)]
        rows = [{"path": "value", "before": {"value": str(number)}, "after": {"value": str(number + 1)}} for _ in (0,)]
        differences = [{"urn": urn, "operation": "update", "properties": rows} for urn in urns]
        origin = {"kind": "config", "key": "parity:applications.shop.variables.V", "line": 14, "commits": [COMMIT]}
        facts = {"form": 1, "update": identity, "time": at.isoformat(), "project": "storefront", "stack": "prod"}
        begin = {**facts, "event": "begin", "after": last, "command": "up", "actor": "ada", "approver": "grace",
                 "commit": COMMIT["sha"], "plan": "b2" * 32, "approval": "--plan", "pull_request": 12,
                 "versions": {"pulumi": "3.259.0"}, "differences": differences}  # fmt: skip
        data = json.dumps(begin, separators=(",", ":")).encode() + b"\n"
        causes = [{"urn": urn, "property": "value", "origins": [origin]} for urn in urns]
        done = [{"operation": "update", "urn": urn, "done": True} for urn in urns]
        end = {**facts, "event": "end", "after": {identity + BEGIN: digest(data)}, "result": "succeeded",
               "operations": done, "causes": causes, "verify": {"read": PROPERTIES, "findings": []}}  # fmt: skip
        closing = json.dumps(end, separators=(",", ":")).encode() + b"\n"
        (folder / f"{identity}{BEGIN}").write_bytes(data)
        (folder / f"{identity}{END}").write_bytes(closing)
        last = {identity + END: digest(closing)}


def main(operations: int) -> None:
    """Write, compact, and print a row for each question."""
    with tempfile.TemporaryDirectory() as text:
        root = Path(text)
        store = Counting(FolderStore(root))

        def opened() -> Ledger:
            return Ledger(store, "storefront", "prod")  # type: ignore[arg-type]

        write(root, opened(), operations)
        started = time.monotonic()
        opened().compact()
        opened().compact()
        while opened().compact():
            pass
        print(f"| segments of {operations} operations, once | {time.monotonic() - started:.2f} s | |")
        first = min(each.partition(".1")[0] for each in store.inner.names(opened().folder))
        oldest = f"{HEAD}shop-variable-V0#value"
        questions: dict[str, Callable[[], object]] = {
            "`parity log`": lambda: opened().records(last=50),
            "`parity show @`": lambda: next(opened().newest()),
            "`parity show` of the oldest": lambda: opened().matching(first),
            "`parity blame`, changed lately": lambda: blame.current(opened(), blame.what(oldest)),
            "`parity blame`, never changed": lambda: blame.current(opened(), blame.what(f"{HEAD}none#value")),
            "`parity blame --all`": lambda: list(blame.history(opened(), blame.what(oldest))),
            "an update's begin": lambda: opened().begin({"command": "up"}),
            "`parity log --csv` of all": lambda: opened().records(),
            "`parity log --verify`": lambda: chain.verify(opened()),
        }
        print("| question | seconds | requests |\n| --- | --- | --- |")
        for name, ask in questions.items():
            store.requests, started = 0, time.monotonic()
            ask()
            print(f"| {name} | {time.monotonic() - started:.2f} | {store.requests} |")
        for name in ("ledger", "segments"):
            files = [each for each in (root / ".parity" / name).rglob("*") if each.is_file()]
            size = sum(each.stat().st_size for each in files)
            print(f"| storage, {name} | {size / operations:.0f} bytes an operation | {len(files)} objects |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
