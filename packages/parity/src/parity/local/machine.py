"""What of this machine can change what a command does, in a form that another machine's can be compared with."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import locale
import os
import platform
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity.engine import toolchain
from parity.errors import UsageError
from parity.git import Repository
from parity_toolchain.errors import BadLock
from parity_toolchain.image.places import INPUTS
from parity_toolchain.image.wheels import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHY = (
    ("parity", "what is planned, gated and applied is the tool's"),
    ("engine", "nothing is planned or applied without it"),
    ("pulumi", "plans and state are the engine's own"),
    ("language", "it starts the program"),
    ("plugin", "it makes the calls, and says what differs"),
    ("packages", "the program and the tool run with them"),
    ("package", "the program and the tool run with it"),
    ("Python", "the program runs in it"),
    ("libpq", "PostgreSQL is reached by it: TLS, SCRAM, defaults"),
    ("certificates", "which servers are trusted"),
    ("setting", "it steers the engine or the tool"),
    ("git", "which commit is released"),
    ("locale", "how names are read and sorted"),
    ("umask", "who may read what is written"),
    ("time", "how times are shown"),
    ("system", "which programs run at all"),
    ("image", "all of the above comes from it"),
)
"""What each kind of fact matters for, the most important first."""

_STEER = ("PARITY_", "PULUMI_", "PG", "GIT_", "PYTHONPATH")
"""How variables begin that change what a command does. Only whether each is set is said: a value may be a secret."""

_NONE = "none"


@dataclass(frozen=True)
class Difference:
    """One fact in which two machines differ."""

    name: str
    here: str
    there: str
    matters: str


def facts(root: Path) -> dict[str, str]:
    """This machine's facts by name, the most important first; none of them holds a secret.

    uv.lock in the project's folder says which packages count.
    """
    found = {"parity": _version("pulumi-parity")}
    for part in toolchain.inspect():
        found[part.name] = _NONE if part.fault else part.version + (", stand-in" if part.source == "stand-in" else "")
    found |= _packages(root)
    found["Python"] = f"{platform.python_implementation()} {platform.python_version()}"
    found["libpq"] = _libpq()
    found["certificates"] = _certificates()
    found |= {f"setting {name}": "set" for name in sorted(os.environ) if name.startswith(_STEER)}
    found["git"] = Repository(root).version() or _NONE
    found["locale"] = f"{locale.getlocale()[0] or 'C'}, {sys.getfilesystemencoding()}"
    found["umask"] = _umask()
    found["time zone"] = _zone()
    found["system"] = f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver()) or 'no libc'}"
    found["image"] = _image()
    return found


def report(path: Path) -> dict[str, str]:
    """The facts of another machine, from what its `parity doctor --json` printed.

    Raises:
        UsageError: the file is not there, or is no such report.
    """
    try:
        document = json.loads(path.read_text())
        return {str(name): str(value) for name, value in document["machine"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} is no report of a machine: {error}",
            remedy=f"there run `parity doctor --json > {path.name}`",
        ) from error


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[Difference]:
    """Every fact that differs, the one that matters most first."""
    order = {kind: place for place, (kind, _) in enumerate(_WHY)}
    why = dict(_WHY)
    found = [
        Difference(name, here.get(name, _NONE), there.get(name, _NONE), why.get(_kind(name), ""))
        for name in {**here, **there}
        if here.get(name, _NONE) != there.get(name, _NONE)
    ]
    return sorted(found, key=lambda each: (order.get(_kind(each.name), len(order)), each.name))


def _kind(name: str) -> str:
    return name.partition(" ")[0]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return _NONE


def _packages(root: Path) -> Iterator[tuple[str, str]]:
    """Each package that the lock file says a job needs: its version, and a digest of the files of its wheel."""
    try:
        needed = [package for package in locked(root) if package.digest]
    except BadLock:
        yield "packages", "unknown: no uv.lock that can be read"
        return
    yield from ((f"package {package.name}", _installed(package.name)) for package in needed)


def _installed(name: str) -> str:
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return _NONE
    lines = [line.split(",") for line in (found.read_text("RECORD") or "").splitlines()]
    files = sorted(line[1] for line in lines if len(line) > 1 and line[1] and _of_the_wheel(line[0]))
    return f"{found.version} {hashlib.sha256(' '.join(files).encode()).hexdigest()[:16]}"


def _of_the_wheel(path: str) -> bool:
    """Whether a file is the same wherever a wheel is installed: no script, no note of the installer's."""
    return not path.startswith(("../", "/")) and ".dist-info/" not in path and ".data/scripts/" not in path


def _libpq() -> str:
    from psycopg import pq  # noqa: PLC0415 - takes a while

    return f"{pq.version()} ({pq.__impl__})"


def _certificates() -> str:
    path = ssl.get_default_verify_paths().cafile
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}" if path else _NONE


def _umask() -> str:
    now = os.umask(0o077)
    os.umask(now)
    return f"{now:03o}"


def _zone() -> str:
    """The time zone's name; UTC where the system has set none."""
    link = Path("/etc/localtime")
    name = os.environ.get("TZ") or ("/".join(link.resolve().parts[-2:]) if link.exists() else "UTC")
    return name.removeprefix("Etc/")


def _image() -> str:
    try:
        return json.loads((Path("/") / INPUTS).read_text())["inputs"]
    except FileNotFoundError:
        return _NONE
