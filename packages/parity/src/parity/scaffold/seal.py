"""Seals the example's secrets as Pulumi's passphrase provider does, with the sandbox's public passphrase.

Salt, nonce and value follow from the project's name, the stack and the key, so that two renderings of one project are
equal and an upgrade shows what the template changed, and nothing else. Such a secret protects nothing: its passphrase
is in this package. A team replaces it before it uses an account of its own.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING

from parity.engine import passphrase

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PASSPHRASE = "parity-sandbox"  # noqa: S105 - the sandbox's, which is public


def salt(project: str, stack: str) -> str:
    """The value of `encryptionsalt` in a stack's file."""
    text = base64.b64encode(_salt(project, stack)).decode()
    return f"v1:{text}:{_sealed(passphrase.PROOF, project, stack, '')}"


def secret(key: str, project: str, stack: str) -> str:
    """The `secure:` value of an example secret; `key` is its path in the stack's file."""
    return _sealed(example(key, project, stack), project, stack, key)


def example(key: str, project: str, stack: str) -> str:
    """The example secret itself, 64 hex digits."""
    return _digest("value", project, stack, key).hex()


def opened(sealed: str, project: str, stack: str) -> str:
    """The value of what `secret` gave; raises passphrase.Sealed where another salt or passphrase sealed it."""
    return passphrase.opened(_cipher(project, stack), sealed)


def _sealed(value: str, project: str, stack: str, key: str) -> str:
    nonce = _digest("nonce", project, stack, key)[: passphrase.NONCE_BYTES]
    return passphrase.sealed(_cipher(project, stack), value, nonce)


def _cipher(project: str, stack: str) -> AESGCM:
    return passphrase.of(PASSPHRASE, _salt(project, stack))


def _salt(project: str, stack: str) -> bytes:
    return _digest("salt", project, stack, "")[:8]


def _digest(*parts: str) -> bytes:
    return sha256("\0".join(("parity/example/1", *parts)).encode()).digest()
