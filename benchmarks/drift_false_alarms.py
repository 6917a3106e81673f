"""Audits of random allowed configs in a world that is exactly as declared: how many of them report anything?

    PYTHONPATH=tools .venv/bin/python -m benchmarks.drift_false_alarms [RUNS]

The world is made from the declared graph (tools/support/worlds.py), so this holds the comparison; that the vendors' own
answers are read as they are is held by packages/parity/tests/sandbox, on the real engine.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from parity.drift.audit import find
from support.worlds import Config, Mirror, declared


def main(runs: int) -> int:
    """Run the audits, print the outcome as JSON, and exit 1 where one reported anything."""
    alarms: Counter[str] = Counter()
    resources = 0
    begun = time.monotonic()
    for seed in range(runs):
        sides = Mirror(declared(Config(seed).settings()), seed).sides()
        resources += len(sides.live_state.keys)
        reported = [each for each in find(sides, []) if each.kind != "unknowable"]
        alarms.update(f"seed {seed}: {each.kind} {each.what}" for each in reported)
    seconds = round(time.monotonic() - begun, 1)
    print(json.dumps({"runs": runs, "resources": resources, "false alarms": sum(alarms.values()), "seconds": seconds}))
    for alarm in alarms:
        print(alarm)
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
