"""Copies a folder with modes and, where this process may set them, owners."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder to a place where nothing is."""
    shutil.copytree(source, target, symlinks=True)
    if os.geteuid() != 0:
        return
    for folder, folders, names in os.walk(source):
        here = Path(folder)
        for path in (here, *(here / name for name in (*folders, *names))):
            status = path.lstat()
            os.chown(target / path.relative_to(source), status.st_uid, status.st_gid, follow_symlinks=False)
