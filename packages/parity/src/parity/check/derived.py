"""Records what each derived secret is for, so that a password of another role is distinguished from a renamed one."""

from __future__ import annotations

import base64
import contextlib
import re
from typing import TYPE_CHECKING

from parity.config import passwords

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from parity.config.secret import Secret

_FORM = re.compile(r"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]{43}|[0-9a-f]{32})(?![A-Za-z0-9_-])")
"""A password (32 bytes, base64url) or a protection bypass (32 hex digits), also inside a connection URL."""

_BYPASS_BYTES = 16


@contextlib.contextmanager
def watching(known: dict[str, str]) -> Generator[None]:
    """While the body runs, record for each secret that the program derives what it is for: `parity/role/<role>/<n>`.

    `known` maps secret values to these texts, so it must never leave this process.
    """
    expand = passwords.expand

    def noted(secret: Secret, info: bytes) -> bytes:
        made = expand(secret, info)
        purpose = info.decode()
        known[base64.urlsafe_b64encode(made).rstrip(b"=").decode()] = purpose
        known[made[:_BYPASS_BYTES].hex()] = purpose
        return made

    passwords.expand = noted
    try:
        yield
    finally:
        passwords.expand = expand


def spelled(value: str, known: Mapping[str, str]) -> str:
    """Replace each derived part of a secret text by what it is for."""
    return _FORM.sub(lambda found: f"[derived for {known[found[0]]}]" if found[0] in known else found[0], value)
