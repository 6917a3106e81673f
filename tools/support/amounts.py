"""How many examples a test of random or listed inputs tries: a few at each change, all where that is asked for."""

from __future__ import annotations

import os

VARIABLE = "PARITY_EXAMPLES"
"""Set to `all`, every test tries all that it has (CONTRIBUTING.md)."""


def everything() -> bool:
    """Whether all are asked for."""
    return os.environ.get(VARIABLE) == "all"


def examples(few: int, most: int) -> int:
    """`few`, or `most` where all are asked for."""
    return most if everything() else few
