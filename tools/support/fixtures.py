"""What every test is given."""

import asyncio
import sys
from pathlib import Path

import pytest

from parity.config.program import FOLDERS
from support.paths import ROOT


@pytest.fixture(autouse=True)
def loop_for_the_sdk():
    """Give each test an event loop of its own: Pulumi's SDK takes the current one, and `asyncio.run` leaves none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(autouse=True)
def this_program():
    """Put this repository's program back where a test loaded another project's under the same module names.

    The SDK reads a component's annotations from `sys.modules`, so a class whose module was replaced cannot be made.
    """
    before, path = _program_modules(), [*sys.path]
    yield
    for name in _program_modules().keys() - before.keys():
        if not _is_ours(sys.modules[name]):
            del sys.modules[name]
    sys.modules.update(before)
    sys.path[:] = path


def _program_modules():
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in FOLDERS}


def _is_ours(module):
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(ROOT)
