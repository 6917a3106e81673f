"""Starts the plugin's process sooner: leaves out what the libraries load and a plugin never uses.

The engine waits for the plugin at each run. The SDK's automation API and dynamic providers, its tracing, and httpx's
command line are half of what there is to load. The stand-in sends no traces.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

UNUSED: dict[str, tuple[str, ...]] = {
    "pulumi.automation": (),
    "pulumi.dynamic": (),
    "opentelemetry.sdk.trace": ("TracerProvider",),
}
"""Modules to stand empty, and the names that the SDK imports from them."""
OPTIONAL = ("httpx._main",)
"""httpx does without its command line where that cannot be imported."""
_TRACE = "TRACEPARENT"


def leave_out() -> None:
    """Make the unused modules empty; before anything imports them."""
    os.environ.pop(_TRACE, None)
    for name, members in UNUSED.items():
        module = ModuleType(name, "Left out by the stand-in plugin.")
        for member in members:
            setattr(module, member, None)
        sys.modules.setdefault(name, module)
    for name in OPTIONAL:
        sys.modules.setdefault(name, None)  # pyright: ignore[reportArgumentType] - Python's own way to say: not here
