"""The plugin's process: `python -m parity_sandbox.standin ENGINE`, as the engine starts it."""

from __future__ import annotations

import gc
import sys

from parity_sandbox import OBJECTS
from parity_sandbox.standin import lean

gc.set_threshold(OBJECTS)
lean.leave_out()

from parity_sandbox.standin.server import main  # noqa: E402 - after the modules that are left out

main(sys.argv[1:])
