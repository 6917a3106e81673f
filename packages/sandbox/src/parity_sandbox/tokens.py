"""Tokens that may do less than the sandbox's own, and end: seeds make them, and each vendor asks what one may do."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Annotated

from pydantic import Field

from parity_sandbox.context import Context
from parity_sandbox.forms import Form
from parity_sandbox.store import Document


class Token(Form):
    """What all of them have; a seed with the same token again changes it."""

    token: Annotated[str, Field(min_length=20)]
    expires_at: float
    """Seconds since 1970."""


def put(context: Context, service: str, asked: Token) -> None:
    """Take the token from now on, as far as it goes."""
    context.store.collection(service, "tokens").keep(_key(asked.token), asked.model_dump(exclude={"token"}))


def find(context: Context, service: str, given: str) -> Document | None:
    """What the token may do; None where there is none, or it has ended."""
    found = context.store.collection(service, "tokens").get(_key(given))
    return found if found is not None and found["expires_at"] > context.clock() else None


def given_in(header: str) -> str:
    """The token in an `Authorization` header: what follows the scheme, of `Basic` the password; empty without one."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "basic":
        return given.strip()
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def is_own(given: str, token: str) -> bool:
    """Whether it is the sandbox's own token, which may do everything."""
    return hmac.compare_digest(given.encode(), token.encode())


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
