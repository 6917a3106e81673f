"""Finds an engine: PATH, then a download, then a build; and each plugin likewise. Every attempt is recorded."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from parity_toolchain import build, download, local, recipes, versions
from parity_toolchain import cache as caches
from parity_toolchain.download import OFFICIAL, Site
from parity_toolchain.errors import BadSetting, NoEngine, NoPlugin, Unreachable
from parity_toolchain.local import PassedOver
from parity_toolchain.model import Engine, Plugin, PluginVersion, Program, Versions
from parity_toolchain.trail import Candidate, Found, NotKept, Skipped, Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from parity_toolchain.recipes import Recipe

STAND_INS = ("vercel",)
"""The plugins that the sandbox can stand in for. A real one on PATH always wins, whatever its version."""

FORCED = "PARITY_ENGINE"
"""The environment variable that leaves only one source: path, download or build."""

CHOICES = ("path", "download", "build")

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
    resolver = _Resolver(cache or caches.root(environ), environ, progress or (lambda _: None), site, at_hand=at_hand)
    cli = resolver.cli(required.engine)
    plugins = tuple(resolver.plugin(plugin, cli) for plugin in required.plugins)
    return Engine(cli, plugins, tuple(resolver.trail.attempts))


class _Resolver:
    """One run: what it may use, and what it has learnt on the way."""

    def __init__(
        self,
        cache: Path,
        environ: Mapping[str, str],
        progress: Callable[[str], None],
        site: Site,
        *,
        at_hand: bool,
    ) -> None:
        self.cache = cache
        self.at_hand = at_hand
        self.environ = environ
        self.progress = progress
        self.site = site
        self.trail = Trail()
        self.allowed = _allowed(environ)
        self.unreachable: Unreachable | None = None
        self.reached = False

    def cli(self, version: str) -> Program:
        part = f"pulumi {version}"
        candidates = [
            *self._if("path", Candidate("PATH", partial(self._cli_on_path, version))),
            *self._if("download", Candidate("download", partial(self._cli_kept, version))),
            *self._if("build", Candidate("build", partial(self._built_cli, version, build_now=False))),
            *self._made(
                *self._if("download", Candidate("download", partial(self._cli_download, version))),
                *self._if("build", Candidate("build", partial(self._built_cli, version, build_now=True))),
            ),
        ]
        found = self.trail.first(part, candidates)
        if found is None and self.at_hand:
            raise NoEngine(self.trail.complaint(part, MAKE))
        if found is None:
            remedy = f"install Pulumi {version}, or Go, or open the way to {self.site.installer}{self._hint()}"
            raise NoEngine(self.trail.complaint(part, remedy))
        source, program = found
        return Program(program.version, source, program.path)

    def plugin(self, asked: PluginVersion, cli: Program) -> Plugin:
        part = f"plugin {asked.name} {asked.version}"
        if (path := local.plugin_by_setting(asked, self.environ)) is not None:
            self.trail.note("setting", part, "used", f"{local.setting_name(asked)} names {path}")
            return Plugin(asked.name, asked.version, "setting", path)
        found = self.trail.first(part, self._plugin_candidates(asked, cli))
        if found is not None:
            source, program = found
            return Plugin(asked.name, asked.version, source, program.path)
        if asked.name in STAND_INS:
            self.trail.note("stand-in", part, "used", "the sandbox's stand-in takes its place")
            return Plugin(asked.name, asked.version, "stand-in", None)
        if self.at_hand:
            raise NoPlugin(self.trail.complaint(part, MAKE))
        remedy = f"put {asked.program} on PATH, or name it in {local.setting_name(asked)}{self._hint()}"
        raise NoPlugin(self.trail.complaint(part, remedy))

    def _plugin_candidates(self, asked: PluginVersion, cli: Program) -> list[Candidate]:
        # What cannot be built is always searched for on PATH: a forced build must not hide a real plugin.
        path = "path" if asked.name in recipes.BUILT_PLUGINS else None
        built = [
            Candidate("build", partial(self._built_plugin, asked, build_now=now))
            for now in (False, True)
            if asked.name in recipes.BUILT_PLUGINS
        ]
        return [
            *self._if(path, Candidate("PATH", partial(self._plugin_on_path, asked))),
            *self._if(path, Candidate("plugin cache", partial(self._plugin_in_cache, asked))),
            *self._if("download", Candidate("download", partial(self._plugin_kept, asked))),
            *self._if("build", *built[:1]),
            *self._made(
                *self._if("download", Candidate("download", partial(self._plugin_download, asked, cli))),
                *self._if("build", *built[1:]),
            ),
        ]

    def _if(self, choice: str | None, *candidates: Candidate) -> tuple[Candidate, ...]:
        return candidates if choice is None or choice in self.allowed else ()

    def _made(self, *candidates: Candidate) -> tuple[Candidate, ...]:
        """What makes something new, left out where only what is there counts."""
        return () if self.at_hand else candidates

    def _hint(self) -> str:
        forced = self.environ.get(FORCED)
        return f"; or unset {FORCED}={forced}, which leaves only this source" if forced else ""

    def _cli_on_path(self, version: str) -> Found:
        path, said = local.cli_on_path(version, self.environ)
        return Found(path, said, f"{path} is {said}")

    def _cli_kept(self, version: str) -> Found:
        path = caches.entry(self.cache, download.cli_entry(version)) / "bin" / "pulumi"
        return _kept(path, version, "downloaded before")

    def _cli_download(self, version: str) -> Found:
        path = self._downloaded(lambda: download.fetch_cli(version, self.cache, self.environ, self.progress, self.site))
        return Found(path, version, f"downloaded from {self.site.installer} to {path.parent}")

    def _built_cli(self, version: str, *, build_now: bool) -> Found:
        pinned = recipes.cli_version()
        if not versions.fits(versions.parse(pinned) or (0, 0, 0), version):
            if build_now:
                raise PassedOver(
                    f"engine/modules/cli pins {pinned}; needed is {version} or later of the same major version"
                )
            raise NotKept(version)
        return self._built(recipes.command_line(), "pulumi", pinned, build_now=build_now)

    def _built_plugin(self, asked: PluginVersion, *, build_now: bool) -> Found:
        return self._built(recipes.plugin(asked), asked.program, asked.version, build_now=build_now)

    def _built(self, recipe: Recipe, program: str, version: str, *, build_now: bool) -> Found:
        if not build_now:
            folder = build.find(recipe, self.cache, self.environ)
            if folder is None:
                raise NotKept(recipe.name)
            return Found(folder / program, version, f"built before, in {folder}")
        folder = build.build(recipe, self.cache, self.environ, self.progress)
        return Found(folder / program, version, f"built in {folder}")

    def _plugin_on_path(self, asked: PluginVersion) -> Found:
        path, said = local.plugin_on_path(asked, self.environ, any_version=asked.name in STAND_INS)
        return Found(path, asked.version, f"{path} says: {said}")

    def _plugin_in_cache(self, asked: PluginVersion) -> Found:
        path = local.plugin_in_cache(asked, self.environ)
        return Found(path, asked.version, f"in the plugin cache, {path.parent}")

    def _plugin_kept(self, asked: PluginVersion) -> Found:
        folder = caches.entry(self.cache, download.plugin_entry(asked))
        return _kept(folder / "plugins" / asked.folder / asked.program, asked.version, "downloaded before")

    def _plugin_download(self, asked: PluginVersion, cli: Program) -> Found:
        path = self._downloaded(
            lambda: download.fetch_plugin(asked, cli.path, self.cache, self.environ, self.progress, site=self.site)
        )
        return Found(path, asked.version, f"downloaded to {path.parent}")

    def _downloaded(self, fetch: Callable[[], Path]) -> Path:
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
            return fetch()
        except Unreachable as error:
            self.unreachable = error
            download.remember(self.cache, self.site, self.environ, str(error))
            raise


def _kept(path: Path, version: str, how: str) -> Found:
    if not path.is_file():
        raise NotKept(str(path))
    return Found(path, version, f"{how}, in {path.parent}")


def _allowed(environ: Mapping[str, str]) -> tuple[str, ...]:
    forced = environ.get(FORCED)
    if not forced:
        return CHOICES
    if forced not in CHOICES:
        raise BadSetting(f"{FORCED} is {forced!r}; it may be {', '.join(CHOICES)}, or not set at all")
    return (forced,)
