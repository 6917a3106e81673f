"""The asker's judgement of what users got: an answer that is not complete, and more than one switch, are found."""

from __future__ import annotations

import pytest

from support.asker import Asked, Got

URL = "https://shop.example/"
COMMITS = {"r1": "1" * 40, "r2": "2" * 40}


def got(at: float, release: str, *, status: int = 200, commit: str | None = None, ok: bool = True, **more) -> Got:
    body = {"release": release, "commit": commit or COMMITS.get(release, "3" * 40), "deployment": f"dpl_{release}"}
    return Got(URL, at, at + 0.01, status, {**body, "database": [{"ok": ok}], **more})


def asked(*extra: Got, seconds: float = 2.0) -> Asked:
    """50 answers of r1 and 50 of r2, and what a test adds."""
    rows = [got(number / 50, "r1" if number < 50 else "r2") for number in range(100)]
    return Asked((URL,), seconds, [*rows, *extra])


def test_one_switch_between_two_complete_releases_is_well():
    asked().hold(URL, COMMITS, "r1", "r2")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (got(0.5, "r1", status=503), "not complete"),
        (got(0.5, "r1", commit="2" * 40), "not complete"),
        (got(0.5, "r1", ok=False), "not complete"),
        (got(0.5, "r1", database=[]), "not complete"),
        (got(0.5, "r9"), "not complete"),
        (Got(URL, 0.5, 0.6, None, None, "ConnectError: reset"), "not complete"),
        (got(1.5, "r1"), "after it had given r2"),
        (got(0.5, "r1", deployment="dpl_other"), "by two deployments"),
    ],
)
def test_what_users_must_never_get_is_found(broken, words):
    with pytest.raises(AssertionError, match=words):
        asked(broken).hold(URL, COMMITS, "r1", "r2")


def test_another_sequence_or_too_few_questions_are_found():
    with pytest.raises(AssertionError, match="served"):
        asked().hold(URL, COMMITS, "r1")
    with pytest.raises(AssertionError, match="served"):
        asked().hold(URL, COMMITS, "r2", "r1")
    with pytest.raises(AssertionError, match="a second were got"):
        asked(seconds=50).hold(URL, COMMITS, "r1", "r2")
