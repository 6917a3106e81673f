"""From a TLS request to an answer: the service by host, faults, the handler inside a transaction, a log row."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from parity_sandbox import keeps
from parity_sandbox.asgi import Answer, BodyRefused, call, read_body, send_answer, send_cut
from parity_sandbox.jsontext import parse_json
from parity_sandbox.logs import failure, warn
from parity_sandbox.requestlog import Entry
from parity_sandbox.routing import ROLL_BACK
from parity_sandbox.services import service_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

    from starlette.types import Receive, Scope, Send

    from parity_sandbox.context import Context
    from parity_sandbox.faults import FaultBook, FaultRule
    from parity_sandbox.redaction import Redactor
    from parity_sandbox.requestlog import RequestLog
    from parity_sandbox.services import Service

REQUEST_ID = "sandbox.request_id"
"""Key in the ASGI scope: the request's id, a UUID; vendors may put it into a header of their own form."""

_SERVER_ERROR = 500
_MISDIRECTED = 421


class _RolledBack(Exception):
    """Carries the answer of a handler that raised out of the transaction."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


@dataclass
class Gate:
    """Holds requests back while storage and PostgreSQL are saved, replaced or restarted."""

    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _empty: asyncio.Event = field(default_factory=asyncio.Event)
    _inside: int = 0
    _closing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Start open and empty."""
        self._open.set()
        self._empty.set()

    @asynccontextmanager
    async def passing(self) -> AsyncGenerator[None]:
        """Wait until the gate is open, and count as inside until done."""
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @asynccontextmanager
    async def closed(self) -> AsyncGenerator[None]:
        """Keep new requests out, wait until none is inside, and open again afterwards."""
        async with self._closing:
            self._open.clear()
            try:
                await self._empty.wait()
                yield
            finally:
                self._open.set()


@dataclass
class Exchange:
    """One request on its way."""

    scope: Scope
    service: Service | None
    method: str
    target: str
    """Path and query, with the host in front for the edge; tokens as fingerprints."""
    started: float
    request_id: str
    body: bytes = b""
    unread: bool = False
    """Whether a part of the body was left unread, so that the connection cannot be used again."""
    row: int | None = None
    fault: FaultRule | None = None

    @property
    def name(self) -> str:
        """The service's name, as the log has it."""
        return self.service.name if self.service else "unknown"


@dataclass
class Dispatcher:
    """The ASGI application behind the TLS port."""

    context: Context
    services: tuple[Service, ...]
    log: RequestLog
    faults: FaultBook
    redactor: Redactor
    gate: Gate
    latency: dict[str, float]
    """Seconds that each request to a service waits before it is handled."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        exchange = self._exchange(scope)
        status: int | None = None
        try:
            answer = await self._received(exchange, receive) or await self._answer(exchange)
            if answer is None:
                await self._drop(scope, receive)
                return
            answer = answer.with_header("x-sandbox-request-id", exchange.request_id)
            if exchange.unread:
                answer = answer.with_header("connection", "close")
            if exchange.fault and exchange.fault.action == "truncate":
                await send_cut(answer, send)
                await self._drop(scope, receive)
                return
            status = answer.status
            self._finish(exchange, status)
            await send_answer(answer, send)
        finally:
            if status is None:
                self._finish(exchange, None)

    @staticmethod
    async def _received(exchange: Exchange, receive: Receive) -> Answer | None:
        """Read the body of a request that carries its service's token; gives the refusal of one that is too long.

        Without the token the body stays unread: the vendor refuses the request by its head.
        """
        service = exchange.service
        if service is None or not service.admits(exchange.scope):
            exchange.unread = True
            return None
        try:
            exchange.body = await read_body(receive)
        except BodyRefused as refusal:
            exchange.unread = True
            return service.failure_answer(refusal.status, refusal.message)
        return None

    def _exchange(self, scope: Scope) -> Exchange:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "").partition(":")[0].lower()
        service = service_of(self.services, self.context, host)
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        target = self.redactor.target(raw.decode("latin-1"), scope["query_string"].decode("latin-1"))
        if service is None or service.by_host:
            target = host + target
        request_id = str(uuid.uuid4())
        scope[REQUEST_ID] = request_id
        return Exchange(scope, service, scope["method"], target, self.context.clock(), request_id)

    async def _answer(self, exchange: Exchange) -> Answer | None:
        """The answer, or None where the connection is to be cut."""
        if exchange.service is None:
            return Answer.of_json(
                _MISDIRECTED, {"error": f"The sandbox serves no host {exchange.target.split('/')[0]}."}
            )
        await asyncio.sleep(self.latency.get(exchange.name, 0.0))
        exchange.fault = self.faults.strike(exchange.name, exchange.method, exchange.target)
        fault = exchange.fault
        if fault is None or fault.action == "truncate":
            return await self._perform(exchange, exchange.service)
        if fault.when == "before":
            return await self._strike(exchange, exchange.service, fault, None)
        return await self._strike(exchange, exchange.service, fault, await self._perform(exchange, exchange.service))

    async def _strike(
        self, exchange: Exchange, service: Service, fault: FaultRule, done: Answer | None
    ) -> Answer | None:
        if fault.action == "drop":
            await asyncio.sleep(fault.delay_seconds)
            return None
        if fault.action == "status":
            return service.fault_answer(fault)
        if fault.action == "delay":
            await asyncio.sleep(fault.delay_seconds)
        if fault.action == "hang" and not await self.faults.until_removed(fault.id):
            return None
        return done or await self._perform(exchange, service)

    async def _perform(self, exchange: Exchange, service: Service) -> Answer:
        async with self.gate.passing():
            try:
                if not service.transactional:
                    answer = await call(service.app, exchange.scope, exchange.body)
                    exchange.row = self.log.add(self._entry(exchange, answer.status, applied=True))
                    return answer
                return self._transact(exchange, service)
            except Exception as error:  # noqa: BLE001 - a fault of the sandbox's own must be answered and logged as one
                failure("a handler failed", error, service=service.name, method=exchange.method, path=exchange.target)
                return service.failure_answer(
                    _SERVER_ERROR, f"The sandbox itself failed ({type(error).__name__}); its server.log has the trace."
                )

    def _transact(self, exchange: Exchange, service: Service) -> Answer:
        """Run a handler and write its log row in one transaction; roll the effect back where the handler raised.

        So is the effect of a write that a rule drops: the client has the answer of a write that was kept.
        """
        store = self.context.store
        write = keeps.kept(store, service.name, exchange.method, exchange.target, exchange.body)
        try:
            with store.transaction():
                calling = call(service.app, exchange.scope, write.body)
                answer = self._handle(exchange, calling, dropped=write.dropped)
                exchange.row = self.log.add(self._entry(exchange, answer.status, applied=True))
                return answer
        except _RolledBack as rolled_back:
            return rolled_back.answer

    @staticmethod
    def _handle(exchange: Exchange, calling: Coroutine[Any, Any, Answer], *, dropped: bool) -> Answer:
        answer = _run_at_once(calling)
        if dropped or exchange.scope.get(ROLL_BACK):
            raise _RolledBack(answer)
        return answer

    def _finish(self, exchange: Exchange, status: int | None) -> None:
        entry = self._entry(exchange, status, applied=False)
        if exchange.row is None:
            exchange.row = self.log.add(entry)
        else:
            self.log.finish(exchange.row, status, entry.duration_ms, entry.fault)
        if exchange.service is None:
            warn("no service for a request", method=exchange.method, target=exchange.target)

    def _entry(self, exchange: Exchange, status: int | None, *, applied: bool) -> Entry:
        return Entry(
            time=exchange.started,
            service=exchange.name,
            method=exchange.method,
            path=exchange.target,
            status=status,
            request_id=exchange.request_id,
            duration_ms=round((self.context.clock() - exchange.started) * 1000, 3),
            fault=exchange.fault.id if exchange.fault else None,
            applied=applied,
            body_digest=self.redactor.fingerprint(exchange.body.decode("latin-1")) if exchange.body else None,
            body=self.redactor.request_body(_parsed(exchange.body)),
        )

    @staticmethod
    async def _drop(scope: Scope, receive: Receive) -> None:
        """Cut the connection, and wait until it is cut."""
        scope["state"]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _run_at_once(calling: Coroutine[Any, Any, Answer]) -> Answer:
    """Drive a handler to its end without giving way, so that no other request joins its transaction.

    Raises:
        RuntimeError: where the handler really awaits something.
    """
    try:
        calling.send(None)
    except StopIteration as finished:
        return finished.value
    calling.close()
    raise RuntimeError("a vendor's handler awaited something other than its request's body")


def _parsed(body: bytes) -> Any:
    try:
        return parse_json(body) if body else None
    except ValueError:
        return None
