"""Fixtures of the tests that run against a real sandbox, each in a folder of its own."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from parity_sandbox import lifecycle
from parity_sandbox.copies import copy_folder
from parity_sandbox.options import ServeOptions
from support import pg_catalog
from support.instances import SANDBOX, once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from parity_sandbox.client import ControlClient
    from parity_sandbox.lifecycle import Running
    from support.warm import Warm

FAST = ServeOptions(build_seconds=0.2, promote_seconds=0.1)


@dataclass
class Sandbox:
    """A running sandbox and the ways to speak to it."""

    directory: Path
    running: Running
    control: ControlClient

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead an engine or any client here."""
        return lifecycle.environment(self.directory)

    def client(self, **headers: str) -> httpx.Client:
        """An HTTP client that goes through the proxy and trusts the sandbox's CA, as a plugin does."""
        environment = self.environment
        return httpx.Client(
            proxy=environment["HTTPS_PROXY"],
            verify=ssl.create_default_context(cafile=environment["SSL_CERT_FILE"]),
            trust_env=False,
            headers=headers,
            timeout=30,
        )

    def vercel(self) -> httpx.Client:
        """A client for api.vercel.com with the sandbox's token; give it full URLs or set `base_url`."""
        client = self.client(authorization=f"Bearer {self.environment['VERCEL_API_TOKEN']}")
        client.base_url = "https://api.vercel.com"
        return client

    def github(self) -> httpx.Client:
        """A client for api.github.com with the sandbox's token."""
        client = self.client(authorization=f"Bearer {self.environment['GITHUB_TOKEN']}")
        client.base_url = "https://api.github.com"
        return client

    def postgres(self, database: str = "postgres") -> psycopg.Connection:
        """A connection as the administrator, in autocommit."""
        return pg_catalog.connect(self.environment, database)

    def restart(self, options: ServeOptions = FAST) -> None:
        """Stop and start it."""
        lifecycle.down(self.directory)
        self.start(options)

    def start(self, options: ServeOptions = FAST) -> None:
        """Start it again after it was stopped or killed."""
        self.running = lifecycle.up(self.directory, options)
        self.control = self.running.client()


@contextmanager
def started(directory: Path, options: ServeOptions = FAST) -> Iterator[Sandbox]:
    """A sandbox in `directory`, stopped and deleted at the end."""
    running = lifecycle.up(directory, options)
    try:
        yield Sandbox(directory, running, running.client())
    finally:
        lifecycle.down(directory, wipe=True)


@pytest.fixture(scope="session")
def new_sandbox(shared_folder: Path, warm: Warm) -> Path:
    """A stopped sandbox that was never used; to copy it takes less than to make one."""

    del warm  # starts their servers

    def make(folder: Path) -> None:
        lifecycle.up(folder / SANDBOX)
        lifecycle.down(folder / SANDBOX)
        (folder / SANDBOX / "ports.json").unlink()

    return once(shared_folder / "new", make) / SANDBOX


@pytest.fixture(scope="module")
def shared_sandbox(new_sandbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests of a module; a test that needs it empty calls `shared_sandbox.control.reset()`."""
    with copied(new_sandbox, tmp_path_factory.mktemp("sandbox") / "instance") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(new_sandbox: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of the test's own."""
    with copied(new_sandbox, tmp_path / "instance") as sandbox:
        yield sandbox


@contextmanager
def copied(source: Path, folder: Path) -> Iterator[Sandbox]:
    """A copy of a stopped sandbox, running, stopped and deleted at the end."""
    copy_folder(source, folder)
    with started(folder) as sandbox:
        yield sandbox
