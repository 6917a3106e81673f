"""A domain of a project: made, taken over, changed, moved with one call, read and removed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from parity.documents import lacking
from parity.provider import domain
from parity.provider.errors import BadInput, NotFound, VercelError
from parity.provider.vercel import Vercel
from parity.vendors.http import Limits

NAME, WWW = "shop.example", "www.shop.example"
MISSING = httpx.Response(404, json={"error": {"code": "not_found", "message": "Domain not found"}})
TAKEN = httpx.Response(409, json={"error": {"code": "domain_already_in_use", "message": "in use by prj_other"}})


@dataclass
class Projects:
    """Which project has which domain, with its settings."""

    domains: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    """Every request but a GET."""

    def run(self, call: Any) -> Any:
        return asyncio.run(call(Vercel("t", transport=httpx.MockTransport(self._answer), limits=Limits())))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.split("/")
        project, name = parts[3], parts[5] if len(parts) > 5 else ""
        body = json.loads(request.content or b"{}")
        if request.method != "GET":
            self.changed.append(f"{request.method} {request.url.path}")
        if request.method == "POST" and not name:
            return self._added(project, body)
        owner, settings = self.domains.get(name, ("", {}))
        if owner != project:
            return MISSING
        if parts[-1] == "move":
            moved = {each: own for each, own in self.domains.items() if each == name or own[1].get("redirect") == name}
            self.domains |= {each: (body["projectId"], own[1]) for each, own in moved.items()}
        elif request.method == "PATCH":
            self.domains[name] = (project, {key: value for key, value in {**settings, **body}.items() if value})
        elif request.method == "DELETE":
            del self.domains[name]
        return httpx.Response(200, json={"name": name, "redirect": None, "gitBranch": None, **settings})

    def _added(self, project: str, body: dict[str, Any]) -> httpx.Response:
        if body["name"] in self.domains:
            return TAKEN
        self.domains[body.pop("name")] = (project, body)
        return httpx.Response(200, json={})


def declared(project: str = "prj_b", name: str = NAME, **settings: Any) -> dict[str, Any]:
    return {"team": "team_1", "projectId": project, "domain": name, **settings}


def test_it_is_made_with_what_is_declared():
    there = Projects()
    inputs = declared(name=WWW, redirect=NAME, redirectStatusCode=308)
    assert there.run(lambda api: domain.create(api, inputs)) == inputs
    assert there.domains == {WWW: ("prj_b", {"redirect": NAME, "redirectStatusCode": 308})}


def test_one_that_a_crash_left_is_taken_over_and_set_right():
    there = Projects({WWW: ("prj_b", {"gitBranch": "next"})})
    there.run(lambda api: domain.create(api, declared(name=WWW, redirect=NAME, redirectStatusCode=308)))
    assert there.domains == {WWW: ("prj_b", {"redirect": NAME, "redirectStatusCode": 308})}
    there.changed.clear()
    there.run(lambda api: domain.create(api, declared(name=WWW, redirect=NAME, redirectStatusCode=308)))
    assert there.changed == ["POST /v10/projects/prj_b/domains"]


def test_one_that_another_project_has_is_not_taken_from_it():
    there = Projects({NAME: ("prj_other", {})})
    with pytest.raises(VercelError, match="domain_already_in_use in use by prj_other"):
        there.run(lambda api: domain.create(api, declared()))
    assert there.domains == {NAME: ("prj_other", {})}


def test_another_project_is_one_call_and_what_redirects_to_it_comes_along():
    redirect = {"redirect": NAME, "redirectStatusCode": 308}
    there = Projects({NAME: ("prj_a", {}), WWW: ("prj_a", redirect)})
    there.run(lambda api: domain.update(api, declared("prj_a"), declared("prj_b")))
    www = declared(name=WWW, **redirect)
    there.run(lambda api: domain.update(api, {**www, "projectId": "prj_a"}, www))
    assert there.domains == {NAME: ("prj_b", {}), WWW: ("prj_b", redirect)}
    moves = [f"POST /v1/projects/prj_a/domains/{each}/move" for each in (NAME, WWW)]
    assert there.changed[0] == moves[0]
    assert set(there.changed[1:]) <= {moves[1], "POST /v10/projects/prj_b/domains"}


@pytest.mark.parametrize("there", [{NAME: ("prj_b", {})}, {}], ids=["it is there", "it is gone"])
def test_a_move_that_ended_before_or_lost_its_domain_is_finished(there: dict[str, Any]):
    projects = Projects(there)
    projects.run(lambda api: domain.update(api, declared("prj_a"), declared("prj_b")))
    assert projects.domains == {NAME: ("prj_b", {})}


def test_a_redirect_that_is_no_longer_declared_goes():
    there = Projects({NAME: ("prj_b", {"redirect": "other.example", "redirectStatusCode": 308})})
    there.run(lambda api: domain.update(api, declared(redirect="other.example"), declared()))
    assert there.domains == {NAME: ("prj_b", {})}


def test_it_is_read_as_it_is_and_by_the_id_of_an_import():
    there = Projects({NAME: ("prj_b", {"gitBranch": "next"})})
    found = declared(gitBranch="next")
    assert there.run(lambda api: domain.read(api, NAME, declared(), declared())) == (NAME, found, found)
    assert there.run(lambda api: domain.read(api, f"team_1/prj_b/{NAME}", {}, {})) == (NAME, found, found)
    assert there.run(lambda api: domain.read(api, NAME, {}, declared("prj_a"))) == ("", {}, {})
    with pytest.raises(BadInput, match="<team>/<project id>/<domain>"):
        there.run(lambda api: domain.read(api, NAME, {}, {}))


def test_removing_one_that_is_gone_is_no_fault():
    there = Projects({NAME: ("prj_b", {})})
    there.run(lambda api: domain.delete(api, declared()))
    there.run(lambda api: domain.delete(api, declared()))
    assert there.domains == {}


def test_what_is_missing_is_said():
    assert lacking({"team": "", "domain": None}, domain.REQUIRED) == {
        "team": "must not be empty",
        "projectId": "is missing",
    }


def test_one_that_is_not_there_cannot_be_changed():
    with pytest.raises(NotFound):
        Projects().run(lambda api: domain.update(api, declared(), declared(redirect="x")))
