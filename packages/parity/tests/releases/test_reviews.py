"""Who reviewed and what was checked is asked of GitHub; what it does not say is said, and the record stands in."""

from __future__ import annotations

import asyncio
import csv
import io

import httpx

from parity.backend import reading
from parity.backend.ledger import Record
from parity.releases import reviews
from parity.vendors import services
from parity.vendors.http import Client, Limits

ROOT, SHA = "/repos/acme/storefront", "3f" * 20
REVIEWS = [
    {"user": {"login": "ada"}, "state": "APPROVED"},
    {"user": {"login": "grace"}, "state": "CHANGES_REQUESTED"},
    {"user": {"login": "grace"}, "state": "APPROVED"},
    {"user": {"login": "grace"}, "state": "COMMENTED"},
    {"user": {"login": "heidi"}, "state": "APPROVED"},
    {"user": {"login": "heidi"}, "state": "DISMISSED"},
    {"user": None, "state": "COMMENTED"},
]
CHECKS = [
    {"name": "lint", "status": "completed", "conclusion": "success"},
    {"name": "docs", "status": "completed", "conclusion": "skipped"},
    {"name": "test", "status": "completed", "conclusion": "failure"},
    {"name": "slow", "status": "in_progress", "conclusion": None},
]
APPROVALS = [
    {"state": "approved", "user": {"login": "ivan"}},
    {"state": "approved", "user": {"login": "ada"}},
    {"state": "rejected", "user": {"login": "mallory"}},
]
ANSWERS = {
    f"{ROOT}/pulls/12": {"user": {"login": "ada"}, "head": {"sha": SHA}},
    f"{ROOT}/pulls/12/reviews": REVIEWS,
    f"{ROOT}/commits/{SHA}/check-runs": {"check_runs": CHECKS},
    f"{ROOT}/actions/runs/7/approvals": APPROVALS,
}


def record(name: str = "op", **begin) -> Record:
    given = {"time": "2026-11-29T11:58:03+00:00", "command": "deliver", "actor": "ada", "approver": "judy"} | begin
    return Record(name, given, {"time": "2026-11-29T11:58:45+00:00", "result": "succeeded"})


def asked(*records: Record, refused=()):
    """What is known by id, and the paths that were asked for."""
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path in refused:
            return httpx.Response(403, json={"message": "Resource not accessible"})
        return httpx.Response(200, json=ANSWERS[request.url.path])

    async def run():
        transport = httpx.MockTransport(answer)
        async with Client(services.github("token"), limits=Limits(deadline_seconds=0.1), transport=transport) as client:
            return await reviews.ask(client, "acme/storefront", records)

    return asyncio.run(run()), paths


def rows(records, found):
    return list(csv.DictReader(io.StringIO(reading.table(records, found))))


def test_each_is_asked_once_and_the_last_word_of_each_reviewer_other_than_the_author_counts():
    both = [record("a", pull_request=12, run={"id": 7}), record("b", pull_request=12), record("c")]
    found, paths = asked(*both)
    assert sorted(paths) == sorted(ANSWERS)
    assert found.keys() == {"a", "b"}
    first, second, third = rows(both, found)
    assert first["reviewer"] == "grace (pull request); ivan (deployment)"
    assert first["checks"] == "at GitHub: 1 failure, 1 in_progress, 2 succeeded (test, slow)"
    assert (first["asked_of"], second["reviewer"]) == ("GitHub", "grace (pull request)")
    assert (third["asked_of"], third["reviewer"]) == ("the record", "judy")


def test_what_cannot_be_read_is_said_and_hides_nothing_else():
    each = record(pull_request=12)
    found, _ = asked(each, refused=[f"{ROOT}/commits/{SHA}/check-runs"])
    (row,) = rows([each], found)
    assert row["reviewer"] == "grace (pull request)"
    assert row["asked_of"].startswith("GitHub, not all: ")
    assert "Resource not accessible" in row["asked_of"]
    found, _ = asked(each, refused=[f"{ROOT}/pulls/12"])
    assert rows([each], found)[0]["reviewer"] == "judy", "the record's own, where GitHub does not answer"


def test_where_no_one_reviewed_the_records_approver_is_no_reviewer():
    each = record(pull_request=12)
    found = {"op": reading.Asked("", "at GitHub: none", "")}
    assert (rows([each], found)[0]["reviewer"], rows([each], found)[0]["asked_of"]) == ("", "GitHub")
