"""The draft of a post-mortem: what happened, in order, from what was recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from parity.backend.ledger import Record
from parity.errors import UsageError
from parity.recover import postmortem
from parity.recover.history import Past
from parity.recover.postmortem import Material

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
URN = "urn:pulumi:staging::storefront::parity:components:WebApp$vercel:index/project:Project::shop-project"


def at(minutes):
    return (NOW + timedelta(minutes=minutes)).isoformat()


DIED = Record(
    "u1",
    {
        "time": at(0),
        "command": "up",
        "actor": "ada",
        "host": {"name": "laptop"},
        "commit": "7e92b4c05f3d4a61",
        "intent": {"shop": {"live": "r2"}},
        "before": {"shop": {"live": "r1"}},
    },
    {"time": at(9), "result": "killed", "found_by": "u2"},
)
FAILED = Record(
    "u0",
    {"time": at(-30), "command": "up", "actor": "grace", "run": {"url": "https://github.com/o/r/actions/runs/7"}},
    {
        "time": at(-28),
        "result": "failed",
        "operations": [
            {"operation": "create", "urn": URN, "done": False},
            {"operation": "update", "urn": URN, "done": True},
        ],
        "errors": ["Project shop-project: it is | refused\nsecond line"],
        "live": [{"domain": "shop.example", "release": "r1", "commit": "c" * 40, "fault": ""}],
    },
)
RECOVERED = Record(
    "u2",
    {
        "time": at(8),
        "command": "recover",
        "actor": "ada",
        "decisions": [{"urn": URN, "decision": "import", "why": "it exists under its name"}],
    },
    {"time": at(9), "result": "succeeded"},
)


def material(**more):
    return Material("staging", NOW - timedelta(hours=1), [FAILED, DIED, RECOVERED], more.pop("history", []), **more)


def test_the_time_line_tells_who_did_what_and_how_it_ended_in_order():
    line = [event.what for event in postmortem.time_line(material())]
    assert line == [
        "`up` began by grace in https://github.com/o/r/actions/runs/7",
        "`up` failed; done: 1 update; failed: create of Project shop-project",
        "error: Project shop-project: it is | refused",
        "shop.example answered: release r1 of commit cccccccccccc",
        "`up` began by ada on laptop from commit 7e92b4c05f3d, to switch shop r1 to r2",
        "`recover` began by ada on a machine",
        "`up` was found to have been killed, by recover u2",
        "`recover` succeeded",
    ]


def test_plain_updates_of_the_engine_are_reported_and_parity_s_own_not_twice():
    past = [
        Past(
            "update", "failed", NOW - timedelta(minutes=50), NOW - timedelta(minutes=49), "", {"create": 2, "same": 5}
        ),
        Past("update", "failed", NOW - timedelta(minutes=29), NOW - timedelta(minutes=28), "", {}),
    ]
    said = [event.what for event in postmortem.time_line(material(history=past)) if "plain" in event.what]
    assert said == ["plain `pulumi update` began", "plain `pulumi update` failed; 2 create"]


def test_the_draft_says_what_was_half_done_and_asks_for_what_only_people_know():
    text = postmortem.write(material())
    assert "# Post-mortem: staging, 2026-11-24" in text
    assert "- 3 runs are recorded, 2 of them did not end well." in text
    assert "- import: Project shop-project: it exists under its name" in text
    assert "it is \\| refused" in text, "a table stays a table"
    assert "- What users saw, from when to when:" in text


def test_nothing_before_the_given_time_is_reported():
    later = Material("staging", NOW - timedelta(minutes=5), [FAILED, DIED, RECOVERED], [])
    assert "grace" not in postmortem.write(later)


def test_requests_that_wrote_or_failed_are_reported_and_whether_they_took_effect(tmp_path):
    rows = [
        {"time": NOW.timestamp(), "service": "vercel", "method": "GET", "path": "/v9/a?token=x", "status": 200},
        {"time": at(1), "service": "vercel", "method": "POST", "path": "/v1/b?x=1", "status": None, "applied": True},
        {"time": at(2), "service": "github", "method": "GET", "path": "/c", "status": 500, "applied": False},
    ]
    for form in (
        json.dumps({"requests": rows}),
        json.dumps(rows),
        "\n".join(json.dumps(row) for row in rows),
    ):
        path = tmp_path / "requests.json"
        path.write_text(form)
        text = postmortem.write(material(requests=postmortem.read_requests(path)))
        assert "vercel: POST /v1/b | no answer, and it took effect" in text
        assert "github: GET /c | 500 |" in text
        assert "/v9/a" not in text
        assert "3 requests in all" in text


def test_a_file_that_holds_no_requests_is_refused(tmp_path):
    path = tmp_path / "requests.json"
    path.write_text('[{"path": "/"}]')
    with pytest.raises(UsageError, match="time"):
        postmortem.read_requests(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2026-11-24T20:00", NOW - timedelta(hours=1)),
    ],
)
def test_a_time_is_given_as_people_do(text, expected):
    assert postmortem.since(text, NOW) == expected


def test_what_is_no_time_is_refused():
    with pytest.raises(UsageError, match="yesterday"):
        postmortem.since("yesterday", NOW)
