"""The table of routes: which route answers, how parameters come out, and what an unknown route gets."""

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.testclient import TestClient

from parity_sandbox.routing import MATCHED_ROUTE, ROLL_BACK, Route, build_app, unknown_route


async def echo(request: Request) -> Response:
    return JSONResponse({"parameters": request.path_params, "route": request.scope[MATCHED_ROUTE].template})


async def fail(request: Request) -> Response:
    raise LookupError(request.url.path)


def translate(request: Request, error: Exception) -> Response | None:
    return JSONResponse({"rolled_back": request.scope[ROLL_BACK]}, 409) if isinstance(error, LookupError) else None


def client(*routes: Route, before=None) -> TestClient:
    app = build_app(
        routes,
        unknown=lambda request: JSONResponse({"message": unknown_route(request)}, 501),
        on_error=translate,
        before=before,
    )
    return TestClient(app, raise_server_exceptions=True)


def test_a_parameter_is_one_segment_and_comes_decoded():
    answer = client(Route("GET", "/projects/{idOrName}/env", echo, "test")).get("/projects/a%2Fb%20c/env?x=1")
    assert answer.json() == {"parameters": {"idOrName": "a/b c"}, "route": "/projects/{idOrName}/env"}


def test_a_path_parameter_takes_the_rest_and_the_template_is_the_descriptions():
    answer = client(Route("GET", "/git/ref/{ref:path}", echo, "test")).get("/git/ref/heads/main")
    assert answer.json() == {"parameters": {"ref": "heads/main"}, "route": "/git/ref/{ref}"}


@pytest.mark.parametrize("swapped", [False, True])
def test_the_most_literal_template_answers_whatever_the_order(swapped):
    routes = [Route("GET", "/a/{b}", echo, "test"), Route("GET", "/a/selected", echo, "test")]
    answer = client(*(reversed(routes) if swapped else routes)).get("/a/selected")
    assert answer.json()["route"] == "/a/selected"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("POST", "/a"), ("GET", "/a/"), ("DELETE", "/a?x=1")]
)
def test_an_unknown_route_is_a_501_that_names_method_and_path(method, path):
    answer = client(Route("GET", "/a", echo, "test")).request(method, path)
    assert answer.status_code == 501
    assert f"{method} {path.partition('?')[0]}." in answer.json()["message"]


def test_an_error_is_translated_and_marks_the_transaction_for_rolling_back():
    answer = client(Route("GET", "/a", fail, "test")).get("/a")
    assert (answer.status_code, answer.json()) == (409, {"rolled_back": True})


def test_an_error_that_is_not_translated_is_raised():
    async def broken(request: Request) -> Response:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        client(Route("GET", "/a", broken, "test")).get("/a")


def test_before_runs_for_every_request_known_or_not():
    def refuse(request: Request) -> None:
        raise LookupError

    for path in ("/a", "/nowhere"):
        assert client(Route("GET", "/a", echo, "test"), before=refuse).get(path).status_code == 409


def test_two_routes_that_answer_the_same_are_a_fault():
    routes = [Route("GET", "/a/{b}", echo, "test"), Route("GET", "/a/{c}", echo, "test")]
    with pytest.raises(ValueError, match=r"two routes answer GET /a/\{c\}"):
        client(*routes)
