"""The container registry: repositories in the API, what a build pushes, and the registry's own host."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from parity_sandbox import vercel
from support.vercel_api import COMMIT, OTHER, TEAM, TOKEN, Vercel, error_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity_sandbox.context import Context

NAME = f"{TEAM['slug']}/shop-staging/dockerfile"
TAG = COMMIT[:12]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def project(api: Vercel) -> dict[str, Any]:
    return api.project(framework="container")


@pytest.fixture
def registry(context: Context) -> Callable[..., httpx.Response]:
    """Asks vcr.vercel.com as a container tool does, with a team's id and a token."""

    def ask(method: str, path: str, body: bytes = b"", *, password: str = TOKEN, **headers: str) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(vercel.create_app(context, TOKEN))
            given = base64.b64encode(f"{TEAM['id']}:{password}".encode()).decode()
            own = {"authorization": f"Basic {given}"} if password else {}
            async with httpx.AsyncClient(transport=transport, base_url="https://vcr.vercel.com") as client:
                with context.store.transaction():
                    return await client.request(method, path, content=body, headers={**own, **headers})

        return asyncio.run(go())

    return ask


@pytest.fixture
def deployed(api: Vercel, project: dict[str, Any]) -> None:
    api.deploy(project)


def tag(api: Vercel, project: dict[str, Any]) -> dict[str, Any]:
    return api("GET", f"/v1/vcr/repository/dockerfile/tags/{TAG}", projectId=project["id"])["tag"]


def code(answer: httpx.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    assert {"code", "message"} <= error.keys()
    return answer.status_code, error["code"]


def test_a_registry_repository_is_shared_and_taken_back(api: Vercel) -> None:
    project = api.project()
    api("POST", "/v1/vcr/repository", {"projectId": project["id"], "name": "images"})
    again = api.ask("POST", "/v1/vcr/repository", {"projectId": project["id"], "name": "images"})
    assert error_of(again) == (409, "conflict")
    path = "/v1/vcr/repository/images"
    assert api("PATCH", path, {"public": True}, projectId=project["id"])["repository"]["public"] is True
    api("POST", f"{path}/permissions", {"teamSlug": OTHER["slug"]}, projectId=project["id"])
    shown = api("GET", f"{path}/permissions", projectId=project["id"])["permissions"]
    assert [each["teamId"] for each in shown] == [OTHER["id"]]
    api("DELETE", f"{path}/permissions", {"teamId": OTHER["id"]}, projectId=project["id"])
    assert api("GET", f"{path}/permissions", projectId=project["id"])["permissions"] == []
    api("DELETE", path, projectId=project["id"])
    assert api.ask("GET", path, projectId=project["id"]).status_code == 404


def test_repositories_are_listed_page_by_page(api: Vercel, project: dict[str, Any]) -> None:
    for name in ("one", "two", "three"):
        api("POST", "/v1/vcr/repository", {"projectId": project["id"], "name": name})
    first = api("GET", "/v1/vcr/repository", projectId=project["id"], limit=2)
    rest = api("GET", "/v1/vcr/repository", projectId=project["id"], limit=2, cursor=first["nextCursor"])
    assert [each["name"] for each in (*first["repositories"], *rest["repositories"])] == ["one", "two", "three"]
    assert "nextCursor" not in rest


@pytest.mark.parametrize("name", ["Images", "a..b", "-a", "a_", ""])
def test_a_name_that_no_registry_takes_is_refused(api: Vercel, project: dict[str, Any], name: str) -> None:
    answer = api.ask("POST", "/v1/vcr/repository", {"projectId": project["id"], "name": name})
    assert error_of(answer) == (400, "bad_request")


def test_a_build_pushes_its_image_under_the_commits_first_digits(api: Vercel, project: dict[str, Any]) -> None:
    made = api.deploy(project)
    found = tag(api, project)
    assert found["kind"] == "manifest"
    assert found["updatedAt"].startswith("20")
    (image,) = api("GET", "/v1/vcr/repository/dockerfile/images", projectId=project["id"])["images"]
    assert (image["manifestDigest"], image["tags"]) == (found["manifestDigest"], [TAG])
    assert made["readyState"] == "READY"


def test_another_build_of_the_commit_moves_the_tag_and_leaves_the_image(api: Vercel, project: dict[str, Any]) -> None:
    api.deploy(project)
    before = tag(api, project)["manifestDigest"]
    api.deploy(project)
    assert tag(api, project)["manifestDigest"] != before
    images = api("GET", "/v1/vcr/repository/dockerfile/images", projectId=project["id"], untagged="true")["images"]
    assert [each["manifestDigest"] for each in images] == [before]
    shown = api("GET", f"/v1/vcr/repository/dockerfile/images/{before}", projectId=project["id"])["image"]
    assert (shown["manifestDigest"], shown["tags"]) == (before, [])


def test_what_is_no_container_pushes_nothing(api: Vercel) -> None:
    project = api.project()
    api.deploy(project)
    assert api("GET", "/v1/vcr/repository", projectId=project["id"])["repositories"] == []


def test_an_image_that_is_deleted_goes_with_its_tags(api: Vercel, project: dict[str, Any]) -> None:
    api.deploy(project)
    path = "/v1/vcr/repository/dockerfile"
    api("DELETE", f"{path}/images/{tag(api, project)['imageId']}", projectId=project["id"])
    assert api("GET", f"{path}/tags", projectId=project["id"])["tags"] == []
    assert api("GET", f"{path}/images", projectId=project["id"])["images"] == []


# --- The registry's own host, by the specification ---


def test_the_base_says_which_registry_it_is_and_challenges_who_has_no_token(registry: Any) -> None:
    assert registry("GET", "/v2/").status_code == 200
    for password in ("", "x" * 24):
        answer = registry("GET", "/v2/", password=password)
        assert code(answer) == (401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


def test_a_manifest_is_pulled_by_tag_and_by_digest(api: Vercel, project: dict[str, Any], registry: Any) -> None:
    api.deploy(project)
    digest = tag(api, project)["manifestDigest"]
    for reference in (TAG, digest):
        pulled = registry("GET", f"/v2/{NAME}/manifests/{reference}", accept=MANIFEST)
        assert pulled.headers["docker-content-digest"] == digest
        assert f"sha256:{hashlib.sha256(pulled.content).hexdigest()}" == digest
        assert pulled.headers["content-type"] == pulled.json()["mediaType"] == MANIFEST
        head = registry("HEAD", f"/v2/{NAME}/manifests/{reference}")
        assert head.status_code == 200
        assert head.headers["docker-content-digest"] == digest
        assert head.headers["content-length"] == str(len(pulled.content))


@pytest.mark.parametrize(
    ("method", "path", "refused"),
    [
        ("GET", f"/v2/{NAME}/manifests/none", (404, "MANIFEST_UNKNOWN")),
        ("GET", f"/v2/{NAME}/manifests/sha256:{'0' * 64}", (404, "MANIFEST_UNKNOWN")),
        ("GET", f"/v2/{NAME}/manifests/sha256:0", (400, "DIGEST_INVALID")),
        ("GET", f"/v2/{NAME}/manifests/.no", (400, "MANIFEST_INVALID")),
        ("GET", f"/v2/{NAME}x/manifests/{TAG}", (404, "NAME_UNKNOWN")),
        ("GET", "/v2/unknown/shop-staging/dockerfile/tags/list", (404, "NAME_UNKNOWN")),
        ("GET", f"/v2/{NAME}/blobs/sha256:{'0' * 64}", (501, "UNSUPPORTED")),
        ("DELETE", f"/v2/{NAME}/manifests/{TAG}", (501, "UNSUPPORTED")),
    ],
)
def test_what_is_not_there_has_the_specifications_error(
    deployed: None, registry: Any, method: str, path: str, refused: tuple[int, str]
) -> None:
    assert code(registry(method, path)) == refused


def test_a_tag_is_moved_back_by_the_manifest_it_had(api: Vercel, project: dict[str, Any], registry: Any) -> None:
    api.deploy(project)
    before = registry("GET", f"/v2/{NAME}/manifests/{TAG}")
    api.deploy(project)
    assert tag(api, project)["manifestDigest"] != before.headers["docker-content-digest"]
    pushed = registry("PUT", f"/v2/{NAME}/manifests/{TAG}", before.content, **{"content-type": MANIFEST})
    assert pushed.status_code == 201
    assert pushed.headers["docker-content-digest"] == before.headers["docker-content-digest"]
    assert registry("GET", pushed.headers["location"]).content == before.content
    assert tag(api, project)["manifestDigest"] == before.headers["docker-content-digest"]


def test_a_manifest_that_does_not_fit_is_refused(api: Vercel, project: dict[str, Any], registry: Any) -> None:
    api.deploy(project)
    there = registry("GET", f"/v2/{NAME}/manifests/{TAG}").json()
    there["layers"][0]["digest"] = "sha256:" + "0" * 64
    strange = json.dumps(there).encode()
    headers = {"content-type": MANIFEST}
    assert code(registry("PUT", f"/v2/{NAME}/manifests/new", strange, **headers)) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert code(registry("PUT", f"/v2/{NAME}/manifests/new", b"[]", **headers)) == (400, "MANIFEST_INVALID")
    assert code(registry("PUT", f"/v2/{NAME}/manifests/new", b"{}")) == (400, "MANIFEST_INVALID")
    wrong = f"/v2/{NAME}/manifests/sha256:{'1' * 64}"
    assert code(registry("PUT", wrong, b"{}", **headers)) == (400, "DIGEST_INVALID")


def test_tags_are_listed_in_order_page_by_page(api: Vercel, project: dict[str, Any], registry: Any) -> None:
    api.deploy(project)
    manifest = registry("GET", f"/v2/{NAME}/manifests/{TAG}").content
    for name in ("b", "a", "c"):
        registry("PUT", f"/v2/{NAME}/manifests/{name}", manifest, **{"content-type": MANIFEST})
    every = registry("GET", f"/v2/{NAME}/tags/list").json()
    assert every == {"name": NAME, "tags": sorted((TAG, "a", "b", "c"))}
    first = registry("GET", f"/v2/{NAME}/tags/list?n=3")
    assert first.json()["tags"] == every["tags"][:3]
    following = first.headers["link"].removeprefix("<").partition(">")[0]
    last = registry("GET", following)
    assert last.json()["tags"] == every["tags"][3:]
    assert "link" not in last.headers


def test_a_projects_token_has_that_projects_repositories(
    api: Vercel, project: dict[str, Any], registry: Any, context: Context, clock: Any
) -> None:
    api.deploy(project)
    api.project("admin-staging")
    scoped = {"token": "s" * 24, "expires_at": clock() + 3600}
    vercel.seed(context, {"tokens": [{**scoped, "project": "shop-staging"}]})
    assert registry("GET", f"/v2/{NAME}/tags/list", password="s" * 24).status_code == 200
    other = f"/v2/{TEAM['slug']}/admin-staging/dockerfile/tags/list"
    assert code(registry("GET", other, password="s" * 24)) == (403, "DENIED")
    api.token = "s" * 24
    api("GET", "/v1/vcr/repository/dockerfile", projectId=project["id"])
    assert error_of(api.ask("GET", "/v1/vcr/repository")) == (403, "forbidden")
    vercel.seed(context, {"tokens": [{**scoped, "role": "VIEWER"}]})
    assert code(registry("PUT", f"/v2/{NAME}/manifests/x", b"{}", password="s" * 24)) == (403, "DENIED")
