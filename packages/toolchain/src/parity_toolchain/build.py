"""Builds a recipe from published Go modules into the cache, once."""

from __future__ import annotations

import functools
import shutil
import time
from typing import TYPE_CHECKING

from parity_toolchain import cache as caches
from parity_toolchain import golang, patch
from parity_toolchain.errors import BuildFailed, ProgramSilent
from parity_toolchain.process import follow, run
from parity_toolchain.recipes import ENVIRONMENT, MODULES, Recipe, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LIMIT = 60 * 60.0
"""Seconds for one build step: some 4 minutes on two idle cores, many times that on a slow or busy machine."""

CHECK_LIMIT = 60.0
"""Seconds within which a fresh program must say its version."""


def find(recipe: Recipe, cache: Path, environ: Mapping[str, str]) -> Path | None:
    """The folder of a finished build of exactly these inputs, where there is one."""
    go = golang.choose(environ, recipe.minimum_go)
    folder = caches.entry(cache, recipe.entry(go.version))
    return folder if folder.is_dir() else None


def build(recipe: Recipe, cache: Path, environ: Mapping[str, str], progress: Callable[[str], None]) -> Path:
    """Give the folder with a recipe's programs, building them first where they are not there.

    Args:
        recipe: What to build.
        cache: The cache's folder.
        environ: The caller's environment: PATH, HOME, GOPROXY, proxies.
        progress: Takes a line about what is compiled and for how long, every ten seconds.

    Raises:
        NoGo: No Go can be had.
        BuildFailed: A step failed, or gave a program that does not say its version.
        BuildBusy: Another process builds the same and does not end.
    """
    go = golang.choose(environ, recipe.minimum_go)
    make = functools.partial(_make, recipe=recipe, go=go, cache=cache, environ=environ, progress=progress)
    return caches.ensure(cache, recipe.entry(go.version), make, progress)


def _make(
    folder: Path,
    *,
    recipe: Recipe,
    go: golang.Go,
    cache: Path,
    environ: Mapping[str, str],
    progress: Callable[[str], None],
) -> None:
    progress(f"{recipe.name}: building it from Go modules, which takes minutes, once ({go.reason})")
    executable = golang.provide(go, cache, environ, progress)
    # GONOSUMDB and their like would switch the checksum database off, and GOFLAGS could change what is built.
    kept = {name: value for name, value in environ.items() if name not in {"GONOSUMDB", "GONOSUMCHECK", "GOINSECURE"}}
    settings = {**kept, **ENVIRONMENT}
    for step in recipe.steps:
        begin = time.monotonic()
        with patch.applied(step, executable, settings) as home:
            _compile(step, _command(step, executable, folder), home, settings, progress)
        _copy_scripts(step, executable, folder, settings)
        _check(step, folder, settings)
        progress(f"{step.program} {step.version}: built in {time.monotonic() - begin:.0f} s")


def _command(step: Step, go: Path, folder: Path) -> list[str]:
    stamp = f"-s -w -X {step.stamp}={step.version}"
    return [str(go), "build", "-v", "-ldflags", stamp, "-o", str(folder / step.program), step.package]


def _compile(
    step: Step, command: list[str], home: Path, environ: Mapping[str, str], progress: Callable[[str], None]
) -> None:
    watch = _Watch()
    try:
        done = follow(
            command,
            limit=LIMIT,
            environ=environ,
            cwd=home,
            on_line=watch.line,
            on_beat=lambda elapsed: progress(f"{step.program} {step.version}: {watch}, {elapsed:.0f} s"),
        )
    except ProgramSilent as error:
        raise BuildFailed(f"{step.program} {step.version}: {error}: see whether Go's module proxy answers") from error
    if done.code != 0:
        raise BuildFailed(
            f"{step.program} {step.version} could not be built in {MODULES / step.module} (`go build`, exit code "
            f"{done.code}):\n{_indent(done.stdout)}\nSee that Go's module proxy can be reached and that the disk has "
            "4 GB to spare, then try again: what is compiled already is kept"
        )


class _Watch:
    """Counts what `go build -v` says."""

    def __init__(self) -> None:
        self.fetched = 0
        self.compiled = 0
        self.last = ""

    def line(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self.fetched += 1
            self.last = line.removeprefix("go: downloading ")
        elif line and not line.startswith("#") and " " not in line:
            self.compiled += 1
            self.last = line

    def __str__(self) -> str:
        if not self.last:
            return "reading the modules"
        return f"{self.fetched} modules fetched, {self.compiled} packages compiled, last {self.last}"


def _copy_scripts(step: Step, go: Path, folder: Path, environ: Mapping[str, str]) -> None:
    for module, path in step.scripts:
        source = golang.module_folder(module, go, environ, MODULES / step.module) / path
        if not source.is_file():
            raise BuildFailed(f"{path} is not in the Go module {module}")
        target = folder / source.name
        shutil.copyfile(source, target)
        target.chmod(0o755)


def _check(step: Step, folder: Path, environ: Mapping[str, str]) -> None:
    """See that a program runs and says the version it was stamped with, before anyone else can use it."""
    if not step.ask:
        return
    command = [str(folder / step.program), step.ask]
    answer = run(command, limit=CHECK_LIMIT, environ={**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"})
    if answer.code != 0 or step.version not in answer.stdout:
        raise BuildFailed(f"the fresh {step.program} does not say that it is {step.version}: {answer.complaint}")


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines()[-15:])
