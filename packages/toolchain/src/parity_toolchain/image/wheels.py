"""The Python packages: which of uv.lock a job needs, the one wheel of each, and what of it goes into the image."""

from __future__ import annotations

import functools
import hashlib
import shutil
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from parity_toolchain import cache as caches
from parity_toolchain.errors import BadLock, DownloadFailed
from parity_toolchain.image.model import Input, Part
from parity_toolchain.image.places import CERTIFICATES, PACKAGES, PYTHON
from parity_toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parity_toolchain.image.interpreter import Interpreter

LEFT_OUT = frozenset({"sandbox", "template"})
"""The extras of pulumi-parity that no job needs: a local world, and the making of projects."""

_GLIBC = 36
"""The minor version of the base's libc 2, which says which wheels run on it."""

_PLATFORMS = [
    *(f"manylinux_2_{minor}_x86_64" for minor in range(_GLIBC, 4, -1)),
    *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"),
]

_VERSION = tuple(int(part) for part in PYTHON.split("."))
_TAGS = {
    tag: place
    for place, tag in enumerate(
        [*cpython_tags(_VERSION, platforms=_PLATFORMS), *compatible_tags(_VERSION, "cp311", _PLATFORMS)]
    )
}

_TARGET = {
    "implementation_name": "cpython",
    "implementation_version": f"{PYTHON}.0",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
    "extra": "",
}
"""What a marker is held against, whatever Python builds the image."""

TOOL = "pulumi-parity"
"""What its own packages' names begin with: they change with each release, and have a layer of their own."""

_SECONDS = 900.0

_LAUNCHER = """#!/usr/bin/python{python} -sP
import sys
from {module} import {function}
sys.exit({function}())
"""

PROGRAMS = {"parity": ("parity.cli.main", "run")}
"""The console programs that a job calls; other packages' own are left out."""


@dataclass(frozen=True)
class Locked:
    """One package of the lock file."""

    name: str
    version: str
    digest: str
    """Of its wheel for the image; empty for a package that is a folder of this project."""


def locked(project: Path) -> list[Locked]:
    """The packages that a job of a project needs, by name.

    Raises:
        BadLock: the lock file is not there, is not complete, or has no wheel for the image.
    """
    lock = project / "uv.lock"
    try:
        document = tomllib.loads(lock.read_text())
        name: str = tomllib.loads((project / "pyproject.toml").read_text())["project"]["name"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise BadLock(f"{lock} or the project's name cannot be read: {error}. Run `make lock`") from error
    found = _closure(document["package"], canonicalize_name(name), lock)
    return [_locked(each, lock) for each in found if each["name"] != canonicalize_name(name)]


def _closure(packages: list[dict[str, Any]], root: str, lock: Path) -> list[dict[str, Any]]:
    """Every package that the root needs on the image's platform."""
    todo, seen = [(root, "", frozenset[str]())], dict[tuple[str, frozenset[str]], dict[str, Any]]()
    while todo:
        name, version, extras = todo.pop()
        if (name, extras) in seen:
            continue
        found = [each for each in packages if each["name"] == name and version in {"", each.get("version")}]
        found = [each for each in found if _applies(each.get("resolution-markers", ()))]
        if len(found) != 1:
            raise BadLock(f"{lock} has {len(found)} packages {name} {version} for the image. Run `make lock`")
        seen[name, extras] = package = found[0]
        needed = [*package.get("dependencies", ())]
        for extra in extras:
            needed += package.get("optional-dependencies", {}).get(extra, ())
        todo += [
            (each["name"], each.get("version", ""), frozenset(each.get("extra", ())) - LEFT_OUT)
            for each in needed
            if _applies([each["marker"]] if "marker" in each else ())
        ]
    unique = {package["name"]: package for package in seen.values()}
    return [unique[name] for name in sorted(unique)]


def _applies(markers: Sequence[str]) -> bool:
    return not markers or any(Marker(each).evaluate(_TARGET) for each in markers)


def _locked(package: dict[str, Any], lock: Path) -> Locked:
    name = package["name"]
    if "editable" in package["source"] or "directory" in package["source"]:
        return Locked(name, "", "")
    ranked = [(rank, wheel) for wheel in package.get("wheels", ()) if (rank := _rank(wheel)) is not None]
    if not ranked:
        raise BadLock(f"{lock} has no wheel of {name} {package['version']} for Python {PYTHON} on Linux amd64")
    return Locked(name, package["version"], min(ranked, key=lambda each: each[0])[1]["hash"])


def _rank(wheel: dict[str, Any]) -> int | None:
    """The place of a wheel among those that run in the image: the least is the most specific."""
    file = wheel["url"].rsplit("/", 1)[-1].replace("%2B", "+")
    return min((_TAGS[tag] for tag in parse_wheel_filename(file)[3] if tag in _TAGS), default=None)


def parts(
    project: Path,
    own: Path,
    python: Interpreter,
    *,
    cache: Path,
    environ: Mapping[str, str],
    progress: Callable[[str], None],
) -> list[Part]:
    """The layers of what the lock file pins, and of the project's own packages, whose wheels are in `own`.

    Raises:
        BadLock: the lock file cannot be used, or a wheel of an own package is not there.
    """
    packages = locked(project)
    others = [each for each in packages if each.digest and not each.name.startswith(TOOL)]
    released = [each for each in packages if each.digest and each.name.startswith(TOOL)]
    folders = [_own(own, each.name) for each in packages if not each.digest]
    get = functools.partial(fetch, cache=cache, environ=environ, progress=progress)
    inputs = [*_inputs(released), *(_own_input(wheel) for wheel in folders)]
    return [
        Part("packages", _inputs(others), functools.partial(_fill, lambda: get(others), python)),
        Part("tool", inputs, functools.partial(_tool, lambda: [*get(released), *folders], python)),
    ]


def _inputs(packages: Sequence[Locked]) -> list[Input]:
    return [Input("pypi", each.name, each.version, each.digest) for each in packages]


def _own(folder: Path, name: str) -> Path:
    found = [file for file in folder.glob("*.whl") if parse_wheel_filename(file.name)[0] == name]
    if len(found) != 1:
        raise BadLock(f"{folder} has {len(found)} wheels of {name}; the image takes one. Run `make dist`")
    return found[0]


def _own_input(wheel: Path) -> Input:
    """By content: how a wheel is compressed depends on the machine that made it."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(wheel) as archive:
        for member in sorted(archive.namelist()):
            digest.update(f"{member}\0".encode() + hashlib.sha256(archive.read(member)).digest())
    name, version, *_ = parse_wheel_filename(wheel.name)
    return Input("pypi", name, str(version), f"sha256:{digest.hexdigest()}")


def _fill(files: Callable[[], list[Path]], python: Interpreter, root: Path) -> Interpreter:
    for wheel in files():
        unpack(wheel, root)
    certificates = root / CERTIFICATES
    certificates.parent.mkdir(parents=True)
    shutil.copyfile(root / PACKAGES / "certifi/cacert.pem", certificates)
    python.compile(root)
    return python


def _tool(files: Callable[[], list[Path]], python: Interpreter, root: Path) -> Interpreter:
    for wheel in files():
        unpack(wheel, root)
    programs = root / "usr/local/bin"
    programs.mkdir(parents=True)
    for name, (module, function) in PROGRAMS.items():
        (programs / name).write_text(_LAUNCHER.format(python=PYTHON, module=module, function=function))
        (programs / name).chmod(0o755)
    python.compile(root)
    return python


def fetch(
    pinned: Sequence[Locked], *, cache: Path, environ: Mapping[str, str], progress: Callable[[str], None]
) -> list[Path]:
    """The wheels, by pip, which holds each to its digest; what the cache has is not fetched again.

    Raises:
        DownloadFailed: one cannot be had, or is not what the lock file pins.
    """
    if not pinned:
        return []
    lines = [f"{each.name}=={each.version} --hash={each.digest}\n" for each in pinned]
    key = hashlib.sha256("".join(lines).encode()).hexdigest()[:16]

    def make(folder: Path) -> None:
        progress(f"packages: fetching {len(pinned)} wheels")
        requirements = folder / "requirements.txt"
        requirements.write_text("".join(lines))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "--python-version", PYTHON, "--implementation", "cp"]
        command += ["--abi", "cp311", "--abi", "abi3", "--abi", "none"]
        command += [word for platform in (*_PLATFORMS, "any") for word in ("--platform", platform)]
        command += ["--dest", str(folder), "-r", str(requirements)]
        done = run(command, limit=_SECONDS, environ=environ)
        if done.code != 0:
            why = done.stderr.strip() or done.complaint
            raise DownloadFailed(f"pip cannot fetch the packages that uv.lock pins:\n{why}")

    return sorted(caches.ensure(cache, f"wheels-{key}", make, progress).glob("*.whl"))


def unpack(wheel: Path, root: Path) -> None:
    """Put a wheel's files where the base's interpreter finds them; its scripts are left out."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = _placed(PurePosixPath(member.filename))
            if path is None or member.is_dir():
                continue
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))
            if (member.external_attr >> 16) & 0o100:
                target.chmod(0o755)


def _placed(path: PurePosixPath) -> PurePosixPath | None:
    """Where a wheel's file goes (packaging.python.org, binary distribution format)."""
    if not path.parts[0].endswith(".data"):
        return PACKAGES / path
    kind, rest = path.parts[1], PurePosixPath(*path.parts[2:])
    if kind in {"purelib", "platlib"}:
        return PACKAGES / rest
    return "usr/local" / rest if kind == "data" else None
