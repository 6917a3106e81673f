"""How recorded values are opened and what of them a report may have."""

from __future__ import annotations

import pytest

from parity.drift.values import plain, shown
from parity.evaluate.resource import SecretInput

SIGNATURE = "4dabf18193072939515e22adb298388d"


def test_a_recorded_secret_is_opened_where_the_export_has_it_open():
    assert plain({"a": {SIGNATURE: "1b47", "plaintext": '"open"'}}) == {"a": "open"}
    assert isinstance(plain({SIGNATURE: "1b47", "ciphertext": "v1:x"}), SecretInput)


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://role:password@host/database", "sk_live_4242424242424242424242",
        "A" * 20 + "1234567890", SecretInput("x"),
        "https://user:pw@host", "b" * 31 + "1",
    ],
)  # fmt: skip
def test_what_may_open_something_is_hidden(value: object):
    assert "[secret]" in shown(value)


@pytest.mark.parametrize(
    "value", ["https://shop.example", "prj_JMnz2HMdQQppSOXI8iSw2mWVl6W7", "7e92b4c0" * 5, "nextjs", "20", True]
)
def test_what_opens_nothing_is_shown(value: object):
    assert "[secret]" not in shown(value)


def test_a_long_value_is_cut():
    assert len(shown("word " * 100)) < 160
