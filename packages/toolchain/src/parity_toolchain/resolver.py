"""Finds an engine: PATH, then a download, then a build; and each plugin likewise. Every attempt is recorded."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from parity_toolchain import build, download, local, recipes, versions
from parity_toolchain import cache as caches
from parity_toolchain.download import OFFICIAL, Site
from parity_toolchain.errors import BadSetting, NoEngine, NoPlugin, Unreachable
from parity_toolchain.local import PassedOver
from parity_toolchain.model import Engine, Plugin, PluginVersion, Program, Versions
from parity_toolchain.trail import Found, NotKept, Skipped, Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from parity_toolchain.download import Download
    from parity_toolchain.model import Source
    from parity_toolchain.recipes import Recipe
    from parity_toolchain.trail import Way

STAND_INS = ("vercel",)
"""The plugins that the sandbox can stand in for. A real one on PATH always wins, whatever its version."""

FORCED = "PARITY_ENGINE"
"""The environment variable that leaves only one source: path, download or build."""

CHOICES: dict[Source, str] = {"PATH": "path", "plugin cache": "path", "download": "download", "build": "build"}
"""What each source is called there."""

MAKE = "parity engine resolve (downloads it, or builds it once, which takes minutes)"
"""The remedy where something is not at hand."""


def resolve(
    cache: Path | None = None,
    *,
    required: Versions | None = None,
    environ: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
    site: Site = OFFICIAL,
    at_hand: bool = False,
) -> Engine:
    """Find the command line and all plugins, downloading or building what is not there.

    What an earlier run downloaded or built is used without asking the network again.

    Args:
        cache: The cache's folder; `cache.root(environ)` by default.
        required: The versions needed; those that the installed SDKs ask for by default.
        environ: The environment to search and to run programs with; the process's own by default.
        progress: Takes a line about what is being done, at least every ten seconds while something takes long.
        site: Where the official installer is.
        at_hand: Use only what is there already: download and build nothing.

    Raises:
        NoEngine: No source gave the command line; the message lists every attempt with its reason.
        NoPlugin: No source gave a plugin, likewise.
        BadSetting: An environment variable has a value that cannot work.
    """
    environ = dict(os.environ if environ is None else environ)
    required = required or versions.installed()
    resolver = _Resolver(cache or caches.root(environ), environ, progress or (lambda _: None), site, at_hand)
    cli = resolver.cli(required.engine)
    plugins = tuple(resolver.plugin(plugin, cli) for plugin in required.plugins)
    return Engine(cli, plugins, tuple(resolver.trail.attempts))


@dataclass
class _Resolver:
    """One run: what it may use, and what it has learnt on the way."""

    cache: Path
    environ: Mapping[str, str]
    progress: Callable[[str], None]
    site: Site
    at_hand: bool
    trail: Trail = field(default_factory=Trail)
    unreachable: Unreachable | None = None
    reached: bool = False

    def __post_init__(self) -> None:
        self.allowed = _allowed(self.environ)

    def cli(self, version: str) -> Program:
        part = f"pulumi {version}"
        there: list[Way] = [("PATH", partial(self._cli_on_path, version))]
        wanted = download.cli(version, self.environ, self.progress, self.site)
        found = self._first(part, there, wanted, partial(self._built_cli, version), self.allowed)
        if found is None:
            remedy = f"install Pulumi {version}, or Go, or open the way to {self.site.installer}{self._hint()}"
            raise NoEngine(self.trail.complaint(part, MAKE if self.at_hand else remedy))
        source, program = found
        return Program(program.version, source, program.path)

    def plugin(self, asked: PluginVersion, cli: Program) -> Plugin:
        part = f"plugin {asked.name} {asked.version}"
        if (path := local.plugin_by_setting(asked, self.environ)) is not None:
            self.trail.note("setting", part, "used", f"{local.setting_name(asked)} names {path}")
            return Plugin(asked.name, asked.version, "setting", path)
        there: list[Way] = [
            ("PATH", partial(self._plugin_on_path, asked)),
            ("plugin cache", partial(self._plugin_in_cache, asked)),
        ]
        wanted = download.plugin(asked, cli.path, self.environ, self.progress, self.site)
        if asked.name in recipes.BUILT_PLUGINS:
            recipe, allowed = partial(recipes.plugin, asked), self.allowed
            build = partial(self._built, recipe, asked.program, asked.version)
        else:
            # It is always searched for on PATH: a forced build must not hide a real plugin.
            build, allowed = None, {*self.allowed, "path"}
        found = self._first(part, there, wanted, build, allowed)
        if found is not None:
            source, program = found
            return Plugin(asked.name, asked.version, source, program.path)
        if asked.name in STAND_INS:
            self.trail.note("stand-in", part, "used", "the sandbox's stand-in takes its place")
            return Plugin(asked.name, asked.version, "stand-in", None)
        remedy = f"put {asked.program} on PATH, or name it in {local.setting_name(asked)}{self._hint()}"
        raise NoPlugin(self.trail.complaint(part, MAKE if self.at_hand else remedy))

    def _first(
        self,
        part: str,
        there: Sequence[Way],
        wanted: Download,
        build: Callable[..., Found] | None,
        allowed: Collection[str],
    ) -> tuple[Source, Found] | None:
        """What the user has, else what an earlier run left, else what is made now, unless only what is there counts."""
        ways: list[Way] = list(there)
        for now in (False,) if self.at_hand else (False, True):
            ways.append(("download", partial(self._downloaded if now else self._kept, wanted)))
            if build is not None:
                ways.append(("build", partial(build, now=now)))
        return self.trail.first(part, [each for each in ways if CHOICES[each[0]] in allowed])

    def _hint(self) -> str:
        forced = self.environ.get(FORCED)
        return f"; or unset {FORCED}={forced}, which leaves only this source" if forced else ""

    def _cli_on_path(self, version: str) -> Found:
        path, said = local.cli_on_path(version, self.environ)
        return Found(path, said, f"{path} is {said}")

    def _built_cli(self, version: str, *, now: bool) -> Found:
        pinned = recipes.cli_version()
        if versions.fits(versions.parse(pinned) or (0, 0, 0), version):
            return self._built(recipes.command_line, "pulumi", pinned, now=now)
        if now:
            raise PassedOver(
                f"engine/modules/cli pins {pinned}; needed is {version} or later of the same major version"
            )
        raise NotKept(version)

    def _built(self, recipe: Callable[[], Recipe], program: str, version: str, *, now: bool) -> Found:
        if now:
            folder = build.build(recipe(), self.cache, self.environ, self.progress)
        elif (folder := build.find(recipe(), self.cache, self.environ)) is None:
            raise NotKept(program)
        return Found(folder / program, version, f"built in {folder}" if now else f"built before, in {folder}")

    def _plugin_on_path(self, asked: PluginVersion) -> Found:
        path, said = local.plugin_on_path(asked, self.environ, any_version=asked.name in STAND_INS)
        return Found(path, asked.version, f"{path} says: {said}")

    def _plugin_in_cache(self, asked: PluginVersion) -> Found:
        path = local.plugin_in_cache(asked, self.environ)
        return Found(path, asked.version, f"in the plugin cache, {path.parent}")

    def _kept(self, wanted: Download) -> Found:
        path = caches.entry(self.cache, wanted.entry) / wanted.program
        if not path.is_file():
            raise NotKept(str(path))
        return Found(path, wanted.version, f"downloaded before, in {path.parent}")

    def _downloaded(self, wanted: Download) -> Found:
        """Download, unless an earlier download has shown that nothing can be reached."""
        if self.unreachable is not None:
            raise Skipped(f"an earlier download failed: {self.unreachable}")
        if (
            FORCED not in self.environ
            and (reason := download.remembered(self.cache, self.site, self.environ)) is not None
        ):
            raise Skipped(reason)
        try:
            if not self.reached:
                download.reach(self.site, self.environ)
                self.reached = True
            path = caches.ensure(self.cache, wanted.entry, wanted.make, self.progress) / wanted.program
        except Unreachable as error:
            self.unreachable = error
            download.remember(self.cache, self.site, self.environ, str(error))
            raise
        return Found(path, wanted.version, f"downloaded {wanted.source}to {path.parent}")


def _allowed(environ: Mapping[str, str]) -> Collection[str]:
    forced, choices = environ.get(FORCED), list(dict.fromkeys(CHOICES.values()))
    if forced and forced not in choices:
        raise BadSetting(f"{FORCED} is {forced!r}; it may be {', '.join(choices)}, or not set at all")
    return [forced] if forced else choices
