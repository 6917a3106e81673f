"""The plugin's process: `python -m parity_sandbox.standin ENGINE`, as the engine starts it."""

from __future__ import annotations

import gc
import sys

from parity_sandbox.standin import lean

# The libraries make many objects and no garbage; Python would search these each time that there are 700 more.
gc.set_threshold(100_000)
lean.leave_out()

from parity_sandbox.standin.server import main  # noqa: E402 - after the modules that are left out

main(sys.argv[1:])
