"""What every part of the sandbox is handed: storage, clock, ids and settings."""

from __future__ import annotations

import secrets
import string
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity_sandbox.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity_sandbox.store import Store

_ALPHANUMERIC = string.ascii_letters + string.digits


def random_id(prefix: str, length: int) -> str:
    """An id in Vercel's form, `prefix` and then `length` random letters and digits (`prj_...`, `dpl_...`)."""
    return prefix + "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


@dataclass(frozen=True)
class Context:
    """Storage, clock and settings of one running sandbox."""

    store: Store
    postgres: int | None = None
    """The port of the sandbox's own PostgreSQL; the edge sends every database host there."""
    build_seconds: float = 1.0
    """How long a deployment stays QUEUED and then BUILDING, seconds; half of it each."""
    promote_seconds: float = 0.3
    """How long a promotion takes from the answer to the switch, seconds."""
    clock: Callable[[], float] = field(default=time.time)
    """Seconds since 1970."""
    traffic: Traffic = field(default_factory=Traffic)
    """What deployments answered since the sandbox was started, or went back to a snapshot."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, as Vercel's documents carry them."""
        return int(self.clock() * 1000)
