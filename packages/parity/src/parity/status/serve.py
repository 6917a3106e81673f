"""Serves the status on loopback, to read: one page and its document, read again once the last is a few seconds old."""

from __future__ import annotations

import json
import signal
import threading
import time
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from parity.redact import masked
from parity.status.document import document
from parity.status.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from parity.status.model import Status

HOST = "127.0.0.1"
FRESH_SECONDS = 5.0
"""How old what is served may be: several readers at once cost the vendors one reading."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@contextmanager
def ended_by_signals() -> Generator[None]:
    """SIGINT and SIGTERM raise KeyboardInterrupt meanwhile, also where a shell's background job ignores the first."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class Server(ThreadingHTTPServer):
    """The server; `address` is where it listens."""

    daemon_threads = True

    def __init__(self, port: int, read: Callable[[], Status], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Listen on loopback.

        Args:
            port: 0 for any free one.
            read: gives the status; called by one request at a time.
            clock: seconds, from any beginning.

        Raises:
            OSError: the port is taken.
        """
        super().__init__((HOST, port), _Handler)
        self._read, self._clock, self._lock = read, clock, threading.Lock()
        self._kept: tuple[float, Status] | None = None

    @property
    def address(self) -> str:
        """For a browser."""
        return f"http://{HOST}:{self.server_port}/"

    @property
    def hosts(self) -> frozenset[str]:
        """What the header Host may say: another name was led here by DNS."""
        return frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))

    def status(self) -> Status:
        """The status, at most FRESH_SECONDS old."""
        with self._lock:
            if self._kept is None or self._clock() - self._kept[0] > FRESH_SECONDS:
                self._kept = (self._clock(), self._read())
            return self._kept[1]


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of `/` and `/status.json`; all else is refused."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is started by Server alone
    server_version = "parity"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Answer with the page or its document."""
        if self.headers.get("Host") not in self.server.hosts:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", f"Ask {self.server.address}\n")
            return
        if self.path == "/":
            self._answer(HTTPStatus.OK, "text/html", page(self.server.status()))
        elif self.path == "/status.json":
            self._answer(HTTPStatus.OK, "application/json", json.dumps(document(self.server.status()), indent=2))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "There is / and /status.json.\n")

    do_HEAD = do_GET  # noqa: N815 - the base class calls it so

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        data = masked(text).encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": f"{kind}; charset=utf-8"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: standard output is the address, once."""
