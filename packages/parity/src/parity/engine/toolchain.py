"""The engine and its plugins: resolved, installed into a PULUMI_HOME, and listed for `parity doctor`."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity.errors import UsageError
from parity_toolchain import build, cache, plugins, recipes, resolver
from parity_toolchain.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parity_toolchain.model import Engine

_LANGUAGE_HOST = "pulumi-language-python"

_FOUND: dict[tuple[bool, frozenset[tuple[str, str]]], Engine] = {}


def resolve(report: Callable[[str], None] = lambda _: None, *, at_hand: bool = False) -> Engine:
    """The engine and plugins that the installed SDKs ask for; builds them where nothing else gives them.

    `report` takes what is waited for. With `at_hand` nothing is downloaded or built. In one environment a process gets
    the same answer each time: finding it starts programs, which say their versions.
    """
    key = (at_hand, frozenset(os.environ.items()))
    if key not in _FOUND:
        _FOUND[key] = resolver.resolve(progress=report, at_hand=at_hand)
    return _FOUND[key]


def summary(tools: Engine) -> str:
    """What is used and where it came from, in one line."""
    found = (f"{plugin.name} {plugin.version} ({plugin.source})" for plugin in tools.plugins)
    return f"pulumi {tools.cli.version} ({tools.cli.source}); " + ", ".join(found)


def equip(tools: Engine, home: Path) -> None:
    """Install the plugins into the PULUMI_HOME `home`; what is there already is left alone."""
    plugins.install(tools, home)
    if any(plugin.source == "stand-in" for plugin in tools.plugins):
        from parity_sandbox import standin  # noqa: PLC0415 - not needed where a real plugin is at hand

        standin.install(home, Path(sys.executable))


@dataclass(frozen=True)
class Part:
    """One part of the engine as `parity doctor` shows it."""

    name: str
    version: str
    source: str
    path: str
    fault: str | None = None
    remedy: str | None = None


def inspect() -> list[Part]:
    """The engine's parts, without building or fetching anything."""
    try:
        tools = resolve(at_hand=True)
    except EngineError as error:
        what, _, remedy = str(error).partition("\nTo do: ")
        return [Part("engine", "", "", "", what, remedy or None)]
    parts = [Part("pulumi", tools.cli.version, tools.cli.source, str(tools.cli.path)), _host(tools)]
    for plugin in tools.plugins:
        where = str(plugin.path) if plugin.path else "the sandbox's stand-in"
        parts.append(Part(f"plugin {plugin.name}", plugin.version, plugin.source, where))
    return parts


def _host(tools: Engine) -> Part:
    unmanaged = tools.folder / _LANGUAGE_HOST
    path = unmanaged if unmanaged.exists() else shutil.which(_LANGUAGE_HOST)
    if path is None:
        return Part(
            "language host", "", "", "", f"no {_LANGUAGE_HOST} next to {tools.cli.path}", "parity engine resolve"
        )
    return Part("language host", tools.cli.version, tools.cli.source, str(path))


def program(name: str, report: Callable[[str], None] = lambda _: None) -> Path:
    """The executable of a program about workflows, built from its Go module where that was not done yet.

    Raises:
        UsageError: there is no such program.
        EngineError: it cannot be built.
    """
    if name not in recipes.PROGRAMS:
        raise UsageError(f"No program {name}.", remedy=f"Name one of {', '.join(recipes.PROGRAMS)}.")
    return build.build(recipes.program(name), cache.root(os.environ), os.environ, report) / name
