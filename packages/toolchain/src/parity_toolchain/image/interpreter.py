"""The image's own Python, run from the folder that it is unpacked in: what it compiles and packs is the same anywhere.

Modules are compiled, and archives compressed, by whatever Python and zlib are at hand: another one gives other bytes.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity_toolchain.errors import BuildFailed
from parity_toolchain.image.places import ENGINE_HOME, PYTHON, USER
from parity_toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LIMIT = 900.0
"""Seconds for the compilation of a layer's modules, which takes some 20."""

_COMPILE = """
import pathlib, py_compile, sys
for file in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    inside = "/" + str(file.relative_to(sys.argv[1]))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    try:
        py_compile.compile(str(file), dfile=inside, doraise=True, invalidation_mode=mode)
    except py_compile.PyCompileError as error:
        if not isinstance(error.exc_value, SyntaxError):
            raise
        print(inside)  # a template, or for another Python: it stays source
"""
"""Unchecked: the layers cannot be written where they run, and each file's time is the same."""

_COMPRESS = """
import sys, zlib
packer = zlib.compressobj(6, zlib.DEFLATED, 31)
with open(sys.argv[1], "rb") as plain, open(sys.argv[2], "wb") as packed:
    while chunk := plain.read(1 << 20):
        packed.write(packer.compress(chunk))
    packed.write(packer.flush())
"""

_OWNED = frozenset({"home/parity", ENGINE_HOME, f"{ENGINE_HOME}/plugins"})
"""The folders that the image's user may write; all else belongs to root."""

_SHARED = frozenset({"tmp", "var/tmp"})


@dataclass(frozen=True)
class Interpreter:
    """A Python that compiles and packs."""

    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    @staticmethod
    def of(root: Path) -> Interpreter:
        """That of an unpacked base, started through the base's own loader."""
        libraries = root / "usr/lib/x86_64-linux-gnu"
        loader = str(libraries / "ld-linux-x86-64.so.2")
        python = str(root / f"usr/bin/python{PYTHON}")
        return Interpreter(
            (loader, "--inhibit-cache", "--library-path", str(libraries), python, "-s", "-S", "-P"),
            {"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"},
        )

    def compile(self, root: Path) -> None:
        """Compile every module below a folder.

        Raises:
            BuildFailed: a module could not be read or written.
        """
        done = run([*self.command, "-c", _COMPILE, str(root)], limit=_LIMIT, environ=self.environ)
        if done.code != 0:
            raise BuildFailed(f"the modules below {root} could not be compiled: {done.complaint}. Try again")

    def pack(self, root: Path, blob: Path) -> str:
        """Archive a folder into `blob`, compressed, and give the digest of the archive before it was compressed.

        Raises:
            BuildFailed: the archive could not be compressed.
        """
        plain = blob.with_suffix(".plain")
        with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as archive:
            for path in sorted(root.rglob("*")):
                _add(archive, path, path.relative_to(root).as_posix())
        done = run([*self.command, "-c", _COMPRESS, str(plain), str(blob)], limit=_LIMIT, environ=self.environ)
        if done.code != 0:
            raise BuildFailed(f"{plain} could not be compressed: {done.complaint}. See that the disk has room")
        with plain.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        plain.unlink()
        return f"sha256:{digest}"


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """One entry with owner, mode and time that say nothing of where it was made."""
    entry = tarfile.TarInfo(name)
    entry.uid = entry.gid = USER if name in _OWNED else 0
    if path.is_symlink():
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        archive.addfile(entry)
    elif path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name in _SHARED else 0o755
        archive.addfile(entry)
    else:
        entry.size, entry.mode = path.stat().st_size, 0o755 if path.stat().st_mode & 0o100 else 0o644
        with path.open("rb") as content:
            archive.addfile(entry, content)
