"""A server of JSON on loopback, for a vendor that the engine itself calls."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator


class JsonHandler(BaseHTTPRequestHandler):
    """Answers requests with documents; it keeps connections open and sends each answer at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def body(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def answer(self, status: int, document: Any) -> None:
        """Answer with a document; with nothing where it is None."""
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def serving(handler: type[JsonHandler], **state: Any) -> Generator[str]:
    """Serve on a free port until the block ends; gives the address. The handler has the state as attributes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), state)) as server:
        server.daemon_threads = True  # an open connection does not keep it
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
