"""Vercel's API in the test's own process; where Vercel's description is at hand, each exchange is checked against it.

The description, `vercel-spec.json` of the public repository vercel/sdk, is in no package registry and not kept here.
`PARITY_VERCEL_DESCRIPTION=/path/to/vercel-spec.json` turns the check on, and `PARITY_VERCEL_REPORT=file` appends one
line for each exchange: operation, or `-` where the description has none.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from openapi_schema_validator import OAS30Validator

from parity_sandbox import edge, vercel
from parity_sandbox.routing import MATCHED_ROUTE

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from parity_sandbox.context import Context
    from parity_sandbox.routing import Route

TOKEN = "t" * 24
TEAM = {"id": "team_storefront0000000000000", "slug": "storefront-labs", "name": "Storefront"}
OTHER = {"id": "team_other00000000000000000", "slug": "other-labs", "name": "Other"}
SEED = {"teams": [TEAM, OTHER]}
REPOSITORY = {"id": 41, "owner": "storefront-labs", "name": "storefront", "default_branch": "main"}
COMMIT = "1f" * 20
DESCRIPTION = os.environ.get("PARITY_VERCEL_DESCRIPTION")
NEWER = re.compile(r"\.resourceConfig\.buildMachineType$")
"""What the provider v5.10.0 reads and the description does not know yet."""
UNDESCRIBED = {"build", "env", "update"}
"""Properties that the provider v5.10.0 sends and the description does not know: of deployments and of bypasses."""
MISDESCRIBED = {"getAlias"}
"""Operations whose answer is a list in the description and an object for the provider and for everybody."""
REPORT = os.environ.get("PARITY_VERCEL_REPORT")


class Clock:
    """A clock that stands until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Vercel:
    """Calls the API as the provider does, in the scope of a team; `visit` is a user at the edge."""

    context: Context
    clock: Clock
    team: str | None = TEAM["id"]
    token: str = TOKEN
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, body: Any = None, *, status: int | None = None, **query: Any) -> Any:
        """The answer's document; fails where the status is not `status`, or not below 300 where none is given."""
        answer = self.ask(method, path, body, **query)
        expected = f"{method} {path} answered {answer.status_code}: {answer.text}"
        assert answer.status_code == status if status else answer.status_code < 300, expected
        return answer.json() if answer.content else None

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """The answer itself."""
        return asyncio.run(self._ask(method, path, body, query))

    async def _ask(self, method: str, path: str, body: Any, query: dict[str, Any]) -> httpx.Response:
        matched: dict[str, Any] = {}
        app = vercel.create_app(self.context, TOKEN)

        async def recorded(scope: Any, receive: Any, send: Any) -> None:
            with self.context.store.transaction():
                await app(scope, receive, send)
            matched["route"] = scope.get(MATCHED_ROUTE)

        if self.team is not None:
            query.setdefault("teamId", self.team)
        headers = {"authorization": f"Bearer {self.token}", **self.headers}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(recorded), base_url="https://api.vercel.com"
        ) as client:
            if isinstance(body, bytes):
                answer = await client.request(method, path, content=body, params=query, headers=headers)
            else:
                content = None if body is None else json.dumps(body)
                answer = await client.request(method, path, content=content, params=query, headers=headers)
        if matched["route"] is not None:
            check_exchange(matched["route"], body, answer)
        return answer

    @cached_property
    def _edge(self) -> ASGIApp:
        return edge.create_app(self.context)

    def visit(self, host: str, path: str = "/", **headers: str) -> httpx.Response:
        """What the edge answers for a host."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self._edge)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.get(f"https://{host}{path}", headers=headers)

        return asyncio.run(go())

    def project(self, name: str = "shop-staging", **settings: Any) -> dict[str, Any]:
        """A project linked to the repository, unprotected, automatic assignment off unless a test says otherwise."""
        made = self("POST", "/v11/projects", {"name": name, "gitRepository": {"type": "github", "repo": _REPO}})
        settings = {"autoAssignCustomDomains": False, "ssoProtection": None, **settings}
        return self("PATCH", f"/v9/projects/{made['id']}", settings)

    def deploy(self, project: dict[str, Any], *, ready: bool = True, **given: Any) -> dict[str, Any]:
        """A production deployment by commit, ready unless a test says otherwise."""
        source = {"type": "github", "org": REPOSITORY["owner"], "repo": REPOSITORY["name"], "ref": COMMIT}
        body = {"name": project["id"], "project": project["id"], "target": "production", "gitSource": source, **given}
        body = {name: value for name, value in body.items() if value is not None}
        made = self("POST", "/v13/deployments", body, skipAutoDetectionConfirmation=1)
        if ready:
            self.clock.now += self.context.build_seconds
            made = self("GET", f"/v13/deployments/{made['id']}")
        return made

    def variable(self, project: dict[str, Any], key: str, value: str, **given: Any) -> dict[str, Any]:
        """An encrypted production variable unless a test says otherwise."""
        body = {"key": key, "value": value, "type": "encrypted", "target": ["production"], **given}
        return self("POST", f"/v10/projects/{project['id']}/env", body)["created"]

    def promote(self, project: dict[str, Any], deployment: dict[str, Any]) -> None:
        """Make a deployment live and wait until it is."""
        self("POST", f"/v10/projects/{project['id']}/promote/{deployment['id']}", {})
        self.clock.now += self.context.promote_seconds


_REPO = f"{REPOSITORY['owner']}/{REPOSITORY['name']}"


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refused request."""
    return answer.status_code, answer.json()["error"]["code"]


@cache
def _operations() -> dict[tuple[str, str], dict[str, Any]]:
    if DESCRIPTION is None:
        return {}
    document: dict[str, Any] = json.loads(Path(DESCRIPTION).read_text())
    paths: dict[str, Any] = _usable(document["paths"], document["components"]["schemas"])
    return {
        (method.upper(), _anonymous(path)): operation
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in {"get", "post", "patch", "put", "delete"}
    }


def _usable(part: Any, schemas: dict[str, Any], inside: tuple[str, ...] = ()) -> Any:
    """The description with references followed, `null` in the choices of what is nullable, and `oneOf` read as `anyOf`.

    The last because its alternatives overlap: an empty list of drains fits two of them. A schema inside itself is open.
    """
    if isinstance(part, list):
        return [_usable(each, schemas, inside) for each in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str):
        name = part["$ref"].rpartition("/")[2]
        return {} if name in inside else _usable(schemas[name], schemas, (*inside, name))
    usable = {("anyOf" if name == "oneOf" else name): _usable(value, schemas, inside) for name, value in part.items()}
    if usable.get("nullable") is True and isinstance(usable.get("enum"), list):
        usable["enum"] = [*usable["enum"], None]
    return usable


def _anonymous(path: str) -> str:
    """The template without its version and its parameters' names: Vercel keeps old versions alive."""
    return re.sub(r"\{[^}]*\}", "{}", re.sub(r"^/v\d+", "", path).replace("/now/", "/"))


def check_exchange(route: Route, body: Any, answer: httpx.Response) -> None:
    """Check one exchange against the description, where there is one and it covers the route."""
    if DESCRIPTION is None:
        return
    operation = _operations().get((route.method, _anonymous(route.template)))
    if REPORT:
        with Path(REPORT).open("a") as report:
            report.write(f"{operation.get('operationId', '?') if operation else '-'} {route.method} {route.path}\n")
    if operation is None or answer.status_code >= 400 or operation.get("operationId") in MISDESCRIBED:
        return
    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, f"{route.path}: the description knows no status {answer.status_code}"
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        _valid(schema, answer.json(), f"answer of {route.method} {route.path}")
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if asked is not None and body is not None:
        sent = (
            {name: value for name, value in body.items() if name not in UNDESCRIBED} if isinstance(body, dict) else body
        )
        _valid(asked, sent, f"request of {route.method} {route.path}")


def _valid(schema: dict[str, Any], document: Any, what: str) -> None:
    problems = [
        f"{error.json_path}: {error.message[:300]}"
        for error in OAS30Validator(schema).iter_errors(document)
        if not NEWER.search(error.json_path)
    ]
    assert not problems, f"{what} does not fit Vercel's description: {problems}"
