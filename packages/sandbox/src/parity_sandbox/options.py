"""How a sandbox is served, for who starts one: the server itself takes half a second to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ServeOptions:
    """How a sandbox is served."""

    build_seconds: float = 1.0
    promote_seconds: float = 0.3
    postgres: Path | None = None
    """A folder with PostgreSQL's programs; None: found."""
    proxy_port: int | None = None
    tls_port: int | None = None
    control_port: int | None = None
    postgres_port: int | None = None
