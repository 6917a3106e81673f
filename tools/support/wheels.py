"""The four packages, built as they are published, and fresh environments that they are installed into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UV = str(ROOT / "scripts" / "uv")
VERSION = (ROOT / "VERSION").read_text().strip()
PACKAGES = {
    "pulumi-parity": "parity",
    "pulumi-parity-policy": "parity_policy",
    "pulumi-parity-sandbox": "parity_sandbox",
    "pulumi-parity-toolchain": "parity_toolchain",
}
LIMIT_SECONDS = 1100
_LIBRARIES = Path(sysconfig.get_path("purelib"))
SHARED = {
    "HOME",
    "PATH",
    "LANG",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_CACHE_DIR",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "PIP_INDEX_URL",
    "PIP_CONFIG_FILE",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "GOPROXY",
    "GOFLAGS",
    "GOCACHE",
    "GOMODCACHE",
}
"""What a stranger's shell has too: the way to the package index and to caches, nothing of this checkout."""


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit code and both streams."""

    code: int
    said: str

    def ok(self) -> str:
        assert self.code == 0, self.said
        return self.said


def environment(wheels: Path, **extra: str) -> dict[str, str]:
    """A stranger's environment, to whom the index also has the wheels in that folder."""
    kept = {name: value for name, value in os.environ.items() if name in SHARED}
    # The uv of this checkout, where the machine has none: a new project would install its own, as this one did.
    kept["PATH"] = f"{kept['PATH']}:{ROOT / '.tools' / 'bin'}"
    return {**kept, "UV_FIND_LINKS": str(wheels), "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", **extra}


def run(*command: str | Path, cwd: Path, env: Mapping[str, str]) -> Ended:
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def build(package: str, target: Path, root: Path = ROOT, *options: str) -> None:
    """Build a package of the checkout in `root`; without options its sdist, and its wheel from that sdist."""
    command = (UV, "build", "--quiet", *options, "--package", package, "--out-dir", target)
    run(*command, cwd=root, env=os.environ).ok()


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, filled by the first of the test processes that asks for it."""
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            try:
                make(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return folder


def set_up(project: Path, env: Mapping[str, str]) -> None:
    """Set a project's environment up, with the byte code that this checkout's has of the same files.

    uv links the libraries from its cache, and a clone's sources keep their times. To compile them again takes longer
    than what most tests then run.
    """
    run("make", "setup", cwd=project, env=env).ok()
    _compile(_LIBRARIES, project / ".venv" / _LIBRARIES.relative_to(sys.prefix))
    _compile(ROOT / "packages", project / "packages")


def _compile(source: Path, target: Path) -> None:
    """Copy the byte code of files that are the same in both; of any other Python makes its own."""
    for folder in source.rglob("__pycache__"):
        there = target / folder.relative_to(source)
        if there.parent.is_dir() and not there.exists():
            shutil.copytree(folder, there)


def install(folder: Path, wheels: Path, *requirements: str) -> Path:
    """A fresh virtual environment with these installed; gives its folder of programs."""
    env = environment(wheels)
    run(UV, "venv", "--quiet", folder, cwd=ROOT, env=env).ok()
    run(UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *requirements, cwd=wheels, env=env).ok()
    _compile(_LIBRARIES, folder / _LIBRARIES.relative_to(sys.prefix))
    return folder / "bin"
