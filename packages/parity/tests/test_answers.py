"""Judging the answer of a live URL."""

from __future__ import annotations

import pytest

from parity.vendors.answers import Answer

COMMIT = "a" * 40
GOOD = {
    "release": "r1",
    "commit": COMMIT,
    "database": [{"variable": "DATABASE_URL", "ok": True, "role": "shop_g1", "database": "storefront_prod"}],
}


def test_a_whole_release_has_no_problems():
    assert Answer("https://x", status=200, body=GOOD).problems("r1", COMMIT) == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer("https://x", status=503, body=GOOD), "answered 503"),
        (Answer("https://x", status=200, body={**GOOD, "release": "r0"}), "release is r0, not r1"),
        (Answer("https://x", status=200, body={**GOOD, "commit": "b" * 40}), f"commit is {'b' * 40}, not {COMMIT}"),
        (Answer("https://x", status=200, body={**GOOD, "database": []}), "logged in to no database"),
        (
            Answer("https://x", status=200, body={**GOOD, "database": [{"variable": "U", "ok": False, "error": "no"}]}),
            "U: no",
        ),
        (Answer("https://x", error="ConnectError: refused"), "ConnectError: refused"),
        (Answer("https://x", status=404), "answered 404 without JSON"),
    ],
)
def test_each_problem_is_named(answer, problem):
    assert answer.problems("r1", COMMIT) == [problem]


def test_logins_are_told_without_secrets():
    assert Answer("https://x", status=200, body=GOOD).logins() == "storefront_prod as shop_g1"
