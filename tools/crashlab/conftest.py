"""Fixtures of the crash tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity_sandbox import lifecycle
from support import pg_catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of a running sandbox."""
    directory = tmp_path_factory.mktemp("sandbox") / "instance"
    lifecycle.up(directory)
    yield lifecycle.environment(directory)
    lifecycle.down(directory, wipe=True)


@pytest.fixture(scope="module")
def connect(environment: dict[str, str]) -> Callable[..., psycopg.Connection]:
    """Connects to its PostgreSQL as the administrator, through another `port` where one is given."""

    def connected(port: int = 0) -> psycopg.Connection:
        return pg_catalog.connect(environment, port=port)

    return connected
