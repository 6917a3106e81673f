"""A role's time settings are read as PostgreSQL understands them, however they were written."""

import pytest

from parity.inventory.postgres_objects import _time


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0), ("30000", 30000), ("30s", 30000), (" 30 s ", 30000), ("5min", 300_000), ("1h", 3_600_000),
        ("1d", 86_400_000), ("0.5s", 500), ("1.5h", 5_400_000), ("100000us", 100), ("-1", -1), (".5min", 30_000),
        ("soon", "soon"), ("5 weeks", "5 weeks"), ("", ""),
    ],
)  # fmt: skip
def test_a_time(text, milliseconds):
    assert _time(text) == milliseconds
