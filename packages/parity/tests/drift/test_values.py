"""How values are compared and what of them a report may have."""

from __future__ import annotations

import pytest

from parity.drift.values import flat, normal, plain, same, shown
from parity.evaluate.graph import SecretInput

SIGNATURE = "4dabf18193072939515e22adb298388d"


@pytest.mark.parametrize(
    ("one", "other"),
    [(None, False), ("", None), ([], None), (0, None), (["b", "a"], ["a", "b"]), (1.0, 1), ({"a": None}, {})],
)
def test_what_is_the_same(one: object, other: object):
    assert same(normal(one), normal(other))


@pytest.mark.parametrize(("one", "other"), [("20", 20), (True, 1), (["a"], ["a", "a", "b"]), ("a", "A"), (0, 1)])
def test_what_is_not(one: object, other: object):
    assert not same(normal(one), normal(other))


def test_paths_go_through_objects_and_not_through_lists():
    assert flat({"a": {"b": 1, "c": [{"d": 2}]}, "__defaults": []}) == {"a.b": 1, "a.c": [{"d": 2}]}


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
