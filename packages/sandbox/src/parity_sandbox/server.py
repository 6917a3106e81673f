"""The serving process: storage, PostgreSQL, the TLS port, the proxy and the control API, from start to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from parity_sandbox.authority import load_authority
from parity_sandbox.control import create_control
from parity_sandbox.layout import Layout, read_json, write_json
from parity_sandbox.locks import hold
from parity_sandbox.logs import log
from parity_sandbox.ports import LOOPBACK, Ports, free_port, keep, listen, port_of
from parity_sandbox.postgres.binaries import find_binaries
from parity_sandbox.postgres.cluster import AddressTaken, Cluster
from parity_sandbox.proxy import HEAD_SECONDS, Proxy
from parity_sandbox.requestlog import Entry
from parity_sandbox.services import service_of
from parity_sandbox.world import World, open_world

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Generator
    from pathlib import Path

    from starlette.types import ASGIApp

    from parity_sandbox.options import ServeOptions
    from parity_sandbox.store import Document

_DRAIN_SECONDS = _DATE_SECONDS = 1
_PORT_ATTEMPTS = 5
_REFUSED = 403


class _Protocol(H11Protocol):
    """uvicorn's protocol, which hands the connection to the application, so that a fault can cut it.

    It also closes a connection whose request's head does not arrive in time; uvicorn itself waits without end.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._head_timer is None:
            self._await_head()

    def on_response_complete(self) -> None:
        self._stop_timer()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the process, and wakes once a second for the date, not ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DATE_SECONDS):
                    await self._ending.wait()

    def end(self) -> None:
        self.should_exit = True
        self._ending.set()


async def _serve_http(
    stack: AsyncExitStack, app: ASGIApp, listener: socket.socket, context: ssl.SSLContext | None
) -> None:
    """Serve an application on a socket until the stack unwinds."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        ssl_context_factory=(lambda _config, _default: context) if context else None,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)

    async def stop() -> None:
        server.end()
        await task

    stack.push_async_callback(stop)


async def _serve_proxy(stack: AsyncExitStack, world: World, listener: socket.socket, tls_port: int) -> None:
    def refused(method: str, target: str) -> None:
        world.log.add(Entry(world.context.clock(), "proxy", method, target, _REFUSED))

    proxy = Proxy(tls_port, lambda host: service_of(world.services, world.context, host) is not None, refused)
    server = await asyncio.start_server(proxy.handle, sock=listener, limit=16_384)

    async def stop() -> None:
        server.close()
        proxy.close()

    stack.push_async_callback(stop)


async def _start_postgres(stack: AsyncExitStack, cluster: Cluster, asked: int | None, last: int | None) -> int:
    """Start PostgreSQL; another free port is tried where the chosen one was taken in between."""
    cluster.stop_orphan()
    await asyncio.to_thread(cluster.create)
    for attempt in range(_PORT_ATTEMPTS):
        port = free_port("PostgreSQL", asked, last)
        stack.enter_context(keep(port))
        try:
            await asyncio.to_thread(cluster.start, port)
        except AddressTaken:
            if asked is not None or attempt + 1 == _PORT_ATTEMPTS:
                raise
            continue
        return port
    raise AssertionError


async def _run(layout: Layout, options: ServeOptions) -> None:
    began = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    last = read_json(layout.ports) or {}
    proxy = listen("proxy", options.proxy_port, last.get("proxy"))
    tls = listen("TLS", options.tls_port, last.get("tls"))
    control = listen("control", options.control_port, last.get("control"))
    async with AsyncExitStack() as stack:
        binaries = await asyncio.to_thread(find_binaries, options.postgres)
        world = open_world(
            layout, binaries, build_seconds=options.build_seconds, promote_seconds=options.promote_seconds
        )
        stack.callback(world.context.store.close)
        stack.callback(world.cluster.stop)
        port = await _start_postgres(stack, world.cluster, options.postgres_port, last.get("postgres"))
        ports = Ports(port_of(proxy), port_of(tls), port_of(control), port)
        world.connect_services(ports)
        await _serve_http(stack, world.dispatcher, tls, load_authority(layout).server_context())
        await _serve_proxy(stack, world, proxy, ports.tls)
        await _serve_http(stack, create_control(world), control, None)
        write_json(layout.ports, asdict(ports))
        write_json(layout.server, _record(ports))
        stack.callback(layout.server.unlink, missing_ok=True)
        log("sandbox ready", seconds=round(time.monotonic() - began, 3), postgres=binaries.version, ports=asdict(ports))
        await stop.wait()
        log("sandbox stopping")
    log("sandbox stopped")


def _record(ports: Ports) -> Document:
    return {"pid": os.getpid(), "started": time.time(), "host": LOOPBACK, "ports": asdict(ports)}


def serve(directory: Path, options: ServeOptions) -> None:
    """Serve the sandbox in `directory` until SIGTERM or SIGINT.

    Raises:
        AlreadyServed: where another process serves the same folder.
        SandboxError: where it cannot be started.
    """
    layout = Layout(directory.absolute())
    layout.create()
    refusal = f"A sandbox is already served from {directory}. Stop it (`parity sandbox down`), or name another folder."
    with hold(layout.lock, 2.0, refusal):
        layout.server.unlink(missing_ok=True)
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(_run(layout, options))
