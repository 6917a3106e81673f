"""A stack's one issue: opened, updated, closed, against the sandbox's GitHub and its own description."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from parity.drift import issues
from parity.drift.issues import LABEL, UNREAD, Summary
from parity.vendors import services
from parity.vendors.http import Client
from parity_sandbox.context import Context
from parity_sandbox.github import seed
from parity_sandbox.store import Store
from support.github_api import ORGANIZATION, REPO, SEED, TOKEN, Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY = f"{ORGANIZATION}/storefront"


def finding(identity: str, live: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "id": identity, "kind": "changed", "type": "vercel:index/project:Project", "name": "shop-project",
        "property": "framework", "declared": "nextjs", "live": live, "suppression": None, **more,
    }  # fmt: skip


def summary(
    *findings: dict[str, Any],
    read_failures: tuple[dict[str, Any], ...] = (),
    stack: str = "staging",
    body: str = "text",
) -> Summary:
    report = {
        "stack": stack, "findings": list(findings), "read_failures": list(read_failures),
        "clean": not findings and not read_failures,
    }  # fmt: skip
    return issues.summarise(stack, report, body)


FAILURE = {"vendor": "Vercel", "what": "the project shop-staging", "status": 500}


class GitHub:
    """The emulator, and the issues that are in it."""

    def __init__(self, context: Context) -> None:
        self.api = Api(context)
        self.service = services.github(TOKEN)

    def publish(self, what: Summary) -> issues.Done:
        async def run() -> issues.Done:
            transport = httpx.ASGITransport(self.api._transactional)
            async with Client(self.service, transport=transport) as client:
                return await issues.publish(client, REPOSITORY, what)

        return asyncio.run(run())

    def all(self) -> list[dict[str, Any]]:
        return self.api("GET", f"{REPO}/issues", query={"state": "all"}).json()

    def comments(self, number: int) -> list[str]:
        return [each["body"] for each in self.api("GET", f"{REPO}/issues/{number}/comments").json()]

    def labels(self, number: int) -> set[str]:
        return {each["name"] for each in self.api("GET", f"{REPO}/issues/{number}").json()["labels"]}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    store = Store(tmp_path / "store.db")
    context = Context(store, clock=lambda: 1_800_000_000.0)
    seed(context, SEED)
    yield GitHub(context)
    store.close()


def test_drift_opens_an_issue_and_a_clean_run_closes_it(hub: GitHub):
    assert hub.publish(summary()).done == "none"
    assert hub.all() == []
    opened = hub.publish(summary(finding("d-1")))
    assert opened.done == "opened"
    issue = hub.all()[0]
    assert (issue["state"], issue["title"], hub.labels(issue["number"])) == ("open", "Drift in staging", {LABEL})
    assert hub.publish(summary()).done == "closed"
    issue = hub.all()[0]
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert hub.publish(summary()).done == "none"


def test_the_same_findings_change_nothing(hub: GitHub):
    hub.publish(summary(finding("d-1"), body="first"))
    number = hub.all()[0]["number"]
    assert hub.publish(summary(finding("d-1"), body="the same at another time")).done == "unchanged"
    assert hub.comments(number) == []
    assert "first" in hub.all()[0]["body"]


def test_other_findings_update_it_and_say_what_is_new_and_gone(hub: GitHub):
    hub.publish(summary(finding("d-1"), finding("d-2")))
    number = hub.all()[0]["number"]
    assert hub.publish(summary(finding("d-2"), finding("d-3"), body="second")).done == "updated"
    assert hub.comments(number) == ["New: `d-3` (Project shop-project framework). Gone: `d-1`."]
    assert "second" in hub.all()[0]["body"]
    assert hub.publish(summary(finding("d-2", live="2"), finding("d-3"))).done == "updated"
    assert hub.comments(number)[-1] == "The same findings, with other values."
    assert len(hub.all()) == 1


def test_a_run_with_a_read_failure_gets_a_second_label_and_closes_nothing(hub: GitHub):
    hub.publish(summary(finding("d-1")))
    number = hub.all()[0]["number"]
    assert hub.publish(summary(read_failures=(FAILURE,))).done == "updated"
    assert hub.labels(number) == {LABEL, UNREAD}
    assert hub.all()[0]["state"] == "open"
    assert not any("Gone" in each for each in hub.comments(number))
    assert hub.publish(summary(finding("d-1"))).done == "updated"
    assert hub.labels(number) == {LABEL}


def test_a_first_run_without_a_report_opens_one(hub: GitHub, tmp_path: Path):
    nothing = issues.read("staging", tmp_path / "absent")
    assert nothing.state == "unread"
    assert hub.publish(nothing).done == "opened"
    issue = hub.all()[0]
    assert hub.labels(issue["number"]) == {LABEL, UNREAD}
    assert issue["title"] == "Drift of staging could not be read"
    assert hub.publish(summary()).done == "closed"
    assert hub.labels(issue["number"]) == {LABEL}


def test_each_stack_has_its_own_and_other_issues_are_left_alone(hub: GitHub):
    hub.api("POST", f"{REPO}/issues", {"title": "Drift in staging", "body": "a person's"}, expect=201)
    hub.publish(summary(finding("d-1")))
    hub.publish(summary(finding("d-1"), stack="prod"))
    assert len(hub.all()) == 3
    hub.publish(summary())
    assert {each["title"]: each["state"] for each in hub.all() if "person" not in each["body"]} == {
        "Drift in staging": "closed",
        "Drift in prod": "open",
    }


def test_labels_of_people_stay_and_a_twin_is_closed(hub: GitHub):
    hub.publish(summary(finding("d-1")))
    first = hub.all()[0]
    hub.api("POST", f"{REPO}/labels", {"name": "night-shift", "color": "aaaaaa"}, expect=201)
    hub.api("POST", f"{REPO}/issues/{first['number']}/labels", {"labels": ["night-shift"]})
    twin = {"title": "twin", "body": first["body"], "labels": [LABEL]}
    hub.api("POST", f"{REPO}/issues", twin, expect=201)
    hub.publish(summary(finding("d-2")))
    assert hub.labels(first["number"]) == {LABEL, "night-shift"}
    assert [each["state"] for each in hub.all()] == ["closed", "open"]


def test_it_is_found_behind_a_page_of_others(hub: GitHub):
    hub.publish(summary(finding("d-1"), stack="prod"))
    for number in range(105):
        body = {"title": f"other {number}", "body": "none of ours", "labels": [LABEL]}
        hub.api("POST", f"{REPO}/issues", body, expect=201)
    assert hub.publish(summary(finding("d-1"), stack="prod")).done == "unchanged"


def test_suppressed_and_unknowable_findings_do_not_count(hub: GitHub):
    suppressed = finding("d-1", suppression={"reason": "r", "expiry": None, "expired": False})
    unknowable = finding("d-2", kind="unknowable")
    report = {"stack": "staging", "findings": [suppressed, unknowable], "read_failures": [], "clean": True}
    assert issues.summarise("staging", report, "text").findings == ()
    expired = finding("d-1", suppression={"reason": "r", "expiry": "2020-01-01", "expired": True})
    assert summary(expired).findings == ("d-1",)


def test_a_long_report_is_cut_at_a_line_and_mentions_no_person(hub: GitHub):
    named = finding("d-1", name="@first-user")
    hub.publish(summary(finding("d-0")))
    hub.publish(summary(named, body="line\n" * 20_000))
    issue = hub.all()[0]
    assert len(issue["body"]) < 65_536
    assert "More in the run's report." in issue["body"]
    assert "`@first-user`" in "".join(hub.comments(issue["number"]))


def test_a_report_of_another_stack_is_no_report(tmp_path: Path):
    report = {"stack": "prod", "findings": [], "read_failures": [], "clean": True}
    (tmp_path / "report.json").write_text(json.dumps(report))
    (tmp_path / "report.md").write_text("text")
    assert issues.read("staging", tmp_path).state == "unread"
    assert issues.read("prod", tmp_path).state == "clean"
