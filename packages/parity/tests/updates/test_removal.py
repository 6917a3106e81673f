"""A variable that is not declared any more is removed before the engine starts, where something is built."""

from __future__ import annotations

import functools

import httpx
import pytest

from parity.errors import UpdateError
from parity.preview import parse
from parity.updates import leftovers
from parity.updates.approval import Approval
from parity.vendors.http import Client, Limits
from support import plans

IN_PROJECT = {"projectId": "prj_1"}
GONE = plans.delete(plans.VARIABLE, "gone", {**IN_PROJECT, "key": "GONE", "targets": ["production", "preview"]})
BUILT = plans.create(plans.DEPLOYMENT, "r2", {**IN_PROJECT, "production": True})
PATH = "/v9/projects/prj_1/env/id-gone"


def removed(*steps):
    return [each.urn for each in parse.parse("staging", {"steps": list(steps)}, failed=False).removed_first]


def test_a_variable_that_a_deployment_of_the_plan_would_get_is_removed_first():
    assert removed(GONE, BUILT) == [GONE["urn"]]


@pytest.mark.parametrize(
    "steps",
    [
        (GONE,),
        (GONE, plans.same(plans.DEPLOYMENT, "r1", IN_PROJECT)),
        (GONE, plans.create(plans.DEPLOYMENT, "r2", {"projectId": "prj_2"})),
        (plans.delete(plans.VARIABLE, "gone", {**IN_PROJECT, "targets": ["preview"]}), BUILT),
        (plans.delete(plans.VARIABLE, "gone", {**IN_PROJECT, "targets": ["production"]}, delete=True), BUILT),
        (plans.delete(plans.DOMAIN, "gone", {**IN_PROJECT, "targets": ["production"]}), BUILT),
    ],
    ids=["nothing is built", "built before", "another project", "preview", "left by a replacement", "no variable"],
)
def test_what_no_deployment_would_get_is_left_to_the_engine(steps):
    assert removed(*steps) == []


@pytest.fixture
def asked(road, monkeypatch):
    """What Vercel was asked, with how often the engine had been started; `asked.status` is its answer."""
    calls = []
    answers = []

    def answer(request):
        calls.append((f"{request.method} {request.url.path}?{request.url.query.decode()}", len(road.applied)))
        return httpx.Response(answers[0] if answers else 200, json={})

    limits = Limits(deadline_seconds=0)
    monkeypatch.setattr(
        leftovers, "Client", functools.partial(Client, transport=httpx.MockTransport(answer), limits=limits)
    )
    road.steps[:] = [GONE, BUILT]
    return calls, answers


@pytest.mark.parametrize("status", [200, 404])
def test_it_is_gone_before_the_engine_starts_and_the_record_names_it(road, asked, status):
    calls, answers = asked
    answers.append(status)
    road.run(Approval(yes=True, terminal=lambda: False))
    assert calls == [(f"DELETE {PATH}?teamId=team_1", 0)]
    assert len(road.applied) == 1
    (record,) = road.lab.ledger.records()
    assert (record.result, record.begin["removed"]) == ("succeeded", [GONE["urn"]])


def test_what_cannot_be_removed_stops_the_update_before_anything_is_built(road, asked):
    asked[1].append(403)
    with pytest.raises(UpdateError, match="could not be removed") as caught:
        road.run(Approval(yes=True, terminal=lambda: False))
    assert caught.value.where == "ProjectEnvironmentVariable gone"
    assert road.applied == []
    assert [each[0] for each in road.records()] == ["failed"]


def test_a_person_who_is_asked_is_shown_it(road, asked):
    with pytest.raises(Exception, match="not approved"):
        road.run(Approval(terminal=lambda: True, read=lambda: "no"))
    assert "removed before the deployment is made" in road.lab.said.getvalue()
    assert asked[0] == []


def test_a_saved_plan_names_it_and_removes_it(road, asked, tmp_path):
    file, digest = road.save(tmp_path)
    road.run(Approval(plan=file, digest=digest))
    assert [call for call, _ in asked[0]] == [f"DELETE {PATH}?teamId=team_1"]
