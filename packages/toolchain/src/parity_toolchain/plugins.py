"""Puts plugins into the plugin cache of a PULUMI_HOME, where the engine finds exactly the versions asked for."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from parity_toolchain.errors import PluginNotInstalled
from parity_toolchain.local import RECORD, recorded
from parity_toolchain.model import PluginVersion
from parity_toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parity_toolchain.model import Engine, Plugin

LIMIT = 120.0
"""Seconds for one plugin, which is a copy of some 50 MB."""


def install_plugins(
    engine: Engine,
    home: Path,
    *,
    stand_ins: Mapping[str, Path] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Install an engine's plugins into a PULUMI_HOME; what is there already, from the same file, is left alone.

    Args:
        engine: The engine; its command line does the work.
        home: The PULUMI_HOME, which is made where it is not there.
        stand_ins: For each plugin that has none of its own: the executable, or a folder with it, that takes its place.
            Without an entry such a plugin is left out.
        environ: The environment to run the command line with; the process's own by default.

    Returns:
        The names of the plugins that were installed now.

    Raises:
        PluginNotInstalled: The command line refused a file.
    """
    from filelock import FileLock  # noqa: PLC0415 - as in the cache

    environ = {**(os.environ if environ is None else environ), "PULUMI_HOME": str(home)}
    home.mkdir(parents=True, exist_ok=True)
    installed: list[str] = []
    with FileLock(home / f"{RECORD}.lock", timeout=LIMIT * 3):
        for plugin in engine.plugins:
            file = plugin.path or (stand_ins or {}).get(plugin.name)
            if file is not None and _install(engine, plugin, file, home, environ):
                installed.append(plugin.name)
    return tuple(installed)


def _install(engine: Engine, plugin: Plugin, file: Path, home: Path, environ: Mapping[str, str]) -> bool:
    asked = PluginVersion(plugin.name, plugin.version)
    folder = home / "plugins" / asked.folder
    record = recorded(home)
    origin: dict[str, object] = {"source": plugin.source, "file": str(file), "state": _state(file)}
    if record.get(asked.folder) == origin and (folder / asked.program).is_file():
        return False
    command = [str(engine.cli.path), "plugin", "install", "resource", plugin.name, plugin.version]
    command += ["--exact", "--reinstall", "--file", str(file)]
    done = run(command, limit=LIMIT, environ={**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}, cwd=home)
    if done.code != 0 or not (folder / asked.program).is_file():
        raise PluginNotInstalled(
            f"{file} could not be installed as the plugin {plugin.name} {plugin.version} in {home}: {done.complaint}. "
            f"See that the file is a plugin and that {home} can be written"
        )
    _write(home, {**record, asked.folder: origin})
    return True


def _state(file: Path) -> list[list[object]]:
    """What changes when a file, or one in a folder, is replaced."""
    files = sorted(path for path in file.rglob("*") if path.is_file()) if file.is_dir() else [file]
    stats = ((path.name, path.stat()) for path in files)
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]


def _write(home: Path, record: dict[str, dict[str, object]]) -> None:
    draft = home / f"{RECORD}.new"
    draft.write_text(json.dumps(record, indent=2) + "\n")
    draft.replace(home / RECORD)
