from __future__ import annotations

import http.server
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from packages.toolchain.tests.fakes import GITHUB, POSTGRESQL, VERCEL
from parity_toolchain.download import Site
from parity_toolchain.model import Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def required() -> Versions:
    return Versions("3.259.0", (GITHUB, POSTGRESQL, VERCEL))


@pytest.fixture
def only_cli() -> Versions:
    return Versions("3.259.0", ())


@pytest.fixture
def nowhere(unused_port: int) -> Site:
    """A site that refuses connections."""
    return Site(f"http://127.0.0.1:{unused_port}/", connect=2.0)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Served:
    """A loopback site that serves one text and counts the requests for it."""

    def __init__(self, text: str, status: int = 200) -> None:
        self.requests = 0
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.requests += 1
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.site = Site(
            f"http://127.0.0.1:{self.server.server_address[1]}/", connect=2.0, limit=20.0, plugin_limit=20.0
        )
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def start(text: str, status: int = 200) -> Served:
        made.append(Served(text, status))
        return made[-1]

    yield start
    for served in made:
        served.close()
