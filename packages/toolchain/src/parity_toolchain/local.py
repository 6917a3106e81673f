"""Finds the engine and its plugins among what the user has installed already: PATH and the plugin cache."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from parity_toolchain.download import said_version
from parity_toolchain.errors import BadSetting, EngineError
from parity_toolchain.process import run
from parity_toolchain.said import remembered
from parity_toolchain.versions import fits, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parity_toolchain.model import PluginVersion

ANSWER_LIMIT = 20.0
"""Seconds within which a program found on PATH must say its version."""

RECORD = "parity-plugins.json"
"""The file in a PULUMI_HOME that says which plugins Parity put there, and from where."""

HOST = "pulumi-language-python"


class PassedOver(EngineError):
    """Something is there, or not, and cannot be used: the message is the reason. It never leaves the package."""


def cli_on_path(required: str, environ: Mapping[str, str]) -> tuple[Path, str]:
    """The CLI on PATH and its version.

    Raises:
        PassedOver: There is none, it does not answer, it is too old or of another major, or it has no language host.
    """
    found = shutil.which("pulumi", path=environ.get("PATH", ""))
    if found is None:
        raise PassedOver("no pulumi on PATH")
    said = remembered(Path(found), environ, lambda: _cli_says(Path(found), environ))
    version = parse(said)
    if version is None:
        raise PassedOver(f"{found} does not say its version")
    if not fits(version, required):
        raise PassedOver(f"{found} is {said}; needed is {required} or later of the same major version")
    host = Path(found).resolve().parent / HOST
    if not os.access(host, os.X_OK) and shutil.which(HOST, path=environ.get("PATH", "")) is None:
        raise PassedOver(f"{found} is {said}, but there is no {HOST} in its folder nor on PATH")
    return Path(found), said


def _cli_says(cli: Path, environ: Mapping[str, str]) -> str:
    return ".".join(str(part) for part in said_version(cli, environ, ANSWER_LIMIT) or ())


def setting_name(plugin: PluginVersion) -> str:
    """The environment variable that names the executable of a plugin."""
    return f"PARITY_{plugin.name.upper()}_PLUGIN"


def plugin_by_setting(plugin: PluginVersion, environ: Mapping[str, str]) -> Path | None:
    """The executable that PARITY_<NAME>_PLUGIN names, or None where it is not set.

    Raises:
        BadSetting: It names no executable.
    """
    name = setting_name(plugin)
    if not (value := environ.get(name)):
        return None
    path = Path(value).expanduser().absolute()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise BadSetting(f"{name} names {path}, which is no executable file: correct it or unset it")
    return path


def plugin_on_path(plugin: PluginVersion, environ: Mapping[str, str], *, any_version: bool) -> tuple[Path, str]:
    """The executable of a plugin on PATH and what it says of its version.

    Args:
        plugin: What the SDK asks for.
        environ: Its PATH is searched.
        any_version: Take it whatever its version, even where it does not say it.

    Raises:
        PassedOver: There is none, or its version does not fit.
    """
    found = shutil.which(plugin.program, path=environ.get("PATH", ""))
    if found is None:
        raise PassedOver(f"no {plugin.program} on PATH")
    said = _plugin_says(Path(found), environ)
    if not any_version:
        version = parse(said)
        if version is None:
            raise PassedOver(f"{found} does not say its version: {said}")
        if not fits(version, plugin.version):
            raise PassedOver(f"{found} is {said}; needed is {plugin.version} or later of the same major version")
    return Path(found), said


def plugin_in_cache(plugin: PluginVersion, environ: Mapping[str, str]) -> Path:
    """The executable of a plugin in the user's plugin cache, at exactly the version asked for.

    Raises:
        PassedOver: It is not there, incomplete, or Parity itself put it there.
    """
    home = Path(environ.get("PULUMI_HOME") or Path(environ.get("HOME") or Path.home()) / ".pulumi")
    folder = home / "plugins" / plugin.folder
    path = folder / plugin.program
    if not path.is_file():
        raise PassedOver(f"no {plugin.folder} in {home / 'plugins'}")
    if Path(f"{folder}.partial").exists():
        raise PassedOver(f"{folder} is not installed completely")
    if plugin.folder in recorded(home):
        raise PassedOver(f"{folder} was put there by Parity")
    return path


def recorded(home: Path) -> dict[str, dict[str, object]]:
    """What Parity put into a PULUMI_HOME: the plugin's folder against what it was installed from."""
    try:
        return json.loads((home / RECORD).read_text())
    except FileNotFoundError:
        return {}


def _plugin_says(path: Path, environ: Mapping[str, str]) -> str:
    try:
        answer = run([str(path), "-version"], limit=ANSWER_LIMIT, environ=environ)
    except EngineError as error:
        return str(error)
    return answer.stdout.strip() if parse(answer.stdout) else answer.complaint
