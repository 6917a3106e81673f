"""Makes a new project: rendered, its example's first releases recorded, and only then put into its folder."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from parity.errors import RefusedError
from parity.scaffold import first_release, render

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAY_BE_THERE = {".git"}


def create(folder: Path, answers: Mapping[str, str], *, defaults: bool = False) -> None:
    """Make a project in `folder`, which is made where it is missing; a fault leaves it as it was.

    The folder is empty but for a `.git`; what `answers` lacks is asked for in the terminal, or taken with `defaults`.

    Raises:
        RefusedError: the folder is not empty.
        UsageError: an answer is not in its form, or is missing where there is no terminal.
        ConfigError: the names together give something that a vendor would refuse.
    """
    folder = folder.absolute()
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    if there - _MAY_BE_THERE:
        raise RefusedError(
            f"{folder} is not empty: {', '.join(sorted(there - _MAY_BE_THERE)[:5])}",
            where=str(folder),
            remedy="name a folder that is empty or not there yet; for a project that exists, `parity upgrade`",
        )
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / folder.name
        render.fresh(made, answers, defaults=defaults)
        first_release.record(made, render.answers(made)["name"])
        for cache in made.rglob("__pycache__"):
            shutil.rmtree(cache)
        shutil.copytree(made, folder, dirs_exist_ok=True)
