"""Puts plugins into the plugin cache of a PULUMI_HOME, where the engine finds exactly the versions asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from parity_toolchain.cache import keep
from parity_toolchain.errors import PluginNotInstalled
from parity_toolchain.local import RECORD, recorded
from parity_toolchain.model import PluginVersion
from parity_toolchain.process import run

if TYPE_CHECKING:
    from pathlib import Path

    from parity_toolchain.model import Engine, Plugin

LIMIT = 120.0
"""Seconds for one plugin, which is a copy of some 50 MB."""


def install(engine: Engine, home: Path) -> None:
    """Install an engine's plugins into a PULUMI_HOME; what is there already, from the same file, is left alone.

    Args:
        engine: The engine; its command line does the work. A plugin without an executable is left out.
        home: The PULUMI_HOME, which is made where it is not there.

    Raises:
        PluginNotInstalled: The command line refused a file.
    """
    from filelock import FileLock  # noqa: PLC0415 - as in the cache

    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f"{RECORD}.lock", timeout=LIMIT * 3):
        for plugin in engine.plugins:
            if plugin.path is not None:
                _install(engine, plugin, plugin.path, home)


def _install(engine: Engine, plugin: Plugin, file: Path, home: Path) -> None:
    asked = PluginVersion(plugin.name, plugin.version)
    folder = home / "plugins" / asked.folder
    record = recorded(home)
    origin: dict[str, object] = {"source": plugin.source, "file": str(file), "state": _state(file)}
    if record.get(asked.folder) == origin and (folder / asked.program).is_file():
        return
    command = [str(engine.cli.path), "plugin", "install", "resource", plugin.name, plugin.version]
    command += ["--exact", "--reinstall", "--file", str(file)]
    environ = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = run(command, limit=LIMIT, environ=environ, cwd=home)
    if done.code != 0 or not (folder / asked.program).is_file():
        raise PluginNotInstalled(
            f"{file} could not be installed as the plugin {plugin.name} {plugin.version} in {home}: {done.complaint}. "
            f"See that the file is a plugin and that {home} can be written"
        )
    keep(home / RECORD, {**record, asked.folder: origin})


def _state(file: Path) -> list[list[object]]:
    """What changes when a file is replaced."""
    stat = file.stat()
    return [[file.name, stat.st_size, stat.st_mtime_ns]]
