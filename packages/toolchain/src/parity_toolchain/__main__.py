"""`python -m engine resolve|build [--json]`: find the engine, or build it whatever else is there."""

from __future__ import annotations

import argparse
import json
import os
import sys

from parity_toolchain.errors import EngineError
from parity_toolchain.resolver import FORCED, resolve


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 where the engine is there, 1 where it cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    parser.add_argument("command", choices=["resolve", "build"], help="find the engine, or build it from Go modules")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    forced = {FORCED: "build"} if options.command == "build" else {}
    try:
        engine = resolve(environ={**os.environ, **forced}, progress=_progress)
    except EngineError as error:
        _progress(f"error: {error}")
        return 1
    lines = [str(attempt) for attempt in engine.attempts]
    sys.stdout.write(
        json.dumps(engine.document(), indent=2) if options.json else "\n".join([*lines, str(engine.folder)])
    )
    sys.stdout.write("\n")
    return 0


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
