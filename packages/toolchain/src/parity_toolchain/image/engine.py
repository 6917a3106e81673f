"""The engine: command line, language host and plugins, built from their pinned Go modules with the pinned Go."""

from __future__ import annotations

import functools
import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parity_toolchain import build, golang, recipes, versions
from parity_toolchain.errors import BuildFailed
from parity_toolchain.image.model import Input, Part
from parity_toolchain.image.places import ENGINE_HOME
from parity_toolchain.local import plugin_by_setting
from parity_toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from parity_toolchain.image.interpreter import Interpreter

_SECONDS = 60.0

_PROGRAMS = "usr/local/bin"


@dataclass(frozen=True)
class Placed:
    """One file of the engine, and where the image has it."""

    file: Path
    path: str


def part(python: Interpreter, cache: Path, environ: Mapping[str, str], progress: Callable[[str], None]) -> Part:
    """The layer of the engine. A plugin that cannot be built is in it where its setting names a file.

    Raises:
        BuildFailed: a build failed.
        BadSetting: a setting names no executable.
    """
    pinned = {**environ, golang.PINNED: "1"}
    cli = build.build(recipes.command_line(), cache, pinned, progress)
    placed = [Placed(file, f"{_PROGRAMS}/{file.name}") for file in sorted(cli.iterdir())]
    given: list[Input] = []
    for plugin in versions.installed().plugins:
        target = f"{ENGINE_HOME}/plugins/{plugin.folder}/{plugin.program}"
        if plugin.name in recipes.BUILT_PLUGINS:
            placed.append(Placed(build.build(recipes.plugin(plugin), cache, pinned, progress) / plugin.program, target))
        elif (file := plugin_by_setting(plugin, environ)) is not None:
            placed.append(Placed(file, target))
            given.append(Input("generic", plugin.program, plugin.version, _digest(file)))
        else:
            progress(f"plugin {plugin.name} {plugin.version}: not in the image; a job's engine fetches it")
    go = golang.provide(golang.choose(pinned, "0"), cache, pinned, progress)
    built = [each.file for each in placed if not any(each.file.name == other.name for other in given)]
    modules = {each.purl: each for file in built for each in _modules(file, go, environ)}
    made = [Input("generic", each.path, golang.pinned(), _digest(each.file)) for each in placed if each.file in built]
    return Part("engine", [*made, *given, *modules.values()], functools.partial(_fill, placed, python))


def _fill(placed: Sequence[Placed], python: Interpreter, root: Path) -> Interpreter:
    (root / ENGINE_HOME / "plugins").mkdir(parents=True)
    for each in placed:
        target = root / each.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(each.file, target)
        target.chmod(0o755)
    return python


def _digest(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def _modules(file: Path, go: Path, environ: Mapping[str, str]) -> list[Input]:
    """The Go modules in a program, as it says itself; none where it is a script."""
    if file.read_bytes()[:4] != b"\x7fELF":
        return []
    said = run([str(go), "version", "-m", str(file)], limit=_SECONDS, environ=environ)
    if said.code != 0:
        raise BuildFailed(f"{file} does not say what it is built from: {said.complaint}")
    rows = [line.split("\t")[1:] for line in said.stdout.splitlines()]
    return [
        Input("golang", name, version, digest)
        for kind, name, version, digest, *_ in (row for row in rows if len(row) > 3)  # noqa: PLR2004 - kind, path, version, sum
        if kind in {"dep", "=>"} and digest
    ]
