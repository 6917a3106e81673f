"""Builds from a changed copy of a published Go module, where what is published lacks something."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from parity_toolchain import golang
from parity_toolchain.errors import BuildFailed
from parity_toolchain.recipes import MODULES, PATCHES

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from parity_toolchain.recipes import Patch, Step


@contextmanager
def applied(step: Step, go: Path, environ: Mapping[str, str]) -> Generator[Path]:
    """Give the folder whose go.mod builds a step, with its patch where it has one.

    Go refuses to replace files in its module cache, so the module is copied and changed next to a go.mod that
    names it.

    Raises:
        BuildFailed: The module is not there, or has not just once what is to be changed.
    """
    home = MODULES / step.module
    if step.patch is None:
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="parity-patch-") as temporary:
        folder = Path(temporary)
        copy = folder / step.patch.copy
        _copy(golang.module_folder(step.patch.module, go, environ, home), copy)
        _edit(step.patch, copy, home / PATCHES)
        text = (home / "go.mod").read_text(encoding="utf-8")
        changed = f"{text}\nreplace {step.patch.module} => ./{step.patch.copy}\n"
        (folder / "go.mod").write_text(changed, encoding="utf-8")
        shutil.copyfile(home / "go.sum", folder / "go.sum")
        yield folder


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for path in (target, *target.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)  # Go's cache is not to be written to, and its folders say so


def _edit(patch: Patch, copy: Path, added: Path) -> None:
    for name, old, new in patch.edits:
        file = copy / name
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if text.count(old) != 1:
            raise BuildFailed(f"{patch.module} is not what its patch expects: {name} lacks {old!r}")
        file.write_text(text.replace(old, new), encoding="utf-8")
    shutil.copytree(added, copy, dirs_exist_ok=True)
