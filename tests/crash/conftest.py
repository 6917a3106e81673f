"""Fixtures of the crash tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox import lifecycle
from tests.support import catalog
from tests.support.boxes import shared_folder  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of a running sandbox."""
    directory = tmp_path_factory.mktemp("sandbox") / "box"
    lifecycle.up(directory)
    yield lifecycle.environment(directory)
    lifecycle.down(directory, wipe=True)


@pytest.fixture(scope="module")
def connect(environment: dict[str, str]) -> Callable[..., psycopg.Connection]:
    """Connects to its PostgreSQL as the administrator, through another `port` where one is given."""

    def connected(port: int = 0) -> psycopg.Connection:
        return catalog.connect(environment, port=port)

    return connected
