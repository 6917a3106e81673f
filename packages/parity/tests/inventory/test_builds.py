"""Each end of a build at Vercel is reported in Vercel's words, with what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from parity.inventory import builds
from parity.inventory.model import LiveObject
from parity.resources import kinds

IGNORED = 'The Deployment has been canceled as a result of running the command defined in the "Ignored Build Step".'
URN = "urn:pulumi:prod::shop::vercel:index/deployment:Deployment::shop-deployment-r2"


@pytest.mark.parametrize(
    ("document", "said", "remedy", "again"),
    [
        ({"readyState": "CANCELED", "readyStateReason": IGNORED}, IGNORED, "let it exit 1 where PARITY_RELEASE", False),
        ({"readyState": "CANCELED", "errorMessage": IGNORED}, IGNORED, "record one of the corrected commit", False),
        ({"readyState": "CANCELED"}, "", "a person or another build canceled it", True),
        ({"readyState": "ERROR", "errorCode": "BUILD_FAILED", "errorMessage": "npm exited with 1"},
         "BUILD_FAILED: npm exited with 1", "the build's log", True),
        ({"readyState": "ERROR", "errorMessage": "build-rate-limited"}, "build-rate-limited", "wait as long as", True),
        ({"readyState": "BLOCKED", "readyStateReason": "Git author a@b.example must have access to the team"},
         "Git author a@b.example must have access to the team", "access to the Vercel team", False),
    ],
)  # fmt: skip
def test_an_end_has_its_words_and_its_remedy(document, said, remedy, again):
    end = builds.end(builds.beyond(document))
    assert end is not None
    assert (end.state, end.said, end.again) == (document["readyState"], said, again)
    assert remedy in end.remedy


@pytest.mark.parametrize("state", ["READY", "QUEUED", "BUILDING", "INITIALIZING"])
def test_what_has_not_failed_has_no_end(state):
    assert builds.end(builds.beyond({"readyState": state})) is None


@pytest.mark.parametrize(
    "message",
    [
        'could not create: Resource is limited - try again in 2 hours (code: "api-deployments-free-per-day")',
        "402: build-rate-limited - Deployment rate limited, retry in 24 hours",
    ],
)
def test_a_spent_quota_is_reported_from_the_providers_error(message):
    end = builds.refused(message)
    assert end is not None
    assert "wait as long as Vercel says" in end.remedy
    assert builds.refused("connection reset by peer") is None


def test_of_several_builds_of_a_release_the_newest_failed_one_is_reported():
    def build(day, **beyond):
        when = datetime(2026, 11, day, tzinfo=UTC)
        return LiveObject(kinds.DEPLOYMENT, ("shop", "r2"), f"d{day}", "", {}, beyond=beyond, written_at=when)

    older = build(1, readyState="ERROR", readyStateReason="the old one")
    newer = build(2, readyState="CANCELED", readyStateReason=IGNORED)
    live = SimpleNamespace(under={URN: (newer, older, build(3))})
    lines = list(builds.explained([URN, "urn:pulumi:prod::shop::a:b:C::other"], live))
    assert len(lines) == 1
    assert lines[0].startswith(f"Deployment shop-deployment-r2: its build ended in CANCELED: {IGNORED} To do: ")
    assert "the old one" not in lines[0]
