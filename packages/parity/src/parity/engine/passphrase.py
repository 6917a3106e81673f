"""Opens and seals secrets as Pulumi's passphrase provider does, without starting the engine.

The form is the engine's (pulumi/pkg secrets/passphrase; sdk/go/common/resource/config/crypt.go): a key of 32 bytes by
PBKDF2 from the passphrase and a salt, a million rounds of SHA-256; each value `v1:<nonce>:<sealed>` by AES-256-GCM,
both in base64; a salt `v1:<salt>:<a value that holds "pulumi">`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PASSPHRASE, PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"

Open = Callable[[str], str]
"""Gives the text of a sealed value; raises Sealed."""

_VERSION = "v1"
_ROUNDS = 1_000_000
_KEY_BYTES, NONCE_BYTES = 32, 12
PROOF = "pulumi"
"""What a salt holds sealed, to check a passphrase by."""


class Sealed(Exception):
    """A value is of another form, or was sealed with another key."""


def opener(salt: str, environment: Mapping[str, str], folder: Path) -> Open | None:
    """What opens the values of a stack.

    Args:
        salt: the stack's `encryptionsalt`.
        environment: what the engine would be started in.
        folder: its working folder, which a relative PULUMI_CONFIG_PASSPHRASE_FILE starts from.

    Returns:
        None where the environment has no passphrase, another one, or the salt is of another form.
    """
    cipher = _cipher(salt, environment, folder)
    return partial(opened, cipher) if cipher else None


def sealer(salt: str, environment: Mapping[str, str], folder: Path) -> Callable[[str], str] | None:
    """What seals a value for a stack, as its own secrets are; arguments and None as of `opener`."""
    cipher = _cipher(salt, environment, folder)
    return partial(sealed, cipher) if cipher else None


def _cipher(salt: str, environment: Mapping[str, str], folder: Path) -> AESGCM | None:
    phrase = _phrase(environment, folder)
    version, _, rest = salt.partition(":")
    encoded, _, proof = rest.partition(":")
    if phrase is None or version != _VERSION:
        return None
    try:
        cipher = of(phrase, base64.b64decode(encoded, validate=True))
        return cipher if opened(cipher, proof) == PROOF else None
    except (Sealed, ValueError):
        return None


def _phrase(environment: Mapping[str, str], folder: Path) -> str | None:
    phrase, file = environment.get(PASSPHRASE), environment.get(PASSPHRASE_FILE)
    if phrase is not None or not file:
        return phrase
    try:
        return (folder / file).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


_KEYS: dict[tuple[str, bytes], Future[bytes]] = {}
_KEYS_LOCK = threading.Lock()


def _key(phrase: str, salt: bytes) -> bytes:
    """Made once, since it takes a fifth of a second; who asks while it is made waits for it."""
    with _KEYS_LOCK:
        first = (phrase, salt) not in _KEYS
        key = _KEYS.setdefault((phrase, salt), Future())
    if first:
        key.set_result(hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, _ROUNDS, _KEY_BYTES))
    return key.result()


def of(phrase: str, salt: bytes) -> AESGCM:
    """What opens and seals the values of a passphrase and a salt of 8 bytes."""
    return AESGCM(_key(phrase, salt))


def opened(cipher: AESGCM, value: str) -> str:
    """The text of a sealed value; raises Sealed."""
    try:
        version, nonce, data = value.split(":")
        if version != _VERSION:
            raise Sealed(version)
        return cipher.decrypt(
            base64.b64decode(nonce, validate=True), base64.b64decode(data, validate=True), None
        ).decode()
    except (ValueError, InvalidTag) as error:
        raise Sealed(type(error).__name__) from error


def sealed(cipher: AESGCM, value: str, nonce: bytes = b"") -> str:
    """A text as the provider seals it; with a random nonce where none of 12 bytes is given."""
    nonce = nonce or os.urandom(NONCE_BYTES)
    parts = nonce, cipher.encrypt(nonce, value.encode(), None)
    return ":".join((_VERSION, *(base64.b64encode(each).decode() for each in parts)))
