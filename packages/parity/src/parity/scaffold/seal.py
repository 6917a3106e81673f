"""Seals the example's secrets as Pulumi's passphrase provider does, with the sandbox's public passphrase.

Salt, nonce and value follow from the project's name, the stack and the key, so that two renderings of one project are
equal and an upgrade shows what the template changed, and nothing else. Such a secret protects nothing: its passphrase
is in this package. A team replaces it before it uses an account of its own.

The form is that of Pulumi's SDK (`sdk/go/common/resource/config/crypt.go`): AES-256-GCM, the key by PBKDF2-HMAC-SHA256
with 1,000,000 rounds over an 8-byte salt; `encryptionsalt` also holds the word `pulumi`, sealed, to check a passphrase.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from hashlib import pbkdf2_hmac, sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PASSPHRASE = "parity-sandbox"  # noqa: S105 - the sandbox's, which is public
_ROUNDS = 1_000_000
_KNOWN = "pulumi"


def salt(project: str, stack: str) -> str:
    """The value of `encryptionsalt` in a stack's file."""
    return f"v1:{_text(_salt(project, stack))}:{_sealed(_KNOWN, project, stack, '')}"


def secret(key: str, project: str, stack: str) -> str:
    """The `secure:` value of an example secret; `key` is its path in the stack's file."""
    return _sealed(example(key, project, stack), project, stack, key)


def example(key: str, project: str, stack: str) -> str:
    """The example secret itself, 64 hex digits."""
    return sha256(_context("value", project, stack, key)).hexdigest()


def opened(sealed: str, project: str, stack: str) -> str:
    """The value of what `secret` gave; raises cryptography's InvalidTag where another salt or passphrase sealed it."""
    version, nonce, data = sealed.split(":")
    if version != "v1":
        raise ValueError(f"a secret of version {version}")
    return AESGCM(_key(project, stack)).decrypt(base64.b64decode(nonce), base64.b64decode(data), None).decode()


def _sealed(value: str, project: str, stack: str, key: str) -> str:
    nonce = sha256(_context("nonce", project, stack, key)).digest()[:12]
    return f"v1:{_text(nonce)}:{_text(AESGCM(_key(project, stack)).encrypt(nonce, value.encode(), None))}"


@lru_cache(maxsize=8)
def _key(project: str, stack: str) -> bytes:
    return pbkdf2_hmac("sha256", PASSPHRASE.encode(), _salt(project, stack), _ROUNDS)


def _salt(project: str, stack: str) -> bytes:
    return sha256(_context("salt", project, stack, "")).digest()[:8]


def _context(*parts: str) -> bytes:
    return "\0".join(("parity/example/1", *parts)).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
