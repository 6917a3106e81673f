"""HashiCorp Vault's transit engine on loopback: the two calls that seal and open a stack's key, with a real cipher."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken

from support.json_server import JsonHandler, serving

if TYPE_CHECKING:
    from collections.abc import Generator

TOKEN = "vault-token-of-the-test"
PREFIX = "vault:v1:"


class _Transit(JsonHandler):
    keys: dict[str, Fernet]

    def do_PUT(self) -> None:  # noqa: N802 - the name that the base class looks up
        """`PUT /v1/transit/encrypt/{key}` and `.../decrypt/{key}`."""
        given = json.loads(self.body())
        _, version, engine, operation, key = self.path.split("/")
        if self.headers.get("x-vault-token") != TOKEN:
            self.answer(403, {"errors": ["permission denied"]})
        elif (version, engine) != ("v1", "transit") or operation not in {"encrypt", "decrypt"}:
            self.answer(404, {"errors": [f"no handler for route {self.path}"]})
        elif operation == "encrypt":
            sealed = self.keys.setdefault(key, Fernet(Fernet.generate_key())).encrypt(given["plaintext"].encode())
            self.answer(200, {"data": {"ciphertext": PREFIX + sealed.decode()}})
        else:
            self._open(key, given["ciphertext"])

    def _open(self, key: str, ciphertext: str) -> None:
        try:
            opened = self.keys[key].decrypt(ciphertext.removeprefix(PREFIX).encode()).decode()
            base64.b64decode(opened, validate=True)
        except (KeyError, InvalidToken):
            self.answer(400, {"errors": ["cipher: message authentication failed"]})
        else:
            self.answer(200, {"data": {"plaintext": opened}})


@contextmanager
def served() -> Generator[dict[str, str]]:
    """Serve until the block ends; gives the variables with which the engine finds it."""
    with serving(_Transit, keys=dict[str, Fernet]()) as address:
        yield {"VAULT_ADDR": address, "VAULT_TOKEN": TOKEN}
