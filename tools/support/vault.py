"""HashiCorp Vault's transit engine on loopback: the two calls that seal and open a stack's key, with a real cipher."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken

if TYPE_CHECKING:
    from collections.abc import Generator

TOKEN = "vault-token-of-the-test"
PREFIX = "vault:v1:"


class _Transit(BaseHTTPRequestHandler):
    keys: dict[str, Fernet]

    def do_PUT(self) -> None:
        """`PUT /v1/transit/encrypt/{key}` and `.../decrypt/{key}`."""
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        _, version, engine, operation, key = self.path.split("/")
        if self.headers.get("x-vault-token") != TOKEN:
            self._answer(403, {"errors": ["permission denied"]})
        elif (version, engine) != ("v1", "transit") or operation not in {"encrypt", "decrypt"}:
            self._answer(404, {"errors": [f"no handler for route {self.path}"]})
        elif operation == "encrypt":
            sealed = self.keys.setdefault(key, Fernet(Fernet.generate_key())).encrypt(given["plaintext"].encode())
            self._answer(200, {"data": {"ciphertext": PREFIX + sealed.decode()}})
        else:
            self._open(key, given["ciphertext"])

    def _open(self, key: str, ciphertext: str) -> None:
        try:
            opened = self.keys[key].decrypt(ciphertext.removeprefix(PREFIX).encode()).decode()
            base64.b64decode(opened, validate=True)
        except (KeyError, InvalidToken):
            self._answer(400, {"errors": ["cipher: message authentication failed"]})
        else:
            self._answer(200, {"data": {"plaintext": opened}})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def served() -> Generator[dict[str, str]]:
    """Serve until the block ends; gives the variables with which the engine finds it."""
    handler = type("Transit", (_Transit,), {"keys": dict[str, Fernet]()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {"VAULT_ADDR": f"http://127.0.0.1:{server.server_port}", "VAULT_TOKEN": TOKEN}
        finally:
            server.shutdown()
