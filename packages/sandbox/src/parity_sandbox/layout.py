"""Where each file of a sandbox's folder lies, and the two ways in which such files are written."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from parity_sandbox.store import Document


@dataclass(frozen=True)
class Layout:
    """The paths inside one sandbox's folder."""

    directory: Path

    @property
    def store(self) -> Path:
        """The vendors' objects and the request log, SQLite."""
        return self.directory / "store.db"

    @property
    def lock(self) -> Path:
        """The serving process holds it from start to end."""
        return self.directory / "serve.lock"

    @property
    def starting(self) -> Path:
        """Held by the command that starts or stops the server."""
        return self.directory / "command.lock"

    @property
    def server(self) -> Path:
        """Process id and ports of the running server; there once everything answers."""
        return self.directory / "server.json"

    @property
    def ports(self) -> Path:
        """The ports last used, taken again where they are still free."""
        return self.directory / "ports.json"

    @property
    def log(self) -> Path:
        """What the server has to say, a JSON object a line."""
        return self.directory / "server.log"

    @property
    def credentials(self) -> Path:
        """Tokens and passwords, mode 0600."""
        return self.directory / "credentials.json"

    @property
    def authority(self) -> Path:
        """The local certificate authority: ca.pem, ca.key and bundle.pem."""
        return self.directory / "ca"

    @property
    def bundle(self) -> Path:
        """The authority's certificate and the system's roots, for SSL_CERT_FILE."""
        return self.authority / "bundle.pem"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's folder: data/, extensions/ and postgres.log."""
        return self.directory / "postgres"

    @property
    def backend(self) -> Path:
        """Pulumi's state."""
        return self.directory / "backend"

    @property
    def pulumi(self) -> Path:
        """PULUMI_HOME."""
        return self.directory / "pulumi"

    @property
    def snapshots(self) -> Path:
        """One folder a snapshot."""
        return self.directory / "snapshots"

    def create(self) -> None:
        """Make the folders, those with secrets for their user alone; PostgreSQL's may belong to another user."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.postgres.mkdir(exist_ok=True)
        for folder in (self.authority, self.backend, self.pulumi, self.snapshots):
            folder.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def write_json(path: Path, document: object) -> None:
    """Write a document as `write_private` does."""
    write_private(path, json.dumps(document, indent=2) + "\n")


def read_json(path: Path) -> Document | None:
    """The object in a file, or None where there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
