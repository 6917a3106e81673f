"""A second PostgreSQL server, next to a sandbox's own, with the same kind of administrator."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from parity.config.servers import variable
from parity_sandbox.postgres.binaries import find_binaries
from parity_sandbox.postgres.cluster import ADMINISTRATOR, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "canary-of-the-second-administrator"


@contextmanager
def second_server(folder: Path) -> Iterator[dict[str, str]]:
    """libpq's variables of a server that runs in `folder` as long as the context is open."""
    cluster = Cluster(folder, find_binaries(), "of the second superuser", PASSWORD)
    cluster.create()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cluster.start(port)
    try:
        yield {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": ADMINISTRATOR,
            "PGPASSWORD": PASSWORD,
            "PGSSLMODE": "disable",
        }
    finally:
        cluster.stop()


def named(connection: dict[str, str], server: str) -> dict[str, str]:
    """The variables under which the program knows the server."""
    return {variable(name, server): value for name, value in connection.items()}
