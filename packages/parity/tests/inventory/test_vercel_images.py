"""What is read of a project's container registry, and what a request that failed hides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

from parity.inventory import vercel
from parity.inventory.vercel_images import Tagged
from parity.resources import kinds
from parity.vendors import services
from parity.vendors.http import Client

if TYPE_CHECKING:
    from parity.inventory.model import VendorState

PROJECT = {"id": "prj_1", "name": "shop-prod", "framework": "container", "targets": {}}
TAG, OLD, NEW = "c" * 12, f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
REPOSITORY = {"id": "repo_1", "name": "dockerfile", "public": True, "updatedAt": "2026-11-30T10:00:00.000Z"}
DECLARED = tuple(Tagged(each, "dockerfile", TAG) for each in ("r1", "r2"))
REGISTRY = "/v1/vcr/repository"


def deployment(release: str) -> dict[str, Any]:
    return {"uid": f"dpl_{release}", "id": f"dpl_{release}", "meta": {"release": release}, "readyState": "READY"}


ANSWERS: dict[str, Any] = {
    "/v2/teams/acme": {"id": "team_1", "slug": "acme"},
    "/v9/projects/shop-prod": PROJECT,
    "/v6/deployments": {"deployments": [deployment("r1"), deployment("r2")]},
    "/v13/deployments/dpl_r1": deployment("r1"),
    "/v13/deployments/dpl_r2": deployment("r2"),
    REGISTRY: {"repositories": [REPOSITORY]},
    f"{REGISTRY}/dockerfile/permissions": {"permissions": [
        {"repositoryId": "repo_1", "teamId": "team_9", "teamSlug": "friends", "createdAt": "2026-11-30T10:00:00.000Z"},
    ]},
    f"{REGISTRY}/dockerfile/images": {"images": [{"manifestDigest": OLD}, {"manifestDigest": NEW}]},
    f"{REGISTRY}/dockerfile/tags/{TAG}": {"tag": {"manifestDigest": NEW, "updatedAt": "2026-11-30T11:00:00.000Z"}},
}  # fmt: skip


def read(declared: tuple[Tagged, ...] = DECLARED, **changes: Any) -> tuple[VendorState, list[str]]:
    """What is found, and which paths of the registry were asked."""
    asked: list[str] = []
    answers = {**ANSWERS, **changes}

    def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith(REGISTRY):
            asked.append(path)
            assert request.url.params["projectId"] == "prj_1"
        given = answers.get(path)
        if path == "/v1/webhooks":
            given = []
        if given is None and not path.startswith(REGISTRY):
            given = {"envs": [], "domains": [], "aliases": [], "drains": [], "environments": []}
        if isinstance(given, list) and path != "/v1/webhooks":
            given = given.pop(0)
        return httpx.Response(404 if given is None else 200, json=given or {"error": {"code": "not_found"}})

    async def go() -> VendorState:
        async with Client(services.vercel("t", "acme"), transport=httpx.MockTransport(handler)) as client:
            return await vercel.read(client, vercel.Scope("acme", ("shop-prod",), tagged={"shop-prod": declared}))

    return asyncio.run(go()), asked


def found(state: VendorState, type_: str) -> list[Any]:
    return [each for each in state.found if each.type == type_]


def test_a_repository_and_who_may_pull_from_it_are_read_by_the_providers_ids():
    state, _ = read()
    [repository] = found(state, kinds.REGISTRY)
    assert repository.key == ("shop-prod", "dockerfile")
    assert repository.import_id == "team_1/prj_1/dockerfile"
    assert repository.properties["url"] == "vcr.vercel.com/acme/shop-prod/dockerfile"
    [share] = found(state, kinds.REGISTRY_SHARE)
    assert (share.key, share.id) == (("shop-prod", "dockerfile", "friends"), "repo_1/team_9")
    assert share.import_id == "team_1/prj_1/dockerfile/team_9"


def test_of_two_releases_of_one_commit_the_newer_has_the_tag():
    state, _ = read()
    first, second = sorted(found(state, kinds.IMAGE), key=lambda each: each.key)
    assert [each.id for each in (first, second)] == ["dpl_r1", "dpl_r2"]
    assert "digest" not in first.properties
    assert "digest" in first.hidden
    assert second.properties["digest"] == NEW
    assert first.properties["stored"] == sorted((OLD, NEW))


def test_a_tag_that_is_gone_names_nothing():
    [image] = found(read(DECLARED[:1], **{f"{REGISTRY}/dockerfile/tags/{TAG}": None})[0], kinds.IMAGE)
    assert image.properties["digest"] == ""


def test_a_list_is_read_to_its_last_page():
    more = {**REPOSITORY, "id": "repo_2", "name": "by-hand"}
    pages = [{"repositories": [REPOSITORY], "nextCursor": "1"}, {"repositories": [more]}]
    state, _ = read((), **{REGISTRY: pages, f"{REGISTRY}/by-hand/permissions": {"permissions": []}})
    assert {each.key[1] for each in found(state, kinds.REGISTRY)} == {"dockerfile", "by-hand"}


def test_nothing_is_asked_of_a_project_that_neither_is_nor_shall_be_a_container():
    other = {"/v9/projects/shop-prod": {**PROJECT, "framework": "nextjs"}}
    state, asked = read((), **other)
    assert (found(state, kinds.REGISTRY), asked) == ([], [])
    assert found(read(**other)[0], kinds.REGISTRY), "one that is declared to be a container is read"


def test_what_cannot_be_read_is_unseen_and_not_missing():
    state, _ = read(**{REGISTRY: None})
    assert found(state, kinds.IMAGE) == []
    [failure] = [each for each in state.read_failures if "registry" in each.what]
    of_it = (kinds.REGISTRY, kinds.REGISTRY_SHARE, kinds.IMAGE)
    assert all(failure.covers(each, ("shop-prod", "it")) for each in of_it)
