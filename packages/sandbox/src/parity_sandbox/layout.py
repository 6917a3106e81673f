"""Where each file of a sandbox's folder lies, and the two ways in which such files are written."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from parity_sandbox.store import Document


class Layout:
    """The paths inside one sandbox's folder."""

    def __init__(self, directory: Path) -> None:
        """Name what is, or will be, in `directory`."""
        self.directory = directory
        self.store = directory / "store.db"
        """The vendors' objects and the request log, SQLite."""
        self.lock = directory / "serve.lock"
        """The serving process holds it from start to end."""
        self.starting = directory / "command.lock"
        """Held by the command that starts or stops the server."""
        self.server = directory / "server.json"
        """Process id and ports of the running server; there once everything answers."""
        self.ports = directory / "ports.json"
        """The ports last used, taken again where they are still free."""
        self.log = directory / "server.log"
        """What the server has to say, a JSON object a line."""
        self.credentials = directory / "credentials.json"
        """Tokens and passwords, mode 0600."""
        self.authority = directory / "ca"
        """The local certificate authority: ca.pem, ca.key and bundle.pem."""
        self.bundle = self.authority / "bundle.pem"
        """The authority's certificate and the system's roots, for SSL_CERT_FILE."""
        self.postgres = directory / "postgres"
        """PostgreSQL's folder: data/, extensions/ and postgres.log."""
        self.backend = directory / "backend"
        """Pulumi's state."""
        self.pulumi = directory / "pulumi"
        """PULUMI_HOME."""
        self.snapshots = directory / "snapshots"
        """One folder a snapshot."""

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
