"""GitHub's API in the test's own process; every call is checked against GitHub's own description."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.validation.request.exceptions import RequestValidationError
from openapi_core.validation.response.exceptions import ResponseValidationError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from parity_sandbox.github import create_app
from parity_sandbox.routing import MATCHED_ROUTE, ROLL_BACK
from support.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity_sandbox.context import Context
    from parity_sandbox.routing import Route

DESCRIPTION = DATA / "github-openapi.json"
TOKEN = "ghp_" + "t" * 36
ORGANIZATION = "storefront-labs"
COMMIT = "1f" * 20
SEED = {
    "organization": ORGANIZATION,
    "users": [{"login": "first-user"}, {"login": "second-user"}],
    "repositories": [{"owner": ORGANIZATION, "name": "storefront", "commits": ["0e" * 20, COMMIT]}],
    "teams": [{"slug": "platform", "name": "Platform"}],
}
REPO = f"/repos/{ORGANIZATION}/storefront"


@cache
def description() -> dict[str, Any]:
    """GitHub's description, as far as the sandbox answers it, put right where GitHub itself departs from it."""
    found = json.loads(DESCRIPTION.read_text())
    _relax(found)
    _let_errors_overlap(found)
    rule = found["components"]["schemas"]["validation-error"]["properties"]["errors"]
    rule["items"] = {"anyOf": [rule["items"], {"type": "string"}]}  # go-github reads both: GitHub sends both
    return found


def _relax(node: Any) -> None:
    """A nullable field with choices may be null: OpenAPI 3.0 wants null among them, and GitHub leaves it out.

    A discriminator among documents of which one is an array cannot be followed, and goes.
    """
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _relax(each)
    if isinstance(node, dict) and node.get("nullable") and isinstance(node.get("enum"), list):
        node["enum"] = [*node["enum"], None]
    if isinstance(node, dict) and isinstance(node.get("discriminator"), dict):
        del node["discriminator"]


def _let_errors_overlap(found: dict[str, Any]) -> None:
    """Where an error is one of several documents, a plain error is several of them at once."""
    for methods in found["paths"].values():
        for name, operation in methods.items():
            for code, answer in () if name == "parameters" else operation["responses"].items():
                for content in answer.get("content", {}).values() if code.startswith("4") else ():
                    if "oneOf" in content["schema"]:
                        content["schema"]["anyOf"] = content["schema"].pop("oneOf")


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Method and path template of each operationId."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }


@cache
def checker() -> OpenAPI:
    return OpenAPI.from_dict(description(), config=Config(spec_validator_cls=None))


@dataclass
class Asked:
    """A request in the form that the check takes."""

    path: str
    method: str
    query: list[tuple[str, str]]
    body: bytes | None
    host_url: str = "https://api.github.com"
    content_type: str = "application/json"
    parameters: RequestParameters = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = RequestParameters(query=ImmutableMultiDict(self.query), header=Headers())


@dataclass
class Answered:
    """An answer in the form that the check takes."""

    status_code: int
    data: bytes
    headers: Headers
    content_type: str = "application/json"


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Fails the test with the places where a document departs from the description."""
    try:
        yield
    except (RequestValidationError, ResponseValidationError) as error:
        faults = getattr(error.__cause__, "schema_errors", None) or [error.__cause__ or error]
        places = [f"{list(getattr(each, 'absolute_path', []))}: {getattr(each, 'message', each)}" for each in faults]
        pytest.fail(f"{what} is not as GitHub describes it:\n" + "\n".join(sorted(places)))


class RolledBackError(Exception):
    """The application asks for the transaction to be undone."""


class Api:
    """Calls the application as the core does, one transaction a request, and checks what went over the wire."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.app = create_app(context, TOKEN)
        self.route: Route | None = None

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int = 200,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        described: bool = True,
    ) -> httpx.Response:
        """One call; `expect` is its status. `described=False`: GitHub's own clients send or get what it leaves out."""
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        url = path + (f"?{urlencode(query)}" if query else "")
        sent = {"authorization": f"Bearer {TOKEN}", "user-agent": "tests"} | (headers or {})
        response = asyncio.run(self._send(method, url, content, sent))
        assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text}"
        if described and self.route is not None:
            self._check(method, response, content, query or {})
        return response

    async def _send(self, method: str, url: str, content: bytes | None, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self._transactional)
        async with httpx.AsyncClient(transport=transport, base_url="https://api.github.com") as client:
            return await client.request(method, url, content=content, headers=headers)

    async def _transactional(self, scope: Any, receive: Any, send: Any) -> None:
        with suppress(RolledBackError), self.context.store.transaction():
            await self.app(scope, receive, send)
            if scope.get(ROLL_BACK):
                raise RolledBackError
        self.route, self.params = scope.get(MATCHED_ROUTE), scope.get("path_params", {})

    def _check(self, method: str, response: httpx.Response, content: bytes | None, query: dict[str, str]) -> None:
        assert self.route is not None
        _, template = operations()[self.route.source]
        path = template
        for part in template.split("/"):
            if part.startswith("{"):
                path = path.replace(part, quote(str(self.params.get(part[1:-1], "1")), safe=""))
        asked = Asked(path, method.lower(), list(query.items()), content)
        if response.is_success:
            with explained(f"the request {method} {template}"):
                checker().validate_request(asked)
        answered = Answered(response.status_code, response.content, Headers(list(response.headers.items())))
        try:
            with explained(f"the answer to {method} {template}"):
                checker().validate_response(asked, answered)
        except ResponseNotFound:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return
            assert not response.is_success, f"{method} {template} is not described to answer {response.status_code}"
            assert response.json()["message"]
