"""`python -m sandbox serve --dir DIR`: the process that `parity sandbox up` starts."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from parity_sandbox import OBJECTS

gc.set_threshold(OBJECTS)

from parity_sandbox.errors import SandboxError  # noqa: E402 - after the threshold is set
from parity_sandbox.logs import failure, log_to_stdout  # noqa: E402 - as above
from parity_sandbox.options import ServeOptions  # noqa: E402 - as above
from parity_sandbox.server import serve  # noqa: E402 - as above


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Serve a sandbox until SIGTERM.")
    command = parser.add_subparsers(required=True).add_parser("serve", help="serve the sandbox in a folder")
    command.add_argument("--dir", type=Path, required=True, help="the sandbox's folder")
    command.add_argument("--postgres", type=Path, help="a folder with PostgreSQL's programs")
    command.add_argument("--build-seconds", type=float, default=1.0, help="how long a deployment builds")
    command.add_argument("--promote-seconds", type=float, default=0.3, help="how long a promotion takes")
    for name in ("proxy", "tls", "control", "postgres"):
        command.add_argument(f"--{name}-port", type=int, help="this port and no other")
    return parser


def main() -> int:
    """Serve; 1 where the sandbox cannot be started."""
    arguments = vars(_parser().parse_args())
    directory = arguments.pop("dir")
    log_to_stdout()
    try:
        serve(directory, ServeOptions(**arguments))
    except SandboxError as error:
        sys.stdout.write(f"sandbox: {error}\n")
        return 1
    except Exception as error:  # noqa: BLE001 - the log must end with the reason
        failure("the sandbox failed", error)
        sys.stdout.write(f"sandbox: {type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
