"""The control API on loopback: what tests and the command line say to a running sandbox."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from parity_sandbox import maintenance, snapshots
from parity_sandbox.errors import BadDocument, SandboxError, SnapshotError
from parity_sandbox.forms import LONGEST_SECONDS
from parity_sandbox.guard import Guard
from parity_sandbox.jsontext import parse_json
from parity_sandbox.keeps import add_keep
from parity_sandbox.logs import failure
from parity_sandbox.narrowing import is_object
from parity_sandbox.services import VENDORS
from parity_sandbox.vercel.builds import add_rule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from parity_sandbox.store import Document, Store
    from parity_sandbox.world import World

_SERVICES = ("vercel", "github", "edge")
_LONGEST_WAIT_SECONDS = 60
_DIGITS = 15
_PAGE = """The control API of a Parity sandbox.

What is live in it, as a page: parity serve
Its API: /_sandbox/health, /_sandbox/state, /_sandbox/requests, /_sandbox/faults
"""


async def _document(request: Request) -> Document:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise BadDocument("Send the document as JSON, with content-type: application/json.")
    try:
        document = parse_json(await request.body())
    except ValueError as error:
        raise BadDocument(f"The body is not JSON: {error}.") from error
    if not is_object(document):
        raise BadDocument(f"The body must be a JSON object, not {type(document).__name__}.")
    return document


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise BadDocument(f"The query's {name} is a number of at most {_DIGITS} digits, not {text[:40]!r}.")
    return int(text)


class Control:
    """The handlers; each method is one path."""

    def __init__(self, world: World) -> None:
        """Answer for `world`."""
        self._world = world

    async def page(self, _request: Request) -> Response:
        """Where a person finds what."""
        return PlainTextResponse(_PAGE)

    async def health(self, _request: Request) -> Response:
        """Whether every part answers; 503 where one does not."""
        world = self._world
        postgres = world.cluster.is_running
        document = {
            "status": "ok" if postgres else "degraded",
            "ports": asdict(world.ports) if world.ports else None,
            "services": [service.name for service in world.services],
            "postgres": {
                "running": postgres,
                "version": world.cluster.binaries.version,
                "origin": world.cluster.binaries.origin,
                "folder": str(world.cluster.binaries.folder),
                "user": world.cluster.identity.name,
                "capability": world.cluster.identity.capability,
            },
        }
        return JSONResponse(document, 200 if postgres else 503)

    async def state(self, _request: Request) -> Response:
        """Every object of both vendors, secret values as fingerprints."""
        return JSONResponse(maintenance.state(self._world))

    async def requests(self, request: Request) -> Response:
        """Rows of the request log, or with DELETE none."""
        log = self._world.log
        if request.method == "DELETE":
            log.clear()
            return JSONResponse({"requests": []})
        query = request.query_params
        rows = log.rows(
            _number(request, "since", 0), _number(request, "limit", 1000), query.get("service"), query.get("method")
        )
        return JSONResponse({"requests": rows})

    async def reset(self, _request: Request) -> Response:
        """Back to an empty sandbox."""
        await maintenance.reset(self._world)
        return JSONResponse({"reset": True})

    async def seed(self, request: Request) -> Response:
        """Make the objects that exist before any deployment: teams, repositories, users."""
        document = await _document(request)
        unknown = sorted(set(document) - set(VENDORS))
        if unknown:
            raise BadDocument(f"A seed has no part {', '.join(unknown)}; it knows {', '.join(VENDORS)}.")
        broken = sorted(name for name, part in document.items() if not isinstance(part, dict))
        if broken:
            raise BadDocument(f"A seed's part {broken[0]} must be a JSON object.")
        with self._world.context.store.transaction():
            for name, part in document.items():
                VENDORS[name].seed(self._world.context, part)
        return JSONResponse({"seeded": sorted(document)})

    async def snapshots(self, request: Request) -> Response:
        """The snapshots there are, or with POST one more."""
        if request.method == "POST":
            name = (await _document(request)).get("name")
            await maintenance.save(self._world, name)
        found = snapshots.listing(self._world.layout)
        return JSONResponse({"snapshots": found}, 201 if request.method == "POST" else 200)

    async def snapshot(self, request: Request) -> Response:
        """Delete a snapshot, or with POST to `.../load` go back to it."""
        name = request.path_params["name"]
        if request.method == "DELETE":
            snapshots.delete(self._world.layout, name)
            return JSONResponse({"deleted": name})
        await maintenance.load(self._world, name)
        return JSONResponse({"loaded": name})

    async def faults(self, request: Request) -> Response:
        """The faults that are set with their counts, or with POST one more, or with DELETE none."""
        book = self._world.faults
        if request.method == "POST":
            return JSONResponse(book.add(await _document(request)).model_dump(), 201)
        if request.method == "DELETE":
            book.clear()
        return JSONResponse({"faults": [fault.model_dump() for fault in book.all()]})

    async def fault(self, request: Request) -> Response:
        """One fault, once it has struck; or with DELETE none, and a request that it holds goes on or is cut."""
        identifier, book, query = request.path_params["id"], self._world.faults, request.query_params
        if request.method == "DELETE":
            then = query.get("then", "go-on")
            if then not in {"go-on", "cut"}:
                raise BadDocument(f"The query's then is go-on or cut, not {then!r}.")
            found = book.remove(identifier, cut=then == "cut")
            return JSONResponse({"deleted": identifier}) if found else _no_fault(identifier)
        seconds = min(_number(request, "seconds", 0), _LONGEST_WAIT_SECONDS)
        fault = await book.until_fired(identifier, _number(request, "fired", 1), seconds)
        return _no_fault(identifier) if fault is None else JSONResponse(fault.model_dump())

    async def latency(self, request: Request) -> Response:
        """Seconds that each request to a service waits; PUT sets those that are named."""
        latency = self._world.latency
        if request.method == "PUT":
            wanted: dict[str, float] = {}
            for name, seconds in (await _document(request)).items():
                if (
                    name not in _SERVICES
                    or isinstance(seconds, bool)
                    or not isinstance(seconds, (int, float))
                    or not 0 <= seconds <= LONGEST_SECONDS
                ):
                    raise BadDocument(
                        f"Latency is 0 to {LONGEST_SECONDS} seconds for {', '.join(_SERVICES)}, "
                        'for example {"vercel": 0.05}.'
                    )
                wanted[name] = float(seconds)
            latency.update(wanted)
            maintenance.keep_latency(self._world)
        return JSONResponse({name: latency.get(name, 0.0) for name in _SERVICES})

    async def builds(self, request: Request) -> Response:
        """The rules for builds, or with POST one more, or with DELETE none."""
        return await self._rules(request, "builds", add_rule)

    async def keeps(self, request: Request) -> Response:
        """The rules for writes that are not kept as sent, or with POST one more, or with DELETE none."""
        return await self._rules(request, "keeps", add_keep)

    async def _rules(self, request: Request, kind: str, add: Callable[[Store, Document], Document]) -> Response:
        store = self._world.context.store
        kept = store.collection("sandbox", kind)
        if request.method == "POST":
            return JSONResponse(add(store, await _document(request)), 201)
        if request.method == "DELETE":
            for rule in kept.all():
                kept.delete(rule["id"])
        return JSONResponse({kind: kept.all()})

    async def postgres(self, request: Request) -> Response:
        """Stop, start, restart or kill PostgreSQL."""
        await maintenance.act_on_postgres(self._world, (await _document(request)).get("action"))
        return JSONResponse({"running": self._world.cluster.is_running})

    async def secrets(self, request: Request) -> Response:
        """Every secret value kept, opened; only with the control token."""
        expected = f"Bearer {self._world.credentials.control_token}"
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            return _error(401, "Secrets need the header `authorization: Bearer <control_token of credentials.json>`.")
        return JSONResponse({name: each.secrets(self._world.context) for name, each in VENDORS.items()})


def _no_fault(identifier: str) -> JSONResponse:
    return _error(404, f"There is no fault {identifier}.")


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)


def _wrapped(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (BadDocument, SnapshotError) as error:
            return _error(400, str(error))
        except SandboxError as error:
            return _error(500, str(error))
        except Exception as error:  # noqa: BLE001 - answered as JSON and logged with its trace
            failure("the control API failed", error, path=request.url.path)
            return _error(500, f"The sandbox itself failed ({type(error).__name__}); its server.log has the trace.")

    return answer


async def _unknown(request: Request, _: Exception) -> Response:
    return _error(
        404, f"The control API has no {request.method} {request.url.path}; docs/sandbox.md lists what it has."
    )


def create_control(world: World) -> Starlette:
    """The application of the control port. Only loopback names are answered, so no web page reaches it by DNS."""
    control = Control(world)
    paths: list[tuple[str, list[str], Callable[[Request], Awaitable[Response]]]] = [
        ("/", ["GET"], control.page),
        ("/_sandbox/health", ["GET"], control.health),
        ("/_sandbox/state", ["GET"], control.state),
        ("/_sandbox/requests", ["GET", "DELETE"], control.requests),
        ("/_sandbox/reset", ["POST"], control.reset),
        ("/_sandbox/seed", ["POST"], control.seed),
        ("/_sandbox/snapshots", ["GET", "POST"], control.snapshots),
        ("/_sandbox/snapshots/{name}", ["DELETE"], control.snapshot),
        ("/_sandbox/snapshots/{name}/load", ["POST"], control.snapshot),
        ("/_sandbox/faults", ["GET", "POST", "DELETE"], control.faults),
        ("/_sandbox/faults/{id}", ["GET", "DELETE"], control.fault),
        ("/_sandbox/latency", ["GET", "PUT"], control.latency),
        ("/_sandbox/builds", ["GET", "POST", "DELETE"], control.builds),
        ("/_sandbox/keeps", ["GET", "POST", "DELETE"], control.keeps),
        ("/_sandbox/postgres", ["POST"], control.postgres),
        ("/_sandbox/secrets", ["GET"], control.secrets),
    ]
    return Starlette(
        routes=[Route(path, _wrapped(handler), methods=methods) for path, methods, handler in paths],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False),
            Middleware(Guard),
        ],
        exception_handlers={404: _unknown, 405: _unknown},
    )
