"""What every test is given."""

import asyncio
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from parity.config.program import FOLDERS
from support.paths import ROOT

# How long an example takes follows from what else the machine does; benchmarks/ measures, tests do not.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def loop_for_the_sdk():
    """Give each test an event loop of its own: Pulumi's SDK takes the current one, and `asyncio.run` leaves none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


_OWN, _PATH = {}, []
"""The modules of this repository's program, and the module path, before a test loads another project's."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Put this repository's program back where an earlier test or its fixtures loaded another project's.

    The SDK reads a component's annotations from `sys.modules`, so a class whose module was replaced cannot be made.
    """
    _PATH[:] = _PATH or sys.path
    sys.path[:] = _PATH
    # Thousands of names before each test: the first question is the quick one.
    for name in [each for each in sys.modules if each.startswith(FOLDERS) and each.partition(".")[0] in FOLDERS]:
        if _is_own(sys.modules[name]):
            _OWN.setdefault(name, sys.modules[name])
        else:
            del sys.modules[name]
    sys.modules.update(_OWN)


def _is_own(module):
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(ROOT)
