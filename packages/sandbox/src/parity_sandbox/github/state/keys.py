"""The key pairs that secrets are sealed with: one for a repository, one for each environment."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from parity_sandbox.github import ids
from parity_sandbox.github.state.collections import collection

if TYPE_CHECKING:
    from parity_sandbox.context import Context
    from parity_sandbox.store import Document


def _key(repository_id: int, environment_id: int | None) -> str:
    return f"{repository_id}/{environment_id or ''}"


def create(context: Context, repository_id: int, environment_id: int | None) -> Document:
    """A new key pair for the repository, or for one of its environments."""
    private = PrivateKey.generate()
    key = _key(repository_id, environment_id)
    made = {
        "key": key,
        "repository_id": repository_id,
        "environment_id": environment_id,
        "key_id": ids.key_id(),
        "public_key": base64.b64encode(bytes(private.public_key)).decode(),
        "private_key": base64.b64encode(bytes(private)).decode(),
    }
    return collection(context, "public_keys").insert(key, made)


def public(context: Context, repository_id: int, environment_id: int | None) -> Document:
    """The key pair's document."""
    found = collection(context, "public_keys").get(_key(repository_id, environment_id))
    if found is None:
        raise LookupError(f"no key pair for repository {repository_id}, environment {environment_id}")
    return found


def opened(key: Document, encrypted: str) -> str | None:
    """What the sealed box holds; None where this key does not open it or what it holds is no text."""
    private = PrivateKey(base64.b64decode(key["private_key"]))
    try:
        return SealedBox(private).decrypt(base64.b64decode(encrypted)).decode()
    except (CryptoError, ValueError):
        return None
