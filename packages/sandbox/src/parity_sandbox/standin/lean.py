"""Starts a plugin's process sooner: leaves out what the libraries load and a plugin never uses.

The engine waits for its plugins at each run. The SDK's automation API and dynamic providers, its tracing, and httpx's
command line are half of what there is to load. Where traces are asked for, nothing is left out.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

UNUSED: dict[str, tuple[str, ...]] = {
    "pulumi.automation": (),
    "pulumi.dynamic": (),
    "pulumi.runtime._instrumentation": ("wrap_with_context",),
}
"""Modules to stand empty, and the names that the SDK imports from them."""
OPTIONAL = ("httpx._main",)
"""httpx does without its command line where that cannot be imported."""
TRACES_WANTED = "PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT"
"""The variable of the SDK's tracing (pulumi/runtime/_instrumentation.py) for where spans go."""


def leave_out() -> None:
    """Make the unused modules empty; before anything imports them."""
    if os.environ.get(TRACES_WANTED):
        return
    for name, members in UNUSED.items():
        module = ModuleType(name, "Left out by Parity's plugins.")
        for member in members:
            setattr(module, member, None)
        sys.modules.setdefault(name, module)
    for name in OPTIONAL:
        sys.modules.setdefault(name, None)  # pyright: ignore[reportArgumentType] - Python's own way to say: not here
