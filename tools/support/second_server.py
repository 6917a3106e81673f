"""A second PostgreSQL server, next to a sandbox's own, with the same kind of administrator."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from parity.config.servers import variable
from parity_sandbox.postgres.binaries import Binaries, find_binaries
from parity_sandbox.postgres.cluster import ADMINISTRATOR, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "canary-of-the-second-administrator"


@contextmanager
def second_server(folder: Path) -> Iterator[dict[str, str]]:
    """libpq's variables of a server that runs in `folder` as long as the context is open."""
    with _running(folder, find_binaries()) as cluster:
        yield _variables(cluster)


@contextmanager
def with_statistics(folder: Path) -> Iterator[tuple[dict[str, str], Cluster] | None]:
    """A server of this machine that has loaded `pg_stat_statements`, which its administrator may read; None if none."""
    every = [Binaries(each, "machine") for each in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    has = [each for each in every if (each.extensions / "pg_stat_statements.control").exists()]
    if not has:
        yield None
        return
    with _running(folder, has[-1], "shared_preload_libraries = 'pg_stat_statements'\n") as cluster:
        with cluster.connect() as superuser:
            superuser.execute(f"grant pg_read_all_stats to {ADMINISTRATOR}")
        yield _variables(cluster), cluster


@contextmanager
def _running(folder: Path, binaries: Binaries, settings: str = "") -> Iterator[Cluster]:
    cluster = Cluster(folder, binaries, "of the second superuser", PASSWORD)
    cluster.create()
    with (cluster.data / "postgresql.conf").open("a") as file:
        file.write(settings)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cluster.start(port)
    try:
        yield cluster
    finally:
        cluster.stop()


def _variables(cluster: Cluster) -> dict[str, str]:
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGUSER": ADMINISTRATOR,
        "PGPASSWORD": PASSWORD,
        "PGSSLMODE": "disable",
    }


def named(connection: dict[str, str], server: str) -> dict[str, str]:
    """The variables under which the program knows the server."""
    return {variable(name, server): value for name, value in connection.items()}
