"""Starts a plugin's process sooner: leaves out what the libraries load and a plugin never uses.

The engine waits for its plugins at each run. The SDK's automation API and dynamic providers and its tracing are a good
part of what there is to load. They are loaded if traces are asked for.
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
_TRACE, TRACES_WANTED = "TRACEPARENT", "PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT"
"""The variables of the SDK's tracing (pulumi/runtime/_instrumentation.py): the span to belong to, where spans go."""


def leave_out() -> None:
    """Make the unused modules empty; before anything imports them."""
    if os.environ.get(TRACES_WANTED):
        return
    os.environ.pop(_TRACE, None)
    for name, members in UNUSED.items():
        module = ModuleType(name, "Left out by Parity's plugins.")
        for member in members:
            setattr(module, member, None)
        sys.modules.setdefault(name, module)
