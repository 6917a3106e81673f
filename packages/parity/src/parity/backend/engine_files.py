"""The engine's own files in a self-managed backend (pulumi/pkg backend/diy): a stack's state, and its history.

Where the engine is set to gzip them, they have another ending.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.backend.store import Store

GZIPPED = ".gz"


def state_of(project: str, stack: str) -> str:
    """The key of a stack's state."""
    return f".pulumi/stacks/{project}/{stack}.json"


def history_of(project: str, stack: str) -> str:
    """The folder of a stack's history."""
    return f".pulumi/history/{project}/{stack}"


def read(store: Store, key: str) -> bytes | None:
    """A file's text, gzipped or not; None where there is none."""
    data = store.read(key)
    if data is None and (packed := store.read(key + GZIPPED)) is not None:
        return gzip.decompress(packed)
    return data
