"""No request makes a vendor's API fail: whatever is sent, each route answers in the vendor's own form."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import parity_sandbox
from parity_sandbox import github, vercel
from parity_sandbox.asgi import Answer, call
from parity_sandbox.context import Context
from parity_sandbox.github import bodies
from parity_sandbox.github.routes import ROUTES
from parity_sandbox.store import Store
from parity_sandbox.vercel import wire
from support.amounts import examples
from support.github_api import REPO, description, operations
from support.github_api import SEED as GITHUB_SEED
from support.vercel_api import COMMIT, SEED, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parity_sandbox.routing import Route

SOURCES = Path(parity_sandbox.__file__).parent
NOT_JSON = [
    b"{",
    b"[]",
    b"null",
    b"[null]",
    b'"text"',
    b"\xff\xfe{}",
    b'{"name": NaN}',
    b'{"name": -Infinity}',
    b'{"name": 1e999}',
    b'{"name": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"name": ' + b"9" * 5000 + b"}",
    b'{"name": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    b"[" * 100_000,
]
VALUES: list[Any] = [
    None, True, 0, -1, 7, 2**62, 1.5, "", "x", "main", "\x00", "a\nb", "é", "../..", "x" * 5000, "9" * 5000, COMMIT,
    [], [None], [True], [7], ["x"], [[]], [{}], {}, {"x": None}, {"type": "x"},
    [{"type": "x"}], [{"id": 7}], [{"name": 7}],
]  # fmt: skip
SEGMENTS = [
    "x",
    "..",
    "%00",
    "%ff",
    "%F0%9F%98%80",
    "a%2Fb",
    "-1",
    "0",
    "9" * 30,
    "9" * 5000,
    "%D9%A3",
    "%C2%B2",
    "*",
    "refs",
]
QUERY_VALUES = ["", "x", "-1", "1", "1e5", "9" * 30, "9" * 5000, "%00", "%ff", "%D9%A3", "%C2%B2", "true", "a,b"]
PER_ROUTE = examples(5, 40)
"""Requests with random bodies for each route, besides those that take odd values in every field."""


class Api:
    """One vendor's application over a world with one of everything; each request is rolled back."""

    def __init__(
        self, context: Context, app: Any, headers: list[tuple[bytes, bytes]], known: dict[str, list[str]]
    ) -> None:
        self.context, self.app, self.headers, self.known = context, app, headers, known

    def send(self, method: str, path: str, body: bytes = b"", query: str = "") -> Answer:
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": self.headers, "scheme": "https", "server": ("127.0.0.1", 443), "http_version": "1.1",
        }  # fmt: skip
        with rolled_back(self.context.store):
            # The test's own loop: one for each request takes as long as the request.
            return asyncio.get_event_loop().run_until_complete(call(self.app, scope, body))


class _UndoneError(Exception):
    """Ends a transaction without an effect."""


def _undo() -> None:
    raise _UndoneError


@contextmanager
def rolled_back(store: Store) -> Iterator[None]:
    """Undo whatever is written inside."""
    with suppress(_UndoneError), store.transaction():
        yield
        _undo()


def query_names() -> set[str]:
    texts = "".join(path.read_text() for name in ("vercel", "github") for path in (SOURCES / name).rglob("*.py"))
    return {
        *re.findall(r'(?:query_params\.get|query|truthy|_number)\((?:request, )?"(\w+)"', texts),
        "page",
        "per_page",
    }


QUERY_NAMES = query_names()


@pytest.fixture(scope="module")
def vercel_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    store = Store(tmp_path_factory.mktemp("vercel") / "store.db")
    context = Context(store, clock=lambda: 1_800_000_000.0, build_seconds=0)
    github.seed(context, {"organization": "acme", "repositories": [{"owner": "acme", "name": "shop"}]})
    vercel.seed(context, SEED)
    app = vercel.create_app(context, TOKEN)
    headers = [(b"host", b"api.vercel.com"), (b"authorization", f"Bearer {TOKEN}".encode())]
    api = Api(context, app, headers, {})

    def made(method: str, path: str, body: object) -> dict[str, Any]:
        answer = asyncio.run(call(app, _scope(method, path, headers), json.dumps(body).encode()))
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    project = made("POST", "/v11/projects", {"name": "web", "gitRepository": {"type": "github", "repo": "acme/shop"}})
    at = f"/v10/projects/{project['id']}"
    variable = made("POST", f"{at}/env", {"key": "A", "value": "1", "type": "plain", "target": ["production"]})[
        "created"
    ]
    made("POST", f"{at}/domains", {"name": "shop.example"})
    environment = made("POST", f"/v9/projects/{project['id']}/custom-environments", {"slug": "staging"})
    source = {"type": "github", "org": "acme", "repo": "shop", "ref": COMMIT}
    deployment = made(
        "POST", "/v13/deployments", {"name": "web", "project": "web", "target": "production", "gitSource": source}
    )
    webhook = made("POST", "/v1/webhooks", {"url": "https://hook.example", "events": ["deployment.created"]})
    repository = made("POST", "/v1/vcr/repository", {"projectId": project["id"], "name": "images"})["repository"]
    made("POST", f"/v2/deployments/{deployment['id']}/aliases", {"alias": "alias.example"})
    ids = [variable["id"], deployment["id"], webhook["id"]]
    api.known = {
        "idOrName": [project["id"], "images", repository["id"]], "id": ids,
        "idOrUrl": [deployment["id"], deployment["url"]],
        "deploymentId": [deployment["id"]], "domain": ["shop.example"], "teamId": [SEED["teams"][0]["id"]],
        "environmentSlugOrId": [environment["id"]], "idOrAlias": ["alias.example"], "aliasId": ["alias.example"],
    }  # fmt: skip
    yield api
    store.close()


def _scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
    }


@pytest.fixture(scope="module")
def github_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    store = Store(tmp_path_factory.mktemp("github") / "store.db")
    context = Context(store, clock=lambda: 1_800_000_000.0)
    github.seed(context, GITHUB_SEED)
    app = github.create_app(context, "token")
    headers = [(b"host", b"api.github.com"), (b"authorization", b"Bearer token"), (b"user-agent", b"test")]
    api = Api(context, app, headers, {})

    def made(method: str, path: str, body: object) -> dict[str, Any]:
        answer = asyncio.run(call(app, _scope(method, path, headers), json.dumps(body).encode()))
        assert answer.status < 300, answer.body
        return json.loads(answer.body or b"{}")

    made(
        "PUT",
        f"{REPO}/environments/prod",
        {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}},
    )
    policy = made("POST", f"{REPO}/environments/prod/deployment-branch-policies", {"name": "main"})
    made("POST", f"{REPO}/environments/prod/variables", {"name": "A", "value": "1"})
    made("POST", f"{REPO}/actions/variables", {"name": "A", "value": "1"})
    ruleset = made("POST", f"{REPO}/rulesets", {"name": "r", "enforcement": "active", "target": "branch"})
    issue = made("POST", f"{REPO}/issues", {"title": "t"})
    comment = made("POST", f"{REPO}/issues/{issue['number']}/comments", {"body": "b"})
    made("POST", f"{REPO}/labels", {"name": "l", "color": "ffffff"})
    made("PUT", f"{REPO}/contents/a/b", {"message": "m", "content": "aGk="})
    _, _, owner, name = REPO.split("/")
    repository = made("GET", REPO, {})
    api.known = {
        "owner": [owner], "repo": [name], "repository_id": [str(repository["id"])], "org": [owner],
        "environment_name": ["prod"], "branch_policy_id": [str(policy["id"])], "name": ["A", "l"],
        "ruleset_id": [str(ruleset["id"])], "issue_number": [str(issue["number"])], "pull_number": ["1"],
        "comment_id": [str(comment["id"])], "ref": ["heads/main", "main"], "branch": ["main"], "path": ["a/b"],
        "username": ["parity-sandbox"], "variable_name": ["A"], "team_slug": ["operators", "reviewers"],
    }  # fmt: skip
    yield api
    store.close()


def paths(api: Api, route: Route, chance: random.Random) -> Iterator[str]:
    """The route's path with what exists, and then with each odd value in each place."""

    def filled(odd: str | None = None, at: str | None = None) -> str:
        text = route.path
        for name in route.parameters:
            value = odd if name == at and odd is not None else chance.choice(api.known.get(name, ["x"]))
            text = re.sub(r"\{" + name + r"(:path)?\}", lambda _match, value=value: value, text, count=1)
        return text

    yield filled()
    for name in route.parameters:
        for odd in SEGMENTS:
            yield filled(odd, name)


@contextmanager
def learning(monkeypatch: pytest.MonkeyPatch, shapes: dict[str, str]) -> Iterator[None]:
    """Note the fields that the vendors' own checks ask for, and their types, while requests are sent."""

    def spied(original: Any) -> Any:
        def spy(document: Any, shape: Any, *rest: Any, **named: Any) -> Any:
            for name, kind in shape.items():
                shapes.setdefault(name, kind.removesuffix("?") if isinstance(kind, str) else KINDS[kind.kind])
            return original(document, shape, *rest, **named)

        return spy

    with monkeypatch.context() as patch:
        for module in (wire, bodies):
            patch.setattr(module, "check", spied(module.check))
        yield


KINDS = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}


def described(route: Route) -> dict[str, str]:
    """The fields of the operation's body in GitHub's description; nothing for Vercel, whose description is not kept."""
    method, path = operations().get(route.source, ("", ""))
    operation = description()["paths"].get(path, {}).get(method.lower(), {})
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return {name: str(each.get("type", "object")) for name, each in schema.get("properties", {}).items()}


@cache
def words_of(module: ModuleType) -> list[str]:
    """Every word in quotation marks of a module of routes and of the modules that it uses."""
    used = [
        each for each in vars(module).values() if isinstance(each, ModuleType) and "parity_sandbox" in each.__name__
    ]
    texts = "".join(Path(str(each.__file__)).read_text() for each in [module, *used])
    return sorted(set(re.findall(r'"([a-zA-Z_-]{2,40})"', texts)))


def handler_module(route: Route) -> ModuleType:
    inside = [cell.cell_contents for cell in route.handler.__closure__ or ()]  # GitHub's handlers are wrapped
    return sys.modules[next((each for each in inside if callable(each)), route.handler).__module__]


def of_kind(chance: random.Random, kind: str, words: list[str], depth: int) -> Any:
    """A value that the check of a field takes."""
    if kind == "string":
        return chance.choice([*words, "main", "x"])
    if kind in {"integer", "number", "boolean"}:
        return chance.choice([True, False]) if kind == "boolean" else chance.choice([0, 1, 7])
    if kind == "array":
        return [odd_or_document(chance, words, depth + 1) for _ in range(chance.randint(0, 2))]
    return document_of(chance, words, {}, depth + 1)


def odd_or_document(chance: random.Random, words: list[str], depth: int) -> Any:
    kind = chance.random()
    if depth > 3 or kind < 0.4:
        return chance.choice(VALUES)
    return of_kind(chance, chance.choice(["string", "array", "object", "object", "integer"]), words, depth)


def document_of(chance: random.Random, words: list[str], shapes: dict[str, str], depth: int = 0) -> dict[str, Any]:
    """A document of fields that the route knows, most of the right type, and of words from its code."""
    names = chance.sample(sorted(shapes), chance.randint(0, len(shapes)))
    found = {
        name: of_kind(chance, shapes[name], words, depth)
        if chance.random() < 0.8
        else odd_or_document(chance, words, depth)
        for name in names
    }
    if depth or not shapes:
        found |= {name: odd_or_document(chance, words, depth) for name in chance.sample(words, min(len(words), 5))}
    return found


def requests(api: Api, route: Route, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, bytes, str]]:
    chance = random.Random(f"{route.method} {route.path}")  # noqa: S311 - the same requests at each run
    good = next(paths(api, route, chance))
    words, shapes = words_of(handler_module(route)), described(route)
    with learning(monkeypatch, shapes):
        for path in paths(api, route, chance):
            yield path, b"{}", ""
    for name in sorted(QUERY_NAMES & {*words, "limit", "page", "per_page", "since", "teamId", "until"}):
        for value in QUERY_VALUES:
            yield good, b"", f"{name}={value}"
    if route.method in {"GET", "DELETE"} and not shapes:
        return
    for raw in NOT_JSON:
        yield good, raw, ""
    for name in sorted(shapes):
        usual = {each: of_kind(chance, kind, words, 0) for each, kind in shapes.items() if kind != "object"}
        for value in chance.sample(VALUES, examples(10, len(VALUES))):
            yield good, json.dumps({name: value}).encode(), ""
        for value in chance.sample(VALUES, examples(10, len(VALUES))):
            yield good, json.dumps(usual | {name: value}).encode(), ""
    for _ in range(PER_ROUTE):
        yield good, json.dumps(document_of(chance, words, shapes)).encode(), ""


def failures(api: Api, route: Route, in_form: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    for path, body, query in requests(api, route, monkeypatch):
        shown = f"{route.method} {path[:120]}?{query[:60]} {body[:200]!r}"
        try:
            answer = api.send(route.method, path, body, query)
        except Exception as error:  # noqa: BLE001 - the test is about every kind of failure
            found.append(f"{shown}: {type(error).__name__}: {error}"[:500])
            continue
        if answer.status >= 400 and not in_form(answer):
            found.append(f"{shown}: {answer.status} {answer.body[:200]!r}")
    return found


def vercels(answer: Answer) -> bool:
    return (
        answer.status in range(400, 500) and {"code", "message"} <= json.loads(answer.body)["error"].keys()
    ) or answer.status == 501


def githubs(answer: Answer) -> bool:
    return (answer.status in range(400, 500) and "message" in json.loads(answer.body)) or answer.status == 501


@pytest.mark.parametrize("route", vercel.ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_request_makes_vercels_api_fail(vercel_api: Api, route: Route, monkeypatch: pytest.MonkeyPatch):
    assert failures(vercel_api, route, vercels, monkeypatch) == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_request_makes_githubs_api_fail(github_api: Api, route: Route, monkeypatch: pytest.MonkeyPatch):
    assert failures(github_api, route, githubs, monkeypatch) == []
