"""The plugin's process: `python -m sandbox.standin ENGINE`, as the engine starts it."""

from __future__ import annotations

import sys

import lean

lean.leave_out()

from sandbox.standin.server import main  # noqa: E402 - after the modules that are left out

main(sys.argv[1:])
