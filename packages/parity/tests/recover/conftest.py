"""A stack to recover, without the real engine."""

from __future__ import annotations

import pytest

from support.recovery import Lab


@pytest.fixture
def lab(tmp_path):
    """A stack on a folder backend that records everything as it is."""
    made = Lab(tmp_path)
    made.same()
    return made
