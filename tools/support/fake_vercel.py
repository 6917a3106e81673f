"""A tiny Vercel in memory, and the stand-in on it; answers are scripted by the tests."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    ReadRequest,
    UpdateRequest,
)

from parity_sandbox.standin.client import Client
from parity_sandbox.standin.provider import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
TEAM = {"id": "team_1", "slug": "acme"}
PROJECT = {
    "id": "prj_1",
    "name": "shop",
    "nodeVersion": "22.x",
    "enableAffectedProjectsDeployments": False,
    "autoAssignCustomDomains": True,
    "gitForkProtection": True,
    "link": {"type": "github", "org": "acme", "repo": "storefront", "productionBranch": "main"},
}
TOKENS = {
    name: f"vercel:index/{name[0].lower()}{name[1:]}:{name}"
    for name in (
        "Project",
        "ProjectEnvironmentVariable",
        "ProjectDomain",
        "ProjectDeploymentRetention",
        "ProjectRollingRelease",
        "Deployment",
        "LogDrain",
        "TraceDrain",
        "ProjectTracing",
        "AlertRule",
        "VcrRepository",
        "VcrRepositoryPermission",
        "EdgeConfig",
    )
}


class Vercel:
    """Answers by `METHOD /path`, the longest prefix first; the last of a list of answers stays."""

    def __init__(self, team: dict[str, Any] | None = None, **answers: Any) -> None:
        self.answers: dict[str, list[Any]] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.waits: list[float] = []
        self.say("GET /v10/projects/prj_1", PROJECT)
        self.say("GET /v8/projects/prj_1/env", {"envs": [], "pagination": {"next": None}})
        self.team = TEAM if team is None else team
        self.headers: list[httpx.Headers] = []
        self.raw: list[str] = []

    def say(self, call: str, *answers: Any) -> None:
        """Answer a call with documents, or with `(status, document)` or `(status, document, headers)`."""
        self.answers[call] = list(answers)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        path = request.url.raw_path.decode()
        self.requests.append((request.method, path, body))
        self.headers.append(request.headers)
        self.raw.append(request.content.decode())
        call = f"{request.method} {request.url.path}"
        if request.url.host != "api.vercel.com":
            call = f"GET {request.url.host}"
        if call not in self.answers:
            raise AssertionError(f"no answer is scripted for {call}")
        said = self.answers[call]
        answer = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(answer, Exception):
            raise answer
        status, document, *rest = answer if isinstance(answer, tuple) else (200, answer)
        headers: dict[str, str] = rest[0] if rest else {}
        content = b"" if document is None else json.dumps(document).encode()
        return httpx.Response(status, content=content, headers=headers)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def client(self) -> Client:
        """A client of it."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        client = Client("t" * 24, http, sleep=self._sleep)
        client.team = self.team
        return client

    def run(self, do: Callable[[StandIn], Any]) -> Any:
        """Do something with a stand-in that speaks to it, and give what came of it."""
        return asyncio.run(do(StandIn({}, self.client())))

    def check(self, name: str, given: dict[str, Any], olds: dict[str, Any] | None = None) -> Any:
        """The engine's Check."""
        request = CheckRequest(urn(name), values(olds or {}), values(given), b"seed")
        return self.run(lambda standin: standin.check(request))

    def failures(self, name: str, given: dict[str, Any]) -> dict[str, str]:
        """What Check refuses, by property."""
        return {each.property: each.reason for each in self.check(name, given).failures}

    def diff(self, name: str, state: dict[str, Any], given: dict[str, Any], ignored: list[str] | None = None) -> Any:
        """The engine's Diff."""
        request = DiffRequest(urn(name), "id", values(state), values(given), ignored or [])
        return self.run(lambda standin: standin.diff(request))

    def create(self, name: str, given: dict[str, Any], *, preview: bool = False) -> Any:
        """The engine's Create; gives the state as plain documents."""
        request = CreateRequest(urn(name), values(given), 0, preview)
        return self.run(lambda standin: standin.create(request))

    def update(self, name: str, state: dict[str, Any], given: dict[str, Any], *, preview: bool = False) -> Any:
        """The engine's Update."""
        request = UpdateRequest(urn(name), "id", values(state), values(given), 0, [], preview)
        return self.run(lambda standin: standin.update(request))

    def read(self, name: str, state: dict[str, Any], given: dict[str, Any] | None = None, id_: str = "id") -> Any:
        """The engine's Read: of a state, or, where that is empty, an import."""
        request = ReadRequest(urn(name), id_, values(state), values(given or {}))
        return self.run(lambda standin: standin.read(request))

    def delete(self, name: str, state: dict[str, Any]) -> None:
        """The engine's Delete."""
        request = DeleteRequest(urn(name), "id", values(state), 0)
        self.run(lambda standin: standin.delete(request))

    def sent(self, method: str) -> list[tuple[str, Any]]:
        """Paths without queries and bodies of the calls with a method."""
        return [(path.partition("?")[0], body) for verb, path, body in self.requests if verb == method]


def urn(name: str) -> str:
    """A URN of a resource of that type inside a component."""
    return f"urn:pulumi:staging::storefront::parity:index:WebApp${TOKENS[name]}::thing"


def values(document: dict[str, Any]) -> dict[str, PropertyValue]:
    """Property values of a plain document; a `PropertyValue` in it stays."""
    return {name: value(each) for name, each in document.items()}


def value(each: Any) -> PropertyValue:
    """One property value."""
    if isinstance(each, PropertyValue):
        return each
    if isinstance(each, dict):
        return PropertyValue(values(each))
    if isinstance(each, list):
        return PropertyValue([value(item) for item in each])
    if isinstance(each, int) and not isinstance(each, bool):
        return PropertyValue(float(each))
    return PropertyValue(each)


def secret(each: Any) -> PropertyValue:
    """A secret property value."""
    return value(each).with_secret(is_secret=True)
