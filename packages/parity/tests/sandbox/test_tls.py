"""A server's certificate is verified where its authority is given: by what Parity asks with, and by the provider."""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import trustme

from parity.vendors import preflight
from support.small_program import SmallProgram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.sandboxes import Sandbox
    from support.warm import Warm

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

SOURCE = """
import pulumi_postgresql as postgresql, pulumi
provider = postgresql.Provider("postgresql", superuser=False)
postgresql.Role("made", name="made", opts=pulumi.ResourceOptions(provider=provider))
"""


class Server:
    """The sandbox's server behind TLS by an authority of its own, since its build has none; and another authority."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        authority = trustme.CA()
        for name, each in (("own", authority), ("other", trustme.CA())):
            each.cert_pem.write_to_path(str(folder / f"{name}.pem"))
        self.folder, self.environment = folder, sandbox.environment
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(self.context)

    def given(self, authority: str, host: str = "127.0.0.1", mode: str = "verify-full") -> dict[str, str]:
        """libpq's variables, with a certificate authority."""
        root = str(self.folder / f"{authority}.pem")
        return {**self.environment, "PGHOST": host, "PGPORT": self.port, "PGSSLMODE": mode, "PGSSLROOTCERT": root}

    @contextmanager
    def listening(self) -> Iterator[Server]:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            server = runner.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
            self.port = str(server.sockets[0].getsockname()[1])
            thread = threading.Thread(target=loop.run_forever)
            thread.start()
            try:
                yield self
            finally:
                loop.call_soon_threadsafe(loop.stop)
                thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # SSLRequest
        writer.write(b"S")
        with suppress(ssl.SSLError, ConnectionError):  # who does not trust the certificate leaves
            await writer.start_tls(self.context)
            there = await asyncio.open_connection("127.0.0.1", int(self.environment["PGPORT"]))
            await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture(scope="module")
def server(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("tls"), shared_sandbox).listening() as listening:
        yield listening


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        (("own", "127.0.0.1", "verify-full"), ""),
        (("other", "127.0.0.1", "verify-full"), "certificate verify failed"),
        (("own", "localhost", "verify-full"), "does not match host name"),
        (("other", "127.0.0.1", "require"), "certificate verify failed"),
    ],
)
def test_the_certificate_is_verified(
    server: Server, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str, str], refused: str
):
    given = server.given(*asked)
    monkeypatch.setenv("PGSSLROOTCERT", given["PGSSLROOTCERT"])
    fault = preflight.postgres(given).fault
    assert (fault.what if fault else "").count(refused) == 1 if refused else fault is None


def test_the_provider_verifies_it_too(server: Server, warm: Warm, tmp_path: Path):
    program = SmallProgram(tmp_path / "program", server.environment, SOURCE, warm)
    program.environment |= server.given("other")
    assert "certificate signed by unknown authority" in program.up().said
    program.environment |= server.given("own")
    program.up().ok()
