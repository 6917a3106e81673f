"""Vercel as one project sees it, and the web that its domains answer on, behind httpx's mock transport."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from parity.provider.vercel import Vercel
from parity.vendors.http import Limits

TEAM = "team_abc"
COMMIT = "c1f0a7d3be5946208e7d1b9a40c2f6e85d3b7a19"
BYPASS = "b" * 32


@dataclass
class World:
    """One project with deployments d1 and d2, d1 live; `faults` are answered first, one a request."""

    live: str | None = "d1"
    releases: dict[str, tuple[str, str]] = field(default_factory=lambda: {"d1": ("r1", COMMIT), "d2": ("r2", COMMIT)})
    calls: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    faults: dict[str, list[httpx.Response | Exception]] = field(default_factory=dict)
    unhealthy: dict[str, list[httpx.Response]] = field(default_factory=dict)
    bypasses: set[str] = field(default_factory=set)
    default: str = ""
    """The bypass that was made the default."""
    stuck: str | None = None
    """The status of a promotion that never ends."""
    polls: int = 0
    """How many times the project is asked before a promotion is done."""
    exists: bool = True
    protected: bool = False
    rolling: bool = False
    """Whether stages are configured at Vercel."""
    canary: str | None = None
    """The deployment that some users get already."""
    served: set[str] = field(default_factory=set)
    """Deployments that were live before."""
    images: dict[str, str] = field(default_factory=dict[str, str])
    """What each tag in the registry names; an image is there while a tag names it."""
    pushed_at: str = "2026-11-30T10:00:00.000Z"
    ready: float = 1_796_032_801_000
    """When the deployments were ready, in milliseconds since 1970: a second after the push."""
    headers: list[httpx.Headers] = field(default_factory=list)
    _moving: str | None = None
    _left: int = 0

    def vercel(self, retry_seconds: float = 5) -> Vercel:
        limits = Limits(deadline_seconds=retry_seconds)
        return Vercel("token", transport=httpx.MockTransport(self._api), limits=limits)

    def web(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._page))

    def _api(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path}"
        self.calls.append(call)
        self.headers.append(request.headers)
        for start, answers in self.faults.items():
            if call.startswith(start) and answers:
                answer = answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        assert request.url.params["teamId"] == TEAM
        if not self.exists:
            return httpx.Response(404, json={"error": {"code": "not_found", "message": "Project not found"}})
        if request.url.path.endswith("/rolling-release"):
            return httpx.Response(200, json={"rollingRelease": self._roll()})
        if request.url.path.endswith("/rolling-release/start"):
            self.canary = json.loads(request.content)["canaryDeploymentId"]
            return httpx.Response(200, json={"rollingRelease": self._roll()})
        if request.method == "POST":
            assert self.canary is None or "/rollback/" in request.url.path, "a promotion would wait, or complete it"
            self.canary = None
            self._moving, self._left = request.url.path.rpartition("/")[2], self.polls
            return httpx.Response(201)
        if request.method == "PATCH":
            return self._bypass(json.loads(request.content))
        if request.url.path.startswith("/v1/vcr/"):
            return self._registry(*request.url.path.split("/")[4:])
        if request.url.path.startswith("/v13/deployments/"):
            deployment = request.url.path.rpartition("/")[2]
            release, commit = self.releases[deployment]
            document = {
                "id": deployment,
                "url": f"{deployment}.vercel.app",
                "meta": {"release": release, "commit": commit},
                "projectSettings": {"framework": "container" if self.images else "nextjs"},
                "ready": self.ready,
                "readySubstate": "PROMOTED" if deployment in self.served else "STAGED",
            }
            return httpx.Response(200, json=document)
        return httpx.Response(200, json=self._project())

    def _roll(self) -> dict[str, Any] | None:
        stages = [{"targetPercentage": each} for each in (5, 100)]
        by = {"currentDeployment": {"id": self.live}, "canaryDeployment": {"id": self.canary}}
        return {"state": "ACTIVE", **by, "stages": stages, "activeStage": {"index": 0}} if self.canary else None

    def _registry(self, repository: str, kind: str, reference: str) -> httpx.Response:
        there = (
            self.images.get(reference) if kind == "tags" else reference if reference in self.images.values() else None
        )
        if repository != "dockerfile" or there is None:
            return httpx.Response(404, json={"error": {"code": "not_found", "message": "Not found"}})
        return httpx.Response(200, json={"tag": {"manifestDigest": there, "updatedAt": self.pushed_at}, "image": {}})

    def _project(self) -> dict[str, Any]:
        request = None
        if self._moving is not None:
            status = self.stuck or ("in-progress" if self._left > 0 else "succeeded")
            request = {"toDeploymentId": self._moving, "jobStatus": status}
            if status == "succeeded":
                self.live, self._moving = self._moving, None
            self._left -= 1
        target = {"production": {"id": self.live, "url": f"{self.live}.vercel.app"}} if self.live else {}
        known = {each: {"scope": "automation-bypass"} for each in self.bypasses}
        return {
            "id": "prj_1",
            "name": "shop-staging",
            "targets": target,
            "lastAliasRequest": request,
            "protectionBypass": known,
            "rollingRelease": {"target": "production", "stages": []} if self.rolling else None,
        }

    def _bypass(self, body: dict[str, Any]) -> httpx.Response:
        if "generate" in body:
            if body["generate"]["secret"] in self.bypasses:
                return httpx.Response(409, json={"error": {"code": "conflict", "message": "exists"}})
            self.bypasses.add(body["generate"]["secret"])
        elif "update" in body:
            self.default = body["update"]["secret"]
        else:
            self.bypasses.discard(body["revoke"]["secret"])
        return httpx.Response(200, json={})

    def _page(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        self.asked.append(host)
        if self.protected and request.headers.get("x-vercel-protection-bypass") != BYPASS:
            return httpx.Response(401, text="Authentication Required")
        if self.unhealthy.get(host):
            return self.unhealthy[host].pop(0)
        deployment = host.removesuffix(".vercel.app") if host.endswith(".vercel.app") else self.live
        if deployment is None:
            return httpx.Response(404, text="DEPLOYMENT_NOT_FOUND")
        release, commit = self.releases[deployment]
        return httpx.Response(200, json=answer(release, commit))


def answer(release: str, commit: str = COMMIT, *, ok: bool = True) -> dict[str, Any]:
    return {
        "release": release,
        "commit": commit,
        "database": [{"variable": "DATABASE_URL", "ok": ok, "error": "canary"}],
    }


def inputs(deployment: str = "d2", release: str = "r2", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "team": TEAM,
        "projectId": "prj_1",
        "project": "shop-staging",
        "deploymentId": deployment,
        "deploymentUrl": f"{deployment}.vercel.app",
        "release": release,
        "commit": COMMIT,
        "domains": ["shop.example.com"],
        "health": {"path": "/api/health", "timeoutSeconds": 1.0, "deadlineSeconds": 0.5},
        "promoteDeadlineSeconds": 0.6,
        "protectionBypass": BYPASS,
    }
    return {**values, **changes}
