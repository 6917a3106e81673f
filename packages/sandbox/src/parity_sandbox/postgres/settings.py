"""How the sandbox's PostgreSQL is set: loopback only, quick to start, nothing secret in its log."""

from __future__ import annotations

import re
from pathlib import Path

from parity_sandbox.postgres.binaries import Binaries

HOST_RULES = "host all all 127.0.0.1/32 scram-sha-256\n"
"""pg_hba.conf: every role with its password, from loopback; no socket, no replication."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # A crash of the process loses nothing without these two; only the loss of power would.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A stopped server keeps no more of its log than it needs: each copy and snapshot would hold it.
    "min_wal_size": "2MB",
    "log_checkpoints": "off",
    # A failed CREATE ROLE would put its password into the log.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
}
_ONE_PROCESS_LESS_FROM = 18
_ITERATIONS_FROM = 16
_ITERATIONS = "1024"
"""Rounds of SCRAM. The default, 4096, is against guessed passwords; here they are random, and the edge logs in with
each request: this is most of what a login costs. Go's lib/pq, which the plugin connects with, refuses fewer than four
digits (scram/scram.go)."""


def arguments(folder: Path, binaries: Binaries, port: int) -> list[str]:
    """The server's command line after `-D`."""
    settings = {**_SETTINGS, "port": str(port)}
    if binaries.major >= _ONE_PROCESS_LESS_FROM:
        settings["io_method"] = "sync"
    if binaries.major >= _ITERATIONS_FROM:
        settings["scram_iterations"] = _ITERATIONS
    if binaries.takes_control_path:
        settings["extension_control_path"] = f"{_trusted_extensions(folder, binaries)}:$system"
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _trusted_extensions(folder: Path, binaries: Binaries) -> Path:
    """A folder whose control file lets a role that is no superuser create `vector`, as managed services do."""
    place = folder / "extensions"
    (place / "extension").mkdir(parents=True, exist_ok=True)
    lines = [
        line
        for line in binaries.control_file.read_text().splitlines()
        if not re.match(r"\s*(trusted|superuser|directory)\s*=", line)
    ]
    scripts = str(binaries.extensions).replace("'", "''")
    lines += ["trusted = true", f"directory = '{scripts}'"]
    (place / "extension" / binaries.control_file.name).write_text("\n".join(lines) + "\n")
    for path in (place, place / "extension"):
        path.chmod(0o755)
    return place
