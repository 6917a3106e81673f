"""Starts the plugin's process sooner: leaves out what the libraries load and a plugin never uses.

The engine waits for the plugin at each run, and the SDK's automation API and dynamic providers, and httpx's command
line, are half of what there is to load.
"""

from __future__ import annotations

import sys
from types import ModuleType

UNUSED = ("pulumi.automation", "pulumi.dynamic")
OPTIONAL = ("httpx._main",)
"""httpx does without its command line where that cannot be imported."""


def leave_out() -> None:
    """Make the unused modules empty; before anything imports them."""
    for name in UNUSED:
        sys.modules.setdefault(name, ModuleType(name, "Left out by the stand-in plugin."))
    for name in OPTIONAL:
        sys.modules.setdefault(name, None)  # pyright: ignore[reportArgumentType] - Python's own way to say: not here
