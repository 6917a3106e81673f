"""The base: libc, the interpreter, git and a shell from Debian's packages, pinned with their digests in debian.txt."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx

from parity_toolchain import cache as caches
from parity_toolchain.errors import BadLock, DownloadFailed
from parity_toolchain.image.interpreter import Interpreter
from parity_toolchain.image.model import Input, Part
from parity_toolchain.image.places import ARCHITECTURE, PYTHON
from parity_toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LOCK = Path(__file__).parent / "debian.txt"

MIRROR = "PARITY_DEBIAN_MIRROR"
"""The variable with a mirror's address: the folders `debian` and `debian-security` are below it, or where it has
`{archive}`. It is needed where apt is not at hand, or knows other versions."""

_LINE = re.compile(
    r"(?P<name>[\w.+-]+)=(?P<version>\S+) (?P<path>(debian|debian-security)/\S+) (?P<digest>sha256:\w{64})"
)
_OFFER = re.compile(r"'\S+?/((?:debian|debian-security)/pool/\S+)' (\S+)_(\S+)_\w+\.deb \d+ SHA256:(\w{64})")
"""A line of `apt-get --print-uris download`."""

_SECONDS = 600.0
_READ_SECONDS = 30.0

_MEMBER = 60
"""Bytes of a member's head in an `ar` archive."""

_LEFT_OUT = re.compile(
    r"usr/(games|include|share/(?!doc/[^/]+/copyright$|git-core/templates/(description|info))"
    r"|lib/python3\.\d+/lib-dynload/(readline|_curses\w*|_dbm|nis)\.)"
)
"""What a job does not read, and modules whose libraries the base does not have."""

_TAKEN = {
    "base-files": r"(etc|usr/lib)/(os-release|debian_version)$|(home|tmp|root|run|var/tmp|proc|dev|sys)$"
    r"|usr/share/common-licenses",
    "coreutils": r"usr/bin/(cat|dirname|env|tail)$",
    "dash": r"usr/bin/(dash|sh)$",
    "git": r"usr/bin/git$|usr/lib/git-core/git-remote-https?$|usr/share/git-core/templates/(description|info)",
    "libc-bin": r"usr/lib/locale/C\.utf8/",
}
"""The packages of which a job needs some files only; of each the licence comes too.

A shell: GitHub's runner starts each `run:` with it, and the launcher of the engine's plugin. `tail` keeps a job's
container; the launcher asks `dirname`.
"""

_MERGED = ("bin", "lib", "lib64", "sbin")
"""Folders that are links into usr; Debian's packages of this release still name both."""


@dataclass(frozen=True)
class Pin:
    """One package."""

    name: str
    version: str
    path: str
    """Below the mirror."""
    digest: str


def pins(lock: Path = LOCK) -> list[Pin]:
    """The packages of a lock file.

    Raises:
        BadLock: a line is no pin.
    """
    found: list[Pin] = []
    for number, line in enumerate(lock.read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            match = _LINE.fullmatch(line)
            if match is None:
                raise BadLock(
                    f"{lock}, line {number}: `{line}` is no package with version, path and digest. Run `make base`"
                )
            found.append(Pin(**match.groupdict()))
    return found


def part(cache: Path, environ: Mapping[str, str], progress: Callable[[str], None]) -> Part:
    """The layer of the base."""
    wanted = pins()
    inputs = [Input("deb", pin.name, pin.version, pin.digest) for pin in wanted]
    return Part("base", inputs, functools.partial(_fill, wanted, cache, environ, progress))


def _fill(
    wanted: Sequence[Pin], cache: Path, environ: Mapping[str, str], progress: Callable[[str], None], root: Path
) -> Interpreter:
    for file, pin in zip(fetch(wanted, cache, environ, progress), wanted, strict=True):
        unpack(file, pin.name, root)
    for name in _MERGED:
        (root / name).symlink_to(f"usr/{name}")
    for name in ("python", "python3"):
        (root / "usr/bin" / name).unlink(missing_ok=True)
        (root / "usr/bin" / name).symlink_to(f"python{PYTHON}")
    (root / "home/parity").mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/sbin/nologin\nparity:x:1001:1001::/home/parity:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nparity:x:1001:\n")
    python = Interpreter.of(root)
    python.compile(root)
    return python


def fetch(
    wanted: Sequence[Pin], cache: Path, environ: Mapping[str, str], progress: Callable[[str], None]
) -> list[Path]:
    """The packages' files, in the same order; what the cache has is not fetched again.

    Raises:
        DownloadFailed: one cannot be had, or is not what the lock file pins.
    """
    key = hashlib.sha256("\n".join(pin.digest for pin in wanted).encode()).hexdigest()[:16]

    def make(folder: Path) -> None:
        progress(f"base: fetching {len(wanted)} of Debian's packages")
        if mirror := environ.get(MIRROR):
            _from_mirror(mirror, wanted, folder)
        else:
            _from_apt(wanted, folder, environ)
        for file in folder.iterdir():
            file.rename(folder / _digest(file))
        for pin in wanted:
            if not (folder / pin.digest).is_file():
                raise DownloadFailed(
                    f"{pin.name} {pin.version} is not the file that {LOCK.name} pins ({pin.digest}). "
                    f"Name another mirror with {MIRROR}"
                )

    folder = caches.ensure(cache, f"debian-{key}", make, progress)
    return [folder / pin.digest for pin in wanted]


def _from_mirror(mirror: str, wanted: Sequence[Pin], folder: Path) -> None:
    with httpx.Client(timeout=_READ_SECONDS, follow_redirects=True) as client:
        for pin in wanted:
            archive, _, rest = pin.path.partition("/")
            base = mirror.rstrip("/")
            address = f"{base.format(archive=archive)}/{rest}" if "{archive}" in base else f"{base}/{pin.path}"
            try:
                answer = client.get(address)
            except httpx.HTTPError as error:
                raise DownloadFailed(f"{address} cannot be had: {error}. Name another mirror with {MIRROR}") from error
            if not answer.is_success:
                raise DownloadFailed(f"{address} answers {answer.status_code}. Name another mirror with {MIRROR}")
            (folder / pin.name).write_bytes(answer.content)


def _from_apt(wanted: Sequence[Pin], folder: Path, environ: Mapping[str, str]) -> None:
    remedy = f"Name a mirror of Debian with {MIRROR}, or on Debian 12 run `apt-get update`"
    if shutil.which("apt-get", path=environ.get("PATH", "")) is None:
        raise DownloadFailed(f"there is no apt-get here to fetch Debian's packages with. {remedy}")
    command = ["apt-get", "-qq", "download", *(f"{pin.name}:{ARCHITECTURE}={pin.version}" for pin in wanted)]
    done = run(command, limit=_SECONDS, environ=environ, cwd=folder)
    if done.code != 0:
        raise DownloadFailed(f"apt-get does not give the base's packages: {done.complaint}. {remedy}")


def _digest(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def unpack(package: Path, name: str, root: Path) -> None:
    """Put what a job needs of one package's file into a folder, and its control file where scanners read it.

    Raises:
        BadLock: the file is no package of Debian's.
    """
    members = dict(_members(package.read_bytes(), package))
    data = next((content for member, content in members.items() if member.startswith("data.tar")), None)
    control = next((content for member, content in members.items() if member.startswith("control.tar")), None)
    if data is None or control is None:
        raise BadLock(f"{package} is no package of Debian's: it has {', '.join(members) or 'no members'}")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            if _wanted(name, path := _placed(entry.name)):
                _extract(archive, entry, root, path)
    with tarfile.open(fileobj=io.BytesIO(control)) as archive:
        status = root / "var/lib/dpkg/status.d" / name
        status.parent.mkdir(parents=True, exist_ok=True)
        status.write_bytes(_content(archive, archive.getmember("./control")))


def _members(data: bytes, package: Path) -> Iterator[tuple[str, bytes]]:
    """The members of an `ar` archive: a head of 60 bytes, the content, padded to an even place."""
    if not data.startswith(b"!<arch>\n"):
        raise BadLock(f"{package} is no package of Debian's: it is no ar archive")
    place = 8
    while place + _MEMBER <= len(data):
        name, size = data[place : place + 16].decode().strip().rstrip("/"), int(data[place + 48 : place + 58])
        place += _MEMBER
        yield name, data[place : place + size]
        place += size + size % 2


def _placed(name: str) -> str:
    """A path as the image has it, with everything in usr."""
    path = name.removeprefix("./").rstrip("/")
    return f"usr/{path}" if path.split("/")[0] in _MERGED else path


def _wanted(name: str, path: str) -> bool:
    taken = _TAKEN.get(name)
    if taken is not None and not path.endswith("/copyright"):
        return re.match(taken, path) is not None
    return bool(path) and not _LEFT_OUT.match(path)


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, root: Path, path: str) -> None:
    target = root / path
    if entry.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.issym():
        target.symlink_to(entry.linkname)
    elif entry.islnk():
        shutil.copy(root / _placed(entry.linkname), target)
    else:
        target.write_bytes(_content(archive, entry))
        target.chmod(0o755 if entry.mode & 0o100 else 0o644)


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry)
    return b"" if file is None else file.read()


def move(lock: Path, environ: Mapping[str, str]) -> None:
    """Pin each package of a lock file at what this machine's apt has; for Debian of the base's release.

    Raises:
        BadLock: apt has not all of them, or they are not Debian's.
    """
    names = sorted(pin.name for pin in pins(lock))
    done = run(["apt-get", "--print-uris", "download", *names], limit=_SECONDS, environ=environ)
    found = {
        name: (unquote(version), unquote(path), digest) for path, name, version, digest in _OFFER.findall(done.stdout)
    }
    if missing := [name for name in names if name not in found]:
        raise BadLock(f"apt has no package of Debian's for {', '.join(missing)}: run this on the base's Debian release")
    head = [line for line in lock.read_text().splitlines() if line.startswith("#")]
    lines = [f"{name}={version} {path} sha256:{digest}" for name in names for version, path, digest in [found[name]]]
    lock.write_text("\n".join([*head, *lines]) + "\n")


if __name__ == "__main__":
    move(LOCK, os.environ)
