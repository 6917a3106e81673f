"""Database passwords: derived from the stack secret, so that none is stored and a rotation is a number."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from parity.config.secret import Secret

_BYTES = 32
_BYPASS_BYTES = 16


def derive(secret: Secret, role: str, generation: int) -> Secret:
    """The password of a role, `<database>_<stack>_...`, in one generation, from 1; sealed where the stack secret is.

    43 characters of base64url without padding (HKDF-SHA256, info `parity/role/<role>/<generation>`, 32 bytes).
    """
    key = f"password of {role}, generation {generation}"
    if secret.sealed:
        return Secret(None, key)
    info = f"parity/role/{role}/{generation}".encode()
    return Secret(base64.urlsafe_b64encode(expand(secret, info)).rstrip(b"=").decode(), key)


def bypass(secret: Secret, project: str) -> Secret:
    """The secret that lets the health check through deployment protection: 32 hex digits, derived like a password."""
    key = f"protection bypass of {project}"
    if secret.sealed:
        return Secret(None, key)
    return Secret(expand(secret, f"parity/bypass/{project}".encode())[:_BYPASS_BYTES].hex(), key)


def expand(secret: Secret, info: bytes) -> bytes:
    """32 bytes of HKDF-SHA256 over the stack secret for one purpose; raises SealedSecret where it is not at hand."""
    return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=info).derive(secret.reveal().encode())
