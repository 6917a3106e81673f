"""The plugin's process: `python -m sandbox.standin ENGINE`, as the engine starts it."""

from __future__ import annotations

import sys

from sandbox.standin.server import main

main(sys.argv[1:])
