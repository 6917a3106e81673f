"""Every credential that a job was given, tried: during the job it does what the table says, and after it it ended."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from parity.local import jobs
from support import job_roles
from support.act import REPOSITORY
from support.job_secrets import token
from support.runner import Actions
from support.tried import OWN, TABLE, Tried

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.program import Instance

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(600)]

REPO = f"https://api.github.com/repos/{REPOSITORY}"
PROJECT = "https://api.vercel.com/v9/projects/shop-staging"
NAMED = {each.name for each in jobs.CREDENTIALS}


@pytest.fixture
def actions(small_instance: Instance, tmp_path: Path) -> Iterator[Actions]:
    with closing(Actions(small_instance, tmp_path)) as found:
        yield found


def test_a_jobs_credentials_do_what_its_table_says_and_end_with_it(actions: Actions):
    actions.edit("Pulumi.staging.yaml", "waitMinutes: 0\n", "waitMinutes: 1\n")
    client = actions.instance.local.client()
    fault = client.add_fault(service="github", method="PUT", path="/environments/staging", action="hang")
    run = actions.start("promote.yml")
    assert any(client.fault(fault["id"], fired=1, seconds=60)["fired"] for _ in range(4))

    # While staging's update is in its middle.
    tried = Tried(actions, run)
    plan, apply = tried.given("plan"), tried.given("apply")
    for name, given in (("plan", plan), ("apply", apply)):
        expected = {each.name for each in TABLE["deliver.yml", name].credentials}
        assert set(given) - {OWN} == expected
        assert expected == NAMED
    assert tried.given("list").keys() == {OWN}
    (reads,), (changes,) = plan["GitHub App token"], apply["GitHub App token"]
    body = {"name": "MORE", "value": "1"}
    added = [tried.status("POST", f"{REPO}/environments/staging/variables", each, body) for each in (reads, changes)]
    assert added == ["403", "201"]
    for each in (reads, changes):
        assert tried.status("GET", f"{REPO}/environments/staging", each) == "200"
        assert tried.status("GET", f"{REPO}/contents/Pulumi.yaml", each) == "403"
    (viewer,), (member,) = plan["Vercel token"], apply["Vercel token"]
    assert [tried.status(method, PROJECT, viewer, {}) for method in ("GET", "PATCH")] == ["200", "403"]
    assert tried.status("PATCH", PROJECT, member, {}) == "200"
    own = run.tokens.github[token("deliver.yml", "apply")]
    assert apply[OWN] == {own}
    assert tried.status("GET", f"{REPO}/pulls", own) == "200"
    assert tried.status("POST", f"{REPO}/issues", own, {"title": "More"}) == "403"
    (planned,), (login,) = plan["PostgreSQL login"], apply["PostgreSQL login"]
    assert tried.says(planned, "select 1") == "OperationalError", "the plan's job is over"
    assert tried.says(login, "create database more") == "done"
    assert tried.says(login, "alter role postgres nologin") == "InsufficientPrivilege"
    for user, other in ((job_roles.PLAN, job_roles.OWNER), (job_roles.DELIVER, "postgres")):
        made = f"create role more in role {other}"
        assert tried.says(f"{user}:{job_roles.PASSWORDS[user]}", made) == "InsufficientPrivilege"

    # After it: whatever the runner had no time to end is over by itself.
    client.remove_fault(fault["id"], cut=True)
    actions.hub.find(run, lambda job: job.calls and job.over)
    run.cancel()
    run.end()
    assert tried.opens() == []
    assert tried.says(login, "select 1") == "OperationalError"
    assert [tried.status("GET", f"{REPO}/environments/staging", each) for each in (reads, changes, own)] == ["401"] * 3
