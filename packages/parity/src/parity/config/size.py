"""How large a stack's config may be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parity.config.secret import Secret
from parity.config.stack_models import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 131_000
"""Bytes of a stack's config: the engine sets it as PULUMI_CONFIG of the plugin whose namespace it has, and Linux takes
128 KiB in one variable (execve(2), MAX_ARG_STRLEN)."""


def config_bytes(values: Mapping[str, Any]) -> int:
    """The bytes of PULUMI_CONFIG for these values; a secret that is not open counts as what the file has for it."""
    own = {key: as_text(value) for key, value in values.items() if key.startswith(NAMESPACE)}
    return len(json.dumps(own).encode())


def as_text(value: Any) -> str:
    """A value as the engine hands it to the program; a secret that is not open is what the file has for it."""
    plain = _open(value) if isinstance(value, Secret) else value
    return plain if isinstance(plain, str) else json.dumps(plain, default=_open)


def _open(value: Any) -> str:
    if not isinstance(value, Secret):
        return str(value)  # a date, which YAML made of a text; another check refuses it
    return value.ciphertext if value.sealed else value.reveal()
